//! What the owner asks from the command line. The store belongs to one process: where a relay runs, it is
//! asked over a socket beside the data file, which is its owner's alone; else the file is opened for the moment.

#[cfg(unix)]
mod socket;

#[cfg(unix)]
pub use socket::listen;

use crate::bitrix::client::Portals;
use crate::channel::Channels;
use crate::clock::Clock;
use crate::config::Config;
use crate::files::Files;
use crate::ids::DialogueId;
use crate::store::{Store, StoreError};
use crate::telemetry::chain;
use crate::{check, relay};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::Millis;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Order {
    /// Copy everything into this file, an absolute path.
    Backup { file: PathBuf },
    /// Tell everything of one visitor.
    Export { dialogue: DialogueId },
    /// Remove everything of one visitor.
    Erase { dialogue: DialogueId },
    /// Look whether everything holds that must.
    Check,
}

/// What orders are carried out with.
#[derive(Clone)]
pub struct Desk {
    config: Arc<Config>,
    store: Store,
    portals: Portals,
    files: Files,
    channels: Channels,
    is_running: bool,
}

impl Desk {
    /// Of the relay that runs here.
    pub fn new(config: &Arc<Config>, store: &Store, portals: &Portals, channels: &Channels, files: &Files) -> Self {
        let (store, portals, files) = (store.clone(), portals.clone(), files.clone());
        Self { config: Arc::clone(config), store, portals, channels: channels.clone(), files, is_running: true }
    }
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error("there is no such dialogue")]
    NoDialogue,
    #[error("stop the relay first: it holds the data file")]
    Running,
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("the relay that runs does not answer")]
    Socket(#[from] std::io::Error),
    #[error("the folder of files failed")]
    Files(#[source] std::io::Error),
    #[error("no requests can be made")]
    Client(#[from] reqwest::Error),
    /// In the words of the relay that was asked.
    #[error("{0}")]
    Told(String),
}

/// What goes back over the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done(Value),
    Failed(String),
}

/// Has `order` carried out, by the relay that runs on the data of `config` or, where none does, here.
///
/// # Errors
/// `AdminError`, also in the words of the relay that was asked.
pub async fn ask(config: Config, order: Order) -> Result<Value, AdminError> {
    #[cfg(unix)]
    if let Some(answer) = socket::ask(&config.data, &order).await? {
        return match answer {
            Answer::Done(value) => Ok(value),
            Answer::Failed(why) => Err(AdminError::Told(why)),
        };
    }
    let store = open(&config.data)?;
    let portals = relay::portals(&config, &store, &Clock::real(), &TaskTracker::new())?;
    let files = Files::beside(&config.data, config.limits.file_bytes);
    let channels = Channels::new(store.clone(), portals.clone());
    let desk = Desk { config: Arc::new(config), store: store.clone(), portals, channels, files, is_running: false };
    let done = desk.carry_out(order).await;
    store.close().await;
    done
}

/// Puts the copy `file` in the place of `data`. No relay may run meanwhile.
///
/// # Errors
/// `Running` where one does.
pub async fn restore(data: &Path, file: &Path, now: Millis) -> Result<(), AdminError> {
    Store::restore(file, data, now).await.map_err(|error| match error {
        StoreError::Held => AdminError::Running,
        error => AdminError::Store(error),
    })?;
    Files::restore(&file.with_extension("files"), data).await.map_err(AdminError::Files)
}

fn open(data: &Path) -> Result<Store, AdminError> {
    if !data.exists() {
        let missing = std::io::Error::new(std::io::ErrorKind::NotFound, format!("{} is not there", data.display()));
        return Err(AdminError::Store(redb::Error::Io(missing).into()));
    }
    Ok(Store::open(data)?)
}

impl Desk {
    async fn carry_out(&self, order: Order) -> Result<Value, AdminError> {
        let store = &self.store;
        match order {
            Order::Backup { file } => {
                store.backup(file.clone()).await?;
                self.files.copy_to(&file.with_extension("files")).await.map_err(AdminError::Files)?;
                Ok(json!({ "copied": file }))
            }
            Order::Export { dialogue } => {
                let export = store.export(dialogue).await?.ok_or(AdminError::NoDialogue)?;
                Ok(serde_json::to_value(export).expect("an export is plain data"))
            }
            Order::Erase { dialogue } => {
                let files = store.erase(dialogue).await?.ok_or(AdminError::NoDialogue)?;
                self.files.remove(files).await;
                Ok(json!({ "erased": dialogue }))
            }
            Order::Check => {
                let findings = check::check(&self.config, store, &self.portals, &self.channels, self.is_running).await;
                Ok(serde_json::to_value(findings).expect("findings are plain data"))
            }
        }
    }
}

fn answer(outcome: Result<Value, AdminError>) -> Answer {
    match outcome {
        Ok(value) => Answer::Done(value),
        Err(error) => Answer::Failed(chain(&error)),
    }
}

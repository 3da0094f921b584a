//! The relay as a process of its own, with a settings file as an administrator would write it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use otklik_portal::Port;
use tokio::process::{Child, Command};

use super::DemoError;

/// How often a starting relay is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// How much of its log is shown when it ends.
const LAST_WORDS: usize = 2_000;

/// A running relay; it is killed when dropped.
pub struct Relay {
    child: Child,
    url: String,
    log: PathBuf,
    _port: Port,
}

impl Relay {
    /// Starts `binary` on a port of its own with its data in `folder`, and waits until it serves. `portal`: the part
    /// of the settings file that names the portal.
    pub async fn start(binary: &Path, folder: &Path, portal: &str) -> Result<Self, DemoError> {
        let port = Port::take()?;
        let url = format!("http://{}", port.address());
        let (settings, log) = (folder.join("otklik.toml"), folder.join("relay.log"));
        let data = toml_text(&folder.join("otklik.redb").display().to_string());
        fs::write(
            &settings,
            format!("listen = \"{}\"\npublic_url = \"{url}\"\ndata = {data}\n\n{portal}", port.address()),
        )?;
        let said = File::create(&log)?;
        let child = Command::new(binary)
            .arg("serve")
            .arg("--config")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(said)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| DemoError::NoRelay(binary.to_owned(), error))?;
        let mut relay = Self { child, url, log, _port: port };
        relay.ready().await?;
        Ok(relay)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until the relay serves visitors, or has ended.
    async fn ready(&mut self) -> Result<(), DemoError> {
        let client = reqwest::Client::builder().no_proxy().build().expect("nothing is set that could be missing");
        let asked = format!("{}/readyz", self.url);
        let mut ticks = tokio::time::interval(ASK_EVERY);
        loop {
            tokio::select! {
                ended = self.ended() => return Err(ended),
                _ = ticks.tick() => {}
            }
            if client.get(&asked).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
        }
    }

    /// Waits until the relay has ended by itself.
    pub async fn ended(&mut self) -> DemoError {
        match self.child.wait().await {
            Ok(_) => DemoError::RelayEnded(self.last_words()),
            Err(error) => DemoError::Io(error),
        }
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let from = log.char_indices().rev().nth(LAST_WORDS).map_or(0, |(at, _)| at);
        log[from..].to_owned()
    }
}

/// A TOML string: JSON's escapes are TOML's too.
fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

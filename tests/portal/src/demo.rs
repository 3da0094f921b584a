//! The demo: a portal with its desk, a shop on an origin of its own, and a relay between them, installed and connected
//! the way an administrator would do it. What the relay is told and how it answers is as the product documents it.

mod administrator;
mod relay;
mod shop;
mod waiting;

use std::{io, path::PathBuf, time::Duration};

use otklik_portal::{LineId, Options, Portal};
use tempfile::TempDir;

use self::relay::Relay;
use crate::signals::told_to_stop;

/// Events of a real portal take a moment.
pub const EVENT_DELAY: Duration = Duration::from_millis(300);
/// How long the relay may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The connector's name in the portal.
const CONNECTOR: &str = "otklik";

/// Why the demo did not begin, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("no port or file for the demo")]
    Io(#[from] io::Error),
    #[error("the relay {0} does not start")]
    NoRelay(PathBuf, #[source] io::Error),
    #[error("the relay ended by itself; its last words:\n{0}")]
    RelayEnded(String),
    #[error("the relay took the installation with status {0:?}")]
    NotInstalled(Option<u16>),
    #[error("the relay did not register its connector")]
    NotRegistered,
    #[error("the settings page did not connect the line")]
    NotConnected(#[from] administrator::PageError),
}

/// Runs until Ctrl-C. Nothing is kept.
pub async fn run(binary: PathBuf) -> Result<(), DemoError> {
    let portal = Portal::start(Options { event_delay: EVENT_DELAY, ..Options::default() }).await?;
    let folder = TempDir::with_prefix("otklik-demo-")?;
    let mut relay = Relay::start(&binary, folder.path(), &portal.settings()).await?;
    let outcome = show(&portal, &mut relay).await;
    relay.stop().await;
    outcome
}

/// Everything between the relay's start and its end.
async fn show(portal: &Portal, relay: &mut Relay) -> Result<(), DemoError> {
    let shop = shop::open().await?;
    let address = relay.url().to_owned();
    tokio::select! {
        begun = begin(portal, &address, &shop) => begun.inspect_err(|_| eprintln!("{}", relay.last_words()))?,
        stopped = told_to_stop() => return Ok(stopped?),
        ended = relay.ended() => return Err(ended),
    }
    println!("Shop             {}/   write here", shop.origin());
    println!("Operator's desk  {}   answer here", portal.desk_url());
    println!("Ctrl-C stops everything; nothing is kept.");
    let metrics = relay.metrics().to_owned();
    tokio::select! {
        stopped = told_to_stop() => Ok(stopped?),
        ended = relay.ended() => Err(ended),
        never = waiting::follow(&metrics, portal) => match never {},
    }
}

/// Installs the application and connects the shop's line.
async fn begin(portal: &Portal, relay: &str, shop: &shop::Shop) -> Result<(), DemoError> {
    match portal.install_into(relay).await {
        Some(200) => {}
        status => return Err(DemoError::NotInstalled(status)),
    }
    if !portal.becomes_ready(CONNECTOR).await {
        return Err(DemoError::NotRegistered);
    }
    let line = portal.lines().first().map_or(LineId(0), |line| line.id);
    let page = administrator::Page::open(relay, &portal.open_settings(line, "ru")).await?;
    let launcher = page.connect(&shop.origin(), shop::NAME).await?;
    shop.fill(&launcher, &portal.desk_url());
    portal.set_shop(&format!("{}/", shop.origin()));
    Ok(())
}

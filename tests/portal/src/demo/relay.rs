//! The relay as a process of its own, with a settings file as an administrator would write it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use otklik_portal::{Port, http};
use tokio::process::{Child, Command};

use super::{DemoError, PATIENCE};

/// How often a starting relay is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// How much of its log is shown when it ends.
const LAST_WORDS: usize = 2_000;

/// A running relay; it is killed when dropped.
pub struct Relay {
    child: Child,
    url: String,
    metrics: String,
    log: PathBuf,
    _ports: [Port; 2],
}

impl Relay {
    /// Starts `binary` on a port of its own with its data in `folder`, and waits until it serves. `portal`: the part
    /// of the settings file that names the portal.
    pub async fn start(binary: &Path, folder: &Path, portal: &str) -> Result<Self, DemoError> {
        let ports = [Port::take()?, Port::take()?];
        let [own, metrics] = ports.each_ref().map(Port::address);
        let url = format!("http://{own}");
        let (settings, log) = (folder.join("otklik.toml"), folder.join("relay.log"));
        let data = toml_text(&folder.join("otklik.redb").display().to_string());
        let lines = [
            format!("listen = \"{own}\""),
            format!("public_url = \"{url}\""),
            format!("metrics_listen = \"{metrics}\""),
            format!("data = {data}"),
            portal.to_owned(),
        ];
        fs::write(&settings, lines.join("\n"))?;
        let said = File::create(&log)?;
        let mut command = Command::new(binary);
        // A Ctrl-C in the terminal is for the demo, which then ends the relay.
        #[cfg(unix)]
        command.process_group(0);
        let child = command
            .arg("serve")
            .arg("--config")
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(said)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| DemoError::NoRelay(binary.to_owned(), error))?;
        let metrics = format!("http://{metrics}/metrics");
        let mut relay = Self { child, url, metrics, log, _ports: ports };
        relay.ready().await?;
        Ok(relay)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it tells its figures.
    pub fn metrics(&self) -> &str {
        &self.metrics
    }

    /// Waits until the relay serves visitors, or has ended.
    async fn ready(&mut self) -> Result<(), DemoError> {
        let client = http::client(PATIENCE);
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

    /// Ends it, and returns when it is gone with its ports. It has nothing to put in order: nothing is kept.
    pub async fn stop(&mut self) {
        if let Err(error) = self.child.kill().await {
            eprintln!("the relay does not end: {error}");
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

//! The real binary, in real time: to be killed at any moment and started again on the same data.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::LazyLock,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time::timeout,
};

use crate::{logs, wait::DEADLINE};

/// `otklik serve` as a process of its own, killed when dropped.
pub struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts with the settings file at `settings` and waits until it listens.
    pub async fn start(settings: &Path) -> Self {
        let mut command = Command::new(program("otklik"));
        command.arg("serve").arg("--config").arg(settings);
        Self::spawn(command).await.unwrap_or_else(|told| panic!("the relay ended before it listened: {told}"))
    }

    /// As `start`, on a disk on which no file may grow beyond so many bytes: through a shell, which alone can say so (in
    /// blocks of 512) and that who tries is told instead of being killed.
    pub async fn start_confined(settings: &Path, most_bytes: u64) -> Self {
        let mut command = Command::new("sh");
        let confine = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", most_bytes / 512);
        command.arg("-c").arg(confine).arg(program("otklik")).arg("serve").arg("--config").arg(settings);
        Self::spawn(command).await.unwrap_or_else(|told| panic!("the relay ended before it listened: {told}"))
    }

    /// Starts a relay by any `command` and waits until it listens.
    ///
    /// # Errors
    /// What it logged, where it ended before.
    pub async fn spawn(mut command: Command) -> Result<Self, String> {
        command.env("RUST_LOG", logs::EVERYTHING).stderr(Stdio::piped()).kill_on_drop(true);
        let ours =
            std::env::vars_os().map(|(name, _)| name).filter(|name| name.as_encoded_bytes().starts_with(b"OTKLIK_"));
        for name in ours {
            command.env_remove(name); // the relay would read it as a setting
        }
        let mut child = command.spawn().expect("the relay's binary starts");
        let log = BufReader::new(child.stderr.take().expect("its log was asked for"));
        let address = timeout(DEADLINE, listening(log)).await.expect("the relay listens in time")?;
        Ok(Self { child, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `kill -9`: it gets no chance to finish anything.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Stops as the system's service manager does, by `SIGTERM`, and waits. Says whether it ended well.
    pub async fn terminate(mut self) -> bool {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").arg("-TERM").arg(id).status().await.expect("kill is there");
        assert!(sent.success());
        timeout(DEADLINE, self.child.wait()).await.expect("it ends in time").is_ok_and(|status| status.success())
    }

    /// Returns when it ends by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        self.child.wait().await.expect("it can be waited for")
    }
}

/// The port from the relay's log line “serving”; what it logs is kept for the audit. The log, where it ended before.
async fn listening(log: BufReader<ChildStderr>) -> Result<SocketAddr, String> {
    let mut lines = log.lines();
    let mut told = Vec::new();
    while let Some(line) = lines.next_line().await.expect("a log is text") {
        logs::note(&line);
        let fields: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(address) = fields.get("listen").and_then(|address| address.as_str()) {
            let address = address.parse().expect("the relay tells an address");
            tokio::spawn(keep(lines));
            return Ok(address);
        }
        told.push(line);
    }
    Err(told.join("\n"))
}

/// Keeps the rest of a log; what an administrator would see goes to our own standard error, too.
async fn keep(mut lines: Lines<BufReader<ChildStderr>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        logs::note(&line);
        if !logs::is_detail(&line) && !logs::is_quiet() {
            eprintln!("{line}");
        }
    }
}

/// One of the workspace's programs, built.
pub fn program(name: &str) -> PathBuf {
    PROGRAMS.join(name)
}

/// Where the programs lie: beside the tests' own. Cargo brings them up to date first: tests of another package do not
/// build them.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let own = std::env::current_exe().expect("a program knows its own path");
    let beside = own.parent().expect("a program lies in a folder");
    let programs = if beside.ends_with("deps") { beside.parent().unwrap_or(beside) } else { beside };
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.current_dir(crate::root()).args(["build", "--quiet", "--locked", "--workspace", "--bins"]);
    if programs.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.status().expect("cargo runs");
    assert!(built.success(), "the workspace's programs do not build");
    programs.to_owned()
});

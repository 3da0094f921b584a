//! Keeps the relay running as a system's service manager does, and does to it what such a life brings: kills it, stops
//! it, fills its disk.

use std::{
    fmt::{self, Display},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    process::Command,
    sync::mpsc,
    time::{Instant, sleep_until, timeout_at},
};

use crate::{
    chaos::ChaosProxy,
    logs,
    process::{Process, program},
};

/// Before a relay that ended by itself is started again.
const AGAIN: Duration = Duration::from_millis(100);

/// What happens to the relay.
#[derive(Clone, Debug)]
pub enum Order {
    Kill(Duration),
    Stop(Duration),
    FullDisk(u64, Duration),
}

/// What the relay lived through.
#[derive(Debug, Default)]
pub struct Lives {
    pub kills: AtomicU32,
    pub stops: AtomicU32,
    /// How often it ended because its disk was full.
    pub choked: AtomicU32,
    /// How often it ended for no reason.
    pub fell: AtomicU32,
}

impl Display for Lives {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [kills, stops, choked, fell] =
            [&self.kills, &self.stops, &self.choked, &self.fell].map(|count| count.load(Ordering::Relaxed));
        write!(to, "killed {kills} times, stopped {stops}, ended by a full disk {choked}, by itself {fell}")
    }
}

/// How the relay is started.
pub struct Keeper {
    pub settings: PathBuf,
    pub data: PathBuf,
    pub since: u64,
    pub times: u32,
    pub front: Arc<ChaosProxy>,
    pub lives: Arc<Lives>,
}

impl Keeper {
    /// Keeps it running until there are no orders any more; then it runs on, and is returned.
    pub async fn keep(self, mut orders: mpsc::Receiver<Order>) -> Process {
        let mut relay = self.start().await;
        loop {
            let order = tokio::select! {
                order = orders.recv() => order,
                _ = relay.ended() => {
                    self.fell();
                    relay = self.start().await;
                    continue;
                }
            };
            match order {
                None => return relay,
                Some(Order::Kill(away)) => {
                    relay.kill().await;
                    count(&self.lives.kills);
                    sleep_until(Instant::now() + away).await;
                }
                Some(Order::Stop(away)) => {
                    if !relay.terminate().await {
                        self.fell();
                    }
                    count(&self.lives.stops);
                    sleep_until(Instant::now() + away).await;
                }
                Some(Order::FullDisk(share, lasts)) => {
                    relay.kill().await;
                    count(&self.lives.kills);
                    self.suffer(share, Instant::now() + lasts).await;
                }
            }
            relay = self.start().await;
        }
    }

    async fn start(&self) -> Process {
        loop {
            match Process::spawn(self.command(None)).await {
                Ok(relay) => {
                    self.front.lead_to(relay.address());
                    return relay;
                }
                Err(_) => self.fell(),
            }
            sleep_until(Instant::now() + AGAIN).await;
        }
    }

    /// Runs it until `end`, again and again, on a disk that takes nothing behind `share` hundredths of the data file.
    async fn suffer(&self, share: u64, end: Instant) {
        let size = tokio::fs::metadata(&self.data).await.map_or(0, |data| data.len());
        while Instant::now() < end {
            if let Ok(mut relay) = Process::spawn(self.command(Some(size * share / 100))).await {
                self.front.lead_to(relay.address());
                if timeout_at(end, relay.ended()).await.is_err() {
                    relay.kill().await;
                    return;
                }
            }
            count(&self.lives.choked);
            sleep_until(Instant::now() + AGAIN).await;
        }
    }

    /// Through a shell, which alone can say that a file may grow no further (in blocks of 512 bytes) and that who tries is
    /// told so instead of being killed: as on a full disk.
    fn command(&self, most_bytes: Option<u64>) -> Command {
        let limit = most_bytes.map(|most| format!("trap '' XFSZ; ulimit -f {}; ", most / 512)).unwrap_or_default();
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{limit}exec \"$0\" \"$@\"")).arg(program("racing-relay"));
        command.arg(&self.settings).arg(self.since.to_string()).arg(self.times.to_string());
        command
    }

    fn fell(&self) {
        count(&self.lives.fell);
        eprintln!("the relay ended by itself:\n{}", logs::last(5).join("\n"));
    }
}

fn count(counter: &AtomicU32) {
    counter.fetch_add(1, Ordering::Relaxed);
}

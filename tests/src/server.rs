//! The whole relay inside the test's own process: own threads, own port, own data, and a clock that the test may move.

use otklik_server::{RunError, clock::Clock, config::Config};
use std::net::SocketAddr;
use tokio::{net::TcpListener, runtime, runtime::Runtime, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    logs,
    wait::{self, DEADLINE},
};

/// A relay in this process.
pub struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), RunError>>,
    threads: Option<Runtime>,
}

impl Server {
    /// Starts with `settings` (the text of a settings file) and `clock`. Waits until it answers: after a crash the data
    /// may still be held for a moment.
    pub async fn start(settings: &str, clock: Clock) -> Self {
        let begin = || async {
            let server = Self::begin(settings, clock.clone()).await;
            let alive = crate::http().get(format!("http://{}/healthz", server.address)).send().await;
            alive.is_ok_and(|answer| answer.status().is_success()).then_some(server)
        };
        wait::until("a relay that answers", begin).await
    }

    async fn begin(settings: &str, clock: Clock) -> Self {
        logs::listen();
        let table = settings.parse().expect("the settings are TOML");
        let config = Config::from_table(table, std::iter::empty()).expect("the settings are right");
        let threads = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let threads = threads.expect("a thread for the relay");
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let listener = threads.spawn(TcpListener::bind(config.listen)).await.expect("binding does not panic");
        let listener = listener.expect("a free port on the loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let running = threads.spawn(otklik_server::run(listener, config, clock, stop));
        Self { address, shutdown, running, threads: Some(threads) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops as a system's `SIGTERM` would, and waits for it.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        let ended = timeout(DEADLINE, &mut self.running).await.expect("the relay stops in time");
        ended.expect("the relay does not panic").expect("the relay stops without a fault");
    }

    /// Stops every task where it stands: nothing is finished, nothing is said to anybody.
    pub fn crash(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

//! The whole relay inside the test's own process: own port, own data, and a clock that the test moves.

use otklik_server::{RunError, clock::Clock, config::Config};
use std::net::SocketAddr;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::wait::DEADLINE;

/// A relay in this process.
pub struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), RunError>>,
}

impl Server {
    /// Starts with `settings` (the text of a settings file) and `clock`.
    pub async fn start(settings: &str, clock: Clock) -> Self {
        let table = settings.parse().expect("the settings are TOML");
        let config = Config::from_table(table, std::iter::empty()).expect("the settings are right");
        let listener = TcpListener::bind(config.listen).await.expect("a free port on the loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(otklik_server::run(listener, config, clock, shutdown.clone()));
        Self { address, shutdown, running }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops as a system's `SIGTERM` would, and waits for it.
    pub async fn stop(self) {
        self.shutdown.cancel();
        let ended = timeout(DEADLINE, self.running).await.expect("the relay stops in time");
        ended.expect("the relay does not panic").expect("the relay stops without a fault");
    }
}

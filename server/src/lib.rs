//! The relay: carries what visitors and operators say between the chats on web pages and the open lines of Bitrix24.
//!
//! `run` is the whole of it, on a listener that is already bound. `routes` answers HTTP, `store` keeps everything that
//! outlives the process, `setup` gets to know portals and their lines, `relay` carries messages between the store and the
//! portals, which `bitrix` knows how to talk to; `hub` wakes open connections, `limits` bounds them, `clock` is the only
//! source of time, `config` the settings.

pub mod assets;
pub mod bitrix;
pub mod clock;
pub mod config;
mod error;
pub mod hub;
pub mod ids;
pub mod limits;
pub mod look;
pub mod relay;
mod routes;
pub mod setup;
pub mod store;
pub mod telemetry;
mod template;

use bitrix::client::Portals;
use clock::Clock;
use config::Config;
use hub::Hub;
use limits::Limits;
use relay::Relay;
use setup::Setup;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long requests under way may take to end when the relay stops.
const LINGER: Duration = Duration::from_secs(10);

/// Why the relay ended though nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("the network failed")]
    Network(#[from] std::io::Error),
    #[error("no requests can be made")]
    Client(#[from] reqwest::Error),
}

/// What every request handler can reach: cheap handles.
#[derive(Clone)]
pub struct AppState {
    pub config: Arc<Config>,
    pub store: Store,
    pub hub: Hub,
    pub clock: Clock,
    pub limits: Limits,
    pub portals: Portals,
    pub relay: Relay,
    pub setup: Setup,
    /// Every task belongs to it; `run` waits for all of them before it returns.
    pub tasks: TaskTracker,
    pub shutdown: CancellationToken,
}

/// Serves on `listener` until `shutdown`, then lets every task finish its step.
///
/// # Errors
/// `RunError` where the data file cannot be used, or fails while serving: to take messages and never carry them is
/// worse than to stop.
pub async fn run(
    listener: TcpListener,
    config: Config,
    clock: Clock,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    let store = Store::open(&config.data)?;
    let tasks = TaskTracker::new();
    let limits = Limits::new(config.limits.clone(), clock.clone());
    let hub = Hub::default();
    let portals = relay::portals(&config, &store, &clock, &tasks)?;
    let (stop, work) = (shutdown.clone(), tasks.clone());
    let relay = Relay::new(store.clone(), portals.clone(), hub.clone(), clock.clone(), work, stop);
    let config = Arc::new(config);
    let (stop, work) = (shutdown.clone(), tasks.clone());
    let setup = Setup::new(Arc::clone(&config), store.clone(), portals.clone(), clock.clone(), work, stop);
    setup.start().await?;
    let state = AppState {
        config,
        store: store.clone(),
        hub,
        portals,
        relay: relay.clone(),
        setup,
        limits,
        clock,
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
    };
    tracing::info!(listen = listener.local_addr().map(|address| address.to_string()).ok(), "serving");
    let service = routes::router(state).into_make_service_with_connect_info::<SocketAddr>();
    let stop = shutdown.clone();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move { stop.cancelled().await });
    let failed = tokio::select! {
        served = serving.into_future() => served.err().map(RunError::Network),
        Err(error) = relay.run() => Some(RunError::Store(error)), // without one it ends at the shutdown, as all does
        () = store.failed() => Some(RunError::Store(StoreError::Stopped)),
        () = overdue(&shutdown) => None,
    };
    shutdown.cancel();
    tasks.close();
    tasks.wait().await;
    store.close().await;
    tracing::info!("stopped");
    failed.map_or(Ok(()), Err)
}

/// Returns some time after `shutdown`: a connection that neither asks nor closes is not waited for any longer.
async fn overdue(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    let _ = tokio::time::timeout(LINGER, std::future::pending::<()>()).await;
}

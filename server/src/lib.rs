//! The relay: carries what visitors and operators say between the chats on web pages and the open lines of Bitrix24.
//!
//! `run` is the whole of it, on a listener that is already bound. `routes` answers HTTP, `store` keeps everything that
//! outlives the process, `setup` gets to know portals and their lines, `relay` carries messages between the store and the
//! portals, which `bitrix` knows how to talk to; `channel` knows what keeps messages from a line, `presence` who is
//! there to answer; `hub` wakes open connections, `limits` bounds them, `clock` is the only source of time, `config` the
//! settings.

pub mod admin;
pub mod assets;
pub mod bitrix;
pub mod channel;
pub mod check;
pub mod clock;
pub mod config;
mod error;
pub mod files;
pub mod hub;
pub mod identity;
pub mod ids;
pub mod limits;
pub mod look;
pub mod presence;
pub mod profile;
pub mod relay;
mod routes;
pub mod setup;
pub mod store;
pub mod telemetry;
mod template;

use axum::Router;
use bitrix::client::Portals;
use channel::Channels;
use clock::Clock;
use config::Config;
use files::{Addresses, Files};
use hub::Hub;
use limits::Limits;
use relay::Relay;
use setup::Setup;
use shared::Millis;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long requests under way may take to end when the relay stops, by the machine's time.
const LINGER: Duration = Duration::from_secs(10);

/// How often, and after how long, sessions are dropped in which nothing was said.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why the relay ended though nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("{} cannot be opened", .0.display())]
    Open(PathBuf, #[source] StoreError),
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
    pub channels: Channels,
    pub relay: Relay,
    pub setup: Setup,
    pub files: Files,
    pub addresses: Addresses,
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
    let metrics = match config.metrics_listen {
        Some(address) => Some(TcpListener::bind(address).await?),
        None => None,
    };
    let store = Store::open(&config.data).map_err(|error| RunError::Open(config.data.clone(), error))?;
    let tasks = TaskTracker::new();
    let limits = Limits::new(config.limits.clone(), clock.clone());
    let portals = relay::portals(&config, &store, &clock, &tasks)?;
    let channels = Channels::new(store.clone(), portals.clone());
    let (stop, work) = (shutdown.clone(), tasks.clone());
    let files = Files::beside(&config.data, config.limits.file_bytes);
    let addresses = Addresses::new(store.derive("files"), config.public_url.clone());
    let (hub, time, to, at) = (Hub::default(), clock.clone(), portals.clone(), addresses.clone());
    let relay = Relay::new(store.clone(), to, channels.clone(), hub.clone(), files.clone(), at, time, work, stop);
    let config = Arc::new(config);
    let (stop, work) = (shutdown.clone(), tasks.clone());
    let (known, seen) = (portals.clone(), channels.clone());
    let setup = Setup::new(Arc::clone(&config), store.clone(), known, seen, clock.clone(), work, stop);
    setup.start().await?;
    #[cfg(unix)]
    let desk = admin::Desk::new(&config, &store, &portals, &channels, &files);
    #[cfg(unix)]
    if let Err(error) = admin::listen(desk, &tasks, shutdown.clone()) {
        // A path too long for a socket, say. Visitors do not mind.
        tracing::warn!(error = telemetry::chain(&error), "commands cannot reach this relay");
    }
    tasks.spawn(tidy(store.clone(), files.clone(), clock.clone(), shutdown.clone()));
    let state = AppState {
        config,
        store: store.clone(),
        hub,
        portals,
        channels,
        relay: relay.clone(),
        setup,
        files,
        addresses,
        limits,
        clock,
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
    };
    tracing::info!(listen = listener.local_addr().map(|address| address.to_string()).ok(), "serving");
    let (served, measured, carried, kept) = tokio::join!(
        serve(Some(listener), routes::router(state.clone()), &shutdown),
        serve(metrics, routes::metrics::router(state), &shutdown),
        ending(&shutdown, relay.run()),
        ending(&shutdown, keep(&store, &shutdown)),
    );
    tasks.close();
    tasks.wait().await;
    store.close().await;
    tracing::info!("stopped");
    served.and(measured)?;
    Ok(carried.and(kept)?)
}

/// Serves on `listener`, where there is one, until `shutdown`; requests under way then have a while to end.
///
/// A request's headers have no time of their own here: the relay stands behind a proxy, which does not pass them on
/// before it has them all. Bodies are timed where they are read.
async fn serve(listener: Option<TcpListener>, router: Router, shutdown: &CancellationToken) -> std::io::Result<()> {
    let Some(listener) = listener else { return Ok(()) };
    let stop = shutdown.clone().cancelled_owned();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop).into_future();
    tokio::select! {
        served = ending(shutdown, serving) => served,
        () = overdue(shutdown) => Ok(()),
    }
}

/// Drops what visitors began and did not use, at the start and daily: a greeting costs a stranger nothing.
async fn tidy(store: Store, files: Files, clock: Clock, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        if let Err(error) = sweep(&store, &files, clock.now().saturating_sub(clock::millis(DAY))).await {
            tracing::error!(error = telemetry::chain(&*error), "files that nobody needs stay");
        }
        if let Err(error) = store.drop_unused(clock.now().saturating_sub(clock::millis(DAY))).await {
            tracing::error!(error = telemetry::chain(&error), "unused sessions stay"); // a failed store ends us elsewhere
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = clock.sleep(DAY) => {}
        }
    }
}

/// Removes files from the disk that no message has; uploads have a day to get one.
async fn sweep(store: &Store, files: &Files, before: Millis) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    store.drop_unused_files(before).await?;
    let idle = files.idle().await?;
    Ok(files.sweep(idle, &store.file_keys().await?).await?)
}

/// Fails when the store does.
async fn keep(store: &Store, shutdown: &CancellationToken) -> Result<(), StoreError> {
    tokio::select! {
        () = store.failed() => Err(StoreError::Stopped),
        () = shutdown.cancelled() => Ok(()),
    }
}

/// Whatever ends, however it ends, ends the relay.
async fn ending<T>(shutdown: &CancellationToken, work: impl Future<Output = T>) -> T {
    let _last = shutdown.clone().drop_guard();
    work.await
}

/// Returns some time after `shutdown`: a connection that neither asks nor closes is not waited for any longer.
async fn overdue(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    let _ = tokio::time::timeout(LINGER, std::future::pending::<()>()).await;
}

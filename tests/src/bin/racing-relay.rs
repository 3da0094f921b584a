//! The relay as a process of its own whose time runs faster: what takes it minutes by design passes in seconds, and it
//! can be killed like the real one, which it is but for its clock.
//!
//! `racing-relay SETTINGS SINCE TIMES`: the settings file, the moment (milliseconds since 1970) at which its clock was
//! right, how fast it has run since.

use otklik_server::{clock::Clock, config::Config, telemetry};
use std::{error::Error, path::Path};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [settings, since, times] = words.as_slice() else { return Err("racing-relay SETTINGS SINCE TIMES".into()) };
    let config = Config::load(Path::new(settings), std::iter::empty())?;
    let clock = Clock::racing(since.parse()?, times.parse()?);
    telemetry::start();
    let listener = TcpListener::bind(config.listen).await?;
    let shutdown = CancellationToken::new();
    let run = otklik_server::run(listener, config, clock, shutdown.clone());
    tokio::pin!(run);
    let mut term = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = &mut run => return Ok(ended?),
        _ = term.recv() => shutdown.cancel(),
    }
    Ok(run.await?)
}

//! Fetches what the portal kept for us: events that never came, because we were away or the way was broken. Everything
//! normally comes twice, by its handler and from here; the store tells repeats.

use super::Relay;
use crate::bitrix::client::Portal;
use crate::bitrix::error::PortalError;
use crate::bitrix::methods::offline::{List, PAGE, Record, Take};
use crate::store::StoreError;
use crate::telemetry::chain;
use std::time::Duration;

/// One light call a minute for each portal.
const EVERY: Duration = Duration::from_secs(60);

/// What can go wrong in one round.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("the portal did not answer")]
    Portal(#[from] PortalError),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Fetches until the shutdown: at once, then every minute.
pub async fn run(relay: Relay, portal: Portal) -> Result<(), StoreError> {
    let mut was_well = true;
    while !relay.shutdown.is_cancelled() {
        match round(&relay, &portal).await {
            Ok(()) => was_well = true,
            Err(RoundError::Store(error)) => return Err(error),
            Err(RoundError::Portal(error)) => {
                if std::mem::take(&mut was_well) {
                    tracing::warn!(portal = %portal.host(), error = chain(&error), "the offline queue is not read");
                }
            }
        }
        tokio::select! {
            () = relay.shutdown.cancelled() => {}
            () = relay.clock.sleep(EVERY) => {}
        }
    }
    Ok(())
}

/// Empties the queue, a page at a time: looked at, kept, then taken.
async fn round(relay: &Relay, portal: &Portal) -> Result<(), RoundError> {
    if !relay.is_installed(portal).await? {
        return Ok(());
    }
    while !relay.shutdown.is_cancelled() {
        let listed = portal.call(&List).await?;
        let Some(last) = listed.last().map(|record| record.id) else { return Ok(()) };
        keep(relay, portal, &listed).await?;
        let taken = portal.call(&Take { last }).await?;
        // What changed between the two calls is news.
        let news: Vec<Record> = taken.into_iter().filter(|record| !listed.contains(record)).collect();
        keep(relay, portal, &news).await?;
        if listed.len() < PAGE {
            return Ok(());
        }
    }
    Ok(())
}

async fn keep(relay: &Relay, portal: &Portal, records: &[Record]) -> Result<(), StoreError> {
    for record in records {
        let body = record.body().to_string().into_bytes();
        relay.store.keep_event(portal.host(), body, relay.clock.now()).await?;
    }
    if !records.is_empty() {
        relay.bells.inbox.notify_one();
    }
    Ok(())
}

//! Fetches the events that the portal kept for us. Everything normally comes twice, by its handler and from here; the
//! store tells repeats.

use super::Relay;
use crate::bitrix::client::Portal;
use crate::bitrix::error::{Advice, PortalError};
use crate::bitrix::events::{Event, What};
use crate::bitrix::methods::offline::{List, PAGE, Record, Take};
use crate::clock::millis;
use crate::store::StoreError;
use crate::telemetry::chain;
use shared::Millis;
use std::time::Duration;

/// One light call a minute for each portal.
const EVERY: Duration = Duration::from_secs(60);

/// The same for some minutes after a start or a gap (`events/offline-events.md`): then events are missing for sure.
const SOON: Duration = Duration::from_secs(10);

/// For so long.
const HASTE: Duration = Duration::from_secs(3 * 60);

/// How often a portal that has no queue, or keeps it from us, is asked whether it has one now.
const REFUSED: Duration = Duration::from_secs(60 * 60);

/// What can go wrong in one round.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("the portal did not answer")]
    Portal(#[from] PortalError),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// When the queue is read next.
#[derive(Debug)]
struct Rhythm {
    hasty_until: Millis,
    /// The last round read the queue.
    works: bool,
}

impl Rhythm {
    fn at_start(now: Millis) -> Self {
        Self { hasty_until: now + millis(HASTE), works: true }
    }

    /// How long to wait after a round that ended so.
    fn after(&mut self, works: bool, is_refused: bool, now: Millis) -> Duration {
        if works != std::mem::replace(&mut self.works, works) {
            self.hasty_until = now + millis(HASTE); // a gap begins, or ends
        }
        match is_refused {
            true => REFUSED,
            false if now < self.hasty_until => SOON,
            false => EVERY,
        }
    }
}

/// Fetches until the shutdown: at once, then in its rhythm, and whenever the application is installed.
pub async fn run(relay: Relay, portal: Portal) -> Result<(), StoreError> {
    let nets = &relay.nets[portal.host()];
    let mut installs = portal.installs();
    let mut rhythm = Rhythm::at_start(relay.clock.now());
    let mut was_well = true;
    while !relay.shutdown.is_cancelled() {
        let began = relay.clock.now();
        let (works, is_refused) = match round(&relay, &portal).await {
            Ok(works) => (works, false),
            Err(RoundError::Store(error)) => return Err(error),
            Err(RoundError::Portal(error)) => {
                if std::mem::replace(&mut was_well, false) {
                    tracing::warn!(portal = %portal.host(), error = chain(&error), "the offline queue is not read");
                }
                (false, matches!(error, PortalError::Refused { .. }) && error.advice() == Advice::Hold)
            }
        };
        was_well |= works;
        nets.queue_was_asked(works, began);
        learn(&relay, &portal, works, is_refused).await?;
        let wait = rhythm.after(works, is_refused, relay.clock.now());
        tokio::select! {
            () = relay.shutdown.cancelled() => {}
            () = relay.clock.sleep(wait) => {}
            Ok(()) = installs.changed() => {
                rhythm = Rhythm::at_start(relay.clock.now());
                if !is_refused {
                    soon(&relay).await;
                }
            }
        }
    }
    Ok(())
}

/// An installation needs the portal's calls itself, and nothing is in a queue that was bound just now.
async fn soon(relay: &Relay) {
    tokio::select! {
        () = relay.shutdown.cancelled() => {}
        () = relay.clock.sleep(SOON) => {}
    }
}

/// Writes down whether the portal has a queue for us, where that is news.
async fn learn(relay: &Relay, portal: &Portal, works: bool, is_refused: bool) -> Result<(), StoreError> {
    let since = relay.store.ways(portal.host()).await?.queue_refused;
    if since.is_some() && works || since.is_none() && is_refused {
        let since = is_refused.then(|| relay.clock.now());
        relay.store.change_ways(portal.host(), move |ways| ways.queue_refused = since).await?;
    }
    Ok(())
}

/// Empties the queue, a page at a time: looked at, kept, then taken. Tells whether there is one: not where the application
/// is not installed.
async fn round(relay: &Relay, portal: &Portal) -> Result<bool, RoundError> {
    if !relay.is_callable(portal).await? {
        return Ok(false);
    }
    while !relay.shutdown.is_cancelled() {
        let listed = portal.call(&List).await?;
        let Some(last) = listed.last().map(|record| record.id) else { return Ok(true) };
        keep(relay, portal, &listed).await?;
        let taken = portal.call(&Take { last }).await?;
        // What changed between the two calls is news.
        let news: Vec<Record> = taken.into_iter().filter(|record| !listed.contains(record)).collect();
        keep(relay, portal, &news).await?;
        if listed.len() < PAGE {
            return Ok(true);
        }
    }
    Ok(true)
}

async fn keep(relay: &Relay, portal: &Portal, records: &[Record]) -> Result<(), StoreError> {
    for record in in_order(records) {
        let body = record.body();
        let event = Event::of(&body);
        if event.what == What::Unknown {
            // The portal cuts what is longer than its column (`rest/lib/eventoffline.php`).
            tracing::warn!(portal = %portal.host(), event = event.name, "a record of the queue cannot be read");
            relay.nets[portal.host()].doubt_all();
        } else if !relay.is_needless(&event).await? {
            relay.store.keep_event(portal.host(), body.to_string().into_bytes(), relay.clock.now()).await?;
        }
    }
    if !records.is_empty() {
        relay.bells.inbox.notify_one();
    }
    Ok(())
}

/// As they were raised: an event that was raised again keeps its number and has another time.
fn in_order(records: &[Record]) -> Vec<&Record> {
    let mut records: Vec<&Record> = records.iter().collect();
    records.sort_by_key(|record| (record.at, record.id));
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_read_faster_after_a_start_and_a_gap() {
        const MINUTE: Millis = 60_000;
        let mut rhythm = Rhythm::at_start(0);
        assert_eq!(rhythm.after(true, false, MINUTE), SOON);
        assert_eq!(rhythm.after(true, false, 3 * MINUTE), EVERY);
        assert_eq!(rhythm.after(false, false, 9 * MINUTE), SOON, "it failed");
        assert_eq!(rhythm.after(false, false, 11 * MINUTE), SOON);
        assert_eq!(rhythm.after(false, false, 12 * MINUTE), EVERY, "a long outage");
        assert_eq!(rhythm.after(true, false, 30 * MINUTE), SOON, "it is over");
        assert_eq!(rhythm.after(true, false, 33 * MINUTE), EVERY);
        assert_eq!(rhythm.after(false, true, 36 * MINUTE), REFUSED);
    }

    #[test]
    fn what_was_raised_again_stands_behind_what_was_raised_meanwhile() {
        let record = |id, at| Record { id, name: String::new(), data: serde_json::Value::Null, at: Some(at) };
        let records = [record(1, 3_000), record(2, 1_000), record(3, 1_000)];
        assert_eq!(in_order(&records).iter().map(|record| record.id).collect::<Vec<_>>(), [2, 3, 1]);
    }
}

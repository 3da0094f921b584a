//! Tells a portal that its operators' messages are on our disk: once, many in one call. Only then does the portal show
//! them as delivered, and tell us when they are edited or deleted.

use super::Relay;
use crate::bitrix::client::Portal;
use crate::bitrix::methods::messages::{Confirm, Delivered, MOST};
use crate::clock::millis;
use crate::ids::LineId;
use crate::store::{Confirmation, StoreError};
use crate::telemetry::chain;
use shared::Millis;
use std::collections::BTreeMap;
use std::time::Duration;

/// Between two tries at a portal that does not take them; also how often the store is looked at without a ring.
const AGAIN: Duration = Duration::from_secs(30);

/// How many are looked at together: those of a line that takes none must not hide all others.
const AT_ONCE: usize = 1000;

/// After this a message is shown as undelivered for good, and its confirmation is dropped.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Confirms until the shutdown.
pub async fn run(relay: Relay, portal: Portal) -> Result<(), StoreError> {
    let bell = &relay.bells.confirm[portal.host()];
    let mut was_well = true;
    while !relay.shutdown.is_cancelled() {
        if confirm(&relay, &portal, &mut was_well).await? {
            continue;
        }
        tokio::select! {
            () = relay.shutdown.cancelled() => {}
            () = bell.notified() => {}
            () = relay.clock.sleep(AGAIN) => {}
        }
    }
    Ok(())
}

/// Confirms what waits; tells whether something was done, so that looking again at once is worth while. `was_well`: the
/// portal took the last one, so that its failing is news.
async fn confirm(relay: &Relay, portal: &Portal, was_well: &mut bool) -> Result<bool, StoreError> {
    let waiting = match relay.is_callable(portal).await? {
        true => relay.store.confirmations(portal.host(), AT_ONCE).await?,
        false => Vec::new(),
    };
    let mut by_line: BTreeMap<LineId, Vec<Confirmation>> = BTreeMap::new();
    for confirmation in waiting {
        by_line.entry(confirmation.line).or_default().push(confirmation);
    }
    let mut done = Vec::new();
    for (line, waiting) in by_line {
        for confirmations in waiting.chunks(MOST) {
            let messages = confirmations.iter().map(delivered).collect();
            match portal.call(&Confirm { line, messages }).await {
                Ok(()) => {
                    *was_well = true;
                    done.extend(confirmations.iter().map(|confirmation| confirmation.no));
                }
                Err(error) => {
                    if std::mem::take(was_well) {
                        let (host, count) = (portal.host(), confirmations.len());
                        tracing::warn!(portal = %host, error = chain(&error), count, "deliveries are not confirmed");
                    }
                    done.extend(given_up(relay.clock.now(), confirmations));
                }
            }
        }
    }
    let any = !done.is_empty();
    if any {
        relay.store.confirmed(portal.host(), done).await?;
    }
    Ok(any)
}

fn delivered(confirmation: &Confirmation) -> Delivered {
    Delivered {
        im: confirmation.im,
        chat: confirmation.dialogue.to_string(),
        id: confirmation.id.to_string(),
        at: confirmation.at,
    }
}

/// Which are so old that another try is worth nothing. Until then the call may be repeated freely: the first counts.
fn given_up(now: Millis, confirmations: &[Confirmation]) -> impl Iterator<Item = u64> + '_ {
    let before = now.saturating_sub(millis(GIVEN_UP_AFTER));
    let old = confirmations.iter().filter(move |confirmation| confirmation.at < before);
    old.map(|confirmation| confirmation.no)
}

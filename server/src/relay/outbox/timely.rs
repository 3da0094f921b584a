//! What is not to be done now, though its turn has come.

use super::Outbox;
use super::doubts::LATE;
use crate::clock::millis;
use crate::store::{OutboxItem, Outcome, Settlement, StoreError};
use shared::Millis;
use std::time::Duration;

/// How often it is looked whether the answer has come that a change waits for: it may be the other lane's.
const AGAIN: Duration = Duration::from_secs(5);

impl Outbox {
    /// Of `batch`, which is marked, what may be done now.
    ///
    /// A rating goes as a bare digit: after its time a bot would take it for a wish, and an operator for a slip. An edit of
    /// a message that is too old is answered as a success, and so is a change of one that the portal does not know by its
    /// id (`imconnector.update.messages`).
    pub(super) async fn timely(&mut self, batch: Vec<OutboxItem>) -> Result<Vec<OutboxItem>, StoreError> {
        let now = self.now();
        let is_over = |item: &OutboxItem| item.until.is_some_and(|until| until <= now);
        let (over, batch): (Vec<_>, Vec<_>) = batch.into_iter().partition(is_over);
        let (ready, early): (Vec<_>, Vec<_>) = batch.into_iter().partition(|item| named_at(item) <= now);
        for item in &early {
            self.rests.lost(item.dialogue).end_at(named_at(item).min(now + millis(AGAIN)));
        }
        if !early.is_empty() {
            self.relay.store.unmark(early.iter().map(|item| item.position).collect()).await?;
        }
        for item in &over {
            tracing::info!(dialogue.id = %item.dialogue, "an errand came too late");
            self.doubts.over(item.position);
        }
        self.settle(over.iter().map(given_up).collect()).await?;
        Ok(ready)
    }
}

/// From when on the portal surely knows what `item` changes by its id: that is given in a second step, and the portal works
/// on a call for a minute at most, and had begun when it was known to have the message.
fn named_at(item: &OutboxItem) -> Millis {
    item.unnamed_since.map_or(0, |since| since + millis(LATE))
}

/// What is done again until it is answered may have been done by a call before.
fn given_up(item: &OutboxItem) -> Settlement {
    let may_be_done = item.what.may_repeat() && item.attempts > 1;
    let outcome = if may_be_done { Outcome::Unconfirmed } else { Outcome::Failed };
    Settlement { position: item.position, outcome }
}

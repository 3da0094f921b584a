//! What is not to be done now, though its turn has come.

use super::Outbox;
use super::doubts::LATE;
use crate::clock::millis;
use crate::store::{OutboxItem, StoreError};

impl Outbox {
    /// Of `batch`, which is marked, what may be done now.
    ///
    /// A change waits until the portal knows its message by the id that was sent: that comes in a second step, and what is
    /// not found is answered as a success (`imconnector.update.messages`). The portal works on a call for a minute at most,
    /// and had begun when it was known to have the message.
    pub(super) async fn timely(&mut self, batch: Vec<OutboxItem>) -> Result<Vec<OutboxItem>, StoreError> {
        let now = self.now();
        let named_at = |item: &OutboxItem| item.unnamed_since.map_or(0, |since| since + millis(LATE));
        let (ready, early): (Vec<_>, Vec<_>) = batch.into_iter().partition(|item| named_at(item) <= now);
        for item in &early {
            self.rests.lost(item.dialogue).end_at(named_at(item));
        }
        if !early.is_empty() {
            self.relay.store.unmark(early.iter().map(|item| item.position).collect()).await?;
        }
        Ok(ready)
    }
}

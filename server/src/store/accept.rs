//! A visitor's message comes in.

use super::board::Waiting;
use super::committer::Batch;
use super::log::{ReadLog, Told};
use super::{Store, StoreError};
use crate::ids::DialogueId;
use shared::{Author, MessageId, Millis, Seq, SiteKey};
use std::sync::Arc;

/// What became of a message that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It is on the disk, and waits for the portal.
    New { seq: Seq, at: Millis },
    /// It was there already, since then; nothing changed.
    Repeated { seq: Seq, at: Millis },
    /// There is no such dialogue (any more).
    Gone,
}

impl Store {
    /// Appends a visitor's message to its dialogue, on the disk when this returns. A repeat of a message that was taken
    /// before changes nothing. The caller wakes the dialogue's listeners.
    pub async fn accept(
        &self,
        dialogue: DialogueId,
        id: MessageId,
        text: String,
        now: Millis,
    ) -> Result<Acceptance, StoreError> {
        let board = Arc::clone(&self.shared.board);
        let work = move |batch: &mut Batch<'_>| {
            if let Some(position) = batch.asked(dialogue, &id)? {
                let there = batch.record(position)?;
                let repeated = there.map(|record| Acceptance::Repeated { seq: record.seq, at: record.at });
                return Ok((repeated.unwrap_or(Acceptance::Gone), None));
            }
            let Some(site) = batch.head(dialogue)?.map(|head| head.site.clone()) else {
                return Ok((Acceptance::Gone, None));
            };
            let said = Told::Said { id, from: Author::Visitor, name: None, text, chat: None };
            let Some((position, seq)) = batch.append(dialogue, now, said)? else {
                return Ok((Acceptance::Gone, None));
            };
            let waiting = Waiting { dialogue, sending: None, attempts: 0, written: false };
            batch.board().put(&site, position, waiting);
            Ok((Acceptance::New { seq, at: now }, Some(site)))
        };
        // A visitor who has left meanwhile keeps no message from its portal.
        let ring = move |(_, site): &(Acceptance, Option<SiteKey>)| site.iter().for_each(|site| board.ring(site));
        Ok(self.commit_then(work, ring).await?.0)
    }
}

//! A visitor's act comes in.

use super::ask::Ask;
use super::board::Waiting;
use super::committer::Batch;
use super::log::{Position, ReadLog, Told};
use super::outbox::revise_one;
use super::tables::OUTBOX;
use super::{Store, StoreError};
use crate::ids::DialogueId;
use shared::{MessageId, Millis, Refusal, Seq, SiteKey};
use std::sync::Arc;

/// What became of an act that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It is on the disk, and waits for the portal.
    New { seq: Seq, at: Millis },
    /// It was there already, since then; nothing changed.
    Repeated { seq: Seq, at: Millis },
    /// There is no such dialogue (any more).
    Gone,
    /// What the dialogue says does not allow it.
    Refused(Refusal),
}

impl Store {
    /// Appends a visitor's act to its dialogue, on the disk when this returns: a message, or a change of one. A repeat
    /// of what was taken before changes nothing. The caller wakes the dialogue's listeners.
    ///
    /// A message that no call has carried yet is changed, or dropped, before it is sent: the portal never has the words
    /// that were taken back.
    pub async fn accept(
        &self,
        dialogue: DialogueId,
        id: MessageId,
        ask: impl Into<Ask>,
        now: Millis,
    ) -> Result<Acceptance, StoreError> {
        let (board, ask) = (Arc::clone(&self.shared.board), ask.into());
        let work = move |batch: &mut Batch<'_>| {
            if let Some(position) = batch.asked(dialogue, &id)? {
                let there = batch.record(position)?;
                let repeated = there.map(|record| Acceptance::Repeated { seq: record.seq, at: record.at });
                return Ok((repeated.unwrap_or(Acceptance::Gone), None));
            }
            let open = batch.head(dialogue)?.filter(|head| head.moved.is_none());
            let Some(site) = open.map(|head| head.site.clone()) else {
                return Ok((Acceptance::Gone, None));
            };
            let origin = ask.origin(batch, dialogue)?;
            let told = match ask.judge(batch, origin, id.clone(), now)? {
                Ok(told) => told,
                Err(refusal) => return Ok((Acceptance::Refused(refusal), None)),
            };
            let Some((position, seq)) = batch.append(origin, now, told.clone())? else {
                return Ok((Acceptance::Gone, None));
            };
            follow(batch, &site, origin, position, &told)?;
            let seq = if origin == dialogue { Some(seq) } else { batch.mirrored(dialogue, &id)? };
            Ok((seq.map_or(Acceptance::Gone, |seq| Acceptance::New { seq, at: now }), Some(site)))
        };
        // A visitor who has left meanwhile keeps no message from its portal.
        let ring = move |(_, site): &(Acceptance, Option<SiteKey>)| site.iter().for_each(|site| board.ring(site));
        Ok(self.commit_then(work, ring).await?.0)
    }
}

impl Batch<'_> {
    /// Which entry of `dialogue` the act `id` is, that was taken in the one it is about.
    fn mirrored(&mut self, dialogue: DialogueId, id: &MessageId) -> Result<Option<Seq>, StoreError> {
        let Some(position) = self.asked(dialogue, id)? else { return Ok(None) };
        Ok(self.record(position)?.map(|record| record.seq))
    }
}

/// The board follows what was written.
fn follow(
    batch: &mut Batch<'_>,
    site: &SiteKey,
    dialogue: DialogueId,
    position: Position,
    told: &Told,
) -> Result<(), StoreError> {
    match told {
        Told::Edited { unsent: Some(of), .. } => revise_one(batch, site, *of, position),
        Told::Deleted { unsent: Some(of), .. } => {
            batch.board().take(site, *of);
            batch.remove(OUTBOX, of.0)
        }
        _ => {
            batch.board().put(site, position, Waiting::new(dialogue, told.lane()));
            Ok(())
        }
    }
}

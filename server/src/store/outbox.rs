//! The outbox: visitors' errands on their way to the portal. Each is carried by a call that is on the disk as begun
//! before it begins, so that after a crash nothing is sent again blindly, and settled by an entry in its dialogue.

mod changed;
mod settled;

use super::ask::EDITABLE;
use super::board::{Mark, Ticket, Waiting};
use super::committer::Batch;
use super::dialogues::head;
use super::errand::{Errand, Lane};
use super::log::{AtPortal, Position, ReadLog, Told};
use super::profiles::ProfileRecord;
use super::row::{self, Row};
use super::tables::{OUTBOX, PROFILES};
use super::{Store, StoreError};
use crate::identity::PersonId;
use crate::ids::{DialogueId, LineId, PortalHost};
use crate::profile::Profile;
use serde::{Deserialize, Serialize};
use settled::settle_one;
pub(super) use settled::{Arrival, arrived, ended};
use sha2::{Digest, Sha256};
use shared::{File, MessageId, Millis, SiteKey};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use tokio::sync::Notify;

/// A visitor's errand that waits to be done at the portal.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxItem {
    pub position: Position,
    pub dialogue: DialogueId,
    pub site: SiteKey,
    pub line: LineId,
    /// The visitor's number on the site, see `DialogueRecord`.
    pub number: u64,
    /// The errand's own name.
    pub id: MessageId,
    pub what: Errand,
    /// When the relay took it.
    pub at: Millis,
    /// Since when a call that carries it is under way, or of unknown outcome.
    pub sending: Option<Millis>,
    /// How many calls may have carried it: those whose answer said that they did not, do not count.
    pub attempts: u32,
    /// What the portal told of the dialogue before.
    pub at_portal: AtPortal,
    /// What is known of the visitor now.
    pub profile: Profile,
    /// Whom the site vouches for.
    pub person: Option<PersonId>,
    /// Of a change: since when the portal has the message, and may not know it by its id yet.
    pub unnamed_since: Option<Millis>,
    /// From when on it would do nothing, or something else.
    pub until: Option<Millis>,
}

/// What is not to be sent for a while, though it waits.
#[derive(Clone, Debug, Default)]
pub struct Held {
    pub lines: HashSet<LineId>,
    pub dialogues: HashSet<DialogueId>,
    /// With what stands behind each in its dialogue.
    pub errands: HashSet<Position>,
    /// All but these, where it is some.
    pub only: Option<HashSet<Position>>,
    /// All of the other lane.
    pub lane: Lane,
}

/// What became of an errand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub position: Position,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The portal has it, and told its own numbers.
    Delivered(AtPortal),
    /// The answer was lost and cannot be found out.
    Unconfirmed,
    /// Refused for good.
    Failed,
}

impl Store {
    /// Up to `limit` messages for `portal` that may be sent now, in the order they were taken, several of one dialogue
    /// in theirs. Left out are those under way with all that follow them in their dialogue, and those of lines that
    /// are not connected.
    pub async fn pending(&self, portal: &PortalHost, limit: usize) -> Result<Vec<OutboxItem>, StoreError> {
        self.items(self.shared.board.sendable(portal, limit)).await
    }

    /// What one call may carry: up to `limit` of what is pending, the first of each dialogue, and nothing that `held`
    /// names.
    pub async fn next_batch(
        &self,
        portal: &PortalHost,
        limit: usize,
        held: &Held,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        self.items(self.shared.board.next(portal, limit, held)).await
    }

    /// The messages for `portal` whose call began and whose outcome is not known. Asked for before the first call
    /// after a start, these are the ones that were under way when the process ended.
    pub async fn in_doubt(&self, portal: &PortalHost, lane: Lane) -> Result<Vec<OutboxItem>, StoreError> {
        self.items(self.shared.board.under_way(portal, lane)).await
    }

    /// What waits for another call after one that may have carried it.
    pub async fn tried(&self, portal: &PortalHost, lane: Lane) -> Result<Vec<OutboxItem>, StoreError> {
        self.items(self.shared.board.tried(portal, lane)).await
    }

    /// A call that carries these begins. Until this returns it must not; it carries what this returns: what was taken
    /// back meanwhile is left out, and words are as they were left last.
    pub async fn mark_sending(&self, positions: Vec<Position>, now: Millis) -> Result<Vec<OutboxItem>, StoreError> {
        let tickets = self.mark(positions, Mark::Sending(now)).await?;
        self.items(tickets).await
    }

    /// The call is known not to have carried these: they may be sent again.
    pub async fn unmark(&self, positions: Vec<Position>) -> Result<(), StoreError> {
        self.mark(positions, Mark::NotCarried).await.map(drop)
    }

    /// A message in doubt has not arrived after all: it may be sent again, and the call still counts.
    pub async fn send_again(&self, position: Position) -> Result<(), StoreError> {
        self.mark(vec![position], Mark::NotArrived).await.map(drop)
    }

    /// Writes what became of messages into their dialogues. What was settled before stays as it is; what an answer names
    /// beyond that is kept. Returns the dialogues with something new.
    pub async fn settle(&self, settlements: Vec<Settlement>, now: Millis) -> Result<Vec<DialogueId>, StoreError> {
        let board = Arc::clone(&self.shared.board);
        let work = move |batch: &mut Batch<'_>| {
            let (mut touched, mut sites) = (Vec::new(), HashSet::new());
            for Settlement { position, outcome } in settlements {
                if let Some((dialogue, site)) = settle_one(batch, position, outcome, now)? {
                    touched.push(dialogue);
                    sites.insert(site);
                }
            }
            touched.dedup();
            Ok((touched, sites))
        };
        // What waited behind may be of the other lane.
        let ring =
            move |(_, sites): &(Vec<DialogueId>, HashSet<SiteKey>)| sites.iter().for_each(|site| board.ring(site));
        Ok(self.commit_then(work, ring).await?.0)
    }

    /// The portal has the message at `position` without these of its files: they are sent again, each by itself, behind
    /// what the dialogue has said since. A repeat changes nothing.
    pub async fn resend(&self, item: &OutboxItem, files: Vec<File>, now: Millis) -> Result<(), StoreError> {
        let (dialogue, of, site) = (item.dialogue, item.id.clone(), item.site.clone());
        let board = Arc::clone(&self.shared.board);
        let work = move |batch: &mut Batch<'_>| {
            for file in files {
                let id = again(&of, &file);
                if batch.asked(dialogue, &id)?.is_some() {
                    continue;
                }
                let told = Told::Again { id, of: of.clone(), file };
                if let Some((position, _)) = batch.append(dialogue, now, told)? {
                    batch.board().put(&site, position, Waiting::new(dialogue, Lane::Files));
                }
            }
            Ok(site)
        };
        self.commit_then(work, move |site| board.ring(site)).await.map(drop)
    }

    /// Whether the portal's word that it has a message of this dialogue would be news.
    pub fn is_in_doubt(&self, dialogue: DialogueId) -> bool {
        self.shared.board.is_in_doubt(dialogue)
    }

    /// Whether the message still waits to be settled.
    pub fn is_waiting(&self, item: &OutboxItem) -> bool {
        self.shared.board.is_waiting(&item.site, item.position)
    }

    /// What follows this one, which is under way, waits for it no more. It waits on to be settled, and is not sent again.
    pub async fn let_others_go(&self, item: &OutboxItem) -> Result<(), StoreError> {
        let (site, position, board) = (item.site.clone(), item.position, Arc::clone(&self.shared.board));
        let work = move |batch: &mut Batch<'_>| {
            if let Some(waiting) = batch.board().set_aside(&site, position) {
                batch.put(OUTBOX, position.0, &OutboxRow::of(&waiting))?;
            }
            Ok(site)
        };
        self.commit_then(work, move |site| board.ring(site)).await.map(drop)
    }

    /// Whether what follows this one, which is under way, waits for it no more.
    pub fn is_aside(&self, item: &OutboxItem) -> bool {
        self.shared.board.is_aside(&item.site, item.position)
    }

    /// How many visitors' messages of `site` the portal has not taken yet.
    pub fn waiting_of(&self, site: &SiteKey) -> usize {
        self.shared.board.waiting_of(site)
    }

    /// The lines of `portal` that were connected, saved as such, or mended, since this was asked last: whatever
    /// was wrong with them may be right now. It rings for each.
    pub fn lines_saved(&self, portal: &PortalHost, lane: Lane) -> HashSet<LineId> {
        self.shared.board.take_saved(portal, lane)
    }

    /// A line of `portal` that took nothing takes messages again.
    pub fn line_mended(&self, portal: &PortalHost, line: LineId) {
        self.shared.board.set_mended(portal, line);
    }

    /// What rings when `portal` has something new to send. It keeps one ring that nobody waited for.
    pub fn outbox_woken(&self, portal: &PortalHost, lane: Lane) -> Arc<Notify> {
        self.shared.board.bell(portal, lane)
    }

    /// How many messages wait for each portal, those under way among them.
    pub fn outbox_depths(&self) -> BTreeMap<PortalHost, usize> {
        self.shared.board.depths()
    }

    async fn items(&self, tickets: Vec<Ticket>) -> Result<Vec<OutboxItem>, StoreError> {
        let heads: Vec<_> = tickets.iter().map(|ticket| self.fresh_head(ticket.dialogue)).collect();
        let board = Arc::clone(&self.shared.board);
        self.read(move |mut view| {
            let mut items = Vec::with_capacity(tickets.len());
            for (ticket, fresh) in tickets.into_iter().zip(heads) {
                let record = view.record(ticket.position)?;
                // Not committed yet, or erased.
                let (Some(record), Some(head)) = (record, head(fresh, view, ticket.dialogue)?) else { continue };
                let (at, seq, before, guarded) = (record.at, record.seq, record.before, head.awaits_rating());
                let Some((id, mut what)) = record.what.into_errand(guarded) else { continue };
                let (mut unnamed_since, mut until) = (None, None);
                if let Errand::Edit { of, .. } | Errand::Delete { of } = &what {
                    let called = |position| board.ticket_at(&ticket.site, position)?.sending;
                    unnamed_since = changed::unnamed_since(&mut view, head.tip, of, called)?;
                }
                if let Errand::Edit { of, reply, .. } = &mut what
                    && let Some((said_at, answers)) = changed::said(&mut view, before, of)?
                {
                    (*reply, until) = (answers, Some(said_at + EDITABLE));
                }
                if let Errand::Rate { .. } = what {
                    until = head.rated_until(seq);
                }
                let Ticket { position, dialogue, site, line, sending, attempts, words } = ticket;
                if let (Errand::Say { text, .. }, Some(words)) = (&mut what, words)
                    && let Some(Told::Edited { text: newest, .. }) = view.record(words)?.map(|record| record.what)
                {
                    *text = newest;
                }
                let (number, at_portal) = (head.number, head.at_portal);
                let known: Option<ProfileRecord> = view.row(PROFILES, dialogue.bytes())?;
                items.push(OutboxItem {
                    position,
                    dialogue,
                    site,
                    line,
                    number,
                    id,
                    what,
                    at,
                    sending,
                    attempts,
                    at_portal,
                    profile: known.unwrap_or_default().profile,
                    person: head.person.clone(),
                    unnamed_since,
                    until,
                });
            }
            Ok(items)
        })
        .await
    }

    async fn mark(&self, positions: Vec<Position>, mark: Mark) -> Result<Vec<Ticket>, StoreError> {
        self.commit(move |batch| {
            let mut marked = Vec::with_capacity(positions.len());
            for position in positions {
                marked.extend(mark_one(batch, position, mark)?);
            }
            Ok(marked)
        })
        .await
    }
}

/// The name under which a file of a message is sent once more.
fn again(of: &MessageId, file: &File) -> MessageId {
    let digest = Sha256::new().chain_update(of.as_str()).chain_update(file.id.as_str()).finalize();
    MessageId::try_from(hex::encode(&digest[..16])).expect("32 hex digits")
}

/// The call that carries the message begins or has ended so.
pub(super) fn mark_one(batch: &mut Batch<'_>, position: Position, mark: Mark) -> Result<Option<Ticket>, StoreError> {
    let Some(record) = batch.record(position)? else { return Ok(None) };
    let Some(site) = batch.head(record.dialogue)?.map(|head| head.site.clone()) else { return Ok(None) };
    let Some(waiting) = batch.board().mark(&site, position, mark) else { return Ok(None) };
    batch.put(OUTBOX, position.0, &OutboxRow::of(&waiting))?;
    Ok(batch.board().ticket_at(&site, position))
}

/// The message goes with the words that stand at `words`.
pub(super) fn revise_one(
    batch: &mut Batch<'_>,
    site: &SiteKey,
    position: Position,
    words: Position,
) -> Result<(), StoreError> {
    match batch.board().revise(site, position, words) {
        Some(waiting) => batch.put(OUTBOX, position.0, &OutboxRow::of(&waiting)),
        None => Ok(()),
    }
}

impl Batch<'_> {
    /// Writes down every message that waits and is not: after this the log before need not be read again for it.
    pub(super) fn write_outbox(&mut self) -> Result<(), StoreError> {
        let mut table = self.table(OUTBOX)?;
        for (position, waiting) in self.board().unwritten() {
            table.insert(position.0, row::encode(&OutboxRow::of(&waiting)).as_slice())?;
        }
        Ok(())
    }
}

/// How a waiting message is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OutboxRow {
    dialogue: DialogueId,
    sending: Option<Millis>,
    attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<Position>,
    #[serde(default)]
    lane: Lane,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_aside: bool,
}

impl OutboxRow {
    pub fn of(waiting: &Waiting) -> Self {
        let Waiting { dialogue, sending, attempts, words, lane, is_aside, .. } = *waiting;
        Self { dialogue, sending, attempts, words, lane, is_aside }
    }

    pub fn into_waiting(self) -> Waiting {
        let Self { dialogue, sending, attempts, words, lane, is_aside } = self;
        Waiting { dialogue, sending, attempts, words, lane, written: true, is_aside }
    }
}

impl Row for OutboxRow {
    const KIND: &'static str = "outbox";
}

//! Entries that say what became of errands: by the calls that carried them, and by what the portal tells of itself.

use super::{OutboxRow, Outcome};
use crate::ids::DialogueId;
use crate::store::StoreError;
use crate::store::committer::Batch;
use crate::store::inbox::started;
use crate::store::log::{AtPortal, Position, ReadLog, Record, Told, Walk};
use crate::store::tables::{OUTBOX, WAYS};
use crate::store::ways::Ways;
use shared::{MessageId, MessageState, Millis, SiteKey};

/// Writes what became of one errand. None where it was settled before.
pub(super) fn settle_one(
    batch: &mut Batch<'_>,
    position: Position,
    outcome: Outcome,
    now: Millis,
) -> Result<Option<(DialogueId, SiteKey)>, StoreError> {
    let Some(record) = batch.record(position)? else { return Ok(None) };
    let Some(id) = record.what.asked().cloned() else { return Ok(None) };
    let Some(site) = batch.head(record.dialogue)?.map(|head| head.site.clone()) else { return Ok(None) };
    if batch.board().take(&site, position).is_none() {
        let Outcome::Delivered(at_portal) = outcome else { return Ok(None) };
        let is_news = answered(batch, &record, position, at_portal, now)?;
        return Ok(is_news.then_some((record.dialogue, site)));
    }
    let outcome = if has_ended(batch, &record)? { Outcome::Delivered(AtPortal::default()) } else { outcome };
    let (state, at_portal) = match outcome {
        Outcome::Delivered(at_portal) => (MessageState::Delivered, at_portal),
        Outcome::Unconfirmed => (MessageState::Unconfirmed, AtPortal::default()),
        Outcome::Failed => (MessageState::Failed, AtPortal::default()),
    };
    let of = position;
    let told = match record.what {
        Told::Said { .. } => Told::State { id, state, at_portal, of },
        _ => Told::Done { id, state, of, entry: record.seq, at_portal },
    };
    batch.append(record.dialogue, now, told)?;
    if state != MessageState::Delivered {
        batch.board().give_up(record.dialogue);
    }
    batch.remove(OUTBOX, position.0)?;
    Ok(Some((record.dialogue, site)))
}

/// The errand at `position` was settled before, and is known now to be at the portal so. The line tells before the answer
/// does that a message arrived, but not into which session, and before the portal knows its id. Tells whether the session
/// is news.
fn answered(
    batch: &mut Batch<'_>,
    record: &Record,
    position: Position,
    at_portal: AtPortal,
    now: Millis,
) -> Result<bool, StoreError> {
    let (dialogue, Some(id)) = (record.dialogue, record.what.asked().cloned()) else { return Ok(false) };
    let known = batch.head(dialogue)?.and_then(|head| head.at_portal.session);
    let is_news = match at_portal.session {
        Some(session) if known != Some(session) => started(batch, dialogue, session, at_portal.user, now)?,
        _ => false,
    };
    if settled_by_less(batch, dialogue, position, &at_portal)? {
        batch.append(dialogue, now, Told::Answered { id, at_portal, of: position })?;
    }
    Ok(is_news)
}

/// Whether what is known of the errand at `position`, which has arrived, is less than `at_portal`.
fn settled_by_less(
    batch: &mut Batch<'_>,
    dialogue: DialogueId,
    position: Position,
    at_portal: &AtPortal,
) -> Result<bool, StoreError> {
    let tip = batch.head(dialogue)?.map_or(Position::NONE, |head| head.tip);
    let mut known = None;
    batch.walk(tip, |at, record| {
        match record.what {
            Told::Answered { of, at_portal, .. } if of == position => known = Some(at_portal),
            Told::State { of, state, at_portal, .. } | Told::Done { of, state, at_portal, .. } if of == position => {
                known = Some(at_portal).filter(|_| state == MessageState::Delivered);
            }
            _ if at > position => return Walk::On,
            _ => {}
        }
        Walk::Enough
    })?;
    let is_more = |known: AtPortal| at_portal.is_whole() || known.session.is_none() && at_portal.session.is_some();
    Ok(known.is_some_and(|known| !known.is_whole() && is_more(known)))
}

/// Whether `record` is the end of a conversation of which the portal has told meanwhile that it is over, or that another
/// has begun.
fn has_ended(batch: &mut Batch<'_>, record: &Record) -> Result<bool, StoreError> {
    let Told::Left { session: 1.., .. } = record.what else { return Ok(false) };
    let left = batch.head(record.dialogue)?.and_then(|head| head.left);
    Ok(left.is_none_or(|(entry, _)| entry != record.seq))
}

/// What the word that a message arrived changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Arrival {
    /// Nothing.
    Known,
    /// It waited to be settled, or tells which of the portal's chats the dialogue is.
    Settled,
    /// It had been given up, or nothing was known of the dialogue's place at the portal: nobody looks there.
    Late,
}

/// The portal has the visitor's message `id`, whatever became of the call that carried it. One that was settled otherwise,
/// because nobody knew, is settled anew.
pub(in crate::store) fn arrived(
    batch: &mut Batch<'_>,
    dialogue: DialogueId,
    id: &MessageId,
    at_portal: AtPortal,
    now: Millis,
) -> Result<Arrival, StoreError> {
    let Some(of) = batch.asked(dialogue, id)? else { return Ok(Arrival::Known) };
    if is_half_told(batch, of, at_portal)? {
        half_arrived(batch, dialogue, of)?;
        return Ok(Arrival::Known);
    }
    if settle_one(batch, of, Outcome::Delivered(at_portal), now)?.is_some() {
        let site = batch.head(dialogue)?.map(|head| head.site.clone());
        site.iter().for_each(|site| batch.board().ring(site)); // what waits behind it may go
        return Ok(Arrival::Settled);
    }
    let tip = batch.head(dialogue)?.map_or(Position::NONE, |head| head.tip);
    let mut last = None;
    batch.walk(tip, |position, record| match record.what {
        Told::State { of: settled, state, .. } if settled == of => {
            last = Some(state);
            Walk::Enough
        }
        _ if position <= of => Walk::Enough,
        _ => Walk::On,
    })?;
    let known = batch.head(dialogue)?.map(|head| head.at_portal).unwrap_or_default();
    let arrival = match last {
        Some(MessageState::Unconfirmed | MessageState::Failed) => Arrival::Late,
        Some(_) if known.chat.is_some() || at_portal.chat.is_none() => Arrival::Known,
        Some(_) if known.session.is_none() => Arrival::Late,
        Some(_) => Arrival::Settled,
        None => Arrival::Known,
    };
    let (id, state) = (id.clone(), MessageState::Delivered);
    match last {
        _ if arrival == Arrival::Known => {}
        Some(MessageState::Delivered) => drop(batch.append(dialogue, now, Told::Answered { id, at_portal, of })?),
        _ => drop(batch.append(dialogue, now, Told::State { id, state, at_portal, of })?),
    }
    Ok(arrival)
}

/// Whether nothing more will be told of the message at `of`, and of its files nothing was: a line's own word names none, and
/// this portal refuses histories (`imopenlines.session.history.get`).
fn is_half_told(batch: &mut Batch<'_>, of: Position, at_portal: AtPortal) -> Result<bool, StoreError> {
    let Some(record) = batch.record(of)?.filter(|_| at_portal.session.is_none()) else { return Ok(false) };
    if !matches!(&record.what, Told::Said { files, .. } if !files.is_empty()) {
        return Ok(false);
    }
    let Some(site) = batch.head(record.dialogue)?.map(|head| head.site.clone()) else { return Ok(false) };
    if batch.board().ticket_at(&site, of).is_some_and(|ticket| ticket.sending.is_none()) {
        return Ok(false); // its call was refused: it would be sent again
    }
    let Some(host) = batch.board().portal_of(&site) else { return Ok(false) };
    let ways: Option<Ways> = batch.row(WAYS, host.as_str())?;
    Ok(ways.is_some_and(|ways| ways.history_refused.is_some()))
}

/// What follows such a message waits no longer, and it is not sent again; the answer to its call still tells all, if it
/// comes.
fn half_arrived(batch: &mut Batch<'_>, dialogue: DialogueId, of: Position) -> Result<(), StoreError> {
    let Some(site) = batch.head(dialogue)?.map(|head| head.site.clone()) else { return Ok(()) };
    if let Some(waiting) = batch.board().set_aside(&site, of) {
        batch.put(OUTBOX, of.0, &OutboxRow::of(&waiting))?;
        batch.board().ring(&site);
    }
    Ok(())
}

/// The portal ended its session of this number: what the visitor asked for, if no call did it yet, is done.
pub(in crate::store) fn ended(
    batch: &mut Batch<'_>,
    dialogue: DialogueId,
    session: u64,
    now: Millis,
) -> Result<bool, StoreError> {
    let Some(site) = batch.head(dialogue)?.map(|head| head.site.clone()) else { return Ok(false) };
    let mut is_news = false;
    for position in batch.board().untouched_of(&site, dialogue) {
        let record = batch.record(position)?;
        if record.is_some_and(|record| matches!(record.what, Told::Left { session: of, .. } if of <= session)) {
            is_news |= settle_one(batch, position, Outcome::Delivered(AtPortal::default()), now)?.is_some();
            batch.board().ring(&site); // what waits behind it may go
        }
    }
    Ok(is_news)
}

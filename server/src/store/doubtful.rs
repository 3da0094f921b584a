//! What is known, and what is not, of visitors' messages that were sent: read from the log's ends.

use super::activity::session;
use super::board::Board;
use super::dialogues::head;
use super::log::{Position, ReadLog, Record, Told, Walk};
use super::outbox::OutboxItem;
use super::tables::LOG;
use super::{Errand, Store, StoreError, View, row};
use crate::ids::DialogueId;
use redb::ReadableTable;
use shared::{MessageId, MessageState, Millis};
use std::collections::{BTreeSet, HashMap, HashSet};

/// How many entries of a dialogue are looked through for messages that arrived before another.
const LOOKED_AT: usize = 500;

/// How many records of the log's end are looked through at the start for messages of which nobody knew: less than a
/// tenth of a second.
const LATELY: usize = 20_000;

/// A message that the portal is known to have.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    pub id: MessageId,
    pub what: Errand,
    /// The portal's session that it went into, where that told; else the last that was known then.
    pub session: Option<u64>,
}

impl Store {
    /// The visitor's messages, among the last `limit` entries of the dialogue, that nobody knows to have arrived.
    pub async fn doubtful(&self, id: DialogueId, limit: usize) -> Result<Vec<MessageId>, StoreError> {
        let fresh = self.fresh_head(id);
        self.read(move |mut view| {
            let Some(head) = head(fresh, view, id)? else { return Ok(Vec::new()) };
            let (mut settled, mut doubtful, mut left) = (HashSet::new(), Vec::new(), limit);
            view.walk(head.tip, |position, record| {
                match record.what {
                    Told::State { id, state, of, .. } if settled.insert(of) => {
                        doubtful.extend((state != MessageState::Delivered).then_some(id));
                    }
                    Told::Done { of, .. } => {
                        settled.insert(of);
                    }
                    Told::Joined { .. } => {} // in doubt where it was said
                    told if told.asked().is_some() && settled.insert(position) => {
                        doubtful.extend(told.asked().cloned());
                    }
                    _ => {}
                }
                left -= 1;
                if left == 0 { Walk::Enough } else { Walk::On }
            })?;
            Ok(doubtful)
        })
        .await
    }

    /// The portal's sessions that `item` may be in, whatever became of its calls: the last one known when it was taken, and
    /// each that was told of since.
    pub async fn sessions_since(&self, item: &OutboxItem) -> Result<BTreeSet<u64>, StoreError> {
        let (id, taken) = (item.dialogue, item.position);
        let fresh = self.fresh_head(id);
        self.read(move |mut view| {
            let Some(head) = head(fresh, view, id)? else { return Ok(BTreeSet::new()) };
            let mut sessions = BTreeSet::new();
            view.walk(head.tip, |position, record| {
                sessions.extend(session(&record.what));
                if position < taken && known_then(&record.what).is_some() { Walk::Enough } else { Walk::On }
            })?;
            Ok(sessions)
        })
        .await
    }

    /// What the visitor said in the dialogue of `item` before it, and not before `since`, and the portal has: the oldest
    /// first.
    pub async fn arrived_before(&self, item: &OutboxItem, since: Millis) -> Result<Vec<Arrived>, StoreError> {
        let (id, before) = (item.dialogue, item.position);
        let fresh = self.fresh_head(id);
        self.read(move |mut view| {
            let Some(head) = head(fresh, view, id)? else { return Ok(Vec::new()) };
            let mut states: HashMap<Position, (MessageState, Option<u64>)> = HashMap::new();
            let (mut arrived, mut left) = (Vec::<Arrived>::new(), LOOKED_AT);
            view.walk(head.tip, |position, record| {
                if let Some(known) = known_then(&record.what) {
                    states.values_mut().for_each(|(_, session)| *session = session.or(Some(known)));
                    arrived.iter_mut().for_each(|one| one.session = one.session.or(Some(known)));
                }
                match record.what {
                    Told::State { of, state, at_portal, .. } | Told::Done { of, state, at_portal, .. } => {
                        states.entry(of).or_insert((state, at_portal.session));
                    }
                    Told::Answered { of, at_portal, .. } => {
                        states.entry(of).or_insert((MessageState::Delivered, at_portal.session));
                    }
                    told if told.waits() && position < before && record.at >= since => {
                        let settled = states.remove(&position);
                        if let Some((MessageState::Delivered, session)) = settled
                            && let Some((id, what)) = told.into_errand(false)
                            && !what.may_repeat()
                        {
                            arrived.push(Arrived { id, what, session });
                        }
                    }
                    told if told.waits() && position < before && arrived.iter().all(|one| one.session.is_some()) => {
                        return Walk::Enough;
                    }
                    _ => {}
                }
                left -= 1;
                if left == 0 { Walk::Enough } else { Walk::On }
            })?;
            arrived.reverse();
            Ok(arrived)
        })
        .await
    }
}

/// The session that an entry tells of, where that was the last one then.
fn known_then(what: &Told) -> Option<u64> {
    session(what).filter(|_| !matches!(what, Told::Late { .. }))
}

/// Finds again the dialogues with a message that was given up without knowledge, or refused: a late word that it arrived
/// is still news.
pub(super) fn restore(view: &View, board: &Board) -> Result<(), StoreError> {
    let Some(log) = view.table(LOG)? else { return Ok(()) };
    let mut settled = HashSet::new();
    for entry in log.iter()?.rev().take(LATELY) {
        let Ok(record) = row::decode::<Record>(entry?.1.value()) else { continue };
        if let Told::State { of, state, .. } = record.what
            && settled.insert(of)
            && state != MessageState::Delivered
        {
            board.give_up(record.dialogue);
        }
    }
    Ok(())
}

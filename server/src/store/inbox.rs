//! The inbox: what portals tell. An event is kept as it came before it is answered, for a portal repeats nothing;
//! working it off is one transaction, which does what the event asks, once, and drops the raw body.

mod acts;
mod heard;

pub(super) use acts::started;
pub use acts::{InboxAct, Looks, WorkedOff};
pub(super) use heard::{ConfirmationRow, HeardRow};

use super::tables::{CONFIRMATIONS, EVENTS, HEARD};
use super::{Store, StoreError, row};
use crate::ids::{DialogueId, ImId, LineId, PortalHost};
use redb::ReadableTable;
use shared::{MessageId, Millis};
use std::collections::HashSet;

/// The number of an event that was kept. They rise in the order of arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventNo(u64);

/// An event as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptEvent {
    pub no: EventNo,
    pub host: PortalHost,
    pub at: Millis,
    pub body: Vec<u8>,
}

/// An operator's message that is on our disk, and whose portal should be told so: once.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirmation {
    pub no: u64,
    pub dialogue: DialogueId,
    pub line: LineId,
    pub im: ImId,
    /// The external id: the message's name with the visitor.
    pub id: MessageId,
    /// When the message was kept.
    pub at: Millis,
}

impl Store {
    /// Keeps the body of an event of `host`, verified but not understood, on the disk when this returns.
    pub async fn keep_event(&self, host: &PortalHost, body: Vec<u8>, at: Millis) -> Result<EventNo, StoreError> {
        let host = host.clone();
        self.commit(move |batch| {
            let no = batch.ledger.next_event;
            batch.ledger.next_event += 1;
            batch.table(EVENTS)?.insert(no, (host.as_str(), at, body.as_slice()))?;
            Ok(EventNo(no))
        })
        .await
    }

    /// Up to `limit` events that wait to be worked off, in the order of arrival.
    pub async fn kept_events(&self, limit: usize) -> Result<Vec<KeptEvent>, StoreError> {
        self.read(move |view| {
            let Some(table) = view.table(EVENTS)? else { return Ok(Vec::new()) };
            let mut events = Vec::new();
            for entry in table.iter()?.take(limit) {
                let (no, event) = entry?;
                let (host, at, body) = event.value();
                let Ok(host) = PortalHost::try_from(host.to_owned()) else { continue };
                events.push(KeptEvent { no: EventNo(no.value()), host, at, body: body.to_vec() });
            }
            Ok(events)
        })
        .await
    }

    /// Does what `acts` of `host` ask, drops the raw `events` they were read from, and queues a confirmation for each
    /// message that is new: all of it or nothing. What was done before, by whichever channel it came, is not done
    /// again; what names a dialogue that is not of this portal is passed over. Messages of one chat are taken in the
    /// portal's order, so events that wait together are best worked off together.
    ///
    /// The caller wakes the listeners of the dialogues with something new.
    pub async fn work_off(
        &self,
        host: &PortalHost,
        events: Vec<EventNo>,
        acts: Vec<InboxAct>,
        now: Millis,
    ) -> Result<WorkedOff, StoreError> {
        let host = host.clone();
        self.commit(move |batch| {
            let mut done = WorkedOff::default();
            for act in acts::in_order(acts) {
                acts::perform(batch, &host, act, now, &mut done)?;
            }
            let mut table = batch.table(EVENTS)?;
            for event in events {
                table.remove(event.0)?;
            }
            done.touched.sort_unstable();
            done.touched.dedup();
            Ok(done)
        })
        .await
    }

    /// Which of these messages of `host` the relay has.
    pub async fn heard(&self, host: &PortalHost, messages: Vec<ImId>) -> Result<HashSet<ImId>, StoreError> {
        let host = host.clone();
        self.read(move |view| {
            let Some(table) = view.table(HEARD)? else { return Ok(HashSet::new()) };
            let mut heard = HashSet::new();
            for im in messages {
                if table.get((host.as_str(), im.chat, im.message))?.is_some() {
                    heard.insert(im);
                }
            }
            Ok(heard)
        })
        .await
    }

    /// Up to `limit` messages whose portal was not told yet that they arrived.
    pub async fn confirmations(&self, host: &PortalHost, limit: usize) -> Result<Vec<Confirmation>, StoreError> {
        let host = host.clone();
        self.read(move |view| {
            let Some(table) = view.table(CONFIRMATIONS)? else { return Ok(Vec::new()) };
            let of_host = table.range((host.as_str(), 0)..=(host.as_str(), u64::MAX))?;
            let confirmations = of_host.take(limit).map(|entry| {
                let (key, bytes) = entry?;
                Ok(row::decode::<ConfirmationRow>(bytes.value())?.into_confirmation(key.value().1))
            });
            confirmations.collect()
        })
        .await
    }

    /// The portal was told of these.
    pub async fn confirmed(&self, host: &PortalHost, numbers: Vec<u64>) -> Result<(), StoreError> {
        let host = host.clone();
        self.commit(move |batch| {
            let mut table = batch.table(CONFIRMATIONS)?;
            for no in numbers {
                table.remove((host.as_str(), no))?;
            }
            Ok(())
        })
        .await
    }
}

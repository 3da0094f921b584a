//! Which visitors' errands wait for which portal, in memory. It follows from the log: an errand waits until an entry
//! says what became of it. What is said of messages here goes for every kind.

mod desk;

use super::errand::Lane;
use super::log::Position;
use super::outbox::Held;
use super::{Closing, SiteRecord};
use crate::ids::{DialogueId, LineId, PortalHost};
use desk::Desk;
use shared::{Millis, SiteKey};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// All that waits, by site.
#[derive(Default)]
pub struct Board(Mutex<State>);

#[derive(Default)]
struct State {
    desks: HashMap<SiteKey, Desk>,
    /// Who sends to a portal is woken by this.
    wakes: HashMap<(PortalHost, Lane), Arc<Notify>>,
    /// Lines whose site was saved as connected since the portal's sender asked.
    saved: HashMap<(PortalHost, Lane), HashSet<LineId>>,
    /// The newest message ever put here: what turns are told by.
    newest: Position,
    /// How many calls have begun.
    calls: u64,
    /// Dialogues with a message that was given up without knowledge, or was refused.
    given_up: HashSet<DialogueId>,
}

/// How many of them are remembered.
const GIVEN_UP: usize = 10_000;

/// One message.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub dialogue: DialogueId,
    /// Since when a call that carries it is under way, or its outcome unknown.
    pub sending: Option<Millis>,
    /// How many calls may have carried it.
    pub attempts: u32,
    /// Where its words stand, if they were changed before it went.
    pub words: Option<Position>,
    /// Which calls it waits for.
    pub lane: Lane,
    /// Whether `OUTBOX` has a row of it.
    pub written: bool,
    /// It is under way, and what follows it does not wait for it any more.
    pub is_aside: bool,
}

impl Waiting {
    /// Something new of `dialogue`.
    pub fn new(dialogue: DialogueId, lane: Lane) -> Self {
        Self { dialogue, sending: None, attempts: 0, words: None, lane, written: false, is_aside: false }
    }
}

/// What is known of the call that carries a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It begins at this moment.
    Sending(Millis),
    /// It is known not to have carried the message: as if there had been none.
    NotCarried,
    /// Nobody knows how it ended, but the message did not arrive.
    NotArrived,
}

/// A message that may be sent, and where to.
#[derive(Clone, Debug)]
pub struct Ticket {
    pub position: Position,
    pub dialogue: DialogueId,
    pub site: SiteKey,
    pub line: LineId,
    pub sending: Option<Millis>,
    pub attempts: u32,
    pub words: Option<Position>,
}

impl Board {
    /// Follows the settings of `site`.
    pub fn set_site(&self, site: &SiteRecord) {
        let mut state = self.lock();
        let desk = state.desks.entry(site.key.clone()).or_insert_with(|| Desk::new(site));
        desk.portal = site.portal.clone();
        (desk.line, desk.connected) = (site.line, site.connected);
        desk.closed_by = site.closed_by;
        desk.notes.clone_from(&site.notes);
        if site.connected {
            for lane in [Lane::Words, Lane::Files] {
                state.saved.entry((site.portal.clone(), lane)).or_default().insert(site.line);
            }
        }
    }

    /// The lines of `portal` that were saved as connected, or mended, since this was asked last.
    pub fn take_saved(&self, portal: &PortalHost, lane: Lane) -> HashSet<LineId> {
        self.lock().saved.remove(&(portal.clone(), lane)).unwrap_or_default()
    }

    /// The site is gone, with whatever waited for it.
    pub fn forget_site(&self, site: &SiteKey) {
        self.lock().desks.remove(site);
    }

    /// The line of `portal` takes messages again: whoever sends there is told, as if it was saved.
    pub fn set_mended(&self, portal: &PortalHost, line: LineId) {
        let mut state = self.lock();
        for lane in [Lane::Words, Lane::Files] {
            state.saved.entry((portal.clone(), lane)).or_default().insert(line);
            state.wakes.entry((portal.clone(), lane)).or_default().notify_one();
        }
    }

    /// The line of a connected site.
    pub fn line_of(&self, site: &SiteKey) -> Option<(PortalHost, LineId)> {
        let state = self.lock();
        let desk = state.desks.get(site).filter(|desk| desk.connected)?;
        Some((desk.portal.clone(), desk.line))
    }

    /// As `SiteRecord::closed_by`.
    pub fn closed_by(&self, site: &SiteKey) -> Option<Closing> {
        self.lock().desks.get(site)?.closed_by
    }

    /// As `SiteRecord::notes`.
    pub fn notes_of(&self, site: &SiteKey) -> Option<String> {
        self.lock().desks.get(site)?.notes.clone()
    }

    /// The portal that the messages of `site` go to.
    pub fn portal_of(&self, site: &SiteKey) -> Option<PortalHost> {
        self.lock().desks.get(site).map(|desk| desk.portal.clone())
    }

    /// A message that waits from now on. A site that is not (yet) known takes none: its settings are read first.
    pub fn put(&self, site: &SiteKey, position: Position, waiting: Waiting) {
        let mut state = self.lock();
        state.newest = state.newest.max(position);
        if let Some(desk) = state.desks.get_mut(site) {
            desk.put(position, waiting);
        }
    }

    /// As `put`, unless the message waits already.
    pub fn put_unless_there(&self, site: &SiteKey, position: Position, waiting: Waiting) {
        let is_there = self.lock().desks.get(site).is_some_and(|desk| desk.waiting.contains_key(&position));
        if !is_there {
            self.put(site, position, waiting);
        }
    }

    /// Whether something of the dialogue waits, or was given up lately.
    pub fn is_in_doubt(&self, dialogue: DialogueId) -> bool {
        let state = self.lock();
        state.given_up.contains(&dialogue) || state.desks.values().any(|desk| desk.has(dialogue))
    }

    /// A message of the dialogue was given up, though it may have arrived.
    pub fn give_up(&self, dialogue: DialogueId) {
        let mut state = self.lock();
        if state.given_up.len() >= GIVEN_UP {
            state.given_up.clear(); // their histories still tell
        }
        state.given_up.insert(dialogue);
    }

    /// What follows the message, which is under way, waits for it no more. Tells what to write down.
    pub fn set_aside(&self, site: &SiteKey, position: Position) -> Option<Waiting> {
        self.lock().desks.get_mut(site)?.set_aside(position)
    }

    pub fn is_waiting(&self, site: &SiteKey, position: Position) -> bool {
        self.lock().desks.get(site).is_some_and(|desk| desk.waiting.contains_key(&position))
    }

    pub fn is_aside(&self, site: &SiteKey, position: Position) -> bool {
        let state = self.lock();
        state.desks.get(site).and_then(|desk| desk.waiting.get(&position)).is_some_and(|waiting| waiting.is_aside)
    }

    /// The message is settled. None where it was already.
    pub fn take(&self, site: &SiteKey, position: Position) -> Option<Waiting> {
        let mut state = self.lock();
        let newest = state.newest;
        state.desks.get_mut(site)?.take(position, newest)
    }

    /// Whether no call has begun that may have carried the message, and it waits.
    pub fn is_untouched(&self, site: &SiteKey, position: Position) -> bool {
        let state = self.lock();
        let waiting = state.desks.get(site).and_then(|desk| desk.waiting.get(&position));
        waiting.is_some_and(|waiting| waiting.sending.is_none() && waiting.attempts == 0)
    }

    /// Those of the dialogue's that wait, and that no call has begun to carry.
    pub fn untouched_of(&self, site: &SiteKey, dialogue: DialogueId) -> Vec<Position> {
        let state = self.lock();
        let Some(desk) = state.desks.get(site) else { return Vec::new() };
        let is_untouched = |waiting: &Waiting| waiting.sending.is_none() && waiting.attempts == 0;
        let of = desk.of(dialogue).filter(|position| desk.waiting.get(position).is_some_and(is_untouched));
        of.collect()
    }

    /// The message goes with the words that stand at `words`. Tells what to write down.
    pub fn revise(&self, site: &SiteKey, position: Position, words: Position) -> Option<Waiting> {
        let mut state = self.lock();
        let waiting = state.desks.get_mut(site)?.waiting.get_mut(&position)?;
        (waiting.words, waiting.written) = (Some(words), true);
        Some(waiting.clone())
    }

    /// What waits at `position`.
    pub fn ticket_at(&self, site: &SiteKey, position: Position) -> Option<Ticket> {
        let state = self.lock();
        let desk = state.desks.get(site)?;
        Some(desk.ticket(site, position, desk.waiting.get(&position)?))
    }

    /// The call that carries the message begins or has ended so. Tells what to write down; none where the message is
    /// settled.
    pub fn mark(&self, site: &SiteKey, position: Position, mark: Mark) -> Option<Waiting> {
        let mut state = self.lock();
        state.calls += u64::from(matches!(mark, Mark::Sending(_)));
        let calls = state.calls;
        let desk = state.desks.get_mut(site)?;
        if matches!(mark, Mark::Sending(_)) {
            desk.called = calls;
        }
        desk.mark(position, mark)
    }

    /// Up to `limit` messages for `portal` that may be sent now, in the order of the log: those of connected lines,
    /// not under way, and behind none of their dialogue that is.
    pub fn sendable(&self, portal: &PortalHost, limit: usize) -> Vec<Ticket> {
        let state = self.lock();
        let desks = state.desks.iter().filter(|(_, desk)| desk.connected && &desk.portal == portal);
        let mut tickets: Vec<Ticket> = desks.flat_map(|(site, desk)| desk.sendable(site, limit)).collect();
        tickets.sort_unstable_by_key(|ticket| ticket.position);
        tickets.truncate(limit);
        tickets
    }

    /// Up to `limit` of what `sendable` gives, one of each dialogue, and nothing that `held` names. First those of the
    /// line that was called longest ago; in a line, those of the dialogue that has waited longest since its last message
    /// was settled. So neither a dialogue with hundreds of messages nor a line with hundreds of dialogues delays others.
    pub fn next(&self, portal: &PortalHost, limit: usize, held: &Held) -> Vec<Ticket> {
        let state = self.lock();
        let desks = state.desks.iter().filter(|(_, desk)| desk.connected && &desk.portal == portal);
        let mut desks: Vec<_> = desks.filter(|(_, desk)| !held.lines.contains(&desk.line)).collect();
        desks.sort_unstable_by_key(|(_, desk)| (desk.called, desk.waiting.keys().next().copied()));
        desks.into_iter().flat_map(|(site, desk)| desk.heads(site, limit, held)).take(limit).collect()
    }

    /// The messages for `portal` whose call is under way or of unknown outcome, in the order of the log.
    pub fn under_way(&self, portal: &PortalHost, lane: Lane) -> Vec<Ticket> {
        self.tickets(portal, |waiting| waiting.lane == lane && waiting.sending.is_some())
    }

    /// Those for `portal` that wait for another call after one that may have carried them, in the order of the log.
    pub fn tried(&self, portal: &PortalHost, lane: Lane) -> Vec<Ticket> {
        self.tickets(portal, |waiting| waiting.lane == lane && waiting.sending.is_none() && waiting.attempts > 0)
    }

    fn tickets(&self, portal: &PortalHost, is_it: impl Fn(&Waiting) -> bool) -> Vec<Ticket> {
        let state = self.lock();
        let mut tickets = Vec::new();
        for (site, desk) in state.desks.iter().filter(|(_, desk)| &desk.portal == portal) {
            let found = desk.waiting.iter().filter(|(_, waiting)| is_it(waiting));
            tickets.extend(found.map(|(position, waiting)| desk.ticket(site, *position, waiting)));
        }
        tickets.sort_unstable_by_key(|ticket| ticket.position);
        tickets
    }

    /// What `OUTBOX` has no row of yet; from now on it counts as written.
    pub fn unwritten(&self) -> Vec<(Position, Waiting)> {
        let mut state = self.lock();
        let waiting = state.desks.values_mut().flat_map(|desk| desk.waiting.iter_mut());
        let unwritten = waiting.filter(|(_, waiting)| !waiting.written);
        let taken = unwritten.map(|(position, waiting)| {
            waiting.written = true;
            (*position, waiting.clone())
        });
        taken.collect()
    }

    /// Every message that waits.
    pub fn all(&self) -> Vec<Position> {
        self.lock().desks.values().flat_map(|desk| desk.waiting.keys().copied()).collect()
    }

    /// How many messages wait for each portal.
    pub fn depths(&self) -> BTreeMap<PortalHost, usize> {
        let mut depths = BTreeMap::new();
        for desk in self.lock().desks.values() {
            *depths.entry(desk.portal.clone()).or_default() += desk.waiting.len();
        }
        depths
    }

    /// How many messages of `site` wait.
    pub fn waiting_of(&self, site: &SiteKey) -> usize {
        self.lock().desks.get(site).map_or(0, |desk| desk.waiting.len())
    }

    /// What tells the sender of `portal` that there is something new.
    pub fn bell(&self, portal: &PortalHost, lane: Lane) -> Arc<Notify> {
        Arc::clone(self.lock().wakes.entry((portal.clone(), lane)).or_default())
    }

    /// Wakes whoever sends the messages of `site`.
    pub fn ring(&self, site: &SiteKey) {
        let mut state = self.lock();
        if let Some(portal) = state.desks.get(site).map(|desk| desk.portal.clone()) {
            for lane in [Lane::Words, Lane::Files] {
                state.wakes.entry((portal.clone(), lane)).or_default().notify_one();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

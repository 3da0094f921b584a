//! One site's errands: which wait, which are under way, and whose turn it is.

use super::{Mark, Ticket, Waiting};
use crate::ids::{DialogueId, LineId, PortalHost};
use crate::store::log::Position;
use crate::store::outbox::Held;
use crate::store::{Closing, SiteRecord};
use shared::SiteKey;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub struct Desk {
    pub portal: PortalHost,
    pub line: LineId,
    pub connected: bool,
    pub closed_by: Option<Closing>,
    pub notes: Option<String>,
    pub waiting: BTreeMap<Position, Waiting>,
    /// The last call that carried something of this site, by a rising number.
    pub called: u64,
    /// The dialogues of all that waits.
    dialogues: HashMap<DialogueId, Turn>,
}

/// One dialogue's place among the others.
#[derive(Default)]
struct Turn {
    waiting: BTreeSet<Position>,
    /// How many are under way: what follows them must not overtake them.
    under_way: u32,
    /// How many are under way that nothing waits for.
    aside: u32,
    /// Right behind what was newest anywhere when a message of this dialogue was settled last: there the next has its turn.
    behind: Position,
}

impl Desk {
    pub fn new(site: &SiteRecord) -> Self {
        Self {
            portal: site.portal.clone(),
            line: site.line,
            connected: false,
            closed_by: None,
            notes: None,
            waiting: BTreeMap::new(),
            called: 0,
            dialogues: HashMap::new(),
        }
    }

    /// Whether something of the dialogue waits.
    pub fn has(&self, dialogue: DialogueId) -> bool {
        self.dialogues.contains_key(&dialogue)
    }

    /// All that waits of the dialogue.
    pub fn of(&self, dialogue: DialogueId) -> impl Iterator<Item = Position> + '_ {
        self.dialogues.get(&dialogue).into_iter().flat_map(|turn| turn.waiting.iter().copied())
    }

    pub fn put(&mut self, position: Position, waiting: Waiting) {
        let turn = self.dialogues.entry(waiting.dialogue).or_default();
        if waiting.is_aside {
            turn.aside += 1;
        } else {
            turn.waiting.insert(position);
            turn.under_way += u32::from(waiting.sending.is_some());
        }
        self.waiting.insert(position, waiting);
    }

    /// `newest`: the newest message of all sites.
    pub fn take(&mut self, position: Position, newest: Position) -> Option<Waiting> {
        let waiting = self.waiting.remove(&position)?;
        if let Some(turn) = self.dialogues.get_mut(&waiting.dialogue) {
            turn.waiting.remove(&position);
            match waiting.is_aside {
                true => turn.aside -= 1,
                false => turn.under_way -= u32::from(waiting.sending.is_some()),
            }
            turn.behind = Position(newest.0 + 1);
            if turn.waiting.is_empty() && turn.aside == 0 {
                self.dialogues.remove(&waiting.dialogue);
            }
        }
        Some(waiting)
    }

    /// What follows the message, which is under way, waits for it no more. None where it did not before either.
    pub fn set_aside(&mut self, position: Position) -> Option<Waiting> {
        let waiting =
            self.waiting.get_mut(&position).filter(|waiting| waiting.sending.is_some() && !waiting.is_aside)?;
        (waiting.is_aside, waiting.written) = (true, true);
        let turn = self.dialogues.entry(waiting.dialogue).or_default();
        turn.waiting.remove(&position);
        (turn.under_way, turn.aside) = (turn.under_way - 1, turn.aside + 1);
        Some(waiting.clone())
    }

    /// None also for what is aside: it is not sent again.
    pub fn mark(&mut self, position: Position, mark: Mark) -> Option<Waiting> {
        let waiting = self.waiting.get_mut(&position).filter(|waiting| !waiting.is_aside)?;
        let (since, attempts) = match mark {
            Mark::Sending(now) => (Some(now), waiting.attempts + 1),
            Mark::NotCarried => (None, waiting.attempts.saturating_sub(1)),
            Mark::NotArrived => (None, waiting.attempts),
        };
        let was = std::mem::replace(&mut waiting.sending, since);
        (waiting.written, waiting.attempts) = (true, attempts);
        let turn = self.dialogues.entry(waiting.dialogue).or_default();
        turn.under_way = turn.under_way + u32::from(since.is_some()) - u32::from(was.is_some());
        Some(waiting.clone())
    }

    /// Up to `limit` that may be sent now, in the order of the log.
    pub fn sendable(&self, site: &SiteKey, limit: usize) -> Vec<Ticket> {
        let is_free = |waiting: &Waiting| self.dialogues.get(&waiting.dialogue).is_none_or(|turn| turn.under_way == 0);
        let free = self.waiting.iter().filter(|(_, waiting)| !waiting.is_aside && is_free(waiting));
        free.take(limit).map(|(position, waiting)| self.ticket(site, *position, waiting)).collect()
    }

    /// The first of each dialogue that may be sent now, up to `limit`, whoever has waited longest for its turn first.
    pub fn heads(&self, site: &SiteKey, limit: usize, held: &Held) -> Vec<Ticket> {
        let free = self.dialogues.iter().filter(|(id, turn)| turn.under_way == 0 && !held.dialogues.contains(id));
        let heads = free.filter_map(|(_, turn)| turn.waiting.first().map(|head| ((*head).max(turn.behind), *head)));
        let is_of_lane = |head: &Position| self.waiting.get(head).is_some_and(|waiting| waiting.lane == held.lane);
        let is_wanted = |head: &Position| held.only.as_ref().is_none_or(|only| only.contains(head));
        let may_go = |head: &Position| is_of_lane(head) && is_wanted(head) && !held.errands.contains(head);
        let mut heads: Vec<(Position, Position)> = heads.filter(|(_, head)| may_go(head)).collect();
        heads.sort_unstable();
        heads.truncate(limit);
        heads.into_iter().filter_map(|(_, head)| Some(self.ticket(site, head, self.waiting.get(&head)?))).collect()
    }

    pub fn ticket(&self, site: &SiteKey, position: Position, waiting: &Waiting) -> Ticket {
        let Waiting { dialogue, sending, attempts, words, .. } = *waiting;
        Ticket { position, dialogue, site: site.clone(), line: self.line, sending, attempts, words }
    }
}

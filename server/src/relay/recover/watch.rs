//! Which dialogues' histories are read, and when. Pure.
//!
//! The longer nothing happened in a dialogue, the rarer it is looked at: after each look as long again as it has been
//! quiet, up to a few times a day. That makes some forty looks in a week, and what falls due within half a minute shares
//! two calls: a thousand talks a day take five thousand calls, of the 170,000 a day that a portal takes (`limits.md`).

mod sessions;

use crate::clock::millis;
use crate::ids::DialogueId;
use sessions::Sessions;
use shared::Millis;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// The shortest time between two looks where histories are the only net.
const ALONE: Duration = Duration::from_secs(60);

/// The same below an offline queue that works: that one brings within a minute whatever events did not.
const SECOND: Duration = Duration::from_secs(10 * 60);

/// The longest.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);

/// How long after the last thing that happened a dialogue is looked at: lines close a talk that rests within days.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// So often the portal may fail at a dialogue by itself, while it answers all else, before that counts as not shown.
const FAILURES: u32 = 5;

#[derive(Debug, Default)]
pub struct Watch {
    all: HashMap<DialogueId, Watched>,
}

#[derive(Clone, Debug)]
struct Watched {
    /// When something happened last.
    active: Millis,
    due: Millis,
    /// The portal's sessions that may hold something.
    sessions: Sessions,
    /// How often the portal failed at it by itself since it was read.
    failures: u32,
}

impl Watched {
    fn new(active: Millis, due: Millis) -> Self {
        Self { active, due, sessions: Sessions::default(), failures: 0 }
    }
}

impl Watch {
    /// Something happened in `dialogue` at `at`, and these of its sessions were told of. `has_queue`: there is a net above
    /// this one.
    pub fn note(&mut self, dialogue: DialogueId, at: Millis, sessions: BTreeSet<u64>, has_queue: bool) {
        let due = at + millis(shortest(has_queue));
        let watched = self.all.entry(dialogue).or_insert(Watched::new(at, due));
        watched.sessions.note(sessions);
        watched.active = watched.active.max(at);
        watched.due = watched.due.min(due);
    }

    /// What happened before `since` is looked at no more, whatever keeps anybody from looking.
    pub fn leave(&mut self, since: Millis) {
        self.all.retain(|_, watched| watched.active >= since);
    }

    /// The net above this one is gone, or has a hole: all is looked at as soon as where there is none.
    pub fn alone(&mut self, now: Millis) {
        for watched in self.all.values_mut() {
            watched.due = watched.due.min(now + millis(ALONE));
        }
    }

    /// Looks at `dialogue` at `due`, or before, and at these of its sessions.
    pub fn want(&mut self, dialogue: DialogueId, due: Millis, sessions: BTreeSet<u64>) {
        let watched = self.all.entry(dialogue).or_insert(Watched::new(due, due));
        watched.sessions.note(sessions);
        watched.due = watched.due.min(due);
    }

    /// Up to `most` that should be looked at now, those in which something happened last first.
    pub fn due(&self, now: Millis, most: usize) -> Vec<DialogueId> {
        let mut due: Vec<_> = self.all.iter().filter(|(_, watched)| watched.due <= now).collect();
        due.sort_unstable_by_key(|(id, watched)| (std::cmp::Reverse(watched.active), **id));
        due.into_iter().take(most).map(|(id, _)| *id).collect()
    }

    /// The sessions to read, the oldest first.
    pub fn sessions(&self, dialogue: DialogueId) -> Vec<u64> {
        self.all.get(&dialogue).map(|watched| watched.sessions.next()).unwrap_or_default()
    }

    /// Whether these are parts of what was too much: nothing else is to be asked of the dialogue with them.
    pub fn is_parted(&self, dialogue: DialogueId) -> bool {
        self.all.get(&dialogue).is_some_and(|watched| watched.sessions.is_parted())
    }

    /// Whether the dialogue is to be asked about without any other, which it might spoil the answer for.
    pub fn is_alone(&self, dialogue: DialogueId) -> bool {
        self.is_parted(dialogue) || self.all.get(&dialogue).is_some_and(|watched| watched.failures > 0)
    }

    /// `dialogue` was looked at: sessions `asked` for, of which these are `done`, being read or nowhere. `last` is the
    /// last that could be read, if any could.
    pub fn looked(
        &mut self,
        dialogue: DialogueId,
        now: Millis,
        (asked, done): (&[u64], &[u64]),
        last: Option<u64>,
        has_queue: bool,
    ) {
        let Some(watched) = self.all.get_mut(&dialogue) else { return };
        let quiet = now.saturating_sub(watched.active);
        watched.due = now + quiet.clamp(millis(shortest(has_queue)), millis(LONGEST));
        if last.is_some() {
            watched.failures = 0;
        }
        if watched.sessions.looked(asked, done, last) {
            watched.due = now;
        }
        if quiet > millis(KEPT) {
            self.all.remove(&dialogue);
        }
    }

    /// What was `asked` of `dialogue`, and of no other, was too much for an answer. Tells whether it can be less, and is
    /// at `due`.
    pub fn part(&mut self, dialogue: DialogueId, asked: &[u64], due: Millis) -> bool {
        let Some(watched) = self.all.get_mut(&dialogue) else { return false };
        watched.due = due;
        watched.sessions.part(asked)
    }

    /// The portal failed at `dialogue`, asked about no other and as little as can be. Tells whether it is to be asked
    /// again, at `due`.
    pub fn failed(&mut self, dialogue: DialogueId, due: Millis) -> bool {
        let Some(watched) = self.all.get_mut(&dialogue) else { return false };
        watched.failures = watched.failures.saturating_add(1);
        watched.due = due;
        watched.failures < FAILURES
    }

    /// It could not be looked at, or not at all of it: again at `due`.
    pub fn postpone(&mut self, dialogue: DialogueId, due: Millis) {
        if let Some(watched) = self.all.get_mut(&dialogue) {
            watched.due = due;
        }
    }

    /// There is nothing to look at.
    pub fn forget(&mut self, dialogue: DialogueId) {
        self.all.remove(&dialogue);
    }

    /// When the next look is due.
    pub fn next(&self) -> Option<Millis> {
        self.all.values().map(|watched| watched.due).min()
    }
}

fn shortest(has_queue: bool) -> Duration {
    if has_queue { SECOND } else { ALONE }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Millis = 60_000;
    const HOUR: Millis = 60 * MINUTE;

    /// After how many minutes a dialogue is looked at in which nothing happens any more.
    fn looks(has_queue: bool) -> Vec<Millis> {
        let (mut watch, id, mut looks) = (Watch::default(), DialogueId::random(), Vec::new());
        watch.note(id, 0, BTreeSet::new(), has_queue);
        while let Some(due) = watch.next() {
            assert_eq!((watch.due(due - 1, 9), watch.due(due, 9)), (vec![], vec![id]));
            looks.push(due / MINUTE);
            watch.looked(id, due, (&[], &[]), None, has_queue);
        }
        looks
    }

    #[test]
    fn a_quiet_dialogue_is_looked_at_ever_rarer_and_then_left_alone() {
        let alone = looks(false);
        assert_eq!(alone[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
        assert!(alone.last().unwrap() * MINUTE <= millis(KEPT) + 6 * HOUR);
        assert_eq!(looks(true)[..5], [10, 20, 40, 80, 160]);
    }

    #[test]
    fn what_happens_brings_the_next_look_nearer() {
        let (mut watch, id) = (Watch::default(), DialogueId::random());
        watch.note(id, 0, BTreeSet::from([7]), false);
        watch.looked(id, 5 * HOUR, (&[7, 9], &[7, 9]), Some(9), false);
        assert_eq!((watch.next(), watch.sessions(id)), (Some(10 * HOUR), vec![9]));
        watch.note(id, 5 * HOUR, BTreeSet::from([10, 11]), false);
        assert_eq!((watch.next(), watch.sessions(id)), (Some(5 * HOUR + MINUTE), vec![9, 10, 11]));
        watch.note(id, 6 * HOUR, BTreeSet::new(), true);
        watch.looked(id, 6 * HOUR, (&[9, 10, 11], &[]), None, true);
        watch.alone(6 * HOUR);
        assert_eq!(watch.next(), Some(6 * HOUR + MINUTE), "the queue is gone");
        watch.want(id, 7, BTreeSet::from([4]));
        assert_eq!((watch.next(), watch.sessions(id)), (Some(7), vec![4, 9, 10, 11]), "an old one may be in question");
        watch.postpone(id, HOUR);
        assert_eq!(watch.next(), Some(HOUR));
        watch.forget(id);
        assert_eq!(watch.next(), None);
    }

    #[test]
    fn more_sessions_than_are_read_at_once_are_read_at_once_after() {
        let (mut watch, id) = (Watch::default(), DialogueId::random());
        watch.note(id, 0, (1..=10).collect(), false);
        let first = watch.sessions(id);
        watch.looked(id, MINUTE, (&first, &first), Some(8), false);
        assert_eq!((watch.next(), watch.sessions(id)), (Some(MINUTE), vec![9, 10]));
        watch.looked(id, MINUTE, (&[9, 10], &[9, 10]), Some(10), false);
        assert_eq!((watch.next(), watch.sessions(id)), (Some(2 * MINUTE), vec![10]));
    }

    #[test]
    fn what_the_portal_fails_at_is_asked_about_alone_and_at_last_given_up() {
        let (mut watch, id) = (Watch::default(), DialogueId::random());
        watch.note(id, 0, BTreeSet::from([1, 2]), false);
        assert!(!watch.is_alone(id));
        assert!(watch.part(id, &[1, 2], MINUTE) && watch.is_alone(id) && watch.is_parted(id));
        assert_eq!((watch.next(), watch.sessions(id)), (Some(MINUTE), vec![1]));
        assert!(!watch.part(id, &[1], MINUTE));
        for nth in 1..=5 {
            assert_eq!(watch.failed(id, nth * MINUTE), nth < 5);
        }
        watch.looked(id, 6 * MINUTE, (&[1], &[1]), None, false);
        assert_eq!((watch.next(), watch.sessions(id)), (Some(6 * MINUTE), vec![2]));
        watch.looked(id, 6 * MINUTE, (&[2], &[2]), Some(2), false);
        assert!(!watch.is_alone(id));
        assert!(!watch.failed(DialogueId::random(), 0), "it was erased");
    }

    #[test]
    fn where_nobody_may_look_nothing_gathers() {
        let (mut watch, old, new) = (Watch::default(), DialogueId::random(), DialogueId::random());
        watch.note(old, HOUR, BTreeSet::new(), false);
        watch.note(new, 2 * HOUR, BTreeSet::new(), false);
        watch.postpone(old, 9 * HOUR);
        watch.leave(2 * HOUR);
        assert_eq!(watch.due(9 * HOUR, 9), [new]);
    }

    #[test]
    fn the_liveliest_come_first() {
        let mut watch = Watch::default();
        let ids: Vec<DialogueId> = (0..3).map(|_| DialogueId::random()).collect();
        for (at, id) in ids.iter().enumerate() {
            watch.note(*id, at as Millis, BTreeSet::new(), false);
        }
        assert_eq!(watch.due(HOUR, 2), [ids[2], ids[1]]);
    }
}

//! Which dialogues' histories are read, and when. Pure.
//!
//! The longer nothing happened in a dialogue, the rarer it is looked at: after each look as long again as it has been
//! quiet, up to a few times a day. That makes some forty looks in a week, and what falls due within half a minute shares
//! two calls: a thousand talks a day take five thousand calls, of the 170,000 a day that a portal takes (`limits.md`).

use crate::clock::millis;
use crate::ids::DialogueId;
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

/// How many sessions of a dialogue are read at once at most.
pub const SESSIONS: usize = 8;

#[derive(Debug, Default)]
pub struct Watch {
    all: HashMap<DialogueId, Watched>,
}

#[derive(Clone, Debug)]
struct Watched {
    /// When something happened last.
    active: Millis,
    due: Millis,
    /// The portal's sessions that may hold something: all that were told of since, and the last that was read, which may
    /// have gone on.
    sessions: BTreeSet<u64>,
}

impl Watch {
    /// Something happened in `dialogue` at `at`, and these of its sessions were told of. `has_queue`: there is a net above
    /// this one.
    pub fn note(&mut self, dialogue: DialogueId, at: Millis, sessions: BTreeSet<u64>, has_queue: bool) {
        let due = at + millis(shortest(has_queue));
        let watched = self.all.entry(dialogue).or_insert(Watched { active: at, due, sessions: BTreeSet::new() });
        watched.sessions.extend(sessions);
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

    /// Looks at `dialogue` at `due`, or before.
    pub fn want(&mut self, dialogue: DialogueId, due: Millis) {
        let watched = self.all.entry(dialogue).or_insert(Watched { active: due, due, sessions: BTreeSet::new() });
        watched.due = watched.due.min(due);
    }

    /// Up to `most` that should be looked at now, those in which something happened last first.
    pub fn due(&self, now: Millis, most: usize) -> Vec<DialogueId> {
        let mut due: Vec<_> = self.all.iter().filter(|(_, watched)| watched.due <= now).collect();
        due.sort_unstable_by_key(|(id, watched)| (std::cmp::Reverse(watched.active), **id));
        due.into_iter().take(most).map(|(id, _)| *id).collect()
    }

    /// The sessions to read, the oldest first: at most [`SESSIONS`] at a time.
    pub fn sessions(&self, dialogue: DialogueId) -> Vec<u64> {
        self.all.get(&dialogue).into_iter().flat_map(|watched| &watched.sessions).copied().take(SESSIONS).collect()
    }

    /// `dialogue` was looked at: sessions `asked` after, of which `last` is the last that could be read, if any could.
    pub fn looked(&mut self, dialogue: DialogueId, now: Millis, asked: &[u64], last: Option<u64>, has_queue: bool) {
        let Some(watched) = self.all.get_mut(&dialogue) else { return };
        let quiet = now.saturating_sub(watched.active);
        watched.due = now + quiet.clamp(millis(shortest(has_queue)), millis(LONGEST));
        if let Some(last) = last {
            watched.sessions.retain(|known| !asked.contains(known));
            if !watched.sessions.is_empty() {
                watched.due = now; // more than are read at once
            }
            watched.sessions.insert(last);
        }
        if quiet > millis(KEPT) {
            self.all.remove(&dialogue);
        }
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
            watch.looked(id, due, &[], None, has_queue);
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
        assert_eq!(watch.sessions(id), [7]);
        watch.looked(id, 5 * HOUR, &[7], Some(9), false);
        assert_eq!(watch.sessions(id), [9]);
        assert_eq!(watch.next(), Some(10 * HOUR));
        watch.note(id, 5 * HOUR, BTreeSet::from([10, 11]), false);
        assert_eq!(watch.sessions(id), [9, 10, 11], "session 9 may have more since");
        assert_eq!(watch.next(), Some(5 * HOUR + MINUTE));
        watch.note(id, 6 * HOUR, BTreeSet::new(), true);
        watch.looked(id, 6 * HOUR, &[9, 10, 11], None, true);
        assert_eq!(watch.sessions(id), [9, 10, 11], "none of them was shown");
        watch.alone(6 * HOUR);
        assert_eq!(watch.next(), Some(6 * HOUR + MINUTE), "the queue is gone");
        watch.want(id, 7);
        assert_eq!(watch.next(), Some(7));
        watch.postpone(id, HOUR);
        assert_eq!(watch.next(), Some(HOUR));
        watch.forget(id);
        assert_eq!(watch.next(), None);
    }

    #[test]
    fn more_sessions_than_are_read_at_once_are_read_one_after_the_other() {
        let (mut watch, id) = (Watch::default(), DialogueId::random());
        watch.note(id, 0, (1..=10).collect(), false);
        let first = watch.sessions(id);
        assert_eq!(first, [1, 2, 3, 4, 5, 6, 7, 8]);
        let asked: Vec<u64> = first.into_iter().chain([10]).collect(); // and the one that is open
        watch.looked(id, MINUTE, &asked, Some(10), false);
        assert_eq!((watch.next(), watch.sessions(id)), (Some(MINUTE), vec![9, 10]), "at once");
        watch.looked(id, MINUTE, &[9, 10], Some(10), false);
        assert_eq!((watch.next(), watch.sessions(id)), (Some(2 * MINUTE), vec![10]));
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

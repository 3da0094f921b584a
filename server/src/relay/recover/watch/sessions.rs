//! Which of one dialogue's sessions are to be read. Pure.

use std::collections::BTreeSet;

/// How many are read at once at most.
const MOST: usize = 8;

#[derive(Clone, Debug)]
pub struct Sessions {
    /// Those to ask for: all that were told of since they were read, and the last that was read, which may have gone on.
    waiting: BTreeSet<u64>,
    /// Those that were asked for and not shown: again in the next look.
    held_back: BTreeSet<u64>,
    /// The last that was read.
    last: Option<u64>,
    /// How many are asked for at once: fewer, after the answer was too much.
    most: usize,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { waiting: BTreeSet::new(), held_back: BTreeSet::new(), last: None, most: MOST }
    }
}

impl Sessions {
    /// These may hold something.
    pub fn note(&mut self, sessions: impl IntoIterator<Item = u64>) {
        self.waiting.extend(sessions);
    }

    /// Those to ask for next, the oldest first.
    pub fn next(&self) -> Vec<u64> {
        self.waiting.iter().copied().take(self.most).collect()
    }

    /// Whether they are asked for in smaller parts: then nothing else is to be asked for with them.
    pub fn is_parted(&self) -> bool {
        self.most < MOST
    }

    /// All that were `asked` for together were too much. Tells whether they can be fewer.
    pub fn part(&mut self, asked: &[u64]) -> bool {
        if asked.is_empty() {
            return false; // it was only asked which is open
        }
        self.waiting.extend(asked);
        self.most = (asked.len() / 2).max(1);
        asked.len() > 1
    }

    /// These were `asked` for; of them some are `done`, being read or nowhere. `last` is the last that was read. Tells
    /// whether there are more to ask for at once.
    pub fn looked(&mut self, asked: &[u64], done: &[u64], last: Option<u64>) -> bool {
        self.held_back.extend(asked.iter().filter(|session| self.waiting.contains(session)));
        self.waiting.retain(|session| !asked.contains(session));
        self.held_back.retain(|session| !done.contains(session));
        self.last = self.last.max(last);
        if !self.waiting.is_empty() {
            return true;
        }
        self.waiting = std::mem::take(&mut self.held_back);
        self.waiting.extend(self.last);
        self.most = MOST;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sessions: impl IntoIterator<Item = u64>) -> Sessions {
        let mut of = Sessions::default();
        of.note(sessions);
        of
    }

    #[test]
    fn what_was_read_is_read_no_more_but_the_last() {
        let mut sessions = of([7]);
        assert!(!sessions.looked(&[7, 9], &[7, 9], Some(9)));
        assert_eq!(sessions.next(), [9]);
        sessions.note([10, 11]);
        assert_eq!(sessions.next(), [9, 10, 11], "session 9 may have more since");
        assert!(!sessions.looked(&[9, 10, 11], &[], None));
        assert_eq!(sessions.next(), [9, 10, 11], "none of them was shown");
    }

    #[test]
    fn what_was_not_shown_beside_others_is_asked_for_again_and_what_is_nowhere_is_not() {
        let mut sessions = of([3, 5, 9]);
        assert!(!sessions.looked(&[3, 5, 9], &[5, 9], Some(9)));
        assert_eq!(sessions.next(), [3, 9]);
        assert!(!sessions.looked(&[3, 9], &[3, 9], Some(9)));
        assert_eq!(sessions.next(), [9]);
    }

    #[test]
    fn where_nothing_was_asked_for_it_cannot_be_less() {
        let mut sessions = of([]);
        assert!(!sessions.part(&[]) && !sessions.is_parted());
    }

    #[test]
    fn more_than_are_read_at_once_are_read_one_after_the_other() {
        let mut sessions = of(1..=10);
        let first = sessions.next();
        assert_eq!(first, [1, 2, 3, 4, 5, 6, 7, 8]);
        let asked: Vec<u64> = first.into_iter().chain([10]).collect(); // and the one that is open
        assert!(sessions.looked(&asked, &asked, Some(10)), "at once");
        assert_eq!(sessions.next(), [9]);
        assert!(!sessions.looked(&[9, 10], &[9, 10], Some(10)));
        assert_eq!(sessions.next(), [10]);
    }

    #[test]
    fn those_that_are_not_shown_keep_the_others_from_nothing() {
        let mut sessions = of(1..=12);
        let first = sessions.next();
        assert!(sessions.looked(&first, &[], None));
        assert_eq!(sessions.next(), [9, 10, 11, 12]);
        assert!(!sessions.looked(&[9, 10, 11, 12], &[9, 10, 11, 12], Some(12)), "now it rests");
        assert_eq!(sessions.next(), first, "and asks again");
    }

    #[test]
    fn what_is_too_much_together_is_asked_for_in_parts() {
        let mut sessions = of([1, 2, 3]);
        assert!(sessions.part(&[1, 2, 3, 4]), "4 is the open one");
        assert!(sessions.is_parted());
        assert_eq!(sessions.next(), [1, 2]);
        assert!(sessions.part(&[1, 2]));
        for (session, is_more) in [(1, true), (2, true), (3, true), (4, false)] {
            assert_eq!(sessions.next(), [session]);
            assert!(!sessions.part(&[session]), "it cannot be less");
            let done = if session == 2 { vec![] } else { vec![session] };
            assert_eq!(sessions.looked(&[session], &done, Some(session).filter(|_| session != 2)), is_more);
        }
        assert!(!sessions.is_parted());
        assert_eq!(sessions.next(), [2, 4]);
    }
}

//! Messages whose call was not answered: when to look for each, and how long its absence proves nothing. No I/O.

use crate::clock::millis;
use crate::store::{OutboxItem, Position};
use shared::Millis;
use std::collections::BTreeMap;
use std::time::Duration;

/// When a message is looked for, after its call ended. To find it early is good; only from `LATE` on does its absence
/// count.
const LOOKS: [Duration; 4] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20), LATE];

/// How long a call may still take effect: a request of the portal ends after 60 s (`limits.md`).
const LATE: Duration = Duration::from_secs(60);

/// Between two looks after the last of `LOOKS`.
const AGAIN: Duration = Duration::from_secs(10);

/// How long the portal may take to tell that it opened a session. Without a word by then, a first message is sent once
/// more: a rare repeat is better than a first word that never came.
const SILENCE: Duration = Duration::from_secs(150);

/// How long the portal is asked that does not answer about a message. The messages behind it wait as long.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// How many calls may carry a first message while nothing is told of its dialogue.
const BLIND_CALLS: u32 = 2;

/// How many calls may leave one message in doubt. Where it is nowhere after all of them, something between refuses its
/// words, and the messages behind it have waited long enough. By then it has travelled alone five times.
const CALLS: u32 = 7;

#[derive(Debug, Default)]
pub struct Doubts {
    all: BTreeMap<Position, Doubt>,
}

/// A message that may have arrived.
#[derive(Clone, Debug)]
pub struct Doubt {
    pub item: OutboxItem,
    /// When its call ended.
    since: Millis,
    looks: usize,
    due: Millis,
}

/// What to do with a message that is not where it was looked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Absent {
    /// The call may still take effect: look again.
    NotYet,
    /// It did not arrive, and will not.
    SendAgain,
    /// It cannot be found out.
    GiveUp,
}

impl Doubts {
    /// Adds a message whose call ended at `since`.
    pub fn add(&mut self, item: OutboxItem, since: Millis) {
        let due = since + millis(LOOKS[0]);
        self.all.insert(item.position, Doubt { item, since, looks: 0, due });
    }

    /// Up to `most` that should be looked for now.
    pub fn due(&self, now: Millis, most: usize) -> Vec<Doubt> {
        self.all.values().filter(|doubt| doubt.due <= now).take(most).cloned().collect()
    }

    /// When the next look is due.
    pub fn next(&self) -> Option<Millis> {
        self.all.values().map(|doubt| doubt.due).min()
    }

    /// Looks again later; the portal could not be asked, or the message may still arrive.
    pub fn postpone(&mut self, position: Position, now: Millis) {
        if let Some(doubt) = self.all.get_mut(&position) {
            doubt.looks += 1;
            let planned = LOOKS.get(doubt.looks).map(|look| doubt.since + millis(*look));
            doubt.due = planned.filter(|&due| due > now).unwrap_or(now + millis(AGAIN));
        }
    }

    /// There is no doubt any more.
    pub fn end(&mut self, position: Position) {
        self.all.remove(&position);
    }

    /// A message that the history does not have.
    pub fn absent(&self, doubt: &Doubt, now: Millis) -> Absent {
        if now < doubt.since + millis(LATE) {
            Absent::NotYet
        } else if doubt.item.attempts < CALLS {
            Absent::SendAgain
        } else {
            Absent::GiveUp
        }
    }

    /// A message that the portal could not be asked about, or gave no answer that says anything.
    pub fn untold(&self, doubt: &Doubt, now: Millis) -> Absent {
        if now < doubt.since + millis(PATIENCE) { Absent::NotYet } else { Absent::GiveUp }
    }

    /// A first message of a dialogue that the portal has told nothing of.
    pub fn unheard(&self, doubt: &Doubt, now: Millis) -> Absent {
        if now < doubt.since + millis(SILENCE) {
            Absent::NotYet
        } else if doubt.item.attempts < BLIND_CALLS {
            Absent::SendAgain
        } else {
            Absent::GiveUp
        }
    }
}

#[cfg(test)]
pub(super) mod tests;

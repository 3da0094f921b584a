//! Messages whose call was not answered: when to look for each, and how long its absence proves nothing. No I/O.

use crate::clock::millis;
use crate::store::{OutboxItem, Position};
use shared::Millis;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// When a message is looked for, after its call ended. To find it early is good; only from `LATE` on does its absence
/// count.
const LOOKS: [Duration; 4] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20), LATE];

/// How long a call may still take effect: a request of the portal ends after 60 s (`limits.md`).
pub const LATE: Duration = Duration::from_secs(60);

/// Between two looks after the last of `LOOKS`.
const AGAIN: Duration = Duration::from_secs(10);

/// How long the portal may take to tell that it opened a session. Without a word by then, a first message is sent once
/// more: a rare repeat is better than a first word that never came. Events get lost, so silence counts only once what the
/// portal kept for us has been read too.
const SILENCE: Duration = Duration::from_secs(150);

/// How long it takes at most until what was read from the offline queue has been worked off.
const WORKED_OFF: Duration = Duration::from_secs(30);

/// How long a portal that shows no history has to repeat a message by its line's event: as long as the call may still take
/// effect, and what events take. The messages behind it wait as long, so that none overtakes it. If the word comes
/// later, the message is told as delivered then.
const WITNESS: Duration = Duration::from_secs(90);

/// How long the portal is asked that does not answer about a message. The messages behind it wait as long.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// How many calls may carry a first message while nothing is told of its dialogue.
const BLIND_CALLS: u32 = 2;

/// How many calls a message may spoil by itself. Where it is nowhere after all of them, something between refuses its
/// words, and the messages behind it have waited long enough. Calls that fail for everybody do not count: in an outage
/// messages wait.
const SPOILT: u32 = 5;

#[derive(Debug, Default)]
pub struct Doubts {
    all: BTreeMap<Position, Doubt>,
    /// What is known of messages whose calls were lost before.
    faults: HashMap<Position, Fault>,
    /// How many messages the portal has taken since the start.
    taken: u64,
}

/// Whether a message spoils its calls, or they are spoilt for all.
#[derive(Clone, Copy, Debug)]
struct Fault {
    /// When its first call ended.
    first: Millis,
    /// How many of them it spoilt by itself.
    spoilt: u32,
    /// How many messages the portal had taken when its last call ended.
    taken: u64,
}

/// How a call ended that left its messages in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Without an answer, or with one that says nothing. It carried nothing else.
    Lost,
    /// As `Lost`, and it carried others too: nobody knows who spoilt it.
    Shared,
    /// The portal says that it worked, and does not say where the message went.
    SaidYes,
}

/// A message that may have arrived.
#[derive(Clone, Debug)]
pub struct Doubt {
    pub item: OutboxItem,
    /// When its call ended.
    since: Millis,
    ending: Ending,
    looks: usize,
    due: Millis,
}

impl Doubt {
    /// The portal says that it took the message.
    pub fn is_answered(&self) -> bool {
        self.ending == Ending::SaidYes
    }
}

/// What to do with a message that is not where it was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The call may still take effect: look again.
    NotYet,
    /// It did not arrive, and will not.
    SendAgain,
    /// It did not arrive, and no call will bring it there.
    Refused,
    /// It cannot be found out.
    GiveUp,
    /// It cannot be found out, but the portal said that it took the message.
    Believe,
}

impl Doubts {
    /// Adds a message whose call ended so at `since`.
    pub fn add(&mut self, item: OutboxItem, since: Millis, ending: Ending) {
        let due = since + millis(LOOKS[0]);
        let fresh = Fault { first: since, spoilt: 0, taken: self.taken };
        self.faults.entry(item.position).or_insert(fresh);
        self.all.insert(item.position, Doubt { item, since, ending, looks: 0, due });
    }

    /// The portal took a message, which is in doubt no more.
    pub fn took(&mut self, position: Position) {
        self.taken += 1;
        self.faults.remove(&position);
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

    /// There is no doubt any more; `took` and `absent` forget what was known of its calls.
    pub fn end(&mut self, position: Position) {
        self.all.remove(&position);
    }

    /// A message that the history does not have.
    pub fn absent(&mut self, doubt: &Doubt, now: Millis) -> Absent {
        if now < doubt.since + millis(LATE) {
            return Absent::NotYet;
        }
        let fresh = Fault { first: doubt.since, spoilt: 0, taken: self.taken };
        let fault = self.faults.entry(doubt.item.position).or_insert(fresh);
        fault.spoilt += u32::from(doubt.ending == Ending::Lost && self.taken > fault.taken);
        fault.taken = self.taken;
        if fault.spoilt < SPOILT && now < fault.first + millis(PATIENCE) {
            return Absent::SendAgain;
        }
        self.faults.remove(&doubt.item.position);
        Absent::Refused
    }

    /// A message that the portal does not show: it is never sent again by itself.
    pub fn unseen(&self, doubt: &Doubt, now: Millis) -> Absent {
        match now < doubt.since + millis(WITNESS) {
            true => Absent::NotYet,
            false if doubt.is_answered() => Absent::Believe,
            false => Absent::GiveUp,
        }
    }

    /// A message that the portal could not be asked about, or gave no answer that says anything.
    pub fn untold(&self, doubt: &Doubt, now: Millis) -> Absent {
        if now < doubt.since + millis(PATIENCE) { Absent::NotYet } else { Absent::GiveUp }
    }

    /// A first message of a dialogue that the portal has told nothing of. `queue_read`: when its offline queue was read to
    /// the end; `None` where it has none.
    pub fn unheard(&self, doubt: &Doubt, now: Millis, queue_read: Option<Millis>) -> Absent {
        let had_its_say = now >= doubt.since + millis(SILENCE);
        let is_told = |read| read >= doubt.since + millis(LATE) && now >= read + millis(WORKED_OFF);
        if !(had_its_say && queue_read.is_none_or(is_told)) && now < doubt.since + millis(PATIENCE) {
            Absent::NotYet
        } else if doubt.item.attempts < BLIND_CALLS || doubt.ending == Ending::Shared {
            Absent::SendAgain // the last call is its own
        } else {
            Absent::GiveUp
        }
    }
}

#[cfg(test)]
pub(super) mod tests;

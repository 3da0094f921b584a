//! Messages whose call was not answered: when to look for each, and how long its absence proves nothing. No I/O.

use crate::clock::millis;
use crate::store::{AtPortal, Errand, OutboxItem, Position};
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

/// The same where nothing waits for what the look brings.
const RARELY: Duration = Duration::from_secs(30);

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

/// How long at most the word is waited for that the portal's offline queue may still hold, which is read once a minute.
/// Nothing else waits so long.
const LAST_WITNESS: Duration = Duration::from_secs(10 * 60);

/// After so many answers that say nothing the portal counts as one that does not show the message.
const ODD: u32 = 5;

/// How long a portal is asked that does not answer. The messages behind wait as long.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// How many calls may carry a first message while nothing is told of its dialogue.
const BLIND_CALLS: u32 = 2;

/// The same with those that carried others too and were lost: they part until each is alone.
const BLIND_CALLS_IN_ALL: u32 = 6;

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
    /// The portal says that it worked, and does not say where the message went; what it calls the visitor, where it told.
    SaidYes(Option<u64>),
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
    /// How many answers about it said nothing.
    odd: u32,
    /// Since when the portal's offline queue is known to have been read that can hold a word of it.
    queue_read: Option<Millis>,
    /// The portal was away when its silence would have counted.
    was_away: bool,
}

impl Doubt {
    /// The portal says that it took the message.
    pub fn is_answered(&self) -> bool {
        matches!(self.ending, Ending::SaidYes(_))
    }

    /// What it told of where the message is.
    pub fn told(&self) -> AtPortal {
        let user = if let Ending::SaidYes(user) = self.ending { user } else { None };
        AtPortal { user, ..AtPortal::default() }
    }

    /// Its call was lost with everything else: it is none of those that may be made blindly.
    pub fn was_away(&self) -> bool {
        self.was_away
    }
}

/// What to do with a message that is not where it was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The call may still take effect: look again.
    NotYet,
    /// It may still be told of: look again, but what follows it has waited long enough.
    Aside,
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
        let (looks, odd, queue_read, was_away) = (0, 0, None, false);
        let doubt = Doubt { item, since, ending, looks, due, odd, queue_read, was_away };
        self.all.insert(doubt.item.position, doubt);
    }

    /// The portal took a message, which is in doubt no more.
    pub fn took(&mut self, position: Position) {
        self.taken += 1;
        self.over(position);
    }

    /// Up to `most` that should be looked for now.
    pub fn due(&self, now: Millis, most: usize) -> Vec<Doubt> {
        self.all.values().filter(|doubt| doubt.due <= now).take(most).cloned().collect()
    }

    /// Those that are so.
    pub fn which(&self, is_so: impl Fn(&Doubt) -> bool) -> Vec<Doubt> {
        self.all.values().filter(|doubt| is_so(doubt)).cloned().collect()
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

    /// As `postpone`, of a portal that shows nothing: looks would only be calls.
    pub fn await_witness(&mut self, position: Position, now: Millis) {
        if let Some(doubt) = self.all.get_mut(&position) {
            doubt.looks = LOOKS.len();
            doubt.due = (doubt.since + millis(WITNESS)).max(now + millis(AGAIN));
        }
    }

    /// As `postpone`: what follows the message does not wait for it any more.
    pub fn aside(&mut self, position: Position, now: Millis) {
        if let Some(doubt) = self.all.get_mut(&position) {
            doubt.due = now + millis(RARELY);
        }
    }

    /// There is no doubt any more, until the message's next call: what is known of those before is kept.
    pub fn end(&mut self, position: Position) {
        self.all.remove(&position);
    }

    /// There is no doubt any more, and no other call.
    pub fn over(&mut self, position: Position) {
        self.all.remove(&position);
        self.faults.remove(&position);
    }

    /// A message that the history does not have. Here and below `now` is when the portal was asked, not when it answered:
    /// what took effect between may be missing in the answer.
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

    /// The portal's offline queue was read to its end at `read` last, as is known at `now`: since when it is known to have
    /// been read for the message.
    pub fn queue_read(&mut self, doubt: &Doubt, read: Millis, now: Millis) -> Millis {
        match self.all.get_mut(&doubt.item.position) {
            Some(doubt) if read >= doubt.since + millis(LATE) => *doubt.queue_read.get_or_insert(now),
            _ => read,
        }
    }

    /// A message that the portal does not show: it is never sent again by itself. `queue_read` as in `unheard`: the word
    /// that it arrived may be in the queue.
    pub fn unseen(&self, doubt: &Doubt, now: Millis, queue_read: Option<Millis>) -> Absent {
        if now < doubt.since + millis(WITNESS) {
            return Absent::NotYet;
        }
        match doubt.is_answered() {
            true => Absent::Believe,
            false if is_told(doubt, now, queue_read) || now >= doubt.since + millis(LAST_WITNESS) => Absent::GiveUp,
            false => Absent::Aside,
        }
    }

    /// A message about which the portal, asked for just that, gives an answer that says nothing, while it answers all
    /// else: it does not show it.
    pub fn baffled(&mut self, doubt: &Doubt, now: Millis) -> Absent {
        let odd = doubt.odd + 1;
        if let Some(doubt) = self.all.get_mut(&doubt.item.position) {
            doubt.odd = odd;
        }
        if odd < ODD { Absent::NotYet } else { self.unseen(doubt, now, None) }
    }

    /// A message that the portal could not be asked about, or gave no answer that says anything.
    pub fn untold(&self, doubt: &Doubt, now: Millis) -> Absent {
        if now < doubt.since + millis(PATIENCE) { Absent::NotYet } else { Absent::GiveUp }
    }

    /// A first message of a dialogue that the portal has told nothing of. `queue_read`: when its offline queue was read to
    /// the end; `None` where it has none. There silence tells something only of a portal that can be reached.
    pub fn unheard(&self, doubt: &Doubt, now: Millis, queue_read: Option<Millis>) -> Absent {
        let had_its_say = now >= doubt.since + millis(SILENCE) && is_told(doubt, now, queue_read);
        // A rating belongs to a talk that was: by itself it would begin another.
        // The last one is its own.
        let most = if doubt.ending == Ending::Shared { BLIND_CALLS_IN_ALL } else { BLIND_CALLS };
        let is_last = doubt.item.attempts >= most;
        let may_repeat = !is_last && !matches!(doubt.item.what, Errand::Rate { .. });
        match () {
            () if !had_its_say && now < doubt.since + millis(PATIENCE) => Absent::NotYet,
            () if may_repeat => Absent::SendAgain,
            () => Absent::GiveUp,
        }
    }

    /// As `unheard`, of a portal that was away when its silence would have counted.
    pub fn away(&mut self, doubt: &Doubt, now: Millis) -> Absent {
        if let Some(doubt) = self.all.get_mut(&doubt.item.position) {
            doubt.was_away = true;
        }
        self.untold(doubt, now)
    }
}

/// Whether what the portal's offline queue held after the call can have worked is known, if it has one.
fn is_told(doubt: &Doubt, now: Millis, queue_read: Option<Millis>) -> bool {
    queue_read.is_none_or(|read| read >= doubt.since + millis(LATE) && now >= read + millis(WORKED_OFF))
}

#[cfg(test)]
pub(super) mod tests;

//! Who goes first where the budget of calls is short. Pure.

/// How much a call can wait. What stands first goes first, but nobody is passed over for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// It carries visitors' messages, or finds out what became of them: those behind them wait.
    Message,
    /// Somebody looks at a page and waits: the settings page, the installation, `otklik check`.
    Page,
    /// Confirmations of what is on our disk: the portal's edits wait for them.
    Confirmation,
    /// What is done by the clock: the offline queue, states that are looked at.
    Upkeep,
}

impl Urgency {
    /// How full such a call may make the bucket. The portal takes 50 (`limits.md`), counted for all that calls it from this
    /// address: ten are left to others and to calls that arrive closer together than they left. Below that, what can
    /// wait leaves room for what cannot.
    pub fn mark(self) -> f64 {
        match self {
            Self::Message | Self::Page => FULL,
            Self::Confirmation => 30.0,
            Self::Upkeep => 20.0,
        }
    }

    /// How many calls that came later may go before this one. After them it goes first, whatever else waits.
    fn patience(self) -> u32 {
        match self {
            Self::Message | Self::Page => 1,
            Self::Confirmation => 4,
            Self::Upkeep => 9,
        }
    }
}

/// As full as any call of ours makes the bucket.
pub const FULL: f64 = 40.0;

/// Whoever waits for a place, in the order of arrival.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Vec<Waiting>,
    arrived: u64,
}

#[derive(Debug)]
struct Waiting {
    no: u64,
    urgency: Urgency,
    /// How many that came later have gone.
    passed: u32,
}

impl Queue {
    /// Joins; the number stands for whoever joined.
    pub fn join(&mut self, urgency: Urgency) -> u64 {
        self.arrived += 1;
        self.waiting.push(Waiting { no: self.arrived, urgency, passed: 0 });
        self.arrived
    }

    /// Who goes next, and how full it may make the bucket.
    pub fn first(&self) -> Option<(u64, f64)> {
        let impatient = self.waiting.iter().find(|one| one.passed >= one.urgency.patience());
        if let Some(one) = impatient {
            return Some((one.no, FULL));
        }
        self.waiting.iter().min_by_key(|one| (one.urgency, one.no)).map(|one| (one.no, one.urgency.mark()))
    }

    /// Goes: whoever came before has been passed over once more.
    pub fn go(&mut self, no: u64) {
        self.leave(no);
        for one in self.waiting.iter_mut().filter(|one| one.no < no) {
            one.passed += 1;
        }
    }

    /// Waits no longer.
    pub fn leave(&mut self, no: u64) {
        self.waiting.retain(|one| one.no != no);
    }
}

#[cfg(test)]
mod tests {
    use super::Urgency::{Confirmation, Message, Page, Upkeep};
    use super::*;

    /// Who goes, one after the other, where these wait and a further `always` joins after each.
    fn order(first: &[Urgency], always: Urgency, rounds: usize) -> Vec<Urgency> {
        let mut queue = Queue::default();
        let mut names: Vec<Urgency> = Vec::new();
        let mut join = |queue: &mut Queue, urgency| {
            queue.join(urgency);
            names.push(urgency);
            names.clone()
        };
        for urgency in first {
            join(&mut queue, *urgency);
        }
        let mut gone = Vec::new();
        for _ in 0..rounds {
            let names = join(&mut queue, always);
            let (no, _) = queue.first().unwrap();
            queue.go(no);
            gone.push(names[no as usize - 1]);
        }
        gone
    }

    #[test]
    fn messages_go_before_confirmations_before_upkeep() {
        let mut queue = Queue::default();
        for urgency in [Upkeep, Confirmation, Message, Message] {
            queue.join(urgency);
        }
        let mut gone = Vec::new();
        while let Some((no, _)) = queue.first() {
            queue.go(no);
            gone.push(no);
        }
        assert_eq!(gone, [3, 4, 2, 1]);
    }

    #[test]
    fn nobody_is_passed_over_for_ever() {
        let gone = order(&[Upkeep, Confirmation], Message, 12);
        assert_eq!(gone.iter().position(|one| *one == Confirmation), Some(4));
        assert_eq!(gone.iter().position(|one| *one == Upkeep), Some(9));
    }

    #[test]
    fn a_page_waits_for_one_message() {
        assert_eq!(order(&[Page], Message, 3), [Message, Page, Message]);
    }

    #[test]
    fn what_can_wait_leaves_room_until_it_cannot() {
        let mut queue = Queue::default();
        let upkeep = queue.join(Upkeep);
        assert_eq!(queue.first(), Some((upkeep, 20.0)));
        for _ in 0..9 {
            let message = queue.join(Message);
            assert_eq!(queue.first(), Some((message, FULL)));
            queue.go(message);
        }
        assert_eq!(queue.first(), Some((upkeep, FULL)));
    }
}

//! The only source of time. The relay's clock is the machine's; a test's clock stands still until it is moved, or runs
//! faster.

use shared::Millis;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;

/// Tells the time and waits for it. A cheap handle: clones share one clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    kind: Kind,
}

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    Machine,
    ByHand(Arc<Mutex<ByHand>>),
    Racing {
        since: Millis,
        times: u32,
    },
}

#[derive(Debug, Default)]
struct ByHand {
    now: Millis,
    /// Who waits for which moment; the second number keeps equal moments apart.
    sleepers: BTreeMap<(Millis, u64), oneshot::Sender<()>>,
    asleep: u64,
}

impl Clock {
    /// The machine's time.
    pub fn real() -> Self {
        Self::default()
    }

    /// A clock that stands at `now` until `advance` moves it.
    pub fn by_hand(now: Millis) -> Self {
        Self { kind: Kind::ByHand(Arc::new(Mutex::new(ByHand { now, ..ByHand::default() }))) }
    }

    /// A clock that was right at `since`, a moment of the machine's, and has run `times` as fast ever since. All that are
    /// made alike show the same time, in whichever process.
    pub fn racing(since: Millis, times: u32) -> Self {
        Self { kind: Kind::Racing { since, times: times.max(1) } }
    }

    /// This clock where it runs by itself, else the machine's: for waits that must end though nobody moves the time.
    pub fn running(&self) -> Self {
        match self.kind {
            Kind::ByHand(_) => Self::real(),
            Kind::Machine | Kind::Racing { .. } => self.clone(),
        }
    }

    /// Milliseconds since 1970-01-01 UTC. Never goes back and never stands, whatever is done to the machine's clock.
    pub fn now(&self) -> Millis {
        match &self.kind {
            Kind::Machine => MACHINE.now(),
            Kind::ByHand(hand) => lock(hand).now,
            Kind::Racing { since, times } => since + MACHINE.now().saturating_sub(*since) * u64::from(*times),
        }
    }

    /// Returns when `duration` has passed on this clock.
    #[allow(clippy::disallowed_methods)]
    pub async fn sleep(&self, duration: Duration) {
        let hand = match &self.kind {
            Kind::Machine => return tokio::time::sleep(duration).await,
            Kind::Racing { times, .. } => return tokio::time::sleep(duration / *times).await,
            Kind::ByHand(hand) => hand,
        };
        let due = {
            let mut hand = lock(hand);
            let until = hand.now.saturating_add(millis(duration));
            if until <= hand.now {
                return;
            }
            let (wake, due) = oneshot::channel();
            let nth = hand.asleep;
            hand.asleep += 1;
            hand.sleepers.insert((until, nth), wake);
            due
        };
        let _ = due.await;
    }

    /// Moves a clock that stands still and wakes whoever waits for a moment up to then, the earliest first.
    /// A clock that runs by itself cannot be moved: there this does nothing.
    pub fn advance(&self, duration: Duration) {
        let Kind::ByHand(hand) = &self.kind else { return };
        let mut hand = lock(hand);
        hand.now = hand.now.saturating_add(millis(duration));
        let due_until = (hand.now, u64::MAX);
        let later = hand.sleepers.split_off(&due_until);
        for wake in std::mem::replace(&mut hand.sleepers, later).into_values() {
            let _ = wake.send(());
        }
    }
}

/// The machine's time in this process.
static MACHINE: LazyLock<Machine> = LazyLock::new(Machine::start);

/// Two clocks of the machine: the one on the wall, which may be set, and one that only runs.
struct Machine {
    steady: Instant,
    time: Mutex<Running>,
}

/// The time as it was told last, and when that was by the clock that only runs.
struct Running {
    told: Millis,
    at: Duration,
}

#[allow(clippy::disallowed_methods)] // this is the one place that may ask the machine
impl Machine {
    fn start() -> Self {
        Self { steady: Instant::now(), time: Mutex::new(Running { told: Self::wall(), at: Duration::ZERO }) }
    }

    fn now(&self) -> Millis {
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        time.tell(self.steady.elapsed(), Self::wall())
    }

    fn wall() -> Millis {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
    }
}

impl Running {
    /// The time `steady` after the start, where the wall says `wall`. A wall set forward is followed at once; one set back
    /// is waited for while time goes on from what was told: pauses last as long as they were meant to.
    fn tell(&mut self, steady: Duration, wall: Millis) -> Millis {
        let whole = millis(steady.saturating_sub(self.at));
        let went_on = self.told.saturating_add(whole);
        if wall > went_on {
            *self = Self { told: wall, at: steady };
        } else {
            // What is less than a millisecond is left for the next time.
            *self = Self { told: went_on, at: self.at + Duration::from_millis(whole) };
        }
        self.told
    }
}

/// Whole milliseconds; a duration beyond 2^64 of them counts as that.
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

fn lock(hand: &Mutex<ByHand>) -> MutexGuard<'_, ByHand> {
    hand.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_set_back_neither_stops_time_nor_turns_it() {
        let ms = Duration::from_millis;
        let mut time = Running { told: 10_000_000, at: Duration::ZERO };
        assert_eq!(time.tell(ms(500), 10_000_500), 10_000_500);
        assert_eq!(time.tell(ms(1_500), 6_401_500), 10_001_500, "set back by an hour");
        assert_eq!(time.tell(ms(1_500), 6_401_500), 10_001_500);
        for tenth in 1..=10 {
            time.tell(ms(1_500) + Duration::from_micros(100) * tenth, 6_401_501);
        }
        assert_eq!(time.tell(ms(1_501), 6_401_501), 10_001_501, "parts of milliseconds add up");
        assert_eq!(time.tell(ms(2_501), 10_100_000), 10_100_000, "set forward");
        assert_eq!(time.tell(ms(3_600_000), 13_500_000), 13_697_499, "and never back again");
    }

    #[test]
    fn a_racing_clock_is_ahead_by_what_has_passed() {
        let since = Clock::real().now() - 1_000;
        let (before, racing, after) = (Clock::real().now(), Clock::racing(since, 20).now(), Clock::real().now());
        assert!((since + (before - since) * 20..=since + (after - since) * 20).contains(&racing), "{racing}");
    }

    #[tokio::test]
    async fn a_clock_by_hand_wakes_who_is_due() {
        let clock = Clock::by_hand(1_000);
        let mut short = Box::pin(clock.sleep(Duration::from_secs(1)));
        let mut long = Box::pin(clock.sleep(Duration::from_secs(2)));
        assert!(futures_util::poll!(short.as_mut()).is_pending());
        assert!(futures_util::poll!(long.as_mut()).is_pending());
        clock.advance(Duration::from_secs(1));
        short.await;
        assert!(futures_util::poll!(long.as_mut()).is_pending());
        clock.advance(Duration::from_secs(1));
        long.await;
        assert_eq!(clock.now(), 3_000);
    }
}

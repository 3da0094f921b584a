//! The only source of time. The relay's clock is the machine's; a test's clock stands still until it is moved.

use shared::Millis;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;

/// Tells the time and waits for it. A cheap handle: clones share one clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// None: the machine's own time.
    by_hand: Option<Arc<Mutex<ByHand>>>,
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
        Self { by_hand: Some(Arc::new(Mutex::new(ByHand { now, ..ByHand::default() }))) }
    }

    /// Milliseconds since 1970-01-01 UTC.
    #[allow(clippy::disallowed_methods)] // this is the one place that may ask the machine
    pub fn now(&self) -> Millis {
        match &self.by_hand {
            Some(hand) => lock(hand).now,
            None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis),
        }
    }

    /// Returns when `duration` has passed on this clock.
    #[allow(clippy::disallowed_methods)]
    pub async fn sleep(&self, duration: Duration) {
        let Some(hand) = &self.by_hand else { return tokio::time::sleep(duration).await };
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
    /// The machine's clock cannot be moved: there this does nothing.
    pub fn advance(&self, duration: Duration) {
        let Some(hand) = &self.by_hand else { return };
        let mut hand = lock(hand);
        hand.now = hand.now.saturating_add(millis(duration));
        let due_until = (hand.now, u64::MAX);
        let later = hand.sleepers.split_off(&due_until);
        for wake in std::mem::replace(&mut hand.sleepers, later).into_values() {
            let _ = wake.send(());
        }
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

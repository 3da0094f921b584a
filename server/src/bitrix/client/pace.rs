//! Keeps the number of calls inside the portal's leaky bucket. It drains by real time, so a relay under test waits as
//! well.

use crate::clock::Clock;
use shared::Millis;
use std::time::Duration;
use tokio::sync::Mutex;

/// How fast the bucket drains on most plans: 2 requests a second (`limits.md`).
const INTERVAL: Duration = Duration::from_millis(500);

/// How many calls may come at once. The portal takes 50, counted for all that calls it from this machine: some room is
/// left.
const BURST: u32 = 40;

pub struct Pace {
    clock: Clock,
    /// When the bucket will have drained. Whoever waits holds the lock, so calls leave in the order in which they came.
    empty_at: Mutex<Millis>,
}

impl Pace {
    pub fn new(clock: Clock) -> Self {
        Self { clock, empty_at: Mutex::default() }
    }

    /// Returns when one more call may leave.
    pub async fn admit(&self) {
        let mut empty_at = self.empty_at.lock().await;
        let full = crate::clock::millis(INTERVAL * BURST);
        let interval = crate::clock::millis(INTERVAL);
        let wait = (*empty_at + interval).saturating_sub(self.clock.now() + full);
        if wait > 0 {
            self.clock.sleep(Duration::from_millis(wait)).await;
        }
        *empty_at = (*empty_at).max(self.clock.now()) + interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;

    #[tokio::test]
    async fn a_burst_leaves_at_once_and_the_rest_twice_a_second() {
        let clock = Clock::by_hand(1_000_000);
        let pace = Pace::new(clock.clone());
        for nth in 0..BURST {
            assert!(poll!(Box::pin(pace.admit())).is_ready(), "{nth}");
        }
        let mut next = Box::pin(pace.admit());
        assert!(poll!(next.as_mut()).is_pending());
        clock.advance(INTERVAL);
        next.await;
        assert!(poll!(Box::pin(pace.admit())).is_pending());
        clock.advance(INTERVAL * BURST * 2);
        for nth in 0..BURST {
            assert!(poll!(Box::pin(pace.admit())).is_ready(), "after a rest {nth}");
        }
        assert!(poll!(Box::pin(pace.admit())).is_pending());
    }
}

//! The portal's leaky bucket as far as it can be known from here: calls pour in, a steady stream flows out. Pure.

use shared::Millis;
use std::time::Duration;

/// Calls a second that flow out on most plans (`limits.md`). Enterprise plans have five, and self-hosted portals have
/// their own web server's limits, which nobody tells: this is right for all of them.
const DRAIN: f64 = 2.0;

/// The slowest that refusals make us.
const LEAST_DRAIN: f64 = 0.25;

/// How long after a refusal the pace is at most below the portal's own.
const RECOVERY: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Bucket {
    /// Calls that had not drained at `seen`.
    level: f64,
    seen: Millis,
    slowed: Option<Slowed>,
}

/// The portal refused a call that should have fitted: others share its count from this address.
#[derive(Clone, Copy, Debug)]
struct Slowed {
    at: Millis,
    /// Calls a second from then on.
    drain: f64,
}

impl Bucket {
    /// How long until one more call fits below `mark` calls; zero if it does now.
    pub fn wait(&mut self, mark: f64, now: Millis) -> Duration {
        self.leak(now);
        let over = self.level + 1.0 - mark;
        if over <= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(over / self.drain(now)) }
    }

    /// A call leaves.
    pub fn pour(&mut self, now: Millis) {
        self.leak(now);
        self.level += 1.0;
    }

    /// A call that was counted did not leave.
    pub fn give_back(&mut self) {
        self.level = (self.level - 1.0).max(0.0);
    }

    /// The portal refused a call for haste: its bucket is fuller than this one. Nothing leaves at once from here on, and
    /// what leaves does so at half the pace; both pass.
    pub fn overflowed(&mut self, mark: f64, now: Millis) {
        self.leak(now);
        self.level = self.level.max(mark);
        self.slowed = Some(Slowed { at: now, drain: (self.drain(now) / 2.0).max(LEAST_DRAIN) });
    }

    fn leak(&mut self, now: Millis) {
        let passed = Duration::from_millis(now.saturating_sub(self.seen));
        self.level = (self.level - passed.as_secs_f64() * self.drain(now)).max(0.0);
        self.seen = self.seen.max(now);
    }

    /// Calls a second that are taken to flow out now.
    fn drain(&self, now: Millis) -> f64 {
        let Some(slowed) = self.slowed else { return DRAIN };
        let passed = Duration::from_millis(now.saturating_sub(slowed.at)).as_secs_f64();
        (slowed.drain + DRAIN * passed / RECOVERY.as_secs_f64()).min(DRAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: f64 = 40.0;

    /// How many calls fit at `now`.
    fn fitting(bucket: &mut Bucket, now: Millis) -> usize {
        let mut count = 0;
        while bucket.wait(MARK, now).is_zero() {
            bucket.pour(now);
            count += 1;
        }
        count
    }

    #[test]
    fn a_burst_fits_and_then_two_a_second() {
        let mut bucket = Bucket::default();
        assert_eq!(fitting(&mut bucket, 1_000_000), 40);
        assert_eq!(bucket.wait(MARK, 1_000_000), Duration::from_millis(500));
        assert_eq!(fitting(&mut bucket, 1_003_000), 6);
        assert_eq!(fitting(&mut bucket, 2_000_000), 40);
    }

    #[test]
    fn what_did_not_leave_leaves_its_place() {
        let mut bucket = Bucket::default();
        fitting(&mut bucket, 0);
        bucket.give_back();
        assert_eq!(fitting(&mut bucket, 0), 1);
    }

    #[test]
    fn a_refusal_halves_the_pace_for_a_while() {
        let mut bucket = Bucket::default();
        bucket.overflowed(MARK, 1_000);
        assert_eq!(bucket.wait(MARK, 1_000), Duration::from_secs(1), "half the pace, and nothing at once");
        for _ in 0..5 {
            bucket.overflowed(MARK, 1_000);
        }
        assert_eq!(bucket.wait(MARK, 1_000), Duration::from_secs(4), "never slower");
        assert_eq!(fitting(&mut bucket, 61_000), 40);
        assert_eq!(bucket.wait(MARK, 61_000), Duration::from_millis(500), "as before");
    }
}

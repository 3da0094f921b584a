//! The leaky bucket of the portal's `limits.md`: calls pour in, a steady stream flows out, what overflows is refused.

use crate::{clock::Millis, options::Limit};

#[derive(Debug)]
pub(crate) struct Bucket {
    limit: Limit,
    level: f64,
    seen: Millis,
}

impl Bucket {
    pub fn new(limit: Limit, now: Millis) -> Self {
        Self { limit, level: 0.0, seen: now }
    }

    /// Whether one more call fits.
    pub fn pour(&mut self, now: Millis) -> bool {
        self.level = (self.level - now.since(self.seen).as_secs_f64() * self.limit.per_second).max(0.0);
        self.seen = now;
        let fits = self.level + 1.0 <= self.limit.burst;
        if fits {
            self.level += 1.0;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn fifty_at_once_then_two_a_second() {
        let start = Millis(0);
        let mut bucket = Bucket::new(Limit::default(), start);
        assert_eq!((0..60).filter(|_| bucket.pour(start)).count(), 50);
        let later = start.plus(Duration::from_secs(3));
        assert_eq!((0..60).filter(|_| bucket.pour(later)).count(), 6);
    }
}

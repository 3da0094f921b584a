//! The stand-in's time: the wall's, plus what tests have moved it forward. The only place that reads the wall.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

/// Milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Millis(pub u64);

impl Millis {
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// `2026-03-17T17:52:40+03:00`: every portal here lives in Moscow's zone, as the documentation's samples do.
    pub fn iso(self) -> String {
        const ZONE_SECONDS: u64 = 3 * 3600;
        let local = self.seconds() + ZONE_SECONDS;
        let (year, month, day) = civil(local / 86_400);
        let of_day = local % 86_400;
        format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}+03:00", of_day / 3600, of_day / 60 % 60, of_day % 60)
    }
}

/// Year, month and day of a day counted from 1970 (Howard Hinnant's `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// A handle to one portal's time.
#[derive(Clone)]
pub struct Clock {
    ahead: Arc<watch::Sender<Duration>>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { ahead: Arc::new(watch::Sender::new(Duration::ZERO)) }
    }
}

impl Clock {
    pub fn now(&self) -> Millis {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(0).plus(wall + *self.ahead.borrow())
    }

    /// Moves time forward; what sleeps and has become due wakes.
    pub fn advance(&self, span: Duration) {
        self.ahead.send_modify(|ahead| *ahead += span);
    }

    /// Waits for a moment, by the passing of time or by [`Clock::advance`].
    pub async fn sleep_until(&self, due: Millis) {
        let mut moved = self.ahead.subscribe();
        loop {
            let left = due.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = moved.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_the_documentation_writes_them() {
        assert_eq!(Millis(1_773_759_160_512).iso(), "2026-03-17T17:52:40+03:00");
        assert_eq!(Millis(951_782_399_000).iso(), "2000-02-29T02:59:59+03:00");
    }

    #[tokio::test]
    async fn moving_the_clock_wakes_what_waits() {
        let clock = Clock::default();
        let due = clock.now().plus(Duration::from_secs(3600));
        let waiting = tokio::join!(clock.sleep_until(due), async { clock.advance(Duration::from_secs(3601)) });
        assert_eq!(waiting, ((), ()));
    }
}

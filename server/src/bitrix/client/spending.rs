//! How much operating time each method has spent, and how fast it may go on so that it is never all spent: a method that
//! slows down carries more with each call, one that is blocked carries nothing for minutes. Pure.

use super::envelope::Time;
use crate::clock::millis;
use shared::Millis;
use std::collections::HashMap;
use std::time::Duration;

/// How many seconds of ten minutes a method may take: the documentation's example for the cloud has 480, self-hosted
/// portals that count have 420 (`limits.md`). Nobody tells which holds, so the smaller is assumed.
const LIMIT: f64 = 420.0;

/// What is counted is the last ten minutes.
const PERIOD: f64 = 600.0;

/// Up to this part of the limit nothing is slowed down.
const FREE: f64 = 0.5;

/// The longest pause between two calls where the portal does not tell when time comes back: the sum is made of minutes.
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Spending {
    methods: HashMap<&'static str, Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// Not called before.
    next: Millis,
    resets_at: Option<Millis>,
}

impl Spending {
    /// When `method` may be called again.
    pub fn next(&self, method: &'static str) -> Millis {
        self.methods.get(method).map_or(0, |spent| spent.next)
    }

    /// When the oldest minute leaves the sum of `method`, as the portal told last.
    pub fn resets_at(&self, method: &'static str) -> Option<Millis> {
        self.methods.get(method)?.resets_at
    }

    pub fn answered(&mut self, method: &'static str, time: Time, now: Millis) {
        let spent = self.methods.entry(method).or_default();
        if let Some(resets_in) = time.resets_in {
            spent.resets_at = Some(now + millis(resets_in));
        }
        spent.next = now + millis(rest(time));
    }
}

/// How long a method rests after a call. Within the first half of the limit it does not; then the time it takes falls in
/// a line, from twice what could go on for ever to nothing where nothing is left: whatever was spent before, the limit
/// is not reached, and four fifths of it can be used for ever.
fn rest(time: Time) -> Duration {
    let spent = time.spent.unwrap_or_default().as_secs_f64();
    if spent <= LIMIT * FREE {
        return Duration::ZERO;
    }
    let longest = time.resets_in.unwrap_or(MINUTE);
    // Seconds of operating time in a second.
    let rate = (LIMIT - spent).max(0.0) * 2.0 / (FREE * PERIOD);
    if rate <= 0.0 {
        return longest;
    }
    let took = time.took.as_secs_f64();
    Duration::try_from_secs_f64((took / rate - took).max(0.0)).map_or(longest, |rest| rest.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    fn answer(spent: f64, took: f64, resets_in: u64) -> Time {
        Time {
            spent: Some(Duration::from_secs_f64(spent)),
            took: Duration::from_secs_f64(took),
            resets_in: Some(Duration::from_secs(resets_in)),
            is_over: false,
        }
    }

    #[test]
    fn the_first_half_is_free_and_the_rest_comes_slower_and_slower() {
        let rests = [0.0, 210.0, 300.0, 360.0, 400.0, 417.0].map(|spent| rest(answer(spent, 1.2, 590)).as_millis());
        assert_eq!(rests, [0, 0, 300, 1_800, 7_800, 58_800]);
        assert_eq!(rest(answer(425.0, 1.2, 30)), Duration::from_secs(30), "until some of it comes back");
        assert_eq!(rest(Time { spent: Some(Duration::from_secs(500)), ..Time::default() }), MINUTE);
    }

    #[test]
    fn each_method_spends_its_own() {
        let mut spending = Spending::default();
        spending.answered("a", answer(360.0, 1.2, 590), 1_000);
        assert_eq!((spending.next("a"), spending.next("b")), (2_800, 0));
        assert_eq!((spending.resets_at("a"), spending.resets_at("b")), (Some(591_000), None));
        spending.answered("a", answer(100.0, 1.2, 590), 5_000);
        assert_eq!(spending.next("a"), 5_000);
    }

    /// One call after the other, each of `took` seconds, for two hours: what the portal's sum is at most, and how much of
    /// the last hour was spent calling.
    fn driven(took: f64) -> (f64, f64) {
        let mut minutes: VecDeque<(u64, f64)> = VecDeque::new();
        let (mut now, mut most, mut used) = (0.0_f64, 0.0_f64, 0.0_f64);
        while now < 7_200.0 {
            now += took;
            let minute = (now / 60.0) as u64;
            while minutes.front().is_some_and(|(first, _)| first + 10 <= minute) {
                minutes.pop_front();
            }
            match minutes.back_mut().filter(|(last, _)| *last == minute) {
                Some((_, spent)) => *spent += took,
                None => minutes.push_back((minute, took)),
            }
            let sum: f64 = minutes.iter().map(|(_, spent)| spent).sum();
            let reset = (minutes[0].0 + 10) * 60;
            most = most.max(sum);
            used += if now > 3_600.0 { took } else { 0.0 };
            now += rest(answer(sum, took, reset - now as u64)).as_secs_f64();
        }
        (most, used / 3_600.0)
    }

    #[test]
    fn the_limit_is_never_reached_however_long_the_calls_take() {
        for took in [0.3, 1.2, 5.0, 20.0] {
            let (most, used) = driven(took);
            assert!(most < LIMIT && used > 0.5, "calls of {took} s: {most} s at most, {used} of the time");
        }
    }
}

//! Operating time (`limits.md`): how long the portal has worked on each method in the last ten minutes. Once that is more
//! than it grants, the next call of the method is refused.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use crate::clock::Millis;

/// The sum is made of so many minutes.
const MINUTES: u64 = 10;
const MINUTE: u64 = 60_000;

#[derive(Debug, Default)]
pub(crate) struct Operating {
    /// By method, in lower case: minutes since 1970 with the time they took.
    methods: HashMap<String, VecDeque<(u64, Duration)>>,
}

impl Operating {
    /// What a method took in the last ten minutes.
    pub fn spent(&self, method: &str, now: Millis) -> Duration {
        self.counted(method, now).map(|(_, took)| took).sum()
    }

    /// When the oldest minute leaves the sum.
    pub fn resets_at(&self, method: &str, now: Millis) -> Millis {
        let oldest = self.counted(method, now).next().map_or(now.0 / MINUTE, |(minute, _)| minute);
        Millis((oldest + MINUTES) * MINUTE)
    }

    /// A call of a method took so long.
    pub fn add(&mut self, method: &str, took: Duration, now: Millis) {
        let minute = now.0 / MINUTE;
        let minutes = self.methods.entry(method.to_lowercase()).or_default();
        minutes.retain(|(first, _)| first + MINUTES > minute);
        match minutes.back_mut().filter(|(last, _)| *last == minute) {
            Some((_, sum)) => *sum += took,
            None => minutes.push_back((minute, took)),
        }
    }

    fn counted(&self, method: &str, now: Millis) -> impl Iterator<Item = (u64, Duration)> + '_ {
        let minutes = self.methods.get(&method.to_lowercase());
        minutes.into_iter().flatten().copied().filter(move |(minute, _)| minute + MINUTES > now.0 / MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_leaves_the_sum_after_ten() {
        let (start, span) = (Millis(MINUTE * 1_000), Duration::from_secs);
        let mut operating = Operating::default();
        operating.add("imConnector.send.messages", span(3), start);
        operating.add("imconnector.send.messages", span(4), start.plus(span(61)));
        let spent = |later| operating.spent("imconnector.send.messages", start.plus(span(later)));
        assert_eq!((spent(62), spent(599), spent(600), spent(660)), (span(7), span(7), span(4), Duration::ZERO));
        assert_eq!(operating.resets_at("imconnector.send.messages", start.plus(span(62))), start.plus(span(600)));
        assert_eq!(operating.spent("event.get", start), Duration::ZERO);
    }
}

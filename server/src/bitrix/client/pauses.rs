//! What the portal's answers forbid for a while: all calls, or those of one method.

use super::envelope::Time;
use super::spending::Spending;
use crate::bitrix::error::{Advice, PortalError};
use crate::clock::millis;
use shared::Millis;
use std::collections::HashMap;
use std::time::Duration;

/// After a refusal for haste; doubled each time, up to `MOST`.
const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(60);

/// After a method's operating time is spent, where the portal does not tell when it comes back. Never less, jittered.
const METHOD: Duration = Duration::from_secs(80);

/// After a block by hand: nobody lifts it sooner.
const BLOCKED: Duration = Duration::from_secs(10 * 60);

#[derive(Default)]
pub struct Pauses {
    portal: Millis,
    methods: HashMap<&'static str, Millis>,
    spending: Spending,
    /// Refusals for haste since the last good answer.
    hasty: u32,
}

impl Pauses {
    /// Until when `method` must not be called, if that is later than `now`.
    pub fn until(&self, method: &'static str, now: Millis) -> Option<Millis> {
        let method = self.methods.get(method).copied().unwrap_or_default().max(self.spending.next(method));
        let until = self.portal.max(method);
        (until > now).then_some(until)
    }

    pub fn answered(&mut self, method: &'static str, time: Time, now: Millis) {
        self.hasty = 0;
        self.spending.answered(method, time, now);
        if time.is_over {
            self.spent(method, now);
        }
    }

    pub fn refused(&mut self, method: &'static str, error: &PortalError, now: Millis) {
        match error.advice() {
            Advice::Later if error.is_haste() => {
                let wait = LEAST.saturating_mul(1 << self.hasty.min(6)).min(MOST);
                self.hasty += 1;
                self.portal = self.portal.max(now + jittered(wait));
            }
            Advice::PauseMethod => self.spent(method, now),
            Advice::PausePortal => {
                tracing::error!("Bitrix24 has blocked the calls of this application");
                self.portal = now + millis(BLOCKED);
            }
            _ => {}
        }
    }

    /// The method's operating time is spent: not before the portal said that some of it comes back; where that has passed,
    /// or it never said, a minute, for the sum is made of minutes.
    fn spent(&mut self, method: &'static str, now: Millis) {
        tracing::warn!(method, "the operating time of a method is spent");
        let until = self.spending.resets_at(method).filter(|at| *at > now);
        self.methods.insert(method, until.unwrap_or_else(|| now + jittered(METHOD)));
    }
}

/// Between three quarters and five quarters of `wait`: several relays behind one address do not come back together.
pub fn jittered(wait: Duration) -> Millis {
    let mut random = [0; 2];
    // Without a source of randomness the wait is simply the shortest.
    let _ = getrandom::fill(&mut random);
    let wait = millis(wait);
    wait * 3 / 4 + wait * u64::from(u16::from_le_bytes(random)) / u64::from(u16::MAX) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> PortalError {
        PortalError::Refused { status: 503, code: code.to_owned(), description: String::new() }
    }

    #[test]
    fn haste_pauses_the_portal_for_longer_each_time() {
        let mut pauses = Pauses::default();
        let mut waits = Vec::new();
        for _ in 0..8 {
            pauses.refused("a", &refused("QUERY_LIMIT_EXCEEDED"), 0);
            waits.push(pauses.until("b", 0).unwrap());
        }
        for (wait, base) in waits.iter().zip([1, 2, 4, 8, 16, 32, 60, 60]) {
            assert!((base * 750..=base * 1250).contains(wait), "{waits:?}");
        }
        pauses.answered("a", Time::default(), 100_000);
        pauses.refused("a", &refused("QUERY_LIMIT_EXCEEDED"), 100_000);
        assert!(pauses.until("a", 100_000).unwrap() <= 101_250);
        assert_eq!(pauses.until("a", 101_250), None);
    }

    #[test]
    fn a_spent_method_pauses_alone() {
        let mut pauses = Pauses::default();
        pauses.answered("a", Time { resets_in: Some(Duration::from_secs(300)), ..Time::default() }, 1_000);
        pauses.refused("a", &refused("OPERATION_TIME_LIMIT"), 2_000);
        pauses.refused("c", &refused("OPERATION_TIME_LIMIT"), 2_000);
        assert_eq!((pauses.until("a", 2_000), pauses.until("b", 2_000)), (Some(301_000), None));
        let untold = pauses.until("c", 2_000).unwrap();
        assert!((62_000..=102_000).contains(&untold), "a minute at least: {untold}");
        pauses.refused("a", &refused("OPERATION_TIME_LIMIT"), 301_000);
        assert!(pauses.until("a", 301_000).unwrap() >= 361_000, "what was told has passed");
    }

    #[test]
    fn a_spent_command_of_a_batch_pauses_its_method() {
        let mut pauses = Pauses::default();
        pauses.answered("a", Time { is_over: true, ..Time::default() }, 0);
        assert!(pauses.until("a", 0).is_some() && pauses.until("b", 0).is_none());
    }

    #[test]
    fn a_block_pauses_everything() {
        let mut pauses = Pauses::default();
        pauses.refused("a", &refused("OVERLOAD_LIMIT"), 0);
        assert_eq!(pauses.until("b", 0), Some(600_000));
    }
}

//! How often each errand was offered in vain, and when it is offered again: what the portal refuses of one visitor, while
//! it takes what others say, holds up that visitor alone, and not for ever. In memory: a new start offers everything
//! anew. No I/O.

use super::rests::Rest;
use crate::clock::millis;
use crate::store::Position;
use shared::Millis;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// An errand is given up after so many refusals of its own at least, and not sooner than after this long: whatever is
/// wrong at the portal for a moment, or for half an hour, takes no word from anybody.
const LEAST: u32 = 7;
const SPAN: Duration = Duration::from_secs(60 * 60);

/// The first and the longest rest between two offers.
const REST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15 * 60));

/// How long after its last rest an errand is remembered that never came again: its visitor took it back.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, Default)]
pub struct Offers(HashMap<Position, Offer>);

#[derive(Debug)]
struct Offer {
    /// When it was refused first, alone or with others.
    first: Millis,
    /// How much its line had taken by then.
    taken: u64,
    /// How many refusals are its own.
    times: u32,
    rest: Rest,
}

impl Offers {
    /// The errand was refused, or a call with it; its line has taken `taken` so far. Tells whether the line took others
    /// since that happened first: then it is the errand that is to blame.
    pub fn is_its_own(&mut self, position: Position, taken: u64, now: Millis) -> bool {
        self.of(position, taken, now).taken < taken
    }

    /// It is offered again a moment later, and this does not count. False from the second time on.
    pub fn is_excused(&mut self, position: Position, now: Millis) -> bool {
        let offer = self.of(position, 0, now);
        let is_first = offer.rest.times() == 0;
        if is_first {
            offer.rest.lengthen(now, REST);
        }
        is_first
    }

    /// The refusal is its own: how many there were, and whether it is given up now. It rests until it is offered again.
    pub fn refused(&mut self, position: Position, now: Millis) -> (u32, bool) {
        let offer = self.of(position, 0, now);
        offer.times += 1;
        offer.rest.lengthen(now, REST);
        let (times, is_over) = (offer.times, offer.times >= LEAST && now >= offer.first + millis(SPAN));
        if is_over {
            self.forget(position);
        }
        (times, is_over)
    }

    /// It was taken, or given up.
    pub fn forget(&mut self, position: Position) {
        self.0.remove(&position);
    }

    /// Those that rest now.
    pub fn resting(&mut self, now: Millis) -> HashSet<Position> {
        self.0.retain(|_, offer| now < offer.rest.until().max(offer.first) + millis(KEPT));
        self.0.iter().filter(|(_, offer)| offer.rest.is_on(now)).map(|(position, _)| *position).collect()
    }

    /// When the next rest is over.
    pub fn next(&self, now: Millis) -> Option<Millis> {
        self.0.values().filter(|offer| offer.rest.is_on(now)).map(|offer| offer.rest.until()).min()
    }

    fn of(&mut self, position: Position, taken: u64, now: Millis) -> &mut Offer {
        let fresh = || Offer { first: now, taken, times: 0, rest: Rest::default() };
        self.0.entry(position).or_insert_with(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;

    #[test]
    fn an_errand_is_offered_for_an_hour_at_least_and_not_for_ever() {
        let (mut offers, position, mut now, mut times) = (Offers::default(), Position::default(), 1_000, 0);
        loop {
            times += 1;
            let (counted, is_over) = offers.refused(position, now);
            assert_eq!(counted, times);
            if is_over {
                break;
            }
            assert!(offers.resting(now).contains(&position));
            now = offers.next(now).unwrap();
            assert!(offers.resting(now).is_empty());
        }
        assert!((1_000 + HOUR..2 * HOUR).contains(&now), "{now}");
        assert!((LEAST..=20).contains(&times), "{times}");
        assert_eq!(offers.next(0), None, "forgotten");
    }

    #[test]
    fn seven_refusals_in_a_moment_give_nothing_up() {
        let mut offers = Offers::default();
        assert!((0..50).all(|_| !offers.refused(Position::default(), 5).1));
    }

    #[test]
    fn an_errand_is_to_blame_when_its_line_took_others_since() {
        let (mut offers, position) = (Offers::default(), Position::default());
        assert!(!offers.is_its_own(position, 5, 0));
        assert!(!offers.is_its_own(position, 5, 60_000), "nothing was taken since: it is the line");
        assert!(offers.is_its_own(position, 6, 120_000));
        offers.forget(position);
        assert!(!offers.is_its_own(position, 6, 180_000));
    }

    #[test]
    fn one_refusal_is_excused() {
        let (mut offers, position) = (Offers::default(), Position::default());
        assert!(offers.is_excused(position, 0) && offers.resting(0).contains(&position));
        assert!(!offers.is_excused(position, 5_000));
    }
}

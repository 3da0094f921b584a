//! What is left alone for a while, and for how long: the portal, a line, a dialogue. In memory: a new start tries
//! everything.

use crate::bitrix::client::jittered;
use crate::bitrix::error::Advice;
use crate::clock::millis;
use crate::ids::{DialogueId, LineId};
use crate::store::{Held, Lane};
use shared::Millis;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Rests {
    pub portal: Rest,
    lines: HashMap<LineId, Rest>,
    dialogues: HashMap<DialogueId, Rest>,
    /// Of dialogues in which a call was lost, as long as it may still work, or what it carried is offered again.
    lost: HashMap<DialogueId, Rest>,
    /// The portal rests, or may, for a trouble of its own, as far as was seen.
    in_trouble: bool,
}

/// One rest; it doubles each time until something works, give or take a quarter: those that rest do not come back
/// together.
#[derive(Debug, Default)]
pub struct Rest {
    until: Millis,
    times: u32,
}

impl Rest {
    /// The first and the longest rest after what passes by itself.
    pub const SHORT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
    /// After what somebody will perhaps put right soon: a line that is off.
    pub const MIDDLE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(5 * 60));
    /// After what needs the administrator.
    pub const LONG: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(60 * 60));

    pub fn is_on(&self, now: Millis) -> bool {
        self.until > now
    }

    pub fn until(&self) -> Millis {
        self.until
    }

    /// How many times in a row there was reason to rest.
    pub fn times(&self) -> u32 {
        self.times
    }

    pub fn lengthen(&mut self, now: Millis, (first, longest): (Duration, Duration)) {
        let span = first.saturating_mul(1 << self.times.min(16)).min(longest);
        self.times += 1;
        self.until = now + jittered(span);
    }

    /// As `lengthen`, to a whole second and without a quarter's play: those whose call was lost together come back
    /// together.
    pub fn lengthen_evenly(&mut self, now: Millis, (first, longest): (Duration, Duration)) {
        let span = first.saturating_mul(1 << self.times.min(16)).min(longest);
        self.times += 1;
        self.until = (now + millis(span)).next_multiple_of(1_000);
    }

    /// Rests at least until then, whatever was before.
    pub fn end_at(&mut self, until: Millis) {
        self.until = self.until.max(until);
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Rests {
    pub fn line(&mut self, line: LineId) -> &mut Rest {
        self.lines.entry(line).or_default()
    }

    pub fn dialogue(&mut self, dialogue: DialogueId) -> &mut Rest {
        self.dialogues.entry(dialogue).or_default()
    }

    /// As `dialogue`, where no answer came.
    pub fn lost(&mut self, dialogue: DialogueId) -> &mut Rest {
        self.lost.entry(dialogue).or_default()
    }

    /// The application was installed anew: nothing of what was wrong need be so now. What a lost call may still do it may.
    pub fn installed(&mut self) {
        *self = Self { lost: std::mem::take(&mut self.lost), ..Self::default() };
    }

    /// Whether the portal is in trouble, as the client knows now. A rest ends with the trouble it is for, whoever saw that
    /// end first.
    pub fn follow_trouble(&mut self, is_in_trouble: bool) {
        if std::mem::replace(&mut self.in_trouble, is_in_trouble) && !is_in_trouble {
            self.portal.clear();
        }
    }

    /// The portal rests after an error with this advice. A trouble that is over already, for another's call was answered
    /// meanwhile, was a moment's.
    pub fn rest_portal(&mut self, advice: Advice, is_in_trouble: bool, now: Millis) {
        let span = match advice {
            Advice::Suspend(span) if is_in_trouble => (span, span),
            Advice::Hold if is_in_trouble => Rest::LONG,
            _ => Rest::SHORT,
        };
        self.in_trouble |= is_in_trouble;
        self.portal.lengthen(now, span);
    }

    /// The portal took a message of this dialogue.
    pub fn clear(&mut self, dialogue: DialogueId) {
        self.dialogues.remove(&dialogue);
        self.lost.remove(&dialogue);
    }

    /// What must not be sent now. Forgets rests that never were.
    pub fn held(&mut self, now: Millis, lane: Lane) -> Held {
        self.lines.retain(|_, rest| rest.times > 0 || rest.is_on(now));
        self.dialogues.retain(|_, rest| rest.times > 0 || rest.is_on(now));
        self.lost.retain(|_, rest| rest.times > 0 || rest.is_on(now));
        let dialogues = on(&self.dialogues, now).chain(on(&self.lost, now)).collect();
        Held { lines: on(&self.lines, now).collect(), dialogues, lane, ..Held::default() }
    }

    /// When the next rest is over; `None` where nothing rests.
    pub fn next(&self, now: Millis) -> Option<Millis> {
        let dialogues = self.dialogues.values().chain(self.lost.values());
        let all = self.lines.values().chain(dialogues).chain([&self.portal]);
        all.filter(|rest| rest.is_on(now)).map(|rest| rest.until.max(self.portal.until)).min()
    }
}

fn on<K: Copy + Eq + Hash>(rests: &HashMap<K, Rest>, now: Millis) -> impl Iterator<Item = K> + '_ {
    rests.iter().filter(move |(_, rest)| rest.is_on(now)).map(|(key, _)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_doubles_up_to_its_longest_and_ends() {
        let mut rest = Rest::default();
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            rest.lengthen(1_000, Rest::SHORT);
            let span = rest.until() - 1_000;
            assert!((seconds * 750..=seconds * 1_250).contains(&span), "{span} ms for {seconds} s");
        }
        assert!(rest.is_on(rest.until() - 1) && !rest.is_on(rest.until()));
        rest.clear();
        assert!(!rest.is_on(0));
    }

    #[test]
    fn those_that_were_lost_together_come_back_together() {
        let (mut one, mut other) = (Rest::default(), Rest::default());
        one.lengthen_evenly(60_020, Rest::SHORT);
        other.lengthen_evenly(60_480, Rest::SHORT);
        assert_eq!((one.until(), other.until()), (62_000, 62_000));
        one.lengthen_evenly(90_000, Rest::SHORT);
        assert_eq!(one.until(), 92_000);
    }

    #[test]
    fn a_rest_lasts_as_long_as_the_trouble_it_is_for() {
        let day = Advice::Suspend(Duration::from_secs(24 * 60 * 60));
        let mut rests = Rests::default();
        rests.rest_portal(day, true, 0);
        rests.follow_trouble(true);
        assert!(rests.portal.is_on(3_600_000));
        rests.follow_trouble(false);
        assert!(!rests.portal.is_on(0));
        // Another's call was answered before anybody here looked again.
        rests.rest_portal(day, true, 0);
        rests.follow_trouble(false);
        assert!(!rests.portal.is_on(0));
        // It was answered even before the rest began.
        for advice in [day, Advice::Hold] {
            rests.rest_portal(advice, false, 0);
            assert!(!rests.portal.is_on(5_000), "{advice:?}");
        }
    }

    #[test]
    fn what_rests_is_held_and_the_first_end_is_known() {
        let mut rests = Rests::default();
        let dialogue = DialogueId::random();
        assert_eq!(rests.next(0), None);
        rests.line(LineId(7)).lengthen(0, Rest::MIDDLE);
        rests.dialogue(dialogue).lengthen(0, Rest::SHORT);
        let held = rests.held(500, Lane::Words);
        assert!(held.lines.contains(&LineId(7)) && held.dialogues.contains(&dialogue));
        let first = rests.dialogue(dialogue).until();
        assert_eq!(rests.next(500), Some(first));
        assert!(rests.held(first, Lane::Words).dialogues.is_empty());
        rests.dialogue(dialogue).end_at(first + 1);
        assert!(rests.held(first, Lane::Words).dialogues.contains(&dialogue));
        rests.portal.lengthen(0, Rest::LONG);
        assert_eq!(rests.next(first), Some(rests.portal.until()), "nothing goes while the portal rests");
    }
}

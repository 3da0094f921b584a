//! When to connect, when to ask whether somebody is still there, when to give a connection up. Is told the time and
//! does nothing itself.

use shared::Millis;

/// An answer that takes longer will not come: 10 s.
const ANSWER: Millis = 10_000;
/// The same where there is reason to doubt (the machine slept, the network changed): 4 s.
const DOUBT: Millis = 4_000;
/// After so long without a frame the relay is asked: 28 s, longer than a poll is held.
const QUIET: Millis = 28_000;
/// An alarm later than this means that the machine or the tab slept: 15 s.
const SLEPT: Millis = 15_000;
/// The wait after the first failure; it doubles with each: 1 s to 30 s.
const FIRST_WAIT: Millis = 1_000;
const LONGEST_WAIT: Millis = 30_000;

/// While requests do, a socket is tried now and then; the wait doubles with each: 1 to 16 min.
const FIRST_PROBE: Millis = 60_000;
const LONGEST_PROBE: Millis = 16 * FIRST_PROBE;

/// How to reach the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Socket,
    /// Requests that are held: for networks that let no socket through.
    Poll,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Open(Way),
    /// See whether a socket gets through by now, and use it then.
    Probe,
    Ping,
    /// Nobody is there: close, and count it as lost.
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Off,
    Waiting { until: Millis },
    Opening(Way),
    Up(Way),
}

#[derive(Debug)]
pub struct Pace {
    phase: Phase,
    /// Attempts in a row that did not get through.
    failures: u32,
    /// When the last frame came.
    heard: Millis,
    /// Until when an answer must come.
    answer_by: Option<Millis>,
    /// When the next `tick` was to come.
    expected: Option<Millis>,
    /// Whether there is reason to think that nobody is there any more.
    doubtful: bool,
    /// When to try a socket while requests do, and how long to wait then.
    probe: (Millis, Millis),
}

impl Pace {
    pub fn new() -> Self {
        Self {
            phase: Phase::Off,
            failures: 0,
            heard: 0,
            answer_by: None,
            expected: None,
            doubtful: false,
            probe: (0, FIRST_PROBE),
        }
    }

    pub fn is_off(&self) -> bool {
        self.phase == Phase::Off
    }

    pub fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up(_))
    }

    /// A connection is wanted from now on.
    pub fn start(&mut self, now: Millis) {
        if self.is_off() {
            self.phase = Phase::Waiting { until: now };
        }
    }

    /// No connection is wanted any more.
    pub fn stop(&mut self) {
        *self = Self::new();
    }

    /// The relay has greeted.
    pub fn greeted(&mut self, way: Way, now: Millis) {
        if self.phase != Phase::Up(way) {
            self.phase = Phase::Up(way);
            self.probe = (now + FIRST_PROBE, FIRST_PROBE);
            self.failures = 0;
        }
    }

    /// A frame came.
    pub fn heard(&mut self, now: Millis) {
        self.heard = now;
        self.answer_by = None;
    }

    /// Something was sent that will be answered.
    pub fn asked(&mut self, now: Millis) {
        self.answer_by.get_or_insert(now + ANSWER);
    }

    /// The connection went, or did not come about. `luck`, 0 to 1, spreads the pages that a restart threw off; the
    /// relay may ask for a wait of its own.
    pub fn lost(&mut self, now: Millis, luck: f64, wait: Millis) {
        let longest = FIRST_WAIT.saturating_mul(1 << self.failures.min(5)).min(LONGEST_WAIT);
        let wait = wait.max((longest as f64 * (0.5 + luck / 2.0)) as Millis);
        self.failures += 1;
        self.answer_by = None;
        self.phase = Phase::Waiting { until: now + wait };
    }

    /// There is reason to look now: the network came back, the page is seen again.
    pub fn nudge(&mut self, now: Millis) {
        match self.phase {
            Phase::Waiting { .. } => self.phase = Phase::Waiting { until: now },
            Phase::Up(_) => self.doubtful = true,
            Phase::Off | Phase::Opening(_) => {}
        }
    }

    /// When `tick` is next to be called; `None`: never.
    pub fn due(&mut self) -> Option<Millis> {
        self.expected = match self.phase {
            Phase::Off => None,
            Phase::Waiting { until } => Some(until),
            Phase::Opening(_) => self.answer_by,
            Phase::Up(_) if self.doubtful => Some(0),
            Phase::Up(way) => {
                let probe = if way == Way::Poll { self.probe.0 } else { Millis::MAX };
                Some(self.answer_by.unwrap_or(self.heard + QUIET).min(probe))
            }
        };
        self.expected
    }

    pub fn tick(&mut self, now: Millis) -> Option<Act> {
        let slept = self.expected.take().is_some_and(|expected| now > expected + SLEPT);
        match self.phase {
            Phase::Waiting { until } if until <= now => {
                // Every third attempt is a poll: two sockets in a row that fail may mean that no socket gets through.
                let way = if self.failures % 3 == 2 { Way::Poll } else { Way::Socket };
                self.phase = Phase::Opening(way);
                self.answer_by = Some(now + ANSWER);
                Some(Act::Open(way))
            }
            Phase::Up(_) if slept || self.doubtful => {
                // What came meanwhile may lie unread: the deadline that passed says nothing.
                self.doubtful = false;
                self.answer_by = Some(now + DOUBT);
                Some(Act::Ping)
            }
            Phase::Opening(_) | Phase::Up(_) if self.answer_by.is_some_and(|by| by <= now) => Some(Act::Drop),
            Phase::Up(Way::Poll) if self.probe.0 <= now => {
                let wait = (self.probe.1 * 2).min(LONGEST_PROBE);
                self.probe = (now + wait, wait);
                Some(Act::Probe)
            }
            Phase::Up(_) if self.answer_by.is_none() && self.heard + QUIET <= now => {
                self.answer_by = Some(now + ANSWER);
                Some(Act::Ping)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;

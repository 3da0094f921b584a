//! What is said of the connection, and when: a blink is not worth a word.

use super::Talk;
use shared::{Millis, Refusal};

/// A connection that takes longer than this is mentioned: 1 s.
const PATIENCE: Millis = 1_000;
/// How long “back online” stays: 3 s.
const JOY: Millis = 3_000;

/// How the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// None is wanted.
    Off,
    Connecting {
        since: Millis,
        /// An attempt has failed, or the browser says that there is no network.
        failed: bool,
    },
    Up {
        /// Until when to say so, after an outage that was mentioned.
        cheer_until: Millis,
    },
}

/// The line under the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strip {
    None,
    Connecting,
    Offline,
    /// The relay is there and takes nobody in for so many seconds; `word` says why.
    TurnedAway {
        word: &'static str,
        seconds: u64,
    },
    Back,
}

impl Link {
    pub fn is_up(self) -> bool {
        matches!(self, Self::Up { .. })
    }

    /// Whether what is queued waits for the network.
    pub fn is_broken(self) -> bool {
        matches!(self, Self::Connecting { failed: true, .. })
    }

    pub fn strip(self, now: Millis) -> Strip {
        match self {
            Self::Connecting { failed: true, .. } => Strip::Offline,
            Self::Connecting { since, .. } if since + PATIENCE <= now => Strip::Connecting,
            Self::Up { cheer_until } if now < cheer_until => Strip::Back,
            _ => Strip::None,
        }
    }

    /// When `strip` next changes by itself.
    pub fn due(self, now: Millis) -> Option<Millis> {
        let due = match self {
            Self::Connecting { since, failed: false } => since + PATIENCE,
            Self::Up { cheer_until } => cheer_until,
            _ => 0,
        };
        (due > now).then_some(due)
    }
}

impl Talk {
    pub fn link(&self) -> Link {
        self.link
    }

    pub fn strip(&self, now: Millis) -> Strip {
        self.turned_away_strip(now).unwrap_or_else(|| self.link.strip(now))
    }

    fn turned_away_strip(&self, now: Millis) -> Option<Strip> {
        let (why, until) = self.turned.filter(|(_, until)| self.link.is_broken() && now < *until)?;
        let word = match why {
            Refusal::TooFast => "too_fast",
            Refusal::TooManyConnections => "no_room",
            Refusal::Internal if self.waiting() > 0 => "server_unsaved",
            Refusal::Internal => "server",
            _ => return None,
        };
        Some(Strip::TurnedAway { word, seconds: (until - now).div_ceil(1000) })
    }

    /// How many messages are on their way.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// An attempt begins.
    pub fn connecting(&mut self, now: Millis) {
        if !matches!(self.link, Link::Connecting { .. }) {
            self.link = Link::Connecting { since: now, failed: false };
        }
    }

    /// The connection went, or did not come about; the next attempt comes by itself. `surely`: there is no network.
    pub fn disconnected(&mut self, surely: bool, now: Millis) {
        if self.notice.is_some() {
            // The relay is there, and the visitor was told what is the matter.
            self.link = Link::Off;
            return self.queue.break_off();
        }
        let tried = matches!(self.link, Link::Connecting { .. });
        self.connecting(now);
        if let Link::Connecting { failed, .. } = &mut self.link {
            *failed |= tried || surely;
        }
        self.queue.break_off();
    }

    /// The relay has greeted.
    pub(super) fn connected(&mut self, now: Millis) {
        if !self.link.is_up() {
            let cheer_until = if self.link.is_broken() { now + JOY } else { 0 };
            self.link = Link::Up { cheer_until };
        }
    }
}

//! The channel of one line as a state machine: what the portal said of it last, and what has to be asked. Pure.

use crate::bitrix::methods::channel::ChannelState;
use serde::Serialize;

/// Why a line takes no messages though its portal can be called. Each has its own remedy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineFault {
    /// The connector is not on there.
    Off,
    /// The line itself is switched off in the portal.
    Asleep,
    /// The portal has no such line any more.
    Gone,
    /// The portal shows the channel as faulty and takes nothing from it.
    Faulty,
    /// The portal refuses what we send, with this code.
    Refused(String),
}

impl LineFault {
    /// As metrics and the settings page's words name it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Asleep => "line_off",
            Self::Gone => "line_gone",
            Self::Faulty => "faulty",
            Self::Refused(_) => "refused",
        }
    }
}

/// What was seen of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The answer of `imconnector.status`.
    Status(ChannelState),
    /// The answer of `imopenlines.config.get`: whether the line is on; `None` where there is none.
    Line(Option<bool>),
    /// `OnImConnectorStatusDelete`: perhaps late, or an echo of our own doing.
    SaidOff,
    /// A message met `NOT_ACTIVE_LINE` or one of its kin.
    NotTaken,
    /// A message met an error that needs a person.
    Refused(String),
    /// A message was taken.
    Taken,
    /// An administrator has connected the line just now.
    Connected,
}

/// One line's channel. In memory: a new start asks anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    fault: Option<LineFault>,
    /// Something was said that the portal's own word has to confirm.
    doubtful: bool,
    /// Messages are not taken, whatever the connector's state: the line has to be looked at.
    not_taken: bool,
}

impl Channel {
    pub fn fault(&self) -> Option<&LineFault> {
        self.fault.as_ref()
    }

    /// Whether the portal itself has said what the fault is.
    pub fn is_sure(&self) -> bool {
        self.fault.is_some() && !self.doubtful
    }

    /// Whether the portal should be asked soon, and not only in its turn.
    pub fn wants_asking(&self) -> bool {
        self.doubtful || self.fault.is_some()
    }

    /// Whether the connector's state alone does not explain what was seen.
    pub fn wants_line(&self) -> bool {
        self.not_taken || matches!(self.fault, Some(LineFault::Asleep | LineFault::Gone))
    }

    pub fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Taken | Seen::Connected => *self = Self::default(),
            Seen::Status(state) => self.answered(state),
            Seen::Line(Some(true)) => *self = Self::default(),
            Seen::Line(Some(false)) => self.settle(LineFault::Asleep),
            Seen::Line(None) => self.settle(LineFault::Gone),
            Seen::SaidOff => self.doubtful = true,
            Seen::NotTaken => {
                self.fault.get_or_insert(LineFault::Off);
                (self.doubtful, self.not_taken) = (true, true);
            }
            Seen::Refused(code) => self.settle(LineFault::Refused(code)),
        }
    }

    fn answered(&mut self, state: ChannelState) {
        match state {
            ChannelState { usable: true, .. } => match self.fault {
                // It knows nothing of what we send: only a message that is taken ends this.
                Some(LineFault::Refused(_)) => self.doubtful = false,
                // It knows nothing of the line either, and nothing was taken.
                _ if self.wants_line() => self.doubtful = self.not_taken,
                _ => *self = Self::default(),
            },
            ChannelState { error: true, configured: true, .. } => match self.fault {
                Some(LineFault::Refused(_)) => self.doubtful = false, // marked so by ourselves
                _ => self.settle(LineFault::Faulty),
            },
            _ if self.fault == Some(LineFault::Gone) => self.doubtful = false, // and the connector with it
            _ => self.settle(LineFault::Off),
        }
    }

    fn settle(&mut self, fault: LineFault) {
        *self = Self { fault: Some(fault), ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: Seen = Seen::Status(ChannelState { usable: true, configured: true, error: false });
    const OFF: Seen = Seen::Status(ChannelState { usable: false, configured: false, error: false });
    const MARKED: Seen = Seen::Status(ChannelState { usable: false, configured: true, error: true });

    /// The channel after all of these.
    fn after(seen: impl IntoIterator<Item = Seen>) -> Channel {
        let mut channel = Channel::default();
        seen.into_iter().for_each(|seen| channel.see(seen));
        channel
    }

    fn fault(seen: impl IntoIterator<Item = Seen>) -> Option<LineFault> {
        after(seen).fault().cloned()
    }

    #[test]
    fn the_portals_own_word_decides() {
        assert_eq!(fault([]), None);
        assert_eq!(fault([ON]), None);
        assert_eq!(fault([OFF]), Some(LineFault::Off));
        assert_eq!(fault([OFF, ON]), None);
        assert_eq!(fault([MARKED]), Some(LineFault::Faulty));
    }

    #[test]
    fn an_event_is_only_a_reason_to_ask() {
        let said = after([ON, Seen::SaidOff]);
        assert_eq!((said.fault(), said.wants_asking()), (None, true));
        assert_eq!(after([ON, Seen::SaidOff, ON]), Channel::default());
        assert_eq!(fault([ON, Seen::SaidOff, OFF]), Some(LineFault::Off));
    }

    #[test]
    fn a_refused_message_asks_for_the_connector_and_then_for_the_line() {
        let refused = after([ON, Seen::NotTaken]);
        assert_eq!(refused.fault(), Some(&LineFault::Off), "nothing is sent meanwhile");
        assert!(refused.wants_asking() && refused.wants_line());
        let asked = after([ON, Seen::NotTaken, ON]);
        assert!(asked.fault().is_some() && asked.wants_line());
        assert_eq!(fault([Seen::NotTaken, ON, Seen::Line(Some(false))]), Some(LineFault::Asleep));
        assert_eq!(fault([Seen::NotTaken, ON, Seen::Line(None)]), Some(LineFault::Gone));
        assert_eq!(fault([Seen::NotTaken, OFF, Seen::Line(None), OFF]), Some(LineFault::Gone));
        assert_eq!(fault([OFF, Seen::Line(None), ON, Seen::Line(Some(true))]), None, "it was not");
        assert_eq!(after([Seen::NotTaken, ON, Seen::Line(Some(true))]), Channel::default());
        assert_eq!(fault([Seen::NotTaken, ON, Seen::Line(Some(false)), ON]), Some(LineFault::Asleep));
        assert_eq!(after([Seen::Line(Some(false)), ON, Seen::Line(Some(true))]), Channel::default());
        let off = after([Seen::NotTaken, OFF]);
        assert_eq!((off.fault(), off.wants_line()), (Some(&LineFault::Off), false), "that explains it");
    }

    #[test]
    fn what_the_portal_refuses_of_us_stays_until_it_takes_something() {
        let code = || Seen::Refused("insufficient_scope".to_owned());
        let refused = Some(LineFault::Refused("insufficient_scope".to_owned()));
        assert_eq!(fault([code(), ON]), refused);
        assert_eq!(fault([code(), MARKED]), refused, "we marked it ourselves");
        assert_eq!(fault([code(), OFF]), Some(LineFault::Off));
        assert_eq!(fault([code(), Seen::Taken]), None);
        assert_eq!(fault([code(), Seen::Connected]), None);
    }
}

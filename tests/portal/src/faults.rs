//! What goes wrong, by name: each fault is waiting for the next call or event that it fits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::oauth;

/// A fault. Those of calls hit the next calls of any method, or of one method with `Portal::fault_on`, and then, where they
/// refuse, also inside a batch; the OAuth server's only when it is named (`oauth.token`). Those of events hit online deliveries alone, the offline queue still gets its
/// copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection breaks before the call has done anything.
    CutBefore,
    /// The connection breaks after the call has done all it does.
    CutAfter,
    /// The portal breaks down at this element of a call, or at its last: those before it are whole, a message of this one
    /// is stored and never given its `CONNECTOR_MID`, those behind it are not stored.
    CutAt(usize),
    /// The connection breaks at once, and the call does all that it does so much later.
    Late(Duration),
    /// Works at once, answers late. `CONNECTOR_MID` is given when it answers, whether anybody still listens or not.
    Slow(Duration),
    /// Takes the call, does nothing, and the front server answers 504 after a minute.
    Silent,
    /// 503 `QUERY_LIMIT_EXCEEDED`.
    Limit,
    /// 500 with a page of HTML, and nothing done.
    HtmlPage,
    /// 401 `expired_token`, whatever the clock says.
    ExpiredToken,
    /// Any documented system error by its code; an unknown code answers 400.
    Refuse(String),
    /// An element of `send.messages` fails inside a 200 and is not stored.
    ElementFailure,
    /// An element succeeds without `session` and is not stored.
    LostSession,
    /// Builds before 2023: the outer `SUCCESS` is `false`, nothing is stored.
    OuterFailure,
    /// `NOT_ACTIVE_LINE`, though the line is active.
    LineOff,
    /// `ACCESS_DENIED` for `imopenlines.session.history.get`.
    HistoryRefused,
    /// `imopenlines.session.history.get` answers with an empty list, whatever there is.
    HistoryEmpty,
    EventLost,
    EventDelayed(Duration),
    EventTwice,
    /// The event waits until the one after it was sent.
    EventsSwapped,
    /// An operator's file is not found.
    FileGone,
    /// A page comes in the place of an operator's file, with 200.
    FilePage,
    /// The first half of an operator's file comes, as if it were all.
    FileTorn,
    /// The first half of an operator's file comes, and then nothing.
    FileStuck,
    /// The portal cannot download a visitor's file, and says nothing.
    FileDropped,
    /// The portal downloads a visitor's file and has no room for it: the operator sees `[FILE]`.
    DriveFull,
}

/// Where in the work a fault is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Around a whole call.
    Call,
    /// Around one element of `send.messages`.
    Element,
    /// Around all that `send.messages` does.
    Send,
    History,
    Event,
    /// Around the asking for one file.
    File,
    /// Around the portal's own download of one file.
    Download,
}

impl Fault {
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::ElementFailure | Self::LostSession => Place::Element,
            Self::OuterFailure | Self::LineOff => Place::Send,
            Self::HistoryRefused | Self::HistoryEmpty => Place::History,
            Self::EventLost | Self::EventDelayed(_) | Self::EventTwice | Self::EventsSwapped => Place::Event,
            Self::FileDropped | Self::DriveFull => Place::Download,
            Self::FileGone | Self::FilePage | Self::FileTorn | Self::FileStuck => Place::File,
            _ => Place::Call,
        }
    }

    /// The error code with which a call is refused, where that is all.
    pub(crate) fn refusal(&self) -> Option<&str> {
        match self {
            Self::Limit => Some("QUERY_LIMIT_EXCEEDED"),
            Self::ExpiredToken => Some("expired_token"),
            Self::Refuse(code) => Some(code),
            _ => None,
        }
    }
}

/// How the portal answers altogether, until told otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    #[default]
    Answers,
    /// Every call: 503 `QUERY_LIMIT_EXCEEDED`.
    Busy,
    /// Every call: 503 `OVERLOAD_LIMIT`, as where Bitrix24 has blocked the application by hand.
    Blocked,
    /// The plan is over: every call is refused with 403 `ACCESS_DENIED`, and no event is sent.
    Unpaid,
    /// The portal was closed: every call is refused with 500 `PORTAL_DELETED`, and no event is sent.
    Deleted,
    /// No call is answered, for a minute.
    Silent,
    /// Connections are refused.
    Off,
}

/// A fault that waits for its turn.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    pub fault: Fault,
    /// The method or event it waits for; none: any.
    pub on: Option<String>,
    pub times: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Vec<Waiting>,
    /// What meets whatever has these words in it.
    words: Option<(String, Fault)>,
}

impl Faults {
    pub fn add(&mut self, fault: Fault, on: Option<&str>, times: u32) {
        self.waiting.push(Waiting { fault, on: on.map(str::to_lowercase), times });
    }

    /// The oldest fault that fits, once less from now on.
    pub fn take(&mut self, place: Place, name: &str) -> Option<Fault> {
        self.take_fitting(|waiting| {
            waiting.fault.place() == place
                && waiting.on.as_ref().map_or(name != oauth::TOKEN, |on| on.eq_ignore_ascii_case(name))
        })
    }

    /// The oldest refusal that waits for this method by name, once less from now on: of what befalls calls, nothing else
    /// can befall a single command of a batch.
    pub fn take_refusal(&mut self, method: &str) -> Option<String> {
        let fault = self.take_fitting(|waiting| {
            waiting.fault.refusal().is_some() && waiting.on.as_ref().is_some_and(|on| on.eq_ignore_ascii_case(method))
        });
        fault.as_ref().and_then(Fault::refusal).map(str::to_owned)
    }

    fn take_fitting(&mut self, fits: impl Fn(&Waiting) -> bool) -> Option<Fault> {
        let fits = |waiting: &Waiting| waiting.times > 0 && fits(waiting);
        let at = self.waiting.iter().position(fits)?;
        let fault = self.waiting[at].fault.clone();
        self.waiting[at].times -= 1;
        self.waiting.retain(|waiting| waiting.times > 0);
        Some(fault)
    }

    pub fn shun(&mut self, words: &str, fault: Fault) {
        self.words = Some((words.to_owned(), fault));
    }

    /// What a call, or one element of it, meets for its words.
    pub fn met(&self, place: Place, said: &serde_json::Value) -> Option<Fault> {
        let (words, fault) = self.words.as_ref().filter(|(_, fault)| fault.place() == place)?;
        said.to_string().contains(words).then(|| fault.clone())
    }

    pub fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_waits_for_what_it_fits_and_is_spent() {
        let mut faults = Faults::default();
        faults.add(Fault::CutAfter, Some("imconnector.send.messages"), 2);
        faults.add(Fault::EventLost, None, 1);
        faults.add(Fault::Limit, None, 1);
        assert_eq!(faults.take(Place::Call, oauth::TOKEN), None);
        assert_eq!(faults.take(Place::Call, "app.info"), Some(Fault::Limit));
        assert_eq!(faults.take(Place::Call, "imConnector.send.messages"), Some(Fault::CutAfter));
        assert_eq!(faults.take(Place::Event, "ONIMCONNECTORMESSAGEADD"), Some(Fault::EventLost));
        assert_eq!(faults.take(Place::Call, "imconnector.send.messages"), Some(Fault::CutAfter));
        assert_eq!(faults.take(Place::Call, "imconnector.send.messages"), None);
    }
}

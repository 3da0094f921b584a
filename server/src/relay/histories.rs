//! Reads what a portal has of conversations, many in one request: of each the known sessions asked for and, where that is
//! another, the one that is open now. Knows nothing of why somebody looks.

use super::Relay;
use crate::bitrix::client::Portal;
use crate::bitrix::error::{Advice, PortalError};
use crate::bitrix::methods::Method;
use crate::bitrix::methods::app::Info;
use crate::bitrix::methods::batch::{self, Batch};
use crate::bitrix::methods::bindings::{Bind, LINE_MESSAGE};
use crate::bitrix::methods::history::{ChatState, GetDialog, GetHistory, History};
use crate::bitrix::trouble::Sign;
use crate::store::{DialogueRecord, StoreError, Ways};
use crate::telemetry::chain;

/// How many conversations are read at once at most, where each may take two histories.
pub const AT_ONCE: usize = batch::MOST / 2;

/// Where a conversation is at the portal, as far as the portal told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// How it is asked for which session is open.
    pub asks: Option<GetDialog>,
    /// Its known sessions that are to be read, the oldest first.
    pub sessions: Vec<u64>,
}

/// What the portal showed of one conversation.
#[derive(Debug, Default)]
pub struct Shown {
    /// The sessions asked for: the known ones, then the open one.
    pub asked: Vec<u64>,
    /// Their histories.
    pub histories: Vec<Result<History, PortalError>>,
    /// Why it is not known which session is open.
    pub refused: Option<PortalError>,
    /// The portal itself named one of the sessions: a refusal does not mean that there is no such.
    pub is_certain: bool,
    /// Whatever had no answer had none beside others that the portal gave meanwhile.
    pub is_spoilt: bool,
    /// The portal was asked which session is open, and its answer says nothing of that.
    pub is_vague: bool,
}

/// Why something may have remained unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// What the portal answered to all questions together is more than is taken.
    TooMuch,
    /// All questions together had no answer, from a portal that gives others: something among them is too much work.
    Spoilt,
    /// The portal could not be asked just now.
    NotNow,
    /// The portal answers, but not to one of these questions.
    Odd,
    /// The portal does not show it, and will not.
    Refused,
}

impl Spot {
    pub fn of(record: Option<&DialogueRecord>) -> Self {
        let Some(record) = record else { return Self::default() };
        let asks = record.portal_chat.map(|chat_id| GetDialog::Chat { chat_id });
        Self { asks, sessions: record.portal_session.into_iter().collect() }
    }

    /// With other sessions that are to be read.
    pub fn and(mut self, sessions: Vec<u64>) -> Self {
        self.sessions.extend(sessions);
        self.sessions.sort_unstable();
        self.sessions.dedup();
        self
    }

    /// How many histories it may take: those of its sessions, and of the open one.
    pub fn histories(&self) -> usize {
        self.sessions.len() + 1
    }
}

impl Shown {
    /// What could be read.
    pub fn read(&self) -> impl Iterator<Item = &History> {
        self.histories.iter().filter_map(|history| history.as_ref().ok())
    }

    /// Of the sessions asked for, those that need not be asked for again: they were read, or are nowhere.
    pub fn done(&self) -> Vec<u64> {
        let is_done = |history: &Result<History, PortalError>| match history {
            Ok(_) => true,
            Err(error) => error.code() == Some("INVALID_SESSION_ID"),
        };
        let answered = self.asked.iter().zip(&self.histories);
        answered.filter(|(_, history)| is_done(history)).map(|(session, _)| *session).collect()
    }

    /// The last session that was read.
    pub fn last(&self) -> Option<u64> {
        self.read().filter_map(|history| history.session).max()
    }

    /// Whether something had no answer though it may have been asked: not refused, and not more than is taken.
    fn is_unanswered(&self) -> bool {
        let errors = || self.histories.iter().filter_map(|history| history.as_ref().err()).chain(&self.refused);
        errors().any(|error| error.advice() == Advice::FindOut && !is_odd(error) && !error.is_too_large())
    }

    /// What stands in the way of seeing everything.
    pub fn obstacle(&self) -> Option<Obstacle> {
        let errors = || self.histories.iter().filter_map(|history| history.as_ref().err()).chain(&self.refused);
        if errors().any(PortalError::is_too_large) {
            Some(Obstacle::TooMuch)
        } else if errors().any(|error| !is_refusal(error) && !is_odd(error)) {
            Some(if self.is_spoilt { Obstacle::Spoilt } else { Obstacle::NotNow })
        } else if errors().any(is_odd) {
            Some(Obstacle::Odd)
        } else {
            errors().next().map(|_| Obstacle::Refused)
        }
    }

    /// Whether nothing of it is shown, and that for a want of rights.
    fn is_denied(&self) -> bool {
        self.read().next().is_none()
            && self.histories.iter().filter_map(|history| history.as_ref().err()).any(is_denial)
    }

    /// As `is_denied`, of what is surely there.
    fn is_closed(&self) -> bool {
        let is_any = |error: &PortalError| is_denial(error) && error.code() != Some(NO_RIGHT);
        let errors = || self.histories.iter().filter_map(|history| history.as_ref().err());
        let is_sure = self.is_certain || self.refused.as_ref().is_some_and(is_denial);
        self.is_denied() && (is_sure || errors().any(is_any))
    }
}

/// The right is missing; builds of 2021 say so of a session that is not there as well.
const NO_RIGHT: &str = "ACCESS_DENIED";

/// Whether `shown` says that this portal shows no histories to whoever installed the application. A session alone may not
/// be there (any more): that is no refusal of the portal's.
fn are_closed(shown: &[Shown]) -> bool {
    shown.iter().any(Shown::is_closed) || shown.iter().filter(|shown| shown.is_denied()).count() > 1
}

fn is_denial(error: &PortalError) -> bool {
    let code = error.code();
    is_refusal(error) && matches!(code, Some(NO_RIGHT | "ERROR_METHOD_NOT_FOUND" | "insufficient_scope"))
}

/// Reads the conversations at `spots`, whose histories together are at most [`batch::MOST`]; the answers stand where the spots stood.
pub async fn look(portal: &Portal, spots: &[Spot]) -> Vec<Shown> {
    let chats = spots.iter().map(|spot| spot.asks.clone()).collect();
    let states = ask(portal, chats).await;
    let mut all = Vec::with_capacity(spots.len());
    for (spot, state) in spots.iter().zip(&states) {
        let open = state.as_ref().and_then(|state| state.as_ref().ok()?.session);
        let open = open.filter(|open| !spot.sessions.contains(open));
        all.push(spot.sessions.iter().copied().chain(open).collect::<Vec<u64>>());
    }
    let questions = all.iter().flatten().map(|&session_id| Some(GetHistory { session_id })).collect();
    let names_one = |state: &Option<Result<ChatState, PortalError>>| {
        state.as_ref().is_some_and(|state| state.as_ref().is_ok_and(|state| state.session.is_some()))
    };
    let is_vague = |state: &Option<Result<ChatState, PortalError>>| {
        state.as_ref().is_some_and(|state| state.as_ref().is_ok_and(|state| !state.is_told))
    };
    let mut histories = ask(portal, questions).await.into_iter().flatten();
    let shown = states.into_iter().zip(all).map(|(state, asked)| Shown {
        histories: histories.by_ref().take(asked.len()).collect(),
        asked,
        is_certain: names_one(&state),
        is_vague: is_vague(&state),
        refused: state.and_then(Result::err),
        is_spoilt: false,
    });
    let mut shown: Vec<Shown> = shown.collect();
    if shown.iter().any(Shown::is_unanswered) && portal.trouble().is_none() && is_there(portal).await {
        shown.iter_mut().for_each(|shown| shown.is_spoilt = true);
    }
    shown
}

/// Whether the portal answers now.
pub async fn is_there(portal: &Portal) -> bool {
    portal.call(&Info::default()).await.map_or_else(|error| error.sign() == Sign::Well, |_| true)
}

/// Notes what the answers say of the portal itself. Tells all that is known of it then.
pub async fn learn(relay: &Relay, portal: &Portal, shown: &[Shown]) -> Result<Ways, StoreError> {
    let now = relay.clock.now();
    let marks = shown.iter().flat_map(Shown::read).any(History::marks_sending);
    let is_open = shown.iter().any(|shown| shown.read().next().is_some());
    let is_closed = !is_open && are_closed(shown);
    let learnt = move |mut ways: Ways| {
        ways.marks_sending |= marks;
        if is_open || is_closed {
            ways.history_refused = is_closed.then(|| ways.history_refused.unwrap_or(now));
        }
        ways
    };
    let known = relay.store.ways(portal.host()).await?;
    if learnt(known) == known {
        return Ok(known);
    }
    let (before, after) = relay.store.change_ways(portal.host(), move |ways| *ways = learnt(*ways)).await?;
    if before.history_refused.is_none() && after.history_refused.is_some() {
        let host = portal.host();
        tracing::warn!(portal = %host, "histories are refused: have an administrator install the application again");
        have_witnesses(portal).await;
    }
    Ok(after)
}

/// Has the portal keep, for when we are away, what its lines say of visitors' messages: where histories are refused,
/// nothing else tells that one has arrived whose answer was lost. Elsewhere that would be needless calls. Each later
/// registration sees to it, too.
async fn have_witnesses(portal: &Portal) {
    match portal.call(&Bind::offline(LINE_MESSAGE)).await {
        Err(error) if error.code() != Some("ERROR_CORE") => {
            tracing::warn!(portal = %portal.host(), error = chain(&error), "no witnesses are kept");
        }
        _ => {} // bound, now or before
    }
}

/// Asks for all that are there in one request; the answers stand where the questions stood.
async fn ask<M: Method>(portal: &Portal, questions: Vec<Option<M>>) -> Vec<Option<Result<M::Reply, PortalError>>> {
    let places: Vec<bool> = questions.iter().map(Option::is_some).collect();
    let asked: Vec<M> = questions.into_iter().flatten().collect();
    if asked.is_empty() {
        return places.iter().map(|_| None).collect();
    }
    let mut answers = match portal.call(&Batch::new(asked)).await {
        Ok(answers) => answers.into_iter(),
        Err(error) => {
            tracing::warn!(portal = %portal.host(), error = chain(&error), "histories are not told");
            return places.iter().map(|asked| asked.then(|| Err(error.clone()))).collect();
        }
    };
    places.iter().map(|asked| asked.then(|| answers.next().unwrap_or_else(|| Err(M::shape())))).collect()
}

/// Whether the portal answered, inside a batch that went well, and not to the question: it may never do.
fn is_odd(error: &PortalError) -> bool {
    match error {
        PortalError::Shape { method } => [GetDialog::NAME, GetHistory::NAME].contains(method),
        PortalError::Refused { status: 200, .. } => matches!(error.advice(), Advice::FindOut),
        _ => false,
    }
}

/// Whether asking again would bring the same.
fn is_refusal(error: &PortalError) -> bool {
    matches!(error, PortalError::Refused { .. }) && matches!(error.advice(), Advice::Hold)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> PortalError {
        PortalError::Refused { status: 200, code: code.to_owned(), description: String::new() }
    }

    fn denied(is_certain: bool, refused: Option<PortalError>) -> Shown {
        Shown { histories: vec![Err(self::refused("ACCESS_DENIED"))], refused, is_certain, ..Shown::default() }
    }

    #[test]
    fn what_was_not_shown_is_asked_for_again_unless_it_is_nowhere() {
        let histories = vec![
            Ok(History { session: Some(3), ..History::default() }),
            Err(refused("INVALID_SESSION_ID")),
            Err(refused("ACCESS_DENIED")),
            Err(refused("INTERNAL_SERVER_ERROR")),
        ];
        let shown = Shown { asked: vec![3, 5, 7, 9], histories, ..Shown::default() };
        assert_eq!((shown.done(), shown.last()), (vec![3, 5], Some(3)));
    }

    #[test]
    fn an_answer_that_did_not_come_beside_others_is_told_from_a_portal_that_is_away() {
        let lost = || Shown { histories: vec![Err(PortalError::Unreadable { status: 504 })], ..Shown::default() };
        assert!(lost().is_unanswered());
        assert_eq!(lost().obstacle(), Some(Obstacle::NotNow));
        assert_eq!(Shown { is_spoilt: true, ..lost() }.obstacle(), Some(Obstacle::Spoilt));
        for error in
            [PortalError::Unreadable { status: 429 }, PortalError::Paused { until: 1 }, refused("ACCESS_DENIED")]
        {
            assert!(!Shown { histories: vec![Err(error)], ..Shown::default() }.is_unanswered());
        }
        let odd = Shown { histories: vec![Err(GetHistory::shape())], ..Shown::default() };
        assert!(!odd.is_unanswered(), "that one was answered");
    }

    #[test]
    fn a_session_that_is_not_there_closes_no_portal() {
        assert!(!are_closed(&[denied(false, None)]));
        assert!(!are_closed(&[denied(false, Some(refused("CHAT_ID")))]));
        assert!(are_closed(&[denied(true, None)]), "the portal itself named it");
        assert!(are_closed(&[denied(false, Some(refused("ACCESS_DENIED")))]), "nor is the chat shown");
        assert!(are_closed(&[denied(false, None), denied(false, None)]), "not of two");
        let old = Shown { histories: vec![Err(refused("ERROR_METHOD_NOT_FOUND"))], ..Shown::default() };
        assert!(are_closed(&[old]));
        let half =
            Shown { histories: vec![Err(refused("ACCESS_DENIED")), Ok(History::default())], ..denied(true, None) };
        assert!(!are_closed(&[half]));
        assert!(!are_closed(&[Shown { histories: vec![Err(refused("INTERNAL_SERVER_ERROR"))], ..denied(true, None) }]));
    }
}

//! Reads what a portal has of conversations, many in one request: of each the known sessions asked for and, where that is
//! another, the one that is open now. Knows nothing of why somebody looks.

use super::Relay;
use crate::bitrix::client::Portal;
use crate::bitrix::error::{Advice, PortalError};
use crate::bitrix::methods::Method;
use crate::bitrix::methods::batch::{self, Batch};
use crate::bitrix::methods::bindings::{Bind, LINE_MESSAGE};
use crate::bitrix::methods::history::{GetDialog, GetHistory, History};
use crate::store::{DialogueRecord, StoreError, Ways};
use crate::telemetry::chain;

/// How many conversations are read at once at most, where each may take two histories.
pub const AT_ONCE: usize = batch::MOST / 2;

/// Where a conversation is at the portal, as far as the portal told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    pub chat: Option<u64>,
    /// Its known sessions that are to be read, the oldest first.
    pub sessions: Vec<u64>,
}

/// What the portal showed of one conversation.
#[derive(Debug, Default)]
pub struct Shown {
    /// Of the known sessions, then of the open one.
    pub histories: Vec<Result<History, PortalError>>,
    /// Why it is not known which session is open.
    pub refused: Option<PortalError>,
}

/// Why something may have remained unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// What the portal answered to all questions together is more than is taken.
    TooMuch,
    /// The portal could not be asked just now.
    NotNow,
    /// The portal does not show it, and will not.
    Refused,
}

impl Spot {
    pub fn of(record: Option<&DialogueRecord>) -> Self {
        let Some(record) = record else { return Self::default() };
        Self { chat: record.portal_chat, sessions: record.portal_session.into_iter().collect() }
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

    /// What stands in the way of seeing everything.
    pub fn obstacle(&self) -> Option<Obstacle> {
        let errors = || self.histories.iter().filter_map(|history| history.as_ref().err()).chain(&self.refused);
        if errors().any(PortalError::is_too_large) {
            Some(Obstacle::TooMuch)
        } else if errors().any(|error| !is_refusal(error)) {
            Some(Obstacle::NotNow)
        } else {
            errors().next().map(|_| Obstacle::Refused)
        }
    }

    /// Whether this portal shows no histories to whoever installed the application.
    pub fn is_closed(&self) -> bool {
        let is_closed = |error: &PortalError| {
            matches!(error.code(), Some("ACCESS_DENIED" | "ERROR_METHOD_NOT_FOUND" | "insufficient_scope"))
        };
        let mut errors = self.histories.iter().filter_map(|history| history.as_ref().err());
        self.read().next().is_none() && errors.any(|error| is_refusal(error) && is_closed(error))
    }
}

/// Reads the conversations at `spots`, whose histories together are at most [`batch::MOST`]; the answers stand where the spots stood.
pub async fn look(portal: &Portal, spots: &[Spot]) -> Vec<Shown> {
    let chats = spots.iter().map(|spot| spot.chat.map(|chat_id| GetDialog { chat_id })).collect();
    let states = ask(portal, chats).await;
    let mut counts = Vec::with_capacity(spots.len());
    let mut questions = Vec::new();
    for (spot, state) in spots.iter().zip(&states) {
        let open = state.as_ref().and_then(|state| state.as_ref().ok()?.session);
        let open = open.filter(|open| !spot.sessions.contains(open));
        let sessions = spot.sessions.iter().copied().chain(open);
        let before = questions.len();
        questions.extend(sessions.map(|session_id| Some(GetHistory { session_id })));
        counts.push(questions.len() - before);
    }
    let mut histories = ask(portal, questions).await.into_iter().flatten();
    let shown = states.into_iter().zip(counts).map(|(state, count)| Shown {
        histories: histories.by_ref().take(count).collect(),
        refused: state.and_then(Result::err),
    });
    shown.collect()
}

/// Notes what the answers say of the portal itself. Tells all that is known of it then.
pub async fn learn(relay: &Relay, portal: &Portal, shown: &[Shown]) -> Result<Ways, StoreError> {
    let now = relay.clock.now();
    let marks = shown.iter().flat_map(Shown::read).any(History::marks_sending);
    let is_open = shown.iter().any(|shown| shown.read().next().is_some());
    let is_closed = !is_open && shown.iter().any(Shown::is_closed);
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
/// nothing else tells that one has arrived whose answer was lost. Elsewhere that would be needless calls.
pub async fn have_witnesses(portal: &Portal) {
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

/// Whether asking again would bring the same.
fn is_refusal(error: &PortalError) -> bool {
    matches!(error, PortalError::Refused { .. }) && matches!(error.advice(), Advice::Hold)
}

//! Looks for messages in doubt in the portal's histories: of all their dialogues in one request, in the last known
//! session and in the one that is open now. Where the portal refuses to show them, nothing is guessed and nothing sent
//! again.

use super::doubts::{Absent, Doubt};
use super::who::who;
use super::{Outbox, wording};
use crate::bitrix::error::{Advice, PortalError};
use crate::bitrix::methods::Method;
use crate::bitrix::methods::batch::{self, Batch};
use crate::bitrix::methods::history::{GetDialog, GetHistory, History};
use crate::store::{AtPortal, DialogueRecord, Outcome, Settlement, StoreError};
use crate::telemetry::chain;
use shared::Millis;

/// Each dialogue may take two histories.
pub(super) const AT_ONCE: usize = batch::MOST / 2;

/// How far the portal's clock may be behind ours.
const CLOCKS_DIFFER: Millis = 5 * 60 * 1000;

/// What looking for one message brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Here(AtPortal),
    Nowhere,
    /// The portal told nothing of the dialogue yet, so there is no place to look.
    NoPlace,
    /// The portal does not show it.
    Refused,
    /// The portal could not be asked just now.
    NotNow,
    /// What the portal answered to all questions together is more than is taken.
    TooMuch,
}

impl Outbox {
    /// Looks for what is due; tells whether there was anything.
    pub(super) async fn find_out(&mut self) -> Result<bool, StoreError> {
        let doubts = self.doubts.due(self.now(), self.asked_at_once);
        if doubts.is_empty() {
            return Ok(false);
        }
        let mut records = Vec::with_capacity(doubts.len());
        for doubt in &doubts {
            records.push(self.relay.store.dialogue(doubt.item.dialogue).await?);
        }
        let found = self.look(&doubts, &records).await;
        let too_much = found.contains(&Found::TooMuch);
        self.asked_at_once = if too_much { (doubts.len() / 2).max(1) } else { AT_ONCE };
        for (doubt, found) in doubts.iter().zip(found) {
            let found = match found {
                Found::TooMuch if doubts.len() == 1 => Found::Refused, // it will never be less
                Found::TooMuch => Found::NotNow,
                found => found,
            };
            self.conclude(doubt, found).await?;
        }
        Ok(true)
    }

    async fn conclude(&mut self, doubt: &Doubt, found: Found) -> Result<(), StoreError> {
        let (now, position) = (self.now(), doubt.item.position);
        let next = match found {
            Found::Here(at_portal) => {
                self.doubts.end(position);
                return self.settle(vec![Settlement { position, outcome: Outcome::Delivered(at_portal) }]).await;
            }
            Found::Nowhere => self.doubts.absent(doubt, now),
            Found::NoPlace => self.doubts.unheard(doubt, now),
            Found::Refused => Absent::GiveUp,
            Found::NotNow | Found::TooMuch => self.doubts.untold(doubt, now),
        };
        tracing::info!(dialogue.id = %doubt.item.dialogue, ?found, ?next, "a message in doubt was looked for");
        match next {
            Absent::NotYet => self.doubts.postpone(position, now),
            Absent::SendAgain => {
                self.doubts.end(position);
                self.relay.store.send_again(position).await?;
            }
            Absent::GiveUp => {
                self.doubts.end(position);
                self.settle(vec![Settlement { position, outcome: Outcome::Unconfirmed }]).await?;
            }
        }
        Ok(())
    }

    async fn look(&mut self, doubts: &[Doubt], records: &[Option<DialogueRecord>]) -> Vec<Found> {
        let chats: Vec<Option<u64>> = records.iter().map(|record| record.as_ref()?.portal_chat).collect();
        let states = self.ask(chats.iter().map(|chat| chat.map(|chat_id| GetDialog { chat_id })).collect()).await;
        let mut sessions: Vec<Vec<Option<u64>>> = Vec::new();
        for (record, state) in records.iter().zip(&states) {
            let known = record.as_ref().and_then(|record| record.portal_session);
            let open = state.as_ref().and_then(|state| state.as_ref().ok()?.session);
            sessions.push(vec![known, open.filter(|open| known != Some(*open))]);
        }
        let histories: Vec<_> =
            sessions.iter().flatten().map(|id| id.map(|session_id| GetHistory { session_id })).collect();
        let histories = self.ask(histories).await;
        let visitor = self.visitor.unwrap_or_default();
        let each = doubts.iter().zip(histories.chunks(2)).zip(&states);
        each.map(|((doubt, histories), state)| {
            let refused = state.as_ref().and_then(|state| state.as_ref().err());
            judge(doubt, visitor, histories, refused)
        })
        .collect()
    }

    /// Asks for all that are there in one request; the answers stand where the questions stood.
    async fn ask<M: Method>(&mut self, questions: Vec<Option<M>>) -> Vec<Option<Result<M::Reply, PortalError>>> {
        let places: Vec<bool> = questions.iter().map(Option::is_some).collect();
        let asked: Vec<M> = questions.into_iter().flatten().collect();
        if asked.is_empty() {
            return places.iter().map(|_| None).collect();
        }
        let answered = self.portal.call(&Batch::new(asked)).await;
        if let Err(error) = &answered {
            tracing::warn!(portal = %self.portal.host(), error = chain(error), "histories are not told");
        }
        let mut answers = match answered {
            Ok(answers) => answers.into_iter(),
            Err(error) => {
                return places.iter().map(|asked| asked.then(|| Err(error.clone()))).collect();
            }
        };
        places.iter().map(|asked| asked.then(|| answers.next().unwrap_or_else(|| Err(M::shape())))).collect()
    }
}

/// What the histories of one dialogue say about a message of it; `refused`: why its open session is not known.
fn judge(
    doubt: &Doubt,
    visitor: &str,
    histories: &[Option<Result<History, PortalError>>],
    refused: Option<&PortalError>,
) -> Found {
    let text = wording(&doubt.item.what, &who(&doubt.item, visitor).title);
    let after = doubt.item.sending.unwrap_or(doubt.item.at).saturating_sub(CLOCKS_DIFFER);
    let mut read = histories.iter().flatten().filter_map(|history| history.as_ref().ok()).peekable();
    let is_empty = read.peek().is_none();
    if let Some(history) = read.find(|history| history.holds(doubt.item.id.as_str(), &text, after)) {
        return Found::Here(AtPortal { chat: history.chat, session: history.session, user: None });
    }
    let errors: Vec<&PortalError> =
        histories.iter().flatten().filter_map(|history| history.as_ref().err()).chain(refused).collect();
    if errors.iter().any(|error| error.is_too_large()) {
        Found::TooMuch
    } else if errors.iter().any(|error| !is_refusal(error)) {
        Found::NotNow
    } else if !errors.is_empty() {
        Found::Refused
    } else if is_empty {
        Found::NoPlace
    } else {
        Found::Nowhere
    }
}

/// Whether asking again would bring the same.
fn is_refusal(error: &PortalError) -> bool {
    matches!(error, PortalError::Refused { .. }) && matches!(error.advice(), Advice::Hold)
}

#[cfg(test)]
mod tests;

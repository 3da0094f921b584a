//! One call: errands of one kind become the parameters of their REST method.

use super::doubts::Ending;
use super::rests::Rest;
use super::who::who;
use super::wording::wording;
use super::{Outbox, parcel};
use crate::bitrix::client::Place;
use crate::bitrix::error::{Advice, PortalError};
use crate::bitrix::methods::Method;
use crate::bitrix::methods::messages::{Delete, Outgoing, Send, Taken, Update};
use crate::bitrix::methods::operators::FinishAnothers;
use crate::store::{Errand, OutboxItem, Outcome, Settlement, StoreError};
use crate::telemetry::chain;

/// How many calls may leave an errand in doubt that is repeated until an answer comes. Rests between them grow to a
/// minute: about an hour in all, while which those behind it wait.
const REPEATS: u32 = 60;

/// The REST method that does an errand.
pub fn method(what: &Errand) -> &'static str {
    match what {
        Errand::Say { .. } | Errand::Resend { .. } | Errand::Rate { .. } | Errand::Note { .. } => Send::NAME,
        Errand::Edit { .. } => Update::NAME,
        Errand::Delete { .. } => Delete::NAME,
        Errand::Finish => FinishAnothers::NAME,
    }
}

impl Outbox {
    /// Has the errands of `batch` done, which are of one kind: none a finish.
    pub(super) async fn call(
        &self,
        place: Place,
        batch: &[OutboxItem],
        visitor: &str,
    ) -> Result<Vec<Taken>, PortalError> {
        let Some(first) = batch.first() else { return Ok(Vec::new()) };
        let messages = batch.iter().map(|item| self.outgoing(item, visitor)).collect();
        let send = Send { line: first.line, messages };
        match first.what {
            Errand::Edit { .. } => self.portal.call_in(place, &Update(send)).await,
            Errand::Delete { .. } => self.portal.call_in(place, &Delete(send)).await,
            _ => self.portal.call_in(place, &send).await,
        }
    }

    /// The call that carried `item` had no answer, or its answer left it out.
    pub(super) async fn lost(&mut self, item: OutboxItem, ending: Ending) -> Result<(), StoreError> {
        let (now, position) = (self.now(), item.position);
        match item.what {
            Errand::Say { .. } | Errand::Resend { .. } | Errand::Rate { .. } | Errand::Note { .. } => {
                self.doubts.add(item, now, ending);
                Ok(())
            }
            what if what.may_repeat() && item.attempts < REPEATS => {
                self.rests.dialogue(item.dialogue).lengthen(now, Rest::SHORT);
                self.relay.store.send_again(position).await
            }
            _ => self.settle(vec![Settlement { position, outcome: Outcome::Unconfirmed }]).await,
        }
    }

    fn outgoing(&self, item: &OutboxItem, visitor: &str) -> Outgoing {
        let id = match &item.what {
            Errand::Edit { of, .. } | Errand::Delete { of } => of,
            _ => &item.id,
        };
        let who = who(item, visitor);
        let (id, sent_at) = (id.to_string(), item.at);
        let addressed = parcel::addressed(item, &self.relay.addresses, self.now());
        if self.as_links.contains(&item.position) {
            return Outgoing { id, text: parcel::links(&addressed), files: Vec::new(), sent_at, who };
        }
        Outgoing { id, text: wording(&item.what, &who.title), files: addressed, sent_at, who }
    }

    /// The visitor ends the conversation. It is over for them whatever the portal says.
    pub(super) async fn finish(&mut self, place: Place, item: OutboxItem) -> Result<(), StoreError> {
        let answer = match item.at_portal.chat {
            Some(chat_id) => self.portal.call_in(place, &FinishAnothers { chat_id }).await.map_err(Some),
            None => Err(None),
        };
        let position = item.position;
        let outcome = match answer {
            Ok(()) => Outcome::Delivered(item.at_portal),
            Err(Some(error)) => match error.advice() {
                Advice::FindOut => Outcome::Unconfirmed,
                Advice::Hold | Advice::LineOff => {
                    tracing::info!(portal = %self.portal.host(), error = chain(&error), "a conversation stays open");
                    Outcome::Failed
                }
                _ => {
                    self.relay.store.unmark(vec![position]).await?;
                    self.rest(&error, item.line);
                    return Ok(());
                }
            },
            Err(None) => Outcome::Failed,
        };
        self.settle(vec![Settlement { position, outcome }]).await
    }
}

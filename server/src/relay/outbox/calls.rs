//! One call: errands of one kind become the parameters of their REST method.

use super::doubts::{Ending, LATE};
use super::rests::Rest;
use super::who::who;
use super::wording::{no_vote, wording};
use super::{Outbox, parcel};
use crate::bitrix::client::Place;
use crate::bitrix::error::{Advice, PortalError};
use crate::bitrix::methods::Method;
use crate::bitrix::methods::history::GetDialog;
use crate::bitrix::methods::messages::{Delete, Outgoing, Send, Taken, Update};
use crate::bitrix::methods::operators::FinishAnothers;
use crate::clock::millis;
use crate::store::{AtPortal, Errand, OutboxItem, Outcome, Settlement, StoreError};
use crate::telemetry::chain;

/// How many calls may leave an errand in doubt that is repeated until an answer comes. Rests between them are a minute, or
/// grow to that: about an hour in all, while which those behind it wait.
const REPEATS: u32 = 60;

/// After so many answers that say nothing of a conversation, which take half a minute, its end counts as refused: what is
/// said behind it waits as long. Soon after, the portal itself would count as away for them.
const ODD: u32 = 6;

/// The REST method that does an errand.
pub fn method(what: &Errand) -> &'static str {
    match what {
        Errand::Say { .. } | Errand::Resend { .. } | Errand::Rate { .. } | Errand::Note { .. } => Send::NAME,
        Errand::Edit { .. } => Update::NAME,
        Errand::Delete { .. } => Delete::NAME,
        Errand::Finish { .. } => FinishAnothers::NAME,
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
        match &item.what {
            Errand::Say { .. } | Errand::Resend { .. } | Errand::Rate { .. } | Errand::Note { .. } => {
                self.doubts.add(item, now, ending);
                Ok(())
            }
            what if what.may_repeat() && item.attempts < REPEATS => {
                if !self.may_still_work(&item) {
                    self.rests.lost(item.dialogue).lengthen_evenly(now, Rest::SHORT);
                }
                self.relay.store.send_again(position).await
            }
            Errand::Finish { .. } => {
                self.may_still_work(&item);
                self.relay.store.send_again(position).await
            }
            _ => self.settle(vec![Settlement { position, outcome: Outcome::Unconfirmed }]).await,
        }
    }

    /// A call of `item` was lost: where it would harm if it worked after what follows, that waits as long as it may. Tells
    /// whether it is so.
    pub(super) fn may_still_work(&mut self, item: &OutboxItem) -> bool {
        // The call of an edit may bring back its words after a newer one's. That of a finish must not end what the words
        // behind it begin: they wait, and then it counts as done.
        let harms = matches!(item.what, Errand::Edit { .. } | Errand::Finish { .. });
        if harms {
            let until = self.now() + millis(LATE);
            self.rests.lost(item.dialogue).end_at(until);
        }
        harms
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
            return Outgoing { id, text: no_vote(parcel::links(&addressed)), files: Vec::new(), sent_at, who };
        }
        Outgoing { id, text: wording(&item.what, &who.title), files: addressed, sent_at, who }
    }

    /// The visitor ends the conversation that is the portal's session `session`. It is over for them whatever the portal
    /// says; the portal is called only where that ends this one and does nothing else.
    pub(super) async fn finish(&mut self, place: Place, item: OutboxItem, session: u64) -> Result<(), StoreError> {
        let position = item.position;
        let outcome = match item.at_portal.chat {
            None => Outcome::Failed,
            Some(_) if item.attempts > 1 => Outcome::Unconfirmed,
            Some(_) if is_another(item.at_portal.session, session) => Outcome::Delivered(AtPortal::default()),
            Some(chat_id) => match self.may_finish(place, chat_id, session).await {
                Ok(None) => {
                    let place = self.portal.place().await;
                    match self.portal.call_in(place, &FinishAnothers { chat_id }).await {
                        Ok(()) => Outcome::Delivered(item.at_portal),
                        Err(error) if error.advice() == Advice::FindOut => return self.lost(item, Ending::Lost).await,
                        Err(error) if self.is_final(&error) => {
                            let host = self.portal.host();
                            tracing::info!(portal = %host, error = chain(&error), "a conversation stays open");
                            Outcome::Failed
                        }
                        Err(error) => return self.put_off(&item, &error).await,
                    }
                }
                Ok(Some(outcome)) => outcome,
                Err(error) => return self.put_off(&item, &error).await,
            },
        };
        self.rests.clear(item.dialogue);
        self.settle(vec![Settlement { position, outcome }]).await
    }

    /// What became of the conversation without a call that ends it; nothing where that is to be made. Where nobody leads
    /// the chat, that call would make the token's user its operator (`imopenlines.operator.another.finish`).
    async fn may_finish(&self, place: Place, chat_id: u64, session: u64) -> Result<Option<Outcome>, PortalError> {
        match self.portal.call_in(place, &GetDialog::Chat { chat_id }).await {
            Ok(state) if is_another(state.session, session) => Ok(Some(Outcome::Delivered(AtPortal::default()))),
            Ok(state) => Ok((state.leader == Some(0)).then_some(Outcome::Failed)),
            Err(error) if self.is_final(&error) => Ok(None), // it is not shown to everybody who may end it
            Err(error) => Err(error),
        }
    }

    /// Whether asking again would bring the same.
    fn is_final(&self, error: &PortalError) -> bool {
        matches!(error.advice(), Advice::Hold | Advice::LineOff) && self.portal.trouble().is_none()
    }

    /// Nothing was done: the errand waits. No other waits with it where it is the method's own pause, or where the portal,
    /// asked about this conversation, says nothing; and where the portal rests, others have the first turn after.
    async fn put_off(&mut self, item: &OutboxItem, error: &PortalError) -> Result<(), StoreError> {
        self.relay.store.unmark(vec![item.position]).await?;
        let pauses =
            [GetDialog::NAME, FinishAnothers::NAME].into_iter().filter_map(|name| self.portal.paused_until(name));
        if let Some(until) = pauses.max().filter(|_| self.portal.paused_until(Send::NAME).is_none()) {
            self.rests.dialogue(item.dialogue).end_at(until);
            return Ok(());
        }
        if error.advice() == Advice::FindOut && self.portal.trouble().is_none() {
            return self.baffled(item, error).await;
        }
        self.rest(error, item.line);
        let longest = self.now() + millis(Rest::SHORT.1);
        let until = self.rests.portal.until().min(longest) + 1_000;
        self.rests.dialogue(item.dialogue).end_at(until);
        Ok(())
    }

    /// The portal was asked about the conversation that `item` is to end, and its answer says nothing.
    async fn baffled(&mut self, item: &OutboxItem, error: &PortalError) -> Result<(), StoreError> {
        let (now, position, rest) = (self.now(), item.position, self.rests.dialogue(item.dialogue));
        rest.lengthen(now, Rest::SHORT);
        let times = rest.times();
        tracing::warn!(dialogue.id = %item.dialogue, times, error = chain(error), "the portal does not tell of a conversation");
        if times < ODD {
            return Ok(());
        }
        self.rests.clear(item.dialogue);
        self.settle(vec![Settlement { position, outcome: Outcome::Failed }]).await
    }
}

/// Whether the session `open` began after `session`, as far as both are known.
fn is_another(open: Option<u64>, session: u64) -> bool {
    session > 0 && open.is_some_and(|open| open > session)
}

//! Takes what a portal posts. All of it happens before the portal has its answer, so it is little: a comparison and one
//! write. The portal repeats nothing, and calls slow handlers less often (`api-reference/events/index.md`).

use super::Relay;
use super::told::carried;
use crate::bitrix::events::{Auth, Delivery, Event, What};
use crate::ids::{DialogueId, PortalHost};
use crate::store::{PortalRecord, StoreError};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reception {
    /// On our disk; what it asks for is done soon.
    Kept,
    /// Verified, and nothing for us.
    PassedOver,
    /// The application's card was saved at this portal, which may have dropped its handlers.
    Updated(PortalHost),
    /// Not from a portal of ours.
    Forged,
}

impl Relay {
    /// Verifies a delivery and keeps it.
    pub async fn receive(&self, delivery: &Delivery) -> Result<Reception, StoreError> {
        let record = self.store.portal_of_member(&delivery.auth.member_id).await?;
        let Some(record) = record.filter(|record| is_genuine(&delivery.auth, record)) else {
            return Ok(Reception::Forged);
        };
        let event = Event::of(&delivery.body);
        tracing::debug!(portal = %record.host, event = event.name, "an event came");
        if event.what == What::AppUpdate {
            return Ok(Reception::Updated(record.host));
        }
        if matches!(event.what, What::Unknown | What::AppInstall | What::AppTest) {
            return Ok(Reception::PassedOver);
        }
        if self.is_needless(&event).await? {
            return Ok(Reception::PassedOver);
        }
        self.store.keep_event(&record.host, delivery.body.to_string().into_bytes(), self.clock.now()).await?;
        self.bells.inbox.notify_one();
        Ok(Reception::Kept)
    }
}

impl Relay {
    /// Whether an event says nothing but that a message arrived, of which nobody doubts that, nor where.
    pub(super) async fn is_needless(&self, event: &Event) -> Result<bool, StoreError> {
        let What::LineMessage { messages } = &event.what else { return Ok(false) };
        for message in messages {
            let Some((dialogue, _)) = carried(message) else { continue };
            if self.store.is_in_doubt(dialogue) || message.portal_chat.is_some() && self.is_nowhere(dialogue).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the portal has not told yet which of its chats the dialogue is.
    async fn is_nowhere(&self, dialogue: DialogueId) -> Result<bool, StoreError> {
        Ok(self.store.dialogue(dialogue).await?.is_some_and(|record| record.portal_chat.is_none()))
    }
}

/// Whether the sender knows what only the portal and we know. Takes as long whether or not the beginning is right.
fn is_genuine(auth: &Auth, record: &PortalRecord) -> bool {
    let (Some(given), Some(kept)) = (&auth.application_token, &record.application_token) else { return false };
    given.expose_secret().as_bytes().ct_eq(kept.expose_secret().as_bytes()).into()
}

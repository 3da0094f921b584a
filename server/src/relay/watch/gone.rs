//! An application that was removed while nobody could tell us: the event comes once. Nobody renews its tokens any more, and
//! after a day of that it counts as removed (settings/app-uninstallation.md, settings/oauth/error-codes.md). Until then it
//! may be a mistake that is mended.

use super::{DAY, Watch};
use crate::bitrix::error::PortalError;
use crate::bitrix::oauth::OAuthError;
use crate::clock::millis;
use crate::store::StoreError;

impl Watch {
    /// Nothing was answered but `error`, an hour after the one before.
    pub(super) async fn was_refused(&mut self, error: &PortalError) -> Result<(), StoreError> {
        // Such an answer says nothing of the tokens; the OAuth server does.
        let is_gone = match error.code() {
            Some("APPLICATION_NOT_FOUND") => self.portal.exchange().await.is_err_and(|error| is_final(&error)),
            _ => is_final(error),
        };
        if !is_gone {
            return Ok(());
        }
        let (host, now) = (self.portal.host().clone(), self.now());
        match self.refused_since {
            None => {
                self.refused_since = Some(now);
                self.relay.store.change_ways(&host, move |ways| ways.refused_since = Some(now)).await?;
            }
            Some(since) if now.saturating_sub(since) >= millis(DAY) => {
                tracing::error!(portal = %host, "no tokens for a day: the application counts as removed, its chats are closed");
                self.relay.store.give_up_portal(&host, now).await?;
                self.refused_since = None;
                self.relay.portals.news().send_replace(());
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// The portal answers one whom it knows.
    pub(super) async fn is_known_again(&mut self) -> Result<(), StoreError> {
        if self.refused_since.take().is_some() {
            self.relay.store.change_ways(self.portal.host(), |ways| ways.refused_since = None).await?;
        }
        Ok(())
    }
}

/// Whether the OAuth server itself says that there is nothing to renew.
fn is_final(error: &PortalError) -> bool {
    let PortalError::Renewal(OAuthError::Refused { code }) = error else { return false };
    matches!(code.as_str(), "invalid_client" | "invalid_grant")
}

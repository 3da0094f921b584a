//! What a portal's events are signed with, where neither an install event nor a frame told: older portals post frames
//! without it, and the full OAuth flow brings none. An event teaches it, once its own token was proven to be of our
//! application there (api-reference/events/safe-event-handlers.md).

use super::{Setup, SetupError};
use crate::bitrix::endpoint::Endpoint;
use crate::bitrix::events::Auth;
use crate::bitrix::methods::app::Info;
use std::net::IpAddr;

impl Setup {
    /// Takes the signature of an event that came from `from`, where none is known for sure. Tells whether it did.
    ///
    /// Any employee may have such a token, so what is learnt gives way to what an administrator's frame brings, or another
    /// event that is proven.
    ///
    /// # Errors
    /// `Flood`, `Forged`, `Stale`; `Portal` where it could not be found out.
    pub async fn learn_from_event(&self, auth: &Auth, from: IpAddr) -> Result<bool, SetupError> {
        let (Some(signature), Some(access)) = (&auth.application_token, &auth.access_token) else { return Ok(false) };
        let Some(record) = self.inner.store.portal_of_member(&auth.member_id).await? else { return Ok(false) };
        let Some(keys) = self.inner.config.portal(&record.host) else { return Ok(false) };
        if record.application_token.is_some() && !record.signature_may_be_old {
            return Ok(false);
        }
        self.doubt(&record.host, from)?;
        let at = Endpoint { host: record.host.clone(), url: record.client_endpoint };
        if self.asked(&at, access, &Info::default()).await?.code != keys.client_id {
            return Err(SetupError::Forged("the event's token is another application's"));
        }
        let signature = signature.clone();
        let learnt = self.inner.store.change_portal(&record.host, |record| {
            record.application_token = Some(signature);
            record.signature_may_be_old = true;
        });
        learnt.await?;
        tracing::info!(portal = %record.host, "an event has told what events are signed with");
        Ok(true)
    }
}

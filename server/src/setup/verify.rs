//! Whose a token, an address or a signature is: nothing that was posted is believed before its portal confirms it.

use super::{Setup, SetupError};
use crate::bitrix::endpoint::Endpoint;
use crate::bitrix::error::PortalError;
use crate::bitrix::methods::Method;
use crate::bitrix::methods::app::{Info, UserAdmin};
use crate::bitrix::trouble::Sign;
use crate::ids::PortalHost;
use crate::store::PortalRecord;
use secrecy::{ExposeSecret, SecretString};
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// Under which name an installed portal answers now: another than that of the settings, once it was renamed.
pub(super) fn address(record: &PortalRecord) -> PortalHost {
    Endpoint::read(&record.client_endpoint).map_or_else(|| record.host.clone(), |endpoint| endpoint.host)
}

/// Whether two signatures are the same, in a time that does not tell where they differ.
pub(super) fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret().as_bytes().ct_eq(other.expose_secret().as_bytes()).into()
}

impl Setup {
    /// Asks a portal of the settings whom `access` belongs to: it must be a token of our application there, and of an
    /// administrator.
    ///
    /// # Errors
    /// `Forged`, `Stale`, `NotAdmin`; `Portal` where it could not be found out.
    pub(super) async fn prove_admin(&self, at: &Endpoint, access: &SecretString) -> Result<(), SetupError> {
        let keys = self.inner.config.portal(&at.host).ok_or(SetupError::UnknownPortal)?;
        match self.asked(at, access, &Info::default()).await {
            Ok(app) if app.code != keys.client_id => {
                return Err(SetupError::Forged("the token is another application's"));
            }
            // A portal too old to tell. What it posts is signed, and its tokens pass through the OAuth server with our keys.
            Err(SetupError::Portal(error)) if error.is_unknown_method() => {}
            told => drop(told?),
        }
        if self.asked(at, access, &UserAdmin::default()).await? { Ok(()) } else { Err(SetupError::NotAdmin) }
    }

    /// Every name under which a portal of the settings may frame our pages.
    pub async fn addresses(&self) -> Vec<PortalHost> {
        let mut all = Vec::new();
        for portal in &self.inner.config.portals {
            all.push(portal.host.clone());
            // A record that cannot be read is as none.
            let record = self.inner.store.portal(&portal.host).await.unwrap_or_default();
            all.extend(record.map(|record| address(&record)).filter(|now| *now != portal.host));
        }
        all
    }

    /// Counts a request that has no proof but what its portal will say; `from` is who sent it.
    ///
    /// # Errors
    /// `Flood`, where the portal was asked too often already.
    pub(super) fn doubt(&self, host: &PortalHost, from: IpAddr) -> Result<(), SetupError> {
        let known = self.inner.config.portal(host).map(|portal| &portal.host);
        let may_ask = self.inner.doubts.may_ask(known, from, self.inner.clock.now());
        if may_ask { Ok(()) } else { Err(SetupError::Flood) }
    }

    /// One call with a token from outside.
    pub(super) async fn asked<M: Method>(
        &self,
        at: &Endpoint,
        access: &SecretString,
        method: &M,
    ) -> Result<M::Reply, SetupError> {
        let answered = match self.inner.portals.get(&at.host) {
            Some(portal) => portal.ask(&at.url, access, method).await,
            None => self.inner.portals.ask(&at.url, access, method).await,
        };
        answered.map_err(|error| match &error {
            PortalError::Refused { code, .. } if code == "expired_token" => SetupError::Stale,
            _ if matches!(error.sign(), Sign::Ill(trouble) if !trouble.ends_with_authorisation()) => {
                SetupError::Portal(error)
            }
            PortalError::Refused { status: 401 | 403, .. } => SetupError::Forged("the portal does not know the token"),
            _ => SetupError::Portal(error),
        })
    }
}

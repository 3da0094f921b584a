//! Whose a token, an address or a signature is: nothing that was posted is believed before its portal confirms it.

use super::{Setup, SetupError};
use crate::bitrix::error::PortalError;
use crate::bitrix::methods::Method;
use crate::bitrix::methods::app::{Info, UserAdmin};
use crate::ids::PortalHost;
use secrecy::{ExposeSecret, SecretString};
use std::net::IpAddr;
use subtle::ConstantTimeEq;
use url::Url;

/// The base of a portal's REST calls, and the portal it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub host: PortalHost,
    /// With a slash at its end.
    pub url: String,
}

impl Endpoint {
    /// Reads `https://company.bitrix24.ru/rest/`; plain http only of this machine itself.
    pub fn read(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let mut host = url.host_str()?.to_owned();
        if let Some(port) = url.port() {
            host = format!("{host}:{port}");
        }
        let host = PortalHost::try_from(host).ok()?;
        let right = url.origin().ascii_serialization() == host.origin() && url.path().ends_with('/');
        (right && url.query().is_none() && url.username().is_empty()).then(|| Self { host, url: url.into() })
    }

    /// Where every portal answers calls, as far as it does not say otherwise.
    pub fn of(host: &PortalHost) -> Self {
        Self { host: host.clone(), url: format!("{}/rest/", host.origin()) }
    }
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
        let app = self.asked(at, access, &Info::default()).await?;
        if app.code != keys.client_id {
            return Err(SetupError::Forged("the token is another application's"));
        }
        if self.asked(at, access, &UserAdmin::default()).await? { Ok(()) } else { Err(SetupError::NotAdmin) }
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
            PortalError::Refused { status: 401 | 403, .. } => SetupError::Forged("the portal does not know the token"),
            _ => SetupError::Portal(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_belongs_to_its_host() {
        let read = |text| Endpoint::read(text).map(|endpoint| endpoint.host.to_string());
        assert_eq!(read("https://Company.bitrix24.ru/rest/").as_deref(), Some("company.bitrix24.ru"));
        assert_eq!(read("http://127.0.0.1:4567/rest/").as_deref(), Some("127.0.0.1:4567"));
        for wrong in [
            "http://company.bitrix24.ru/rest/",
            "https://company.bitrix24.ru/rest",
            "https://company.bitrix24.ru/rest/?x",
            "https://u:p@company.bitrix24.ru/rest/",
            "ftp://company.bitrix24.ru/rest/",
            "company.bitrix24.ru",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let host = PortalHost::try_from("company.bitrix24.ru".to_owned()).unwrap();
        assert_eq!(Endpoint::read(&Endpoint::of(&host).url), Some(Endpoint::of(&host)));
    }
}

//! The application's installation: a post is verified at its portal, its tokens are kept, or parked until their keys are
//! in the settings. Knows nothing of how posts arrive.

use super::placement::{Frame, is_member_id};
use super::verify::address;
use super::{Setup, SetupError};
use crate::bitrix::endpoint::Endpoint;
use crate::bitrix::events::Auth;
use crate::bitrix::guard::is_bitrix24;
use crate::bitrix::methods::app::Info;
use crate::bitrix::oauth::{Grant, OAuthError, Proof};
use crate::clock::millis;
use crate::ids::PortalHost;
use crate::store::{NewPair, Parked, PendingInstall, PortalRecord, Tokens};
use crate::telemetry::chain;
use secrecy::SecretString;
use std::net::IpAddr;
use std::time::Duration;

/// The pause after the OAuth server did not answer for an install that waits; it doubles up to `LONGEST`.
const SHORTEST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// An access token lives an hour (settings/oauth/index.md).
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What the portal's events are signed with.
pub(super) struct Signature {
    pub token: Option<SecretString>,
    /// It is an earlier installation's, which may not be this one.
    pub may_be_old: bool,
}

/// How an installation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The tokens are kept.
    Installed(PortalHost),
    /// It waits, for 24 hours, until its keys are in the settings.
    Parked,
}

impl Setup {
    /// Takes `ONAPPINSTALL`, whose `auth` this is and which came from `from`; has connector and events registered in the background.
    ///
    /// # Errors
    /// `Forged`, `NotAdmin`, `Stale` for what its portal does not confirm; `Full` where it cannot wait.
    pub async fn install(&self, auth: &Auth, from: IpAddr) -> Result<Outcome, SetupError> {
        let endpoint = auth.client_endpoint.as_deref().and_then(Endpoint::read);
        let (Some(at), Some(access), Some(refresh)) = (endpoint, &auth.access_token, &auth.refresh_token) else {
            return Err(SetupError::Forged("an install without tokens or endpoint"));
        };
        let expires_in = auth.expires_in.map_or(HOUR, Duration::from_secs);
        let tokens = self.tokens(access, refresh, expires_in);
        let pending = self.pending(at, &auth.member_id, tokens, auth.application_token.clone()).await?;
        let outcome = self.admit(pending, from).await?;
        if let Outcome::Installed(host) = &outcome {
            self.register(host);
        }
        Ok(outcome)
    }

    /// Takes the installation page of an application with pages, as the portal posts it into its frame. Connector and
    /// events are left to be `registered`.
    ///
    /// # Errors
    /// As `install`.
    pub async fn install_by_frame(&self, frame: &Frame, from: IpAddr) -> Result<Outcome, SetupError> {
        let (Some(host), Some(refresh)) = (&frame.domain, &frame.refresh) else {
            return Err(SetupError::Forged("an install without a refresh token or a domain"));
        };
        let tokens = self.tokens(&frame.access, refresh, Duration::from_secs(frame.expires_in));
        let signature = frame.application_token.clone();
        let pending = self.pending(Endpoint::of(host), &frame.member_id, tokens, signature).await?;
        self.admit(pending, from).await
    }

    fn tokens(&self, access: &SecretString, refresh: &SecretString, expires_in: Duration) -> Tokens {
        let expires_at = self.inner.clock.now().saturating_add(millis(expires_in.min(HOUR)));
        Tokens { access: access.clone(), refresh: refresh.clone(), expires_at }
    }

    fn granted(&self, grant: &Grant) -> Tokens {
        self.tokens(&grant.access, &grant.refresh, grant.expires_in)
    }

    async fn pending(
        &self,
        at: Endpoint,
        member_id: &str,
        tokens: Tokens,
        application_token: Option<SecretString>,
    ) -> Result<PendingInstall, SetupError> {
        if !is_member_id(member_id) {
            return Err(SetupError::Forged("an install without a member id"));
        }
        let host = self.named(&at.host, member_id).await?.unwrap_or(at.host);
        let (member_id, now) = (member_id.to_owned(), self.inner.clock.now());
        Ok(PendingInstall { member_id, host, endpoint: at.url, tokens, application_token, verified: false, at: now })
    }

    /// The portal of the settings that calls itself `host`: by that name, or, where it was renamed since, as the one that
    /// is kept under `member_id` and was found there.
    pub(super) async fn named(&self, host: &PortalHost, member_id: &str) -> Result<Option<PortalHost>, SetupError> {
        if self.inner.config.portal(host).is_some() {
            return Ok(Some(host.clone()));
        }
        let record = self.inner.store.portal_of_member(member_id).await?;
        let renamed = record.filter(|record| address(record) == *host).map(|record| record.host);
        Ok(renamed.filter(|host| self.inner.config.portal(host).is_some()))
    }

    /// Verifies an install as far as it can be, and keeps it or parks it.
    async fn admit(&self, install: PendingInstall, from: IpAddr) -> Result<Outcome, SetupError> {
        let at = Endpoint { host: install.host.clone(), url: install.endpoint.clone() };
        self.doubt(&install.host, from)?;
        if self.inner.config.portal(&install.host).is_some() {
            let is_proven = match self.prove_admin(&at, &install.tokens.access).await {
                Ok(()) => true,
                // The event came late: the pair it brings is exchanged all the same, and the new one proven.
                Err(SetupError::Stale) => false,
                Err(error) => return Err(error),
            };
            let mut install = PendingInstall { verified: is_proven, ..install };
            return match self.complete(&mut install).await {
                Ok(()) => Ok(Outcome::Installed(install.host)),
                Err(error) if is_proven && (error.is_passing() || matches!(error, SetupError::WrongKeys(_))) => {
                    tracing::warn!(portal = %install.host, error = chain(&error), "an install has to wait");
                    self.park(install.clone()).await?;
                    if error.is_passing() {
                        self.complete_parked(install);
                    }
                    Ok(Outcome::Parked)
                }
                Err(error) => Err(error),
            };
        }
        // Without keys nobody can tell whose application it is; in Bitrix24's cloud at least the token must be real. A
        // portal elsewhere is not called at all before the settings name it.
        let verified = is_bitrix24(install.host.name());
        if verified {
            self.asked(&at, &install.tokens.access, &Info::default()).await?;
        }
        self.park(PendingInstall { verified, ..install }).await?;
        Ok(Outcome::Parked)
    }

    async fn park(&self, install: PendingInstall) -> Result<(), SetupError> {
        let waiting = self.inner.store.parked_installs(self.inner.clock.now()).await?;
        if waiting.iter().any(|other| other.member_id == install.member_id && other.host != install.host) {
            return Err(SetupError::Forged("the portal that waits under this member id has another host"));
        }
        let host = install.host.clone();
        match self.inner.store.park_install(install).await? {
            Parked::Parked => {
                tracing::info!(portal = %host, "an install waits for its keys in the settings, for 24 hours");
                Ok(())
            }
            Parked::Full => Err(SetupError::Full),
        }
    }

    /// Completes an install that waited, in the background: it is tried until portal and OAuth server have answered.
    pub(super) fn complete_parked(&self, mut install: PendingInstall) {
        let setup = self.clone();
        self.inner.tasks.spawn(async move {
            let mut pause = SHORTEST;
            while let Err(error) = setup.complete(&mut install).await {
                let error_said = chain(&error);
                match error {
                    error if error.is_passing() => {
                        tracing::warn!(portal = %install.host, error = error_said, "an install has to wait");
                    }
                    SetupError::WrongKeys(_) => {
                        tracing::error!(portal = %install.host, error = error_said, "an install waits for the right keys");
                        return;
                    }
                    _ => {
                        tracing::error!(portal = %install.host, error = error_said, "an install that waited is refused");
                        return setup.drop_parked(&install).await;
                    }
                }
                tokio::select! {
                    () = setup.inner.shutdown.cancelled() => return,
                    () = setup.inner.clock.sleep(pause) => pause = (pause * 2).min(LONGEST),
                }
            }
            setup.register(&install.host);
        });
    }

    async fn drop_parked(&self, install: &PendingInstall) {
        if let Err(error) = self.inner.store.unpark(&install.member_id).await {
            tracing::error!(portal = %install.host, error = chain(&error), "an install waits on");
        }
    }

    /// Proves the keys of the settings with the install's refresh token, and that the new tokens are of the portal that
    /// the install named; keeps them.
    async fn complete(&self, install: &mut PendingInstall) -> Result<(), SetupError> {
        let portal = self.inner.portals.get(&install.host).ok_or(SetupError::UnknownPortal)?;
        // A full disk must not be met when the old pair is used up.
        self.inner.store.make_room(&install.host).await?;
        let grant = portal.grant(&Proof::Refresh(install.tokens.refresh.clone())).await.map_err(granting)?;
        if grant.member_id.as_deref().is_some_and(|member| member != install.member_id) {
            return Err(SetupError::Forged("the tokens are another portal's"));
        }
        // The refresh token is used up: from here on the install stands for the new pair, should the next step not work
        // or the process end before it.
        install.tokens = self.granted(&grant);
        self.inner.store.hold_pair(&install.host, NewPair::Install(install.clone())).await?;
        if self.inner.store.park_install(install.clone()).await? == Parked::Full {
            tracing::warn!(portal = %install.host, "no room to park an install: it is tried again at the next start");
        }
        let signature = Signature { token: install.application_token.clone(), may_be_old: false };
        let kept = self.keep_grant(&install.host, &install.member_id, grant, signature).await;
        if !kept.as_ref().is_err_and(SetupError::is_passing) {
            self.inner.store.unpark(&install.member_id).await?;
            self.inner.store.release_pair(&install.host).await;
        }
        kept
    }

    /// Keeps tokens from the OAuth server, once the portal itself has confirmed them.
    pub(super) async fn keep_grant(
        &self,
        host: &PortalHost,
        member_id: &str,
        grant: Grant,
        signature: Signature,
    ) -> Result<(), SetupError> {
        // Keys are good at one portal only, so this is the portal, wherever the OAuth server says it is now.
        let url = grant.client_endpoint.as_ref().map_or_else(|| Endpoint::of(host).url, |at| at.url.clone());
        let at = Endpoint { host: host.clone(), url };
        self.prove_admin(&at, &grant.access).await?;
        let record = PortalRecord {
            host: host.clone(),
            member_id: member_id.to_owned(),
            client_endpoint: at.url,
            application_token: signature.token,
            signature_may_be_old: signature.may_be_old,
            tokens: self.granted(&grant),
            user: grant.user_id,
            installed_at: self.inner.clock.now(),
        };
        self.inner.store.save_portal(record).await?;
        self.inner.store.take_portal_back(host).await?;
        if let Some(portal) = self.inner.portals.get(host) {
            portal.was_installed();
        }
        tracing::info!(portal = %host, "installed");
        Ok(())
    }
}

impl SetupError {
    /// Whether the same may work a little later.
    fn is_passing(&self) -> bool {
        match self {
            Self::OAuth(error) => !matches!(error, OAuthError::Refused { .. }),
            Self::Portal(_) | Self::Store(_) => true,
            _ => false,
        }
    }
}

/// What a refusal of the OAuth server says of us.
pub(super) fn granting(error: OAuthError) -> SetupError {
    match &error {
        OAuthError::Refused { code } if code == "invalid_client" => SetupError::WrongKeys(error),
        OAuthError::Refused { code } if code == "invalid_grant" => {
            SetupError::Forged("the OAuth server knows no such token")
        }
        _ => SetupError::OAuth(error),
    }
}

//! The full OAuth flow: where the install event was lost, an administrator's browser brings a code for tokens
//! (settings/oauth/index.md). Only for portals of the settings.

use super::install::{Signature, granting};
use super::{Setup, SetupError};
use crate::bitrix::oauth::Proof;
use crate::clock::millis;
use crate::ids::PortalHost;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use shared::Millis;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// How long somebody may take to sign in.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// How many journeys are under way at most; the oldest gives way. Anybody may begin one.
const MOST: usize = 1_000;

/// Who went to which portal, by a random state that is good once.
#[derive(Debug, Default)]
pub struct Journeys {
    under_way: Mutex<HashMap<String, (PortalHost, Millis)>>,
}

impl Journeys {
    fn begin(&self, portal: &PortalHost, now: Millis) -> String {
        let mut bytes = [0; 24];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        let state = URL_SAFE_NO_PAD.encode(bytes);
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|_, (_, until)| *until > now);
        if under_way.len() >= MOST
            && let Some(oldest) = under_way.iter().min_by_key(|(_, (_, until))| *until).map(|(state, _)| state.clone())
        {
            under_way.remove(&oldest);
        }
        under_way.insert(state.clone(), (portal.clone(), now + millis(LONGEST)));
        state
    }

    fn end(&self, state: &str, now: Millis) -> Option<PortalHost> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(state).filter(|(_, until)| *until > now).map(|(portal, _)| portal)
    }
}

/// What the portal adds to our address when it sends the browser back.
#[derive(Debug, Deserialize)]
pub struct Returned {
    pub code: String,
    pub state: String,
    pub member_id: Option<String>,
}

impl Setup {
    /// Where to send a browser so that it brings a code for `portal`, or for the only portal there is.
    ///
    /// # Errors
    /// `UnknownPortal`.
    pub fn authorize(&self, portal: Option<&str>) -> Result<Url, SetupError> {
        let config = &self.inner.config;
        let portal = match (portal, config.portals.as_slice()) {
            (Some(host), _) => PortalHost::try_from(host.to_owned()).ok().and_then(|host| config.portal(&host)),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let portal = portal.ok_or(SetupError::UnknownPortal)?;
        let state = self.inner.journeys.begin(&portal.host, self.inner.clock.now());
        let mut url = Url::parse(&portal.host.origin()).expect("a portal's origin is an address");
        url.set_path("/oauth/authorize/");
        url.query_pairs_mut().append_pair("client_id", &portal.client_id).append_pair("state", &state);
        Ok(url)
    }

    /// Takes the code that a browser brought back. Connector and events are registered in the background.
    ///
    /// # Errors
    /// `Forged` for a journey that nobody began, or that is over; `Flood` for one too many; as an install otherwise.
    pub async fn authorized(&self, returned: &Returned, from: IpAddr) -> Result<PortalHost, SetupError> {
        let host = self.inner.journeys.end(&returned.state, self.inner.clock.now());
        let host = host.ok_or(SetupError::Forged("nobody began this journey"))?;
        let portal = self.inner.portals.get(&host).ok_or(SetupError::UnknownPortal)?;
        // Anybody may begin a journey and bring a made-up code: each costs a call with the application's secret.
        self.doubt(&host, from)?;
        self.inner.store.make_room(&host).await?; // a code is good once
        let grant = portal.grant(&Proof::Code(returned.code.clone())).await.map_err(granting)?;
        let member_id = grant.member_id.clone().or_else(|| returned.member_id.clone());
        let member_id = member_id.ok_or(SetupError::Forged("tokens of no portal"))?;
        // The flow brings no signature: the one of the installation before stays good as long as that is the same one,
        // else the first verified post of the portal brings the new one.
        let before = self.inner.store.portal_of_member(&member_id).await?;
        let signature = Signature { token: before.and_then(|record| record.application_token), may_be_old: true };
        self.keep_grant(&host, &member_id, grant, signature).await?;
        self.inner.store.release_pair(&host).await;
        self.register(&host);
        Ok(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_good_once_and_not_for_ever() {
        let journeys = Journeys::default();
        let portal = PortalHost::try_from("company.bitrix24.ru".to_owned()).unwrap();
        let (one, two) = (journeys.begin(&portal, 0), journeys.begin(&portal, 0));
        assert_ne!(one, two);
        assert_eq!(journeys.end(&one, 1), Some(portal));
        assert_eq!(journeys.end(&one, 1), None);
        assert_eq!(journeys.end(&two, millis(LONGEST)), None);
        assert_eq!(journeys.end("", 0), None);
    }
}

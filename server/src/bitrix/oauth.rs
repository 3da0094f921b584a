//! Tokens from the OAuth server of the settings (`settings/oauth/index.md`, `settings/oauth/auto-renewal.md`): a code
//! or a refresh token against a new pair. The secret goes to that one server only.

use super::endpoint::Endpoint;
use super::guard::{Guard, GuardError};
use super::value::{number_at, text_at};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use url::Url;

/// A pair lost on the way is lost for good, so the answer is waited for longer than that of a call.
const WITHIN: Duration = Duration::from_secs(40);

/// The application at one portal, as its card names it.
#[derive(Clone, Debug)]
pub struct Keys {
    pub client_id: String,
    pub client_secret: SecretString,
    /// The origins of the servers that may know the application, the usual one first; never one that a request named.
    pub servers: Vec<Url>,
}

/// What is given for tokens.
#[derive(Clone, Debug)]
pub enum Proof {
    /// Good once, for 30 seconds.
    Code(String),
    Refresh(SecretString),
}

/// A new pair, and whose it is.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Good for `expires_in`.
    pub access: SecretString,
    /// Good for 180 days, once.
    pub refresh: SecretString,
    pub expires_in: Duration,
    pub member_id: Option<String>,
    /// Where the portal answers calls now.
    pub client_endpoint: Option<Endpoint>,
    /// The portal's user who the tokens act as.
    pub user_id: Option<u64>,
}

/// Why there are no new tokens.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OAuthError {
    #[error("the OAuth server refused with {code:?}")]
    Refused { code: String },
    #[error("the OAuth server did not answer")]
    NoAnswer(#[source] GuardError),
    #[error("the OAuth server's answer ({status}) is none of its own")]
    Unreadable { status: u16 },
}

impl OAuthError {
    /// Whether another server may know what this one does not: it was not reached, or knows no such application. What may
    /// have been exchanged is not tried again.
    fn may_be_known_elsewhere(&self) -> bool {
        match self {
            Self::Refused { code } => code == "invalid_client",
            Self::NoAnswer(error) => error.is_unsent(),
            Self::Unreadable { .. } => false,
        }
    }
}

/// Asks for a pair of tokens: the server that answered last (`last`, among those of the keys), then each other once.
///
/// # Errors
/// What the first one says, where none helps.
pub async fn grant(guard: &Guard, keys: &Keys, last: &AtomicUsize, proof: &Proof) -> Result<Grant, OAuthError> {
    let (first, count) = (last.load(Ordering::Relaxed), keys.servers.len());
    let mut refused = None;
    for place in (first..first + count).map(|place| place % count) {
        match ask(guard, keys, &keys.servers[place], proof).await {
            Err(error) if error.may_be_known_elsewhere() => drop(refused.get_or_insert(error)),
            answered => {
                last.store(place, Ordering::Relaxed);
                return answered;
            }
        }
    }
    Err(refused.expect("the settings name a server"))
}

async fn ask(guard: &Guard, keys: &Keys, server: &Url, proof: &Proof) -> Result<Grant, OAuthError> {
    let mut url = server.join("/oauth/token/").expect("a fixed path is a valid reference");
    let (kind, name, value) = match proof {
        Proof::Code(code) => ("authorization_code", "code", code.as_str()),
        Proof::Refresh(token) => ("refresh_token", "refresh_token", token.expose_secret()),
    };
    url.query_pairs_mut()
        .append_pair("grant_type", kind)
        .append_pair("client_id", &keys.client_id)
        .append_pair("client_secret", keys.client_secret.expose_secret())
        .append_pair(name, value);
    let answer = guard.get(url, WITHIN).await.map_err(OAuthError::NoAnswer)?;
    read(answer.status, &answer.body)
}

fn read(status: u16, body: &[u8]) -> Result<Grant, OAuthError> {
    let tree: Value = serde_json::from_slice(body).map_err(|_| OAuthError::Unreadable { status })?;
    if let Some(code) = text_at(&tree, &["error"]) {
        return Err(OAuthError::Refused { code });
    }
    let secret = |name| text_at(&tree, &[name]).map(SecretString::from).ok_or(OAuthError::Unreadable { status });
    Ok(Grant {
        access: secret("access_token")?,
        refresh: secret("refresh_token")?,
        expires_in: Duration::from_secs(number_at(&tree, &["expires_in"]).unwrap_or(3600)),
        member_id: text_at(&tree, &["member_id"]),
        client_endpoint: text_at(&tree, &["client_endpoint"]).and_then(|url| Endpoint::read(&url)),
        user_id: number_at(&tree, &["user_id"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::fixtures::bytes;

    #[test]
    fn a_pair_is_read_with_its_owner() {
        let grant = read(200, &bytes("oauth.token.response.json")).unwrap();
        assert!(!format!("{grant:?}").contains("c720d868"));
        assert_eq!(grant.client_endpoint.unwrap().url, "https://romashka.bitrix24.ru/rest/");
        assert_eq!((grant.user_id, grant.expires_in), (Some(1), Duration::from_secs(3600)));
        assert!(grant.refresh.expose_secret().starts_with("c720d868"));
    }

    #[test]
    fn refusals_are_told_apart() {
        for (fixture, expected) in [
            ("oauth.token.error.invalid_client.json", "invalid_client"),
            ("oauth.token.error.invalid_grant.json", "invalid_grant"),
        ] {
            let error = read(400, &bytes(fixture)).unwrap_err();
            assert!(matches!(error, OAuthError::Refused { code } if code == expected));
        }
        assert!(matches!(read(502, b"<html>"), Err(OAuthError::Unreadable { status: 502 })));
        assert!(matches!(read(200, b"{}"), Err(OAuthError::Unreadable { status: 200 })));
    }
}

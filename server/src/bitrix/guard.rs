//! The one HTTP client of the relay. Addresses that came from outside are judged before each request: https and a
//! public address only, except at origins that the settings name. Knows nothing of what is asked or answered.

mod address;
mod download;

pub use address::is_bitrix24;
pub use download::Download;

use address::PublicOnly;
use futures_util::StreamExt;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use url::{Origin, Url};

/// The largest answer taken, in bytes: the history of a long session stays below it.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// How often one request is sent on to another address.
const MAX_REDIRECTS: usize = 3;

/// How long reaching a host may take; what fails within it was never sent.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept. Short, for a request on one that the portal just closed is of unknown fate.
const IDLE: Duration = Duration::from_secs(15);

/// Why a request brought no answer. Addresses are not in it: those of OAuth carry secrets.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GuardError {
    #[error("{0} is no address the relay may call")]
    Forbidden(String),
    /// Nothing was sent there: an address like any other, but none that a token may follow to.
    #[error("the request was sent on to {0}, which is not known")]
    Elsewhere(String),
    #[error("the host was not reached")]
    Unreached(#[source] Arc<reqwest::Error>),
    #[error("the connection ended before the answer did")]
    Lost(#[source] Arc<reqwest::Error>),
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("the answer is over {MAX_ANSWER} bytes")]
    TooLarge,
    #[error("sent on more than {MAX_REDIRECTS} times")]
    Redirects,
}

impl GuardError {
    /// Whether nothing can have arrived.
    pub fn is_unsent(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::Elsewhere(_) | Self::Unreached(_))
    }
}

/// What came back, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// Who answered at last: another address than the one asked, where that sent the request on.
    pub from: Url,
}

/// A cheap handle: clones share their connections.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Resolves names to public addresses only, and connects to what it resolved.
    strict: Client,
    /// For origins that the settings name: wherever they are.
    trusting: Client,
    named: Arc<HashSet<Origin>>,
}

impl Guard {
    /// `named` are the origins of the settings: portals and their OAuth servers.
    ///
    /// # Errors
    /// Where this machine has no certificates to check others' with.
    #[expect(clippy::disallowed_methods, reason = "the one place that makes a client")]
    pub fn new(named: impl IntoIterator<Item = Url>) -> Result<Self, reqwest::Error> {
        // Fails only where one is installed already, and then there is one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = || {
            Client::builder()
                .user_agent(concat!("otklik/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT)
                .pool_idle_timeout(IDLE)
        };
        Ok(Self {
            strict: client().https_only(true).dns_resolver(Arc::new(PublicOnly)).build()?,
            trusting: client().build()?,
            named: Arc::new(named.into_iter().map(|url| url.origin()).collect()),
        })
    }

    /// Asks for `url` by GET.
    pub async fn get(&self, url: Url, within: Duration) -> Result<Answer, GuardError> {
        self.ask(url, None, within).await
    }

    /// Posts a JSON body to `url`. Sent on, it is posted again whole, and only to the settings' origins or under
    /// Bitrix24's own domains: a renamed portal answers so (`settings/how-to-call-rest-api/change-domen.md`), and the
    /// body holds a token.
    pub async fn post(&self, url: Url, json: Vec<u8>, within: Duration) -> Result<Answer, GuardError> {
        self.ask(url, Some(json), within).await
    }

    async fn ask(&self, url: Url, json: Option<Vec<u8>>, within: Duration) -> Result<Answer, GuardError> {
        let asking = self.follow(url, json);
        // How long a stranger may keep us waiting is real time, in tests too.
        tokio::time::timeout(within, asking).await.unwrap_or(Err(GuardError::Late(within)))
    }

    async fn follow(&self, mut url: Url, json: Option<Vec<u8>>) -> Result<Answer, GuardError> {
        for _ in 0..=MAX_REDIRECTS {
            let client = self.judge(&url)?;
            let request = match &json {
                Some(body) => client.post(url.clone()).header("content-type", "application/json").body(body.clone()),
                None => client.get(url.clone()),
            };
            let response = request.header("accept", "application/json").send().await.map_err(failure)?;
            let Some(next) = target(&url, &response) else { return collect(url, response).await };
            let known = self.named.contains(&next.origin()) || next.host_str().is_some_and(is_bitrix24);
            if !known {
                return Err(GuardError::Elsewhere(next.host_str().unwrap_or_default().to_owned()));
            }
            url = next;
        }
        Err(GuardError::Redirects)
    }

    /// The client for an address, if it may be called at all.
    fn judge(&self, url: &Url) -> Result<&Client, GuardError> {
        if self.named.contains(&url.origin()) {
            return Ok(&self.trusting);
        }
        // A name is judged when it is resolved; an address that stands in its place must be judged here.
        let public = match url.host() {
            Some(url::Host::Domain(_)) => true,
            Some(url::Host::Ipv4(address)) => address::is_public(address.into()),
            Some(url::Host::Ipv6(address)) => address::is_public(address.into()),
            None => false,
        };
        if public && url.scheme() == "https" {
            Ok(&self.strict)
        } else {
            Err(GuardError::Forbidden(url.host_str().unwrap_or_default().to_owned()))
        }
    }
}

/// Where an answer sends the request on to.
fn target(from: &Url, response: &Response) -> Option<Url> {
    let moved = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers().get("location").filter(|_| moved)?;
    from.join(location.to_str().ok()?).ok()
}

async fn collect(from: Url, response: Response) -> Result<Answer, GuardError> {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(|error| GuardError::Lost(Arc::new(error.without_url())))?);
        if body.len() > MAX_ANSWER {
            return Err(GuardError::TooLarge);
        }
    }
    Ok(Answer { status, body, from })
}

fn failure(error: reqwest::Error) -> GuardError {
    let error = error.without_url();
    if error.is_connect() || error.is_builder() {
        GuardError::Unreached(Arc::new(error))
    } else {
        GuardError::Lost(Arc::new(error))
    }
}

#[cfg(test)]
mod tests;

//! Files by the guarded client: from the settings' portals, from where one of them is since it was renamed, and from
//! Bitrix24's own hosts alone, redirects included, piece by piece. How long and how large in all is the caller's to bound; each piece is bounded in time here.

use super::{Guard, GuardError, MAX_REDIRECTS, failure, is_bitrix24, target};
use bytes::Bytes;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How long a host may take for the answer's beginning, or for its next piece, by the machine's time.
const PIECE: Duration = Duration::from_secs(20);

/// Without these the cloud's front server may answer 404 (`settings/how-to-call-rest-api/general-principles.md`).
const AGENT: &str = concat!("Mozilla/5.0 (compatible; otklik/", env!("CARGO_PKG_VERSION"), ")");
const LANGUAGE: &str = "ru,en;q=0.8";

/// A file on its way.
#[derive(Debug)]
pub struct Download {
    pub status: u16,
    /// As the host calls it, in lower case and without its parameters.
    pub mime: String,
    /// Bytes, where the host tells.
    pub size: Option<u64>,
    response: Response,
}

impl Guard {
    /// Asks for the file at `url`, in the name of a page of `portal`: the origin where that answers calls.
    pub async fn download(&self, mut url: Url, portal: &str) -> Result<Download, GuardError> {
        for _ in 0..=MAX_REDIRECTS {
            if !self.is_known(&url, portal) {
                return Err(GuardError::Forbidden(url.host_str().unwrap_or_default().to_owned()));
            }
            let request = self.judge(&url)?.get(url.clone());
            let request = request.header("user-agent", AGENT).header("accept", "*/*");
            let request = request.header("accept-language", LANGUAGE).header("referer", format!("{portal}/"));
            let response = in_time(request.send()).await?.map_err(failure)?;
            match target(&url, &response) {
                Some(next) => url = next,
                None => return Ok(Download::of(response)),
            }
        }
        Err(GuardError::Redirects)
    }

    /// Whether files are taken from there.
    fn is_known(&self, url: &Url, portal: &str) -> bool {
        let is_portals = url.origin().ascii_serialization() == portal;
        is_portals || self.named.contains(&url.origin()) || url.host_str().is_some_and(is_bitrix24)
    }
}

impl Download {
    fn of(response: Response) -> Self {
        let mime = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Self { status: response.status().as_u16(), mime, size: response.content_length(), response }
    }

    /// The next piece; none at the end.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, GuardError> {
        let piece = in_time(self.response.chunk()).await?;
        piece.map_err(|error| GuardError::Lost(Arc::new(error.without_url())))
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, GuardError> {
    tokio::time::timeout(PIECE, work).await.map_err(|_| GuardError::Late(PIECE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_portals_files_are_taken_from_where_it_is_now_and_from_no_strangers() {
        let guard = Guard::new([Url::parse("https://old.example").unwrap()]).unwrap();
        let is_known = |url: &str| guard.is_known(&Url::parse(url).unwrap(), "https://new.example");
        assert!(is_known("https://new.example/rest/download.json?token=1") && is_known("https://old.example/~x"));
        assert!(is_known("https://company.bitrix24.ru/~x"));
        for stranger in ["http://new.example/~x", "https://new.example:8443/~x", "https://stranger.example/"] {
            assert!(!is_known(stranger), "{stranger}");
        }
    }
}

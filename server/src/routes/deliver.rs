//! How a body travels: not at all where the browser has it already, else as small as the browser understands. Knows
//! nothing of what is in it.

use crate::assets::{Asset, IS_SHIPPED};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use brotli::enc::BrotliEncoderParams;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// For files whose address changes with their content.
pub const FOR_EVER: &str = "public, max-age=31536000, immutable";

pub const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Compressed bodies kept at most, each a few KiB. Sites times languages times themes are few.
const KEPT: usize = 512;

/// How hard to compress what is compressed while a browser waits, brotli's 0 to 11. What is kept afterwards deserves
/// the best, where it is for visitors and not for development: that takes 40 ms for a document, once.
const QUALITY_KEPT: i32 = if IS_SHIPPED { 11 } else { 4 };
const QUALITY_ONCE: i32 = 4;

/// A text made for this request.
pub struct Page {
    pub status: StatusCode,
    pub mime: &'static str,
    pub text: String,
    pub cache: &'static str,
    /// Whether few such texts exist, so that the compressed one is worth keeping.
    pub common: bool,
}

/// Answers a request that had `asked` as its headers.
pub async fn page(page: Page, asked: &HeaderMap) -> Response {
    let digest: [u8; 32] = Sha256::digest(page.text.as_bytes()).into();
    let etag = format!("W/\"{}\"", hex::encode(&digest[..8]));
    let mut response = if has(asked, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let small = if accepts(asked, "br") { compressed(&page.text, digest, page.common).await } else { None };
        match small {
            Some(body) => with_encoding("br", body, page.status),
            None => (page.status, page.text).into_response(),
        }
    };
    describe(&mut response, page.mime, &etag, page.cache);
    response
}

/// Answers with an embedded file.
pub fn asset(asset: &'static Asset, asked: &HeaderMap) -> Response {
    let mut response = if has(asked, asset.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if accepts(asked, "br") {
        with_encoding("br", Bytes::from_static(asset.br), StatusCode::OK)
    } else if accepts(asked, "gzip") {
        with_encoding("gzip", Bytes::from_static(asset.gzip), StatusCode::OK)
    } else {
        Body::from(asset.body).into_response()
    };
    describe(&mut response, asset.mime, asset.etag, if asset.immutable { FOR_EVER } else { "no-cache" });
    response
}

/// Lets pages of every origin use it, also those that are isolated or check its integrity.
pub fn for_any_page(response: &mut Response) {
    set(response, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(response, RESOURCE_POLICY, "cross-origin");
}

/// Sets a header whose value is known to be one.
pub fn set(response: &mut Response, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).expect("made of visible ASCII");
    response.headers_mut().insert(name, value);
}

fn describe(response: &mut Response, mime: &str, etag: &str, cache: &str) {
    set(response, header::CONTENT_TYPE, mime);
    set(response, header::ETAG, etag);
    set(response, header::CACHE_CONTROL, cache);
    set(response, header::VARY, "accept-encoding");
    set(response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
}

fn with_encoding(name: &'static str, body: Bytes, status: StatusCode) -> Response {
    (status, [(header::CONTENT_ENCODING, name)], body).into_response()
}

/// Whether the browser has the body that `etag` names. Weak comparison, as for every `GET`.
fn has(asked: &HeaderMap, etag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let named = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    named.is_some_and(|list| list.split(',').any(|tag| bare(tag) == bare(etag)))
}

/// Whether `Accept-Encoding` names `coding` and does not refuse it by `q=0`.
fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    let list = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    list.split(',').any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(coding) && weight.is_none_or(|q| q > 0.0)
    })
}

/// `text` as brotli, from memory where it was wanted before. None while the process stops.
async fn compressed(text: &str, digest: [u8; 32], common: bool) -> Option<Bytes> {
    static MADE: LazyLock<Mutex<HashMap<[u8; 32], Bytes>>> = LazyLock::new(Mutex::default);
    let made = || MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(body) = made().get(&digest) {
        return Some(body.clone());
    }
    let text = text.to_owned();
    let quality = if common { QUALITY_KEPT } else { QUALITY_ONCE };
    let body = Bytes::from(tokio::task::spawn_blocking(move || brotli(text.as_bytes(), quality)).await.ok()?);
    if common {
        let mut made = made();
        if made.len() >= KEPT {
            made.clear();
        }
        made.insert(digest, body.clone());
    }
    Some(body)
}

fn brotli(text: &[u8], quality: i32) -> Vec<u8> {
    let params = BrotliEncoderParams { quality, size_hint: text.len(), ..Default::default() };
    let mut out = Vec::with_capacity(text.len() / 3);
    brotli::BrotliCompress(&mut &*text, &mut out, &params).expect("memory can be read and written");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_browser_gets_the_coding_it_understands() {
        let accept = |value| headers(header::ACCEPT_ENCODING, value);
        assert!(accepts(&accept("gzip, deflate, br, zstd"), "br"));
        assert!(accepts(&accept("BR;q=0.5"), "br"));
        assert!(!accepts(&accept("gzip, br;q=0"), "br"));
        assert!(!accepts(&accept("brotli"), "br"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }

    #[tokio::test]
    async fn what_the_browser_has_is_not_sent_again() {
        let greeting = || Page {
            status: StatusCode::OK,
            mime: "text/plain",
            text: "hello".to_owned(),
            cache: "no-cache",
            common: true,
        };
        let first = page(greeting(), &headers(header::ACCEPT_ENCODING, "br")).await;
        assert_eq!(
            (first.status(), &first.headers()[header::CONTENT_ENCODING]),
            (StatusCode::OK, &HeaderValue::from_static("br"))
        );
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(page(greeting(), &again).await.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(page(greeting(), &headers(header::IF_NONE_MATCH, "\"other\"")).await.status(), StatusCode::OK);
    }
}

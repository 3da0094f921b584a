//! The bodies that the portal's doors take: read whole, within a time, and few long ones at once. Anybody may post here,
//! and what is posted is held in memory before anything of it can be verified. Knows nothing of what they say.

use crate::AppState;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a body may take to arrive, by the machine's time. The portal itself waits no longer for an answer.
const WITHIN: Duration = Duration::from_secs(30);

/// Up to how many bytes a body is short: nearly all are, and none of them waits for a long one.
const SHORT: usize = 64 * 1024;

/// How many long bodies are read at once; of others nothing is taken from the network until one is done.
const LONG_AT_ONCE: usize = 8;

static LONG: Semaphore = Semaphore::const_new(LONG_AT_ONCE);

/// A body of at most `MOST` bytes.
pub struct Posted<const MOST: usize> {
    pub body: Bytes,
    /// A long body's place among the few; free again when this is dropped.
    _place: Option<SemaphorePermit<'static>>,
}

impl<const MOST: usize> FromRequest<AppState> for Posted<MOST> {
    type Rejection = StatusCode;

    /// # Errors
    /// 413 for a body over `MOST`, 408 for one that takes too long.
    async fn from_request(request: Request, _: &AppState) -> Result<Self, StatusCode> {
        let (body, place) = read(request.into_body(), MOST, &LONG, WITHIN).await?;
        Ok(Self { body, _place: place })
    }
}

async fn read(
    body: Body,
    most: usize,
    long: &Semaphore,
    within: Duration,
) -> Result<(Bytes, Option<SemaphorePermit<'_>>), StatusCode> {
    // What the request says of its length; the server holds it to that.
    let length = body.size_hint().upper().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if length.is_some_and(|length| length > most) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let is_short = most <= SHORT || length.is_some_and(|length| length <= SHORT);
    let reading = async {
        let place = if is_short { None } else { long.acquire().await.ok() };
        to_bytes(body, most).await.map(|bytes| (bytes, place)).map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)
    };
    tokio::time::timeout(within, reading).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{poll, stream};

    fn endless() -> Body {
        Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>())
    }

    #[tokio::test]
    async fn long_bodies_wait_for_each_other_and_short_ones_for_nobody() {
        let (long, body) = (Semaphore::new(1), || Body::from(vec![b'x'; SHORT + 1]));
        let first = read(body(), 2 * SHORT, &long, WITHIN).await.unwrap();
        let mut second = Box::pin(read(body(), 2 * SHORT, &long, WITHIN));
        assert!(poll!(second.as_mut()).is_pending());
        assert!(poll!(Box::pin(read(endless(), 2 * SHORT, &long, WITHIN))).is_pending(), "it may become long");
        let short = read(Body::from(vec![b'x'; SHORT]), 2 * SHORT, &long, WITHIN).await.unwrap();
        assert_eq!((short.0.len(), short.1.is_none()), (SHORT, true));
        drop(first);
        assert_eq!(second.await.unwrap().0.len(), SHORT + 1);
    }

    #[tokio::test]
    async fn a_body_has_its_length_and_its_time() {
        let long = Semaphore::new(1);
        let over = read(Body::from("12345"), 4, &long, WITHIN).await;
        assert_eq!(over.err(), Some(StatusCode::PAYLOAD_TOO_LARGE));
        let late = read(endless(), SHORT, &long, Duration::ZERO).await;
        assert_eq!(late.err(), Some(StatusCode::REQUEST_TIMEOUT));
    }
}

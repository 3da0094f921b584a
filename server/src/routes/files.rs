//! `GET /files/TOKEN`: an attachment, for whoever has its address while that lasts. Whatever it is, it is inert here:
//! saved rather than opened, except for images by their bytes, and nothing in it runs.

use super::deliver;
use crate::AppState;
use crate::error::Failure;
use crate::files::Place;
use crate::store::FileRecord;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::FileKind;
use tokio_util::io::ReaderStream;

/// A file is a document of its own, apart from everything, in which nothing is loaded and nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// What stands as itself in a header's name of a file (RFC 8187).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub async fn file(State(state): State<AppState>, Path(token): Path<String>) -> Result<Response, Failure> {
    let key = match state.addresses.read(&token, state.clock.now()) {
        Place::Here(key) => key,
        Place::Over => return Ok(inert(StatusCode::GONE.into_response())),
        Place::Nowhere => return Ok(inert(StatusCode::NOT_FOUND.into_response())),
    };
    let Some(record) = state.store.file(key).await? else {
        return Ok(inert(StatusCode::NOT_FOUND.into_response()));
    };
    let body = match state.files.open(key).await {
        Ok(file) => Body::from_stream(ReaderStream::new(file)),
        Err(error) => {
            tracing::error!(%error, "a file that is known is not on the disk");
            return Ok(inert(StatusCode::NOT_FOUND.into_response()));
        }
    };
    let mut response = inert(body.into_response());
    deliver::set(&mut response, header::CONTENT_TYPE, &record.mime);
    deliver::set(&mut response, header::CONTENT_LENGTH, &record.file.size.to_string());
    deliver::set(&mut response, header::CONTENT_DISPOSITION, &disposition(&record));
    deliver::set(&mut response, header::CACHE_CONTROL, "private, max-age=3600");
    Ok(response)
}

fn inert(mut response: Response) -> Response {
    deliver::set(&mut response, header::CONTENT_SECURITY_POLICY, POLICY);
    deliver::set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    deliver::set(&mut response, header::CACHE_CONTROL, "no-store");
    deliver::set(&mut response, header::REFERRER_POLICY, "no-referrer");
    deliver::set(&mut response, deliver::RESOURCE_POLICY, "same-origin");
    response
}

fn disposition(record: &FileRecord) -> String {
    let way = if record.file.kind == FileKind::Image { "inline" } else { "attachment" };
    format!("{way}; filename*=UTF-8''{}", utf8_percent_encode(&record.file.name, ENCODED))
}

//! `GET /photos/NAME`: an operator's photo, our own copy. Named by its bytes, so it never changes.

use super::deliver;
use crate::AppState;
use crate::error::Failure;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

pub async fn photo(State(state): State<AppState>, Path(name): Path<String>) -> Result<Response, Failure> {
    let bytes = state.store.photo(&name).await?;
    let Some((bytes, image)) = bytes.and_then(|bytes| crate::files::image(&bytes).map(|image| (bytes, image))) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let mut response = bytes.into_response();
    deliver::set(&mut response, header::CONTENT_TYPE, image.mime);
    deliver::set(&mut response, header::CACHE_CONTROL, deliver::FOR_EVER);
    deliver::set(&mut response, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    deliver::set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    deliver::set(&mut response, deliver::RESOURCE_POLICY, "same-origin");
    Ok(response)
}

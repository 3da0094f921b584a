//! The files named by their content: the host part for any page, the app for the chat's own document.

use super::{deliver, launcher};
use crate::AppState;
use crate::assets;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// `GET /NAME-HASH.EXTENSION`
pub async fn file(State(state): State<AppState>, OriginalUri(address): OriginalUri, asked: HeaderMap) -> Response {
    let path = address.path();
    if let Some(script) = launcher::of_any_site(path, &state.config.public_url, &asked).await {
        return script;
    }
    if path.starts_with("/host-") {
        return host_part(path, &asked);
    }
    let Some(found) = assets::get(path) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = deliver::asset(found, &asked);
    deliver::set(&mut response, deliver::RESOURCE_POLICY, "same-origin");
    response
}

/// The host part. A page that was open while the relay was renewed asks for the one of before: today's works with its
/// launcher too.
fn host_part(path: &str, asked: &HeaderMap) -> Response {
    let Some(found) = assets::get(assets::HOST_JS) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = deliver::asset(found, asked);
    deliver::for_any_page(&mut response);
    if path != assets::HOST_JS {
        deliver::set(&mut response, header::CACHE_CONTROL, "no-cache");
    }
    response
}

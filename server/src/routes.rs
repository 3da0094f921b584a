//! Our HTTP: each address and who answers it.

mod assets;
mod caller;
mod chat;
mod deliver;
mod events;
mod files;
mod health;
mod install;
mod launcher;
pub mod metrics;
mod oauth;
mod photos;
mod poll;
mod posted;
mod settings;
mod stream;
mod upload;
mod visitor;

use crate::AppState;
use axum::Router;
use axum::http::header;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post, put};
use tower_http::catch_panic::CatchPanicLayer;

/// Everything that is served on `listen`.
pub fn router(state: AppState) -> Router {
    let all = Router::new().merge(visitors()).merge(pages()).merge(portal()).merge(operations());
    // A fault in one answer is that answer's alone.
    all.layer(CatchPanicLayer::new()).with_state(state)
}

/// The chat's own protocol.
fn visitors() -> Router<AppState> {
    Router::new()
        .route("/v1/stream", get(stream::stream))
        .route("/v1/poll", post(poll::poll))
        .route("/v1/files/{id}", put(upload::put).post(upload::address).delete(upload::discard))
        .layer(map_response(private))
}

/// Nobody keeps, embeds or reinterprets what a visitor is told.
async fn private(mut response: Response) -> Response {
    deliver::set(&mut response, header::CACHE_CONTROL, "no-store");
    deliver::set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    deliver::set(&mut response, deliver::RESOURCE_POLICY, "same-origin");
    response
}

/// What a page loads: the launcher, the chat's document and what they ask for.
fn pages() -> Router<AppState> {
    Router::new()
        .route("/widget/{file}", get(launcher::of_site))
        .route("/chat", get(chat::chat))
        .route("/photos/{name}", get(photos::photo))
        .route("/files/{token}", get(files::file))
        .route("/{file}", get(assets::file))
}

/// The portal's doors, and its administrators'.
fn portal() -> Router<AppState> {
    Router::new()
        .route("/bitrix24/install", install::door())
        .route("/bitrix24/events", events::handler())
        .route("/bitrix24/settings", settings::door())
        .route("/bitrix24/settings/api", settings::api())
        .route("/bitrix24/oauth", oauth::door())
}

fn operations() -> Router<AppState> {
    Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready))
}

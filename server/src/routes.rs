//! Our HTTP: each address and who answers it.

mod assets;
mod caller;
mod chat;
mod deliver;
mod events;
mod health;
mod install;
mod launcher;
pub mod metrics;
mod oauth;
mod poll;
mod settings;
mod stream;
mod visitor;

use crate::AppState;
use axum::Router;
use axum::routing::{get, post};

/// Everything that is served on `listen`.
pub fn router(state: AppState) -> Router {
    Router::new().merge(visitors()).merge(pages()).merge(portal()).merge(operations()).with_state(state)
}

/// The chat's own protocol.
fn visitors() -> Router<AppState> {
    Router::new().route("/v1/stream", get(stream::stream)).route("/v1/poll", post(poll::poll))
}

/// What a page loads: the launcher, the chat's document and what they ask for.
fn pages() -> Router<AppState> {
    Router::new()
        .route("/widget/{file}", get(launcher::of_site))
        .route("/chat", get(chat::chat))
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

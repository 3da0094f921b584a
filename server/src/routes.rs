//! Our HTTP: each address and who answers it.

mod assets;
mod chat;
mod deliver;
mod health;
mod launcher;

use crate::AppState;
use axum::Router;
use axum::routing::get;

/// Everything that is served on `listen`.
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/widget/{file}", get(launcher::of_site))
        .route("/chat", get(chat::chat))
        .route("/{file}", get(assets::file))
        .with_state(state)
}

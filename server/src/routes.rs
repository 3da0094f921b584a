//! Our HTTP: each address and who answers it.

mod health;

use crate::AppState;
use axum::Router;
use axum::routing::get;

/// Everything that is served on `listen`.
pub fn router(state: AppState) -> Router {
    Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready)).with_state(state)
}

//! `/healthz`: the process lives. `/readyz`: it can serve visitors, whatever the portal does.

use crate::AppState;
use axum::extract::State;
use axum::http::StatusCode;

pub async fn alive() -> &'static str {
    "alive\n"
}

/// Ready while the store takes writes and the relay is not stopping.
pub async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    if state.shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match state.store.probe().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
    }
}

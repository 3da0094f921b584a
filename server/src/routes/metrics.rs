//! `/metrics`, on an address of its own: counters of this process in the words of Prometheus. No label is a person's.

use crate::AppState;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

/// Everything that is served on `metrics_listen`.
pub fn router(state: AppState) -> Router {
    recorder(); // counting begins before the first question
    Router::new().route("/metrics", get(metrics)).with_state(state)
}

async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    for (portal, waiting) in state.store.outbox_depths() {
        metrics::gauge!("otklik_outbox_messages", "portal" => portal.to_string()).set(waiting as f64);
    }
    metrics::gauge!("otklik_open_dialogues").set(state.hub.open_dialogues() as f64);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, recorder().map(PrometheusHandle::render).unwrap_or_default())
}

/// The one recorder of the process; none where somebody who embeds the relay has installed another.
fn recorder() -> Option<&'static PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let made = RECORDER.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        describe();
        Some(handle)
    });
    made.as_ref()
}

fn describe() {
    metrics::describe_counter!("otklik_messages_accepted_total", "Visitors' messages taken, repeats apart.");
    metrics::describe_counter!("otklik_sessions_begun_total", "New visitors.");
    metrics::describe_gauge!("otklik_connections", "Open WebSockets of visitors.");
    metrics::describe_gauge!("otklik_open_dialogues", "Dialogues that somebody looks at.");
    metrics::describe_gauge!("otklik_outbox_messages", "Messages that the portal does not have for sure.");
}

//! `/metrics`, on an address of its own: counters of this process in the words of Prometheus. No label is a person's.

use crate::AppState;
use crate::channel::Obstacle;
use crate::store::SiteRecord;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

/// The state of a channel that nothing keeps from delivering.
const WORKS: &str = "works";

/// Everything that is served on `metrics_listen`.
pub fn router(state: AppState) -> Router {
    recorder(); // counting begins before the first question
    Router::new().route("/metrics", get(metrics)).with_state(state)
}

async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    for (portal, waiting) in state.store.outbox_depths() {
        metrics::gauge!("otklik_outbox_messages", "portal" => portal.to_string()).set(waiting as f64);
    }
    // A store that cannot be read ends the relay elsewhere.
    for site in state.store.sites().await.unwrap_or_default() {
        channel(&state, &site);
    }
    metrics::gauge!("otklik_open_dialogues").set(state.hub.open_dialogues() as f64);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, recorder().map(PrometheusHandle::render).unwrap_or_default())
}

/// How the channel of one line is: exactly one of its states is 1.
fn channel(state: &AppState, site: &SiteRecord) {
    let (portal, line) = (site.portal.to_string(), site.line.to_string());
    let waiting = state.store.waiting_of(&site.key) as f64;
    metrics::gauge!("otklik_waiting_messages", "portal" => portal.clone(), "line" => line.clone()).set(waiting);
    let obstacle = state.channels.obstacle(&site.key);
    let now = obstacle.as_ref().map_or(WORKS, Obstacle::word);
    for word in Obstacle::WORDS.into_iter().chain([WORKS]) {
        let labels = [("portal", portal.clone()), ("line", line.clone()), ("state", word.to_owned())];
        metrics::gauge!("otklik_channel_state", &labels).set(if word == now { 1.0 } else { 0.0 });
    }
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
    metrics::describe_gauge!("otklik_waiting_messages", "Messages of a line that the portal does not have for sure.");
    metrics::describe_gauge!("otklik_channel_state", "1 for the state that the channel of a line is in.");
    metrics::describe_gauge!("otklik_outbox_messages", "Messages that the portal does not have for sure.");
}

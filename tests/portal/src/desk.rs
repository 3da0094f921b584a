//! The operator's desk: one page over a live picture of the portal. It is for a developer's own machine: it answers
//! under its own address alone, and acts for its own page alone.

mod act;
mod files;
mod snapshot;

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRef, Query, State},
    http::{StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post},
};
use futures_util::Stream;
use serde::Deserialize;
use serde_json::json;

use crate::{
    guard::only_at,
    ids::ChatId,
    portal::{Shared, Switch},
};

/// The page's files, by their address.
const FILES: &[(&str, &str, &str)] = &[
    ("/", "text/html; charset=utf-8", include_str!("../../../assets/desk/desk.html")),
    ("/desk/desk.css", "text/css; charset=utf-8", include_str!("../../../assets/desk/desk.css")),
    ("/desk/main.js", SCRIPT, include_str!("../../../assets/desk/main.js")),
    ("/desk/list.js", SCRIPT, include_str!("../../../assets/desk/list.js")),
    ("/desk/talk.js", SCRIPT, include_str!("../../../assets/desk/talk.js")),
    ("/desk/side.js", SCRIPT, include_str!("../../../assets/desk/side.js")),
    ("/desk/parts.js", SCRIPT, include_str!("../../../assets/desk/parts.js")),
    ("/desk/bb.js", SCRIPT, include_str!("../../../assets/desk/bb.js")),
    ("/desk/words.js", SCRIPT, include_str!("../../../assets/desk/words.js")),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Nothing from outside, nothing inline: what visitors write can only ever be text here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Clone)]
struct Desk {
    shared: Shared,
    switch: Arc<Switch>,
}

impl FromRef<Desk> for Shared {
    fn from_ref(desk: &Desk) -> Self {
        desk.shared.clone()
    }
}

pub(crate) fn routes(shared: Shared, switch: Arc<Switch>) -> Router {
    let mut router = Router::new()
        .route("/desk/live", get(live))
        .route("/desk/do", post(act))
        .route("/desk/file", post(files::send).layer(DefaultBodyLimit::max(files::MOST)))
        .route("/desk/file/{id}", get(files::open));
    for (path, kind, text) in FILES {
        router = router.route(path, get(move || async move { file(kind, text) }));
    }
    let own = shared.look(|world| world.address.side.clone());
    only_at(router, &own).with_state(Desk { shared, switch })
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
    (headers, text).into_response()
}

#[derive(Deserialize)]
struct Looking {
    /// The chat whose messages are wanted.
    chat: Option<u64>,
}

/// The picture, again after each change of it.
async fn live(
    State(shared): State<Shared>,
    Query(looking): Query<Looking>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let chat = looking.chat.map(ChatId);
    let mut changes = shared.changes();
    changes.mark_changed();
    let pictures = futures_util::stream::unfold((changes, String::new()), move |(mut changes, last)| {
        let shared = shared.clone();
        async move {
            loop {
                changes.changed().await.ok()?;
                let picture = shared.look(|world| snapshot::of(world, chat)).to_string();
                if picture != last {
                    return Some((Ok(Event::default().data(&picture)), (changes, picture)));
                }
            }
        }
    });
    Sse::new(pictures).keep_alive(KeepAlive::default())
}

async fn act(State(desk): State<Desk>, Json(wish): Json<act::Wish>) -> Response {
    match act::fulfil(&desk.shared, &desk.switch, wish).await {
        Ok(()) => Json(json!({"ok": true})).into_response(),
        Err(why) => (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"error": why.code()}))).into_response(),
    }
}

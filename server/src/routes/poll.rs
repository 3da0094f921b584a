//! `POST /v1/poll`: the same frames by plain requests, for networks that let no socket through. Nothing is kept between
//! two requests: each says hello anew, and its `seen` is the cursor.

use super::caller::Caller;
use super::visitor::{Visitor, end};
use crate::AppState;
use crate::error::Failure;
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use shared::{Refusal, SiteKey, ToServer, ToWidget};
use std::net::IpAddr;
use std::time::Duration;

/// The longest a request is held, in seconds: shorter than proxies usually wait.
const LONGEST_WAIT: u64 = 25;

/// How long who only looks waits for the portal's word on its line.
const LOOK_WAIT: Duration = Duration::from_secs(2);

/// What is asked.
#[derive(Deserialize)]
struct Asked {
    /// A hello first, then any other; or a look alone.
    frames: Vec<ToServer>,
    /// For how many seconds the answer may wait for something to tell.
    #[serde(default)]
    wait: u64,
}

/// What is answered.
#[derive(Serialize)]
pub struct Answered {
    frames: Vec<ToWidget>,
}

pub async fn poll(
    State(state): State<AppState>,
    Caller(address): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Answered>, Failure> {
    let _open = state.limits.connection(address)?;
    let asked = read(&state, &headers, body).await?;
    let frames = answer(state, address, asked).await?;
    Ok(Json(Answered { frames }))
}

async fn read(state: &AppState, headers: &HeaderMap, body: Body) -> Result<Asked, Failure> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Failure::Refused(Refusal::BadFrame));
    }
    let limits = &state.config.limits;
    // By the machine's time: this guards the network, and decides nothing.
    let body = tokio::time::timeout(limits.hello_within, to_bytes(body, limits.frame_bytes as usize)).await;
    let body = body.map_err(|_| Failure::Refused(Refusal::BadFrame))?;
    let body = body.map_err(|_| Failure::Refused(Refusal::TooLarge))?;
    serde_json::from_slice(&body).map_err(|_| Failure::Refused(Refusal::BadFrame))
}

async fn answer(state: AppState, address: IpAddr, asked: Asked) -> Result<Vec<ToWidget>, Failure> {
    let mut frames = asked.frames.into_iter();
    let hello = match frames.next() {
        Some(ToServer::Hello(hello)) => hello,
        // Whoever has the token may end it.
        Some(ToServer::Reset { session }) => return Ok(vec![end(&state, &session).await]),
        Some(ToServer::Look { site }) => return look(&state, &site).await,
        _ => return Err(Failure::Refused(Refusal::BadFrame)),
    };
    let is_new = hello.session.is_none();
    let (mut visitor, welcome) = match Visitor::greet(state.clone(), address, hello).await {
        Ok(greeted) => greeted,
        Err(failure) => return Ok(vec![failure.frame(None)]),
    };
    let mut answers = vec![welcome];
    for frame in frames {
        answers.push(visitor.answer(frame).await);
    }
    if let Some(news) = visitor.news().await? {
        answers.push(news);
    }
    if answers.len() == 1 && !is_new && asked.wait > 0 {
        let wait = Duration::from_secs(asked.wait.min(LONGEST_WAIT));
        tokio::select! {
            news = first_news(&mut visitor) => answers.push(news?),
            () = state.clock.sleep(wait) => {}
            () = state.shutdown.cancelled() => {}
        }
    }
    answers.extend(visitor.presence());
    Ok(answers)
}

/// Who is there at `site`, for somebody without a session.
async fn look(state: &AppState, site: &SiteKey) -> Result<Vec<ToWidget>, Failure> {
    state.store.site(site).await?.ok_or(Failure::Refused(Refusal::SiteUnknown))?;
    let mut watcher = state.relay.presences().watch(site);
    let presence = match watcher.news() {
        Some(presence) => presence,
        None => {
            tokio::select! {
                () = watcher.changed() => {}
                () = state.clock.sleep(LOOK_WAIT) => {}
                () = state.shutdown.cancelled() => {}
            }
            watcher.news().unwrap_or_default()
        }
    };
    Ok(vec![ToWidget::Presence(presence)])
}

async fn first_news(visitor: &mut Visitor) -> Result<ToWidget, Failure> {
    loop {
        visitor.changed().await;
        if let Some(news) = visitor.news().await? {
            return Ok(news);
        }
    }
}

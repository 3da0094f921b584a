//! `POST /bitrix24/install`: the application is installed, or installed again: by an event, or by a page in a frame.

use super::caller::Address;
use super::events;
use super::posted::Posted;
use super::settings::refusal;
use crate::AppState;
use crate::bitrix::events::{Delivery, Event, What};
use crate::bitrix::form::MAX_BODY;
use crate::setup::page::{self, Installed};
use crate::setup::{Frame, Outcome, SetupError};
use crate::telemetry::chain;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use std::net::IpAddr;

pub fn door() -> MethodRouter<AppState> {
    post(install)
}

/// An event has a name; a frame has not.
async fn install(
    State(state): State<AppState>,
    Address(from): Address,
    RawQuery(query): RawQuery,
    posted: Posted<MAX_BODY>,
) -> Response {
    let Ok(delivery) = Delivery::read(&posted.body) else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let event = Event::of(&delivery.body);
    if !event.name.is_empty() {
        drop(posted);
        return by_event(&state, from, delivery, event.what).await.into_response();
    }
    let frame = Frame::read(&query.unwrap_or_default(), &posted.body);
    drop((posted, delivery, event));
    match frame {
        Some(frame) => by_frame(&state, from, frame).await,
        None => StatusCode::FORBIDDEN.into_response(),
    }
}

/// The portal reads no body. A caller who is gone does not stop what was begun: a pair of tokens would be lost.
async fn by_event(state: &AppState, from: IpAddr, delivery: Delivery, what: What) -> StatusCode {
    if what != What::AppInstall {
        return events::received(state, from, delivery).await;
    }
    let setup = state.setup.clone();
    let work = state.tasks.spawn(async move { setup.install(&delivery.auth, from).await });
    match work.await {
        Ok(Ok(_)) => StatusCode::OK,
        Ok(Err(error)) => {
            tracing::warn!(error = chain(&error), "an install was not taken");
            match error {
                SetupError::Full => StatusCode::SERVICE_UNAVAILABLE,
                SetupError::Flood => StatusCode::TOO_MANY_REQUESTS,
                SetupError::Portal(_) | SetupError::OAuth(_) => StatusCode::BAD_GATEWAY,
                SetupError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::FORBIDDEN,
            }
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR, // it panicked, and has said so
    }
}

/// The page tells the portal that all is done, so it waits until all is registered.
async fn by_frame(state: &AppState, from: IpAddr, frame: Frame) -> Response {
    let (setup, lang) = (state.setup.clone(), frame.lang);
    let work = state.tasks.spawn(async move {
        match setup.install_by_frame(&frame, from).await? {
            Outcome::Installed(host) => setup.registered(&host).await.map(|()| Installed::Done(host)),
            Outcome::Parked => Ok(Installed::Parked),
        }
    });
    let how = match work.await {
        Ok(Ok(how)) => how,
        Ok(Err(error)) => Installed::Failed(refusal(&error, "an install was not taken")),
        Err(_) => Installed::Failed(page::Refused::Internal),
    };
    page::installed(lang, how)
}

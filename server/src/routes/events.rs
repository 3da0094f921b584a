//! `POST /bitrix24/events`: everything the portal tells by itself.

use super::caller::Address;
use super::posted::Posted;
use crate::AppState;
use crate::bitrix::events::Delivery;
use crate::bitrix::form::MAX_BODY;
use crate::relay::Reception;
use crate::telemetry::chain;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, post};
use std::net::IpAddr;

pub fn handler() -> MethodRouter<AppState> {
    post(receive)
}

/// 200 as soon as the event is on our disk; 403 for what no portal of ours sent. The portal reads no body.
async fn receive(State(state): State<AppState>, Address(from): Address, posted: Posted<MAX_BODY>) -> StatusCode {
    let delivery = Delivery::read(&posted.body);
    drop(posted);
    match delivery {
        Ok(delivery) => received(&state, from, delivery).await,
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
    }
}

/// The answer to a delivery, at whichever door it came.
pub async fn received(state: &AppState, from: IpAddr, delivery: Delivery) -> StatusCode {
    let mut reception = state.relay.receive(&delivery).await;
    if matches!(reception, Ok(Reception::Forged)) && has_taught(state, from, &delivery).await {
        reception = state.relay.receive(&delivery).await;
    }
    match reception {
        Ok(Reception::Kept | Reception::PassedOver) => StatusCode::OK,
        Ok(Reception::Updated(host)) => {
            state.setup.register(&host);
            StatusCode::OK
        }
        Ok(Reception::Forged) => {
            tracing::debug!("an event was refused: it is not signed by a portal of ours");
            StatusCode::FORBIDDEN
        }
        Err(error) => {
            tracing::error!(error = chain(&error), "an event was not kept");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// Whether the event has told what its portal signs with, where that was not known.
async fn has_taught(state: &AppState, from: IpAddr, delivery: &Delivery) -> bool {
    let learnt = state.setup.learn_from_event(&delivery.auth, from).await;
    learnt.unwrap_or_else(|error| {
        tracing::warn!(error = chain(&error), "an event's own token does not prove it");
        false
    })
}

//! `POST /bitrix24/events`: everything the portal tells by itself.

use super::posted::Posted;
use crate::AppState;
use crate::bitrix::events::Delivery;
use crate::bitrix::form::MAX_BODY;
use crate::relay::Reception;
use crate::telemetry::chain;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, post};

pub fn handler() -> MethodRouter<AppState> {
    post(receive)
}

/// 200 as soon as the event is on our disk; 403 for what no portal of ours sent. The portal reads no body.
async fn receive(State(state): State<AppState>, posted: Posted<MAX_BODY>) -> StatusCode {
    let delivery = Delivery::read(&posted.body);
    drop(posted);
    match delivery {
        Ok(delivery) => received(&state, delivery).await,
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
    }
}

/// The answer to a delivery, at whichever door it came.
pub async fn received(state: &AppState, delivery: Delivery) -> StatusCode {
    match state.relay.receive(delivery).await {
        Ok(Reception::Kept | Reception::PassedOver) => StatusCode::OK,
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

//! The one place where an error becomes a response: only here are status codes known, and each failure is logged
//! once, with its causes.

use crate::store::StoreError;
use crate::telemetry::chain;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::{MessageId, Refusal, ToWidget};
use std::io::ErrorKind;

/// Why a visitor's request got no answer of its own.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// Refused for haste: the seconds until it can be taken.
    #[error("refused for {0} seconds: {1:?}")]
    RefusedFor(u32, Refusal),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("the folder of files failed")]
    Disk(#[source] std::io::Error),
}

impl Failure {
    /// The frame that tells the widget, about message `id` or the connection.
    pub fn frame(&self, id: Option<MessageId>) -> ToWidget {
        let (code, retry_after) = match self {
            Self::Refused(code) => (*code, None),
            Self::RefusedFor(seconds, code) => (*code, Some(*seconds)),
            Self::Store(error) => {
                tracing::error!(error = chain(error), "a visitor's request failed");
                (Refusal::Internal, None) // the detail stays in our log
            }
            Self::Disk(error) => {
                tracing::error!(error = chain(error), "a visitor's file was not kept");
                let is_full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
                (if is_full { Refusal::NoRoom } else { Refusal::Internal }, None)
            }
        };
        ToWidget::Refused { id, code, retry_after }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let frame = self.frame(None);
        let ToWidget::Refused { code, retry_after, .. } = &frame else { return StatusCode::OK.into_response() };
        let status = match code {
            Refusal::TooFast | Refusal::TooManyConnections | Refusal::TooManyFiles => StatusCode::TOO_MANY_REQUESTS,
            Refusal::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Origin => StatusCode::FORBIDDEN,
            Refusal::BadFrame => StatusCode::BAD_REQUEST,
            Refusal::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let wait = retry_after.map(HeaderValue::from);
        let mut response = (status, Json(frame)).into_response();
        if let Some(seconds) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

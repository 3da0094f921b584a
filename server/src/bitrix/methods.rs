//! One type per REST method: its name, its parameters as fields, and what it answers. Knows no transport.

pub mod app;
pub mod batch;
pub mod bindings;
pub mod channel;
pub mod drive;
pub mod history;
mod legacy;
pub mod lines;
pub mod messages;
pub mod offline;
pub mod operators;
pub mod settings;
pub mod users;
pub mod visitor;

use super::error::PortalError;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// A method of the REST API. Its fields, serialised, are the parameters.
pub trait Method: Serialize + Sync {
    /// As the documentation writes it.
    const NAME: &'static str;

    /// The method whose operating time the portal counts (`limits.md`): the commands of a batch count each by itself.
    const COUNTS_AS: &'static str = Self::NAME;

    /// How long the answer is waited for. Requests end after 60 s at the portal (`limits.md`), most within one.
    const WITHIN: Duration = Duration::from_secs(20);

    type Reply: Send;

    /// Reads `result`.
    ///
    /// # Errors
    /// `Refused` where the refusal stands inside a good answer; `Shape` where this is no answer to this method.
    fn reply(result: Value) -> Result<Self::Reply, PortalError>;

    /// The error for a `result` that cannot be read.
    fn shape() -> PortalError {
        PortalError::Shape { method: Self::NAME }
    }
}

/// What a method without parameters sends: an empty object, never `null`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Nothing {}

/// An error that stands inside an answer with the status 200.
fn refused_inside(code: String, description: Option<String>) -> PortalError {
    PortalError::Refused { status: 200, code, description: description.unwrap_or_default() }
}

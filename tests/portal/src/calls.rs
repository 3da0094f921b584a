//! The record of every call that reached the portal, for tests to look at.

use serde_json::Value;

use crate::clock::Millis;

/// A call as it arrived.
#[derive(Clone, Debug)]
pub struct Call {
    /// Lower-case method name; `oauth.token` for the OAuth server.
    pub method: String,
    /// The arguments without the token, as the portal reads them.
    pub args: Value,
    pub at: Millis,
    /// The token came out of an event, which a relay must not use.
    pub with_event_token: bool,
    /// HTTP status of the answer, whoever still listened; none while it is awaited, and for good when the connection was
    /// cut from here.
    pub status: Option<u16>,
}

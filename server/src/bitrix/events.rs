//! What the portal tells us by itself, as types: one event, from its handler's POST or from the offline queue. Knows
//! the shapes of `api-reference/imopenlines/imconnector/events/` and the older ones still met; nothing of what is done
//! with them.

mod message;

pub use message::{Attachment, Carried, Deleted, Edited, Said, VoteRequest, is_vote};

use super::form::{self, FormError};
use super::value::{get, items, number, number_at, text_at, truth};
use crate::ids::LineId;
use secrecy::SecretString;
use serde_json::Value;
use shared::Millis;

/// One POST to the event handler.
#[derive(Debug)]
pub struct Delivery {
    /// What came besides `auth`: all that is worth keeping, and none of the tokens.
    pub body: Value,
    pub auth: Auth,
}

/// Who says to be sending. Nothing of it is true until `application_token` was compared with the stored one.
#[derive(Clone, Debug, Default)]
pub struct Auth {
    pub member_id: String,
    pub application_token: Option<SecretString>,
    pub domain: Option<String>,
    pub client_endpoint: Option<String>,
    /// The token of the acting user: never for calls of our own, except to prove an install.
    pub access_token: Option<SecretString>,
    /// In install events only.
    pub refresh_token: Option<SecretString>,
    /// Seconds that `access_token` is good for.
    pub expires_in: Option<u64>,
    pub user_id: Option<u64>,
}

/// Something that happened at the portal.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub name: String,
    /// When the portal sent it, or last changed it in its offline queue.
    pub at: Option<Millis>,
    /// Fetched from the offline queue: it may have been raised long ago.
    pub is_late: bool,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    MessageAdd {
        connector: String,
        line: LineId,
        messages: Vec<Said>,
    },
    MessageUpdate {
        connector: String,
        line: LineId,
        messages: Vec<Edited>,
    },
    MessageDelete {
        connector: String,
        line: LineId,
        messages: Vec<Deleted>,
    },
    /// Visitors' messages, repeated by their line: whoever sees one knows that it arrived.
    LineMessage {
        messages: Vec<Carried>,
    },
    DialogStart {
        connector: String,
        dialogs: Vec<Dialog>,
    },
    DialogFinish {
        connector: String,
        dialogs: Vec<Dialog>,
    },
    /// The connector was switched off on a line; also an echo of our own doing.
    StatusDelete {
        connector: String,
        line: LineId,
    },
    /// A line is gone: any line, also one that was never ours.
    LineDelete {
        line: LineId,
    },
    AppInstall,
    /// The application's card was saved.
    AppUpdate,
    AppUninstall {
        /// The administrator asks for the data to go too.
        clean: bool,
    },
    AppTest,
    /// Nothing for us, or of a shape that nobody has seen.
    Unknown,
}

/// A conversation inside a chat, which the portal numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    pub line: LineId,
    /// The external id, which we gave.
    pub chat: String,
    pub session: u64,
    /// The portal's own user for the visitor.
    pub user: Option<u64>,
}

impl Delivery {
    /// Reads the body of a POST.
    ///
    /// # Errors
    /// Only for a body that is too large; whatever else it holds is some event, perhaps an unknown one.
    pub fn read(body: &[u8]) -> Result<Self, FormError> {
        let mut body = form::parse(body)?;
        let auth = body.as_object_mut().and_then(|tree| tree.remove("auth")).unwrap_or_default();
        Ok(Self { auth: Auth::read(&auth), body })
    }
}

impl Auth {
    fn read(auth: &Value) -> Self {
        let secret = |name| text_at(auth, &[name]).map(SecretString::from);
        Self {
            member_id: text_at(auth, &["member_id"]).unwrap_or_default(),
            application_token: secret("application_token"),
            domain: text_at(auth, &["domain"]),
            client_endpoint: text_at(auth, &["client_endpoint"]),
            access_token: secret("access_token"),
            refresh_token: secret("refresh_token"),
            expires_in: number_at(auth, &["expires_in"]),
            user_id: number_at(auth, &["user_id"]),
        }
    }
}

impl Event {
    /// Reads `{event, data, ts}`, the body of a delivery; `late` marks what came from the offline queue.
    pub fn of(body: &Value) -> Self {
        Self::read(body, true)
    }

    /// As `of`, of a portal that puts no name before operators' words: what looks like one is theirs.
    pub fn of_unsigned(body: &Value) -> Self {
        Self::read(body, false)
    }

    fn read(body: &Value, signed: bool) -> Self {
        let name = text_at(body, &["event"]).unwrap_or_default().to_ascii_uppercase();
        let at = number_at(body, &["ts"]).and_then(|seconds| seconds.checked_mul(1000));
        let what = get(body, "data")
            .and_then(|data| What::read(&name, data, signed))
            .unwrap_or_else(|| What::without_data(&name));
        Self { name, at, is_late: get(body, "late").is_some_and(truth), what }
    }
}

impl What {
    fn read(name: &str, data: &Value, signed: bool) -> Option<Self> {
        let connector = || text_at(data, &["CONNECTOR"]).or_else(|| text_at(data, &["connector"]));
        let line = || number_at(data, &["LINE"]).or_else(|| number_at(data, &["line"])).map(LineId);
        // Documentation before 2024 calls the messages of all three events `DATA`.
        let messages = || get(data, "MESSAGES").or_else(|| get(data, "DATA")).map(elements).unwrap_or_default();
        let dialogs =
            || get(data, "DATA").map(elements).unwrap_or_default().into_iter().filter_map(Dialog::read).collect();
        Some(match name {
            "ONIMCONNECTORMESSAGEADD" => {
                let messages = messages().into_iter().filter_map(|one| Said::read(one, signed)).collect();
                Self::MessageAdd { connector: connector()?, line: line()?, messages }
            }
            "ONIMCONNECTORMESSAGEUPDATE" => {
                let messages = messages().into_iter().filter_map(|one| Edited::read(one, signed)).collect();
                Self::MessageUpdate { connector: connector()?, line: line()?, messages }
            }
            "ONIMCONNECTORMESSAGEDELETE" => {
                let messages = messages().into_iter().filter_map(Deleted::read).collect();
                Self::MessageDelete { connector: connector()?, line: line()?, messages }
            }
            "ONOPENLINEMESSAGEADD" => {
                // What the line gave to its connector has the connector's name beside it, and is told by the events above.
                let messages = get(data, "DATA").filter(|_| connector().is_none()).map(elements).unwrap_or_default();
                Self::LineMessage { messages: messages.into_iter().filter_map(Carried::read).collect() }
            }
            "ONIMCONNECTORDIALOGSTART" => Self::DialogStart { connector: connector()?, dialogs: dialogs() },
            "ONIMCONNECTORDIALOGFINISH" => Self::DialogFinish { connector: connector()?, dialogs: dialogs() },
            "ONIMCONNECTORSTATUSDELETE" => Self::StatusDelete { connector: connector()?, line: line()? },
            "ONIMCONNECTORLINEDELETE" => Self::LineDelete { line: LineId(number(data)?) },
            "ONAPPUNINSTALL" => Self::AppUninstall { clean: get(data, "CLEAN").is_some_and(truth) },
            _ => return None,
        })
    }

    fn without_data(name: &str) -> Self {
        match name {
            "ONAPPINSTALL" => Self::AppInstall,
            "ONAPPUPDATE" => Self::AppUpdate,
            "ONAPPUNINSTALL" => Self::AppUninstall { clean: false },
            "ONAPPTEST" => Self::AppTest,
            _ => Self::Unknown,
        }
    }
}

impl Dialog {
    fn read(element: &Value) -> Option<Self> {
        Some(Self {
            line: LineId(number_at(element, &["connector", "line_id"])?),
            chat: text_at(element, &["connector", "chat_id"]).or_else(|| text_at(element, &["chat", "id"]))?,
            session: number_at(element, &["session", "id"])?,
            user: number_at(element, &["connector", "user_id"]).filter(|&user| user > 0),
        })
    }
}

/// The elements of a list; a single object that stands where a list is meant is its one element.
fn elements(list: &Value) -> Vec<&Value> {
    let found = items(list);
    if found.is_empty() && list.as_object().is_some_and(|object| !object.is_empty()) { vec![list] } else { found }
}

#[cfg(test)]
mod tests;

//! `imconnector.send.messages`, `.update.messages`, `.delete.messages`, `imconnector.send.status.delivery`: a visitor's
//! words to the portal, and the word that an operator's arrived (`api-reference/imopenlines/imconnector/`).

use super::visitor::Who;
use super::{Method, refused_inside};
use crate::bitrix::CONNECTOR;
use crate::bitrix::error::PortalError;
use crate::bitrix::value::{at, get, items, number_at, text_at, texts, truth};
use crate::ids::{ImId, LineId};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use shared::Millis;
use std::time::Duration;

/// The most messages in one call that this relay sends. The portal names no limit; a call ends after 60 s.
pub const MOST: usize = 50;

/// `imconnector.send.messages`. The portal does not recognise a repeat: never send again what may have arrived.
#[derive(Clone, Debug)]
pub struct Send {
    pub line: LineId,
    pub messages: Vec<Outgoing>,
}

/// One visitor's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub who: Who,
    pub id: String,
    /// Already neutralised, at most 20,000 characters. Nothing for a deletion.
    pub text: String,
    pub files: Vec<OutgoingFile>,
    pub sent_at: Millis,
}

/// A file that the portal downloads during the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutgoingFile {
    pub url: String,
    /// At most 50 characters: the portal keeps the last 50.
    pub name: String,
    /// Its MIME type; without one the portal takes what the address answers with.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub mime: Option<&'static str>,
}

/// What became of one message, in the order of the messages sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// `SUCCESS` of this message.
    pub success: bool,
    /// Why not, in the portal's language.
    pub errors: Vec<String>,
    /// Without one a message that succeeded was perhaps not stored.
    pub session: Option<LineSession>,
    /// The portal's own user for the visitor.
    pub user: Option<u64>,
    /// Which of the message's files it has, by their places among those sent: what it could not download it drops
    /// without a word.
    pub files: Vec<usize>,
}

/// The conversation that a message went into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineSession {
    pub id: u64,
    /// The portal's chat.
    pub chat: u64,
}

impl Serialize for Outgoing {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut message = json!({"id": self.id, "date": self.sent_at / 1000});
        if !self.text.is_empty() {
            message["text"] = json!(self.text);
        }
        if !self.files.is_empty() {
            message["files"] = json!(self.files);
        }
        let mut element = json!({"message": message});
        self.who.describe(&mut element);
        element.serialize(to)
    }
}

impl Serialize for Send {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        on_line(self.line, &self.messages, to)
    }
}

impl Method for Send {
    const NAME: &'static str = "imconnector.send.messages";
    const WITHIN: Duration = Duration::from_secs(65);
    type Reply = Vec<Taken>;

    /// `SUCCESS: false` around everything is how older portals say that the line is off.
    fn reply(result: Value) -> Result<Vec<Taken>, PortalError> {
        succeeded::<Self>(&result)?;
        let list = at(&result, &["DATA", "RESULT"]).ok_or_else(Self::shape)?;
        Ok(items(list).into_iter().map(Taken::read).collect())
    }
}

/// `imconnector.update.messages`: the messages of these ids say this now. One that is not found, or older than 3 days, is
/// a success too. A repeat changes nothing.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Update(pub Send);

/// `imconnector.delete.messages`: the messages of these ids are gone; the same goes for what is not found.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Delete(pub Send);

impl Method for Update {
    const NAME: &'static str = "imconnector.update.messages";
    type Reply = Vec<Taken>;

    fn reply(result: Value) -> Result<Vec<Taken>, PortalError> {
        Send::reply(result)
    }
}

impl Method for Delete {
    const NAME: &'static str = "imconnector.delete.messages";
    type Reply = Vec<Taken>;

    fn reply(result: Value) -> Result<Vec<Taken>, PortalError> {
        Send::reply(result)
    }
}

impl Taken {
    fn read(element: &Value) -> Self {
        let session = || {
            let id = number_at(element, &["session", "ID"])?;
            Some(LineSession { id, chat: number_at(element, &["session", "CHAT_ID"])? })
        };
        Self {
            success: get(element, "SUCCESS").is_some_and(truth),
            errors: get(element, "ERRORS").map(texts).unwrap_or_default(),
            session: session(),
            user: number_at(element, &["user"]),
            files: at(element, &["message", "files"]).map(places).unwrap_or_default(),
        }
    }
}

/// PHP writes a list without gaps as a list, any other as an object with the places as names.
fn places(list: &Value) -> Vec<usize> {
    match list {
        Value::Array(list) => (0..list.len()).collect(),
        Value::Object(members) => members.keys().filter_map(|place| place.parse().ok()).collect(),
        _ => Vec::new(),
    }
}

/// `imconnector.send.status.delivery`. Only the first call for a message counts, and only after it the portal tells of
/// edits.
#[derive(Clone, Debug)]
pub struct Confirm {
    pub line: LineId,
    pub messages: Vec<Delivered>,
}

/// One operator's message that is safe with us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    pub im: ImId,
    /// The chat's external id.
    pub chat: String,
    /// What the message is called outside the portal, for good.
    pub id: String,
    pub at: Millis,
}

impl Serialize for Delivered {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json!({
            "im": {"chat_id": self.im.chat, "message_id": self.im.message},
            "message": {"id": [self.id], "date": self.at / 1000},
            "chat": {"id": self.chat},
        })
        .serialize(to)
    }
}

impl Serialize for Confirm {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        on_line(self.line, &self.messages, to)
    }
}

impl Method for Confirm {
    const NAME: &'static str = "imconnector.send.status.delivery";
    type Reply = ();

    fn reply(result: Value) -> Result<(), PortalError> {
        succeeded::<Self>(&result)
    }
}

fn on_line<S: Serializer>(line: LineId, messages: &impl Serialize, to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(3))?;
    map.serialize_entry("CONNECTOR", CONNECTOR)?;
    map.serialize_entry("LINE", &line)?;
    map.serialize_entry("MESSAGES", messages)?;
    map.end()
}

pub(super) fn succeeded<M: Method>(result: &Value) -> Result<(), PortalError> {
    match get(result, "SUCCESS") {
        Some(success) if truth(success) => Ok(()),
        Some(_) => Err(refused_inside("NOT_ACTIVE_LINE".to_owned(), text_at(result, &["ERROR"]))),
        None => Err(M::shape()),
    }
}

#[cfg(test)]
mod tests;

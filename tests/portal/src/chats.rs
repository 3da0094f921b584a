//! Chats, their sessions and messages, as plain data. What happens in them is in `talk`.

use serde_json::Value;

use crate::{
    clock::Millis,
    drive::File,
    ids::{ChatId, LineId, MessageId, SessionId, UserId},
    options::Vote,
};

/// Class of what the portal says by itself to the visitor.
pub const CLASS_AUTOMATIC: &str = "bx-messenger-content-item-ol-output";
/// Class of what operators say among themselves, and of technical lines.
pub const CLASS_SYSTEM: &str = "bx-messenger-content-item-system";
/// Class of a request for a rating, beside the one of automatic texts.
const CLASS_VOTE: &str = "bx-messenger-content-item-ol-output bx-messenger-content-item-vote";
const CLASS_START: &str = "bx-messenger-content-item-ol-start";
const CLASS_END: &str = "bx-messenger-content-item-ol-end";
const CLASS_NOTE: &str = "bx-messenger-content-item-ol-attention";

/// The portal's user behind somebody who writes through a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    pub id: UserId,
    /// `{connector}|{user.id}`.
    pub external: String,
    pub profile: Profile,
}

/// What the connector tells of a visitor; each call replaces it whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    pub last_name: String,
    pub email: String,
    pub phone: String,
    pub url: String,
}

impl Profile {
    pub fn full_name(&self) -> String {
        format!("{} {}", self.name, self.last_name).trim().to_owned()
    }
}

/// Who a message is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    Visitor(UserId),
    Operator(UserId),
    /// The portal itself: user 0.
    Portal,
}

impl Author {
    /// `message[user_id]` and `senderid`.
    pub fn user(self) -> UserId {
        match self {
            Self::Visitor(user) | Self::Operator(user) => user,
            Self::Portal => UserId(0),
        }
    }
}

/// What a message is to the portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person's words.
    Said,
    /// An automatic text for the visitor, with its `IMOL_FORM`.
    Automatic(String),
    /// A request for a rating of the session: an automatic text too.
    Vote { session: SessionId, until: Option<Millis>, vote: Vote },
    /// “New dialogue”: never leaves the portal.
    Started,
    /// “Dialogue closed”: never leaves the portal.
    Ended,
    /// An operator's words to other operators: never leave the portal.
    Whisper,
    /// The portal's words to operators: never leave the portal.
    Note,
}

impl Kind {
    /// `CLASS` among the message's parameters.
    pub fn class(&self) -> Option<&'static str> {
        match self {
            Self::Said => None,
            Self::Automatic(_) => Some(CLASS_AUTOMATIC),
            Self::Vote { .. } => Some(CLASS_VOTE),
            Self::Started => Some(CLASS_START),
            Self::Ended => Some(CLASS_END),
            Self::Whisper => Some(CLASS_SYSTEM),
            Self::Note => Some(CLASS_NOTE),
        }
    }

    fn is_for_the_visitor(&self) -> bool {
        matches!(self, Self::Said) || self.is_automatic()
    }

    pub(crate) fn is_automatic(&self) -> bool {
        matches!(self, Self::Automatic(_) | Self::Vote { .. })
    }
}

/// A message of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    pub session: SessionId,
    pub author: Author,
    pub kind: Kind,
    /// BB text without signature.
    pub text: String,
    pub files: Vec<File>,
    /// `ATTACH`: blocks beside the text.
    pub attach: Vec<Value>,
    /// When it came to the portal, whatever its sender said.
    pub at: Millis,
    /// `CONNECTOR_MID`: external ids, of both directions.
    pub mids: Vec<String>,
    /// `SENDING`: handed to the connector, delivery not confirmed.
    pub sending: Option<Millis>,
    /// The connector was off: the operator sees an error.
    pub unsent: bool,
    /// It was handed over while the portal told nobody anything: its plan was over.
    pub untold: bool,
    pub edited: bool,
    pub deleted: bool,
}

/// One numbered talk inside a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub opened_at: Millis,
    pub closed: bool,
    pub rating: Rating,
}

/// The visitor's mark for a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rating {
    #[default]
    None,
    /// `WAIT_VOTE`: the next text that looks like a vote is one, until then.
    Awaited {
        until: Option<Millis>,
    },
    Given(u8),
}

/// A chat of an open line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    pub id: ChatId,
    pub connector: String,
    pub line: LineId,
    /// The line that leads it now, where it was handed over; it stays the chat of its first one.
    pub moved: Option<LineId>,
    /// `chat.id` that the connector gave.
    pub external: String,
    pub visitor: UserId,
    pub title: String,
    pub description: Option<String>,
    /// What the CRM's tracker was told of where the visitor came from.
    pub source: Option<String>,
    /// The operator who leads it.
    pub owner: Option<UserId>,
    /// Oldest first.
    pub sessions: Vec<Session>,
    pub messages: Vec<Message>,
    pub created_at: Millis,
}

impl Chat {
    /// `USER_CODE`, also `entity_id`.
    pub fn user_code(&self) -> String {
        format!("{}|{}|{}|{}", self.connector, self.line, self.external, self.visitor)
    }

    pub fn session(&self) -> Option<&Session> {
        self.sessions.last()
    }

    pub fn open_session(&self) -> Option<SessionId> {
        self.session().filter(|session| !session.closed).map(|session| session.id)
    }

    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }

    pub(crate) fn message_mut(&mut self, id: MessageId) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.id == id)
    }

    /// What visitor and operators see of the talk, oldest first: no technical lines, no whispers, nothing deleted.
    pub fn said(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.kind.is_for_the_visitor() && !message.deleted)
    }

    /// The texts of [`Chat::said`].
    pub fn texts(&self) -> Vec<&str> {
        self.said().map(|message| message.text.as_str()).collect()
    }

    /// Whether the visitor said it, and it was not deleted.
    pub fn is_of_visitor(&self, message: &Message) -> bool {
        matches!(message.author, Author::Visitor(_)) && !message.deleted
    }

    /// The texts that came from the visitor.
    pub fn visitor_texts(&self) -> Vec<&str> {
        self.said()
            .filter(|message| matches!(message.author, Author::Visitor(_)))
            .map(|message| message.text.as_str())
            .collect()
    }
}

/// Something that falls due by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alarm {
    pub due: Millis,
    pub chat: ChatId,
    pub what: Due,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The session is closed for good.
    Close(SessionId),
    /// The message is given its `CONNECTOR_MID`.
    Mid(MessageId, String),
}

//! The frames of protocol version 1, as `PROTOCOL.md` describes them. Plain data: no I/O, no clock.

use crate::ids::{FileId, MessageId, SiteKey};
#[cfg(feature = "serde")]
use serde::{Deserialize, Serialize};

/// Raised when an older side could no longer understand a newer one.
pub const PROTOCOL_VERSION: u32 = 1;

/// Where an entry stands in its dialogue: 1 is the first. 0 means “nothing seen yet”.
pub type Seq = u64;

/// Milliseconds since 1970-01-01 UTC.
pub type Millis = u64;

/// From the widget to the relay.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "type", rename_all = "snake_case"))]
pub enum ToServer {
    /// The first frame of a connection. Without a session it asks for a new one.
    Hello(Hello),
    /// Repeated with the same id until `Accepted` or a final `Refused` comes: a repeat changes nothing.
    Say {
        id: MessageId,
        text: String,
        /// The message it answers.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        reply_to: Option<MessageId>,
        /// Uploaded before. With files, the text may be empty.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
        files: Vec<FileId>,
    },
    /// The visitor's own message `of` says this now. `id` names this act, which is repeated and answered as `Say` is;
    /// so are those below.
    Edit { id: MessageId, of: MessageId, text: String },
    /// The visitor takes their message `of` back.
    Delete { id: MessageId, of: MessageId },
    /// The answer to a request for a rating.
    Rate { id: MessageId, like: bool },
    /// The visitor ends the conversation, while an operator leads it.
    Finish { id: MessageId },
    /// Who only looks and has no session: in the place of `Hello`, by a request alone. Answered by `Presence`.
    Look { site: SiteKey },
    /// Answered by `Pong`: how a half-open connection is found out.
    Ping,
    /// What the page tells of its visitor, whole every time. Answered by `Pong`. The shell's script writes it, the
    /// widget passes it on as it is: only the relay knows its parts.
    #[cfg(feature = "serde")]
    About(Box<crate::About>),
    /// Ends a session, for log-out. Needs no hello. Answered by `Ended`. The shell's script sends it.
    #[cfg(feature = "serde")]
    Reset { session: String },
}

/// Who is there and what they have seen.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Hello {
    pub version: u32,
    pub site: SiteKey,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub session: Option<String>,
    /// The last entry the widget has; the relay sends what came after it.
    pub seen: Seq,
    /// Whom the site says the visitor is, and vouches for.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub identity: Option<Identity>,
}

/// A person, as the site's own server signs them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Identity {
    /// The site's own id of the person.
    pub id: String,
    /// Until when the signature is good: seconds since 1970 UTC, at most 24 hours ahead.
    pub exp: u64,
    /// The lower-case hex HMAC-SHA256, under the site's secret, of `site|id|exp`.
    pub sig: String,
}

/// From the relay to the widget. A new field is an `Option`; a new meaning is a new variant.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "type", rename_all = "snake_case"))]
pub enum ToWidget {
    /// The answer to `Hello`; entries after `seen` follow.
    Welcome {
        /// Only when the session is new: the token to keep and to say `Hello` with from now on.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        session: Option<String>,
        /// The dialogue's last entry now.
        last: Seq,
        /// The relay's log ends before `seen` (it was restored from a copy): forget what you have, all comes anew.
        #[cfg_attr(feature = "serde", serde(default))]
        reset: bool,
        /// The longest text the relay takes, in characters.
        text_chars: u32,
        /// The dialogue's public id: what the portal and the owner's commands call it by.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        visitor: Option<String>,
    },
    /// The message is on the relay's disk; the portal may not have it yet.
    Accepted {
        id: MessageId,
        seq: Seq,
        at: Millis,
    },
    /// What happened, in order and without gaps.
    Entries {
        list: Vec<Entry>,
    },
    /// `id` says which message it is about; without one it is about the connection.
    Refused {
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        id: Option<MessageId>,
        code: Refusal,
        /// Seconds until trying again can help.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        retry_after: Option<u32>,
    },
    Pong,
    /// Who is there to answer: after `Welcome` and whenever that changes. Not part of the log.
    Presence(Presence),
    /// The session opens nothing any more.
    Ended,
    /// Sent by a newer relay; an older widget, still cached somewhere, passes over it.
    #[cfg_attr(feature = "serde", serde(other))]
    Unknown,
}

/// What is known of those who answer. What is unknown is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Presence {
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub state: Option<Attendance>,
    /// When the line opens, while it is closed.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub opens_at: Option<Millis>,
    /// How long visitors wait for an answer, in seconds: the median of the last answers.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub answer_seconds: Option<u32>,
    /// Messages are kept and cannot be delivered now.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
    pub held: bool,
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Attendance {
    Online,
    /// Within working hours, and nobody is there just now.
    Away,
    /// Outside working hours.
    Closed,
}

/// Why the relay did not take something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Refusal {
    /// Too many messages from one session or address: `retry_after` says when to go on. No failure.
    TooFast,
    /// The text is over `text_chars`.
    TooLong,
    /// Nothing but white space.
    Empty,
    /// Not a frame of this protocol, or one at the wrong time.
    BadFrame,
    /// The frame or body is over 64 KiB.
    TooLarge,
    /// No such session (any more): begin a new one.
    SessionUnknown,
    /// The site does not vouch for who the visitor is said to be.
    Identity,
    /// No such site.
    SiteUnknown,
    /// The owner has disconnected this chat from its line.
    SiteClosed,
    /// The request does not come from the chat's own page.
    Origin,
    /// The message is too old to be edited, or was deleted.
    TooLate,
    /// No such message of this visitor's.
    NotYours,
    /// Nothing is asked that could be answered so: no rating, no conversation to end.
    NotOpen,
    /// Too many open connections of one session or address.
    TooManyConnections,
    /// The widget is too old for this relay: reload.
    Version,
    /// More files than one message, or one visitor for now, may have.
    TooManyFiles,
    /// A file that was not uploaded, or too long ago.
    FileUnknown,
    /// The relay's disk is full.
    NoRoom,
    /// Our fault; the detail is in the relay's log.
    Internal,
    /// A reason this side is too old to know.
    #[cfg_attr(feature = "serde", serde(other))]
    Unknown,
}

impl Refusal {
    /// Whether sending the same again later can succeed.
    pub fn is_passing(self) -> bool {
        matches!(
            self,
            Self::TooFast | Self::TooManyConnections | Self::Internal | Self::SessionUnknown | Self::SiteClosed
        )
    }
}

/// One line of a dialogue's log, as the visitor may see it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Entry {
    pub seq: Seq,
    pub at: Millis,
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub what: Happening,
}

/// What an entry says. The visitor's screen is a fold over these.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "kind", rename_all = "snake_case"))]
pub enum Happening {
    Said {
        id: MessageId,
        from: Author,
        /// The author as the portal signs it.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        name: Option<String>,
        body: Vec<Piece>,
        /// The message that the visitor answers with it.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        reply_to: Option<MessageId>,
        /// It asks the visitor for a rating.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "std::ops::Not::not"))]
        rating: bool,
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
        files: Vec<File>,
        /// The entry of the message that this one belongs before, though it came later: the portal's messages may
        /// overtake each other on their way.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        before: Option<Seq>,
        #[cfg_attr(feature = "serde", serde(flatten))]
        face: Face,
    },
    /// This file of message `id` is so now; one that the message did not have is added.
    File { id: MessageId, file: File },
    /// The words of message `id` are these now.
    Edited { id: MessageId, body: Vec<Piece> },
    /// Message `id` stays in its place without its words. Final.
    Deleted { id: MessageId },
    /// What became of the visitor's own message `id`.
    State { id: MessageId, state: MessageState },
    /// The visitor has answered the last request for a rating.
    Rated { like: bool },
    /// What became of the visitor's act `id` at the portal.
    Done {
        id: MessageId,
        state: MessageState,
        /// The entry of that act.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        entry: Option<Seq>,
    },
    /// The portal opened a conversation.
    Started,
    /// The portal closed the conversation; writing opens a new one.
    Finished,
    /// Nothing to show: something between relay and portal, or a newer kind.
    #[cfg_attr(feature = "serde", serde(other))]
    Unknown,
}

/// What is shown of an operator beside the name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Face {
    /// An address on the relay.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub photo: Option<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub position: Option<String>,
}

impl Face {
    pub fn is_empty(&self) -> bool {
        self.photo.is_none() && self.position.is_none()
    }
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Author {
    Visitor,
    Operator,
    Bot,
    /// The line's automatic texts.
    System,
}

/// What became of a visitor's message after the relay had it on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum MessageState {
    /// The portal has it.
    Delivered,
    /// The portal's answer was lost and cannot be found out.
    Unconfirmed,
    /// Refused for good.
    Failed,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct File {
    pub id: FileId,
    pub name: String,
    /// Bytes; 0 where that is not known yet.
    pub size: u64,
    pub kind: FileKind,
    /// Of an image, in pixels, as it is shown.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub width: Option<u32>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub height: Option<u32>,
    /// None: it is on the relay's disk.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub state: Option<FileState>,
    /// Where it can be had: an address of the relay, good for an hour; of a lost one, what the portal gave.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub href: Option<String>,
}

/// What a page may show a file as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum FileKind {
    /// JPEG, PNG, GIF or WebP by its bytes.
    Image,
    File,
}

/// Why a file is not on the relay's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum FileState {
    /// The relay is fetching it.
    Coming,
    /// It could not be fetched.
    Lost,
}

/// A piece of formatted text. The relay parses the portal's BB-code into these; the widget makes elements of them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "t", content = "c", rename_all = "snake_case"))]
pub enum Piece {
    /// Plain text; `\n` breaks the line.
    Text(String),
    Bold(Vec<Piece>),
    Italic(Vec<Piece>),
    Underline(Vec<Piece>),
    Strike(Vec<Piece>),
    Code(String),
    Quote(Quote),
    /// `href` begins with `http:`, `https:`, `mailto:` or `tel:`; the relay lets nothing else through.
    Link(Link),
    /// A moment to be shown in the reader's own zone.
    Time(Millis),
}

/// Words of somebody, repeated.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Quote {
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub name: Option<String>,
    pub body: Vec<Piece>,
    /// The message whose words these are, where that is known.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub of: Option<MessageId>,
}

#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
pub struct Link {
    pub href: String,
    pub body: Vec<Piece>,
}

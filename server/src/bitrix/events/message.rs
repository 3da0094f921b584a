//! The messages inside the portal's events: who speaks, what is said, and the signature told from the words.

use crate::bitrix::attach;
use crate::bitrix::value::{at, get, items, moment, number, number_at, text, text_at, texts, truth};
use crate::ids::ImId;
use serde_json::Value;
use shared::Millis;

/// A message for a visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub im: ImId,
    /// The chat's external id, which we gave.
    pub chat: String,
    /// Told by the text's class and never by its author: closing texts and vote requests carry the operator's id.
    pub automatic: bool,
    /// Who wrote it: an employee or a bot; 0 is the portal itself.
    pub user: u64,
    /// The author as the portal signs the text, if it does.
    pub name: Option<String>,
    /// Raw BB-code without the signature; empty where there are only files.
    pub text: String,
    /// The same with it: what looks like a signature may be the author's own words.
    pub whole: String,
    pub files: Vec<Attachment>,
    /// What is attached in blocks, as text in BB-code.
    pub attached: String,
    /// The portal asks for a rating of this session, and takes it for so long.
    pub vote: Option<VoteRequest>,
}

/// A request for a rating (`imopenlines`: the line's `VOTE_MESSAGE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteRequest {
    pub session: u64,
    pub closes_at: Option<Millis>,
    pub seconds: Option<u64>,
}

/// A file of a message, as far as the portal tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// The portal's number of the file, where it tells.
    pub id: Option<u64>,
    pub name: String,
    /// The portal's `type` says so.
    pub is_image: bool,
    pub mime: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Of an image, in pixels.
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// Not documented, and the best there is: leads to the bytes, perhaps just once; may be relative.
    pub download: Option<String>,
    /// Leads to the bytes on older portals, to a page about them on newer ones.
    pub link: Option<String>,
}

/// New words for a message that was confirmed as delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    pub im: ImId,
    pub chat: String,
    /// What the message is called outside the portal: what our confirmation named.
    pub external: Vec<String>,
    pub name: Option<String>,
    pub text: String,
    /// The text with what looks like a signature.
    pub whole: String,
}

/// A message taken back. It may be one of the visitor's own: portal administrators may delete those too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    pub im: ImId,
    pub chat: String,
    pub external: Vec<String>,
}

/// A visitor's message as its line repeats it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    pub connector: String,
    /// The chat's external id, which we gave.
    pub chat: String,
    /// What we called the message.
    pub external: String,
    /// The portal's own chat.
    pub portal_chat: Option<u64>,
    /// The portal's own user for the visitor.
    pub user: Option<u64>,
}

/// The class of automatic texts (`CLASS` is a list of words).
const AUTOMATIC: &str = "bx-messenger-content-item-ol-output";

/// The class of a request for a rating.
const VOTE: &str = "bx-messenger-content-item-vote";

/// The longest name taken for a signature, in characters.
const MAX_NAME: usize = 120;

impl Said {
    /// `signed`: the portal puts names before operators' words.
    pub(super) fn read(element: &Value, signed: bool) -> Option<Self> {
        let message = get(element, "message").unwrap_or(&Value::Null);
        let text = text_at(message, &["text"]).unwrap_or_default();
        let class = text_at(message, &["params", "CLASS"]).unwrap_or_default();
        let is_of = |wanted: &str| class.split(' ').any(|word| word == wanted);
        let param = |name: &str| at(message, &["params", name]);
        let vote = Some(param).filter(|_| is_of(VOTE)).and_then(VoteRequest::read);
        let text = vote.and_then(|_| VoteRequest::words(param)).unwrap_or(text);
        // Mailings of the CRM have neither class nor author.
        let user = number_at(message, &["user_id"]).unwrap_or_default();
        let automatic = is_of(AUTOMATIC) || vote.is_some() || user == 0;
        let whole = text.clone();
        let (name, text) = if automatic || !signed { (None, text) } else { split_signature(&text) };
        let files = get(message, "files").map(items).unwrap_or_default();
        Some(Self {
            im: im(element)?,
            chat: text_at(element, &["chat", "id"])?,
            automatic,
            user,
            name,
            text,
            whole,
            files: files.into_iter().filter_map(Attachment::read).collect(),
            attached: get(element, "attachments_old").map(attach::written).unwrap_or_default(),
            vote,
        })
    }
}

/// Whether a word of a message's class says that it asks for a rating.
pub fn is_vote(class: &str) -> bool {
    class == VOTE
}

impl VoteRequest {
    /// `param` finds a parameter of the message by the name that events give it.
    pub fn read<'a>(param: impl Fn(&str) -> Option<&'a Value>) -> Option<Self> {
        Some(Self {
            session: param("IMOL_VOTE").and_then(number)?,
            closes_at: param("IMOL_DATE_CLOSE_VOTE").and_then(text).and_then(|date| moment(&date)),
            seconds: param("IMOL_TIME_LIMIT_VOTE").and_then(number).filter(|&seconds| seconds > 0),
        })
    }

    /// The request alone: with buttons to press nobody has to be told which digit to send.
    pub fn words<'a>(param: impl Fn(&str) -> Option<&'a Value>) -> Option<String> {
        param("IMOL_VOTE_TEXT").and_then(text).filter(|words| !words.is_empty())
    }
}

impl Attachment {
    fn read(file: &Value) -> Option<Self> {
        let pixels = |name| number_at(file, &[name]).and_then(|pixels| u32::try_from(pixels).ok());
        let address = |name| text_at(file, &[name]).filter(|address| !address.is_empty());
        Some(Self {
            id: None,
            name: text_at(file, &["name"])?,
            is_image: text_at(file, &["type"]).is_some_and(|kind| kind == "image"),
            mime: text_at(file, &["mime"]),
            size: number_at(file, &["size"]),
            width: pixels("width"),
            height: pixels("height"),
            download: address("downloadLink"),
            link: address("link"),
        })
    }
}

impl Edited {
    pub(super) fn read(element: &Value, signed: bool) -> Option<Self> {
        let whole = text_at(element, &["message", "text"]).unwrap_or_default();
        let (name, text) = if signed { split_signature(&whole) } else { (None, whole.clone()) };
        Some(Self {
            im: im(element)?,
            chat: text_at(element, &["chat", "id"])?,
            external: external(element),
            name,
            text,
            whole,
        })
    }
}

impl Deleted {
    pub(super) fn read(element: &Value) -> Option<Self> {
        Some(Self { im: im(element)?, chat: text_at(element, &["chat", "id"])?, external: external(element) })
    }
}

impl Carried {
    pub(super) fn read(element: &Value) -> Option<Self> {
        // Only what the line gives away has the number of its chat in the message itself.
        let is_outgoing = at(element, &["message", "chat_id"]).is_some();
        let is_chatter = at(element, &["message", "system"]).is_some_and(truth);
        if is_outgoing || is_chatter {
            return None;
        }
        Some(Self {
            connector: text_at(element, &["connector", "connector_id"])?,
            chat: text_at(element, &["connector", "chat_id"])?,
            external: text_at(element, &["message", "id"])?,
            portal_chat: number_at(element, &["chat", "id"]).filter(|&chat| chat > 0),
            user: number_at(element, &["connector", "user_id"]).filter(|&user| user > 0),
        })
    }
}

fn im(element: &Value) -> Option<ImId> {
    Some(ImId { chat: number_at(element, &["im", "chat_id"])?, message: number_at(element, &["im", "message_id"])? })
}

/// One id or several, in either event.
fn external(element: &Value) -> Vec<String> {
    at(element, &["message", "id"]).map(texts).unwrap_or_default()
}

/// `[b]Name:[/b] [br]text` into the name and the text, in the spellings of adding (space, then `[br]`), editing
/// (`[br]`, then space), of messages that hold files only, and of older portals (a plain line break).
fn split_signature(text: &str) -> (Option<String>, String) {
    let signed = || {
        let rest = strip(text, "[b]")?;
        let end = rest.find(['[', ']'])?;
        let name = rest[..end].strip_suffix(':').filter(|name| (1..=MAX_NAME).contains(&name.chars().count()))?;
        let rest = strip(&rest[end..], "[/b]")?.trim_start();
        Some((Some(name.to_owned()), strip(rest, "[br]").unwrap_or(rest).trim_start().to_owned()))
    };
    signed().unwrap_or_else(|| (None, text.to_owned()))
}

/// What follows `tag`, in any case of letters.
fn strip<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    text.get(..tag.len()).filter(|start| start.eq_ignore_ascii_case(tag)).map(|_| &text[tag.len()..])
}

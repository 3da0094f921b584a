//! One message of a history, as far as the portal tells what it is: who said it, and which marks it carries.

use crate::bitrix::attach;
use crate::bitrix::events::{Attachment, VoteRequest, is_vote};
use crate::bitrix::methods::legacy;
use crate::bitrix::value::{at, get, moment, number_at, pairs, text, text_at, texts, truth};
use serde_json::Value;
use shared::Millis;

/// A message of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    pub id: u64,
    pub sender: Sender,
    /// As it was written, in BB-code; of an older portal, which gives HTML, the words alone.
    pub text: String,
    /// `text` is not the very text that was written.
    pub is_undone: bool,
    pub at: Option<Millis>,
    /// What it is called outside the portal. May be missing though the message came from us: the portal writes it
    /// afterwards.
    pub external: Vec<String>,
    /// The words of its class.
    pub classes: Vec<String>,
    pub component: Option<String>,
    /// Handed to the connector and not confirmed by it. Not every portal returns this.
    pub sending: bool,
    pub edited: bool,
    pub deleted: bool,
    pub files: Vec<Attachment>,
    /// What is attached in blocks, as text in BB-code.
    pub attached: String,
    /// The portal asks for a rating.
    pub vote: Option<VoteRequest>,
    /// How many files it has, also where the portal does not tell which.
    pub file_count: usize,
}

/// Who said it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sender {
    /// The portal itself. Automatic texts may carry an operator's number all the same.
    Portal,
    Visitor,
    /// An operator, or a bot.
    Colleague {
        name: Option<String>,
        first_name: Option<String>,
        bot: bool,
    },
    /// The history does not tell who that is.
    #[default]
    Unknown,
}

/// A session begins, or ends.
const START: &str = "-ol-start";
const END: &str = "-ol-end";

impl Past {
    /// An element of `message`; the people and files that it names stand elsewhere in `result`.
    pub(super) fn read(message: &Value, result: &Value) -> Option<Self> {
        let params = get(message, "params").unwrap_or(&Value::Null);
        let param = |name: &str| {
            let is_it = |key: &str| key.replace('_', "").eq_ignore_ascii_case(&name.replace('_', ""));
            pairs(params).into_iter().find(|(key, _)| is_it(key)).map(|(_, value)| value)
        };
        let is_set = |name| param(name).is_some_and(truth);
        let class = param("class").map(texts).unwrap_or_default();
        let classes: Vec<String> = class.iter().flat_map(|words| words.split_whitespace()).map(str::to_owned).collect();
        let vote = Some(param).filter(|_| classes.iter().any(|class| is_vote(class))).and_then(VoteRequest::read);
        let asked = vote.and_then(|_| VoteRequest::words(param));
        // What a parameter holds is as it was written, in every build.
        let is_undone = get(message, "textlegacy").is_none() && asked.is_none();
        let raw = asked.or_else(|| text_at(message, &["text"])).unwrap_or_default();
        Some(Self {
            id: number_at(message, &["id"])?,
            sender: Sender::read(message, result),
            text: if is_undone { legacy::plain(&raw) } else { raw },
            is_undone,
            at: text_at(message, &["date"]).and_then(|date| moment(&date)),
            external: param("connectormid").map(texts).unwrap_or_default(),
            classes,
            component: param("componentid").and_then(text),
            sending: is_set("sending"),
            edited: is_set("isedited"),
            deleted: is_set("isdeleted"),
            files: param("fileid").map(|ids| files(ids, result)).unwrap_or_default(),
            attached: param("attach").map(attach::written).unwrap_or_default(),
            vote,
            file_count: param("fileid").map_or(0, |ids| numbers(ids).len()),
        })
    }

    /// Whether one of the words of the class contains that.
    pub fn is_of(&self, part: &str) -> bool {
        self.classes.iter().any(|class| class.contains(part))
    }

    /// Of a technical line that bounds a session: whether it opens it.
    pub(super) fn bounds(&self) -> Option<bool> {
        if self.is_of(END) { Some(false) } else { self.is_of(START).then_some(true) }
    }
}

impl Sender {
    fn read(message: &Value, result: &Value) -> Self {
        let Some(id) = text_at(message, &["senderid"]).filter(|id| id != "0") else { return Self::Portal };
        let Some(user) = at(result, &["users", &id]) else { return Self::Unknown };
        let is = |name| get(user, name).is_some_and(truth);
        if is("connector") {
            return Self::Visitor;
        }
        let first_name = text_at(user, &["firstName"]).or_else(|| text_at(user, &["first_name"]));
        Self::Colleague { name: text_at(user, &["name"]), first_name, bot: is("bot") }
    }
}

/// The files of these numbers. Their addresses here carry the key of somebody's page: another is asked for.
fn files(ids: &Value, result: &Value) -> Vec<Attachment> {
    let attachment = |id: u64| {
        let file = at(result, &["files", &id.to_string()])?;
        let side = |name| number_at(file, &["image", name]).and_then(|side| u32::try_from(side).ok());
        Some(Attachment {
            id: Some(id),
            name: text_at(file, &["name"])?,
            is_image: text_at(file, &["type"]).is_some_and(|kind| kind == "image"),
            size: number_at(file, &["size"]),
            width: side("width"),
            height: side("height"),
            ..Attachment::default()
        })
    };
    numbers(ids).into_iter().filter_map(attachment).collect()
}

/// Of a list, or the one that stands in its place.
fn numbers(ids: &Value) -> Vec<u64> {
    texts(ids).iter().filter_map(|id| id.trim().parse().ok()).collect()
}

//! `imopenlines.session.history.get`, `imopenlines.dialog.get`: what the portal has of a conversation. The history also
//! holds what visitors must never see: only what `allowed` lets through may be shown; for all else it answers no more
//! than whether a visitor's own message arrived.

mod allowed;
mod past;

pub use allowed::{Verdict, verdict};
pub use past::{Past, Sender};

use super::Method;
use crate::bitrix::CONNECTOR;
use crate::bitrix::error::PortalError;
use crate::bitrix::value::{at, get, number_at, pairs, text_at};
use crate::ids::LineId;
use serde::Serialize;
use serde_json::Value;
use shared::Millis;

/// `imopenlines.session.history.get`, by session: every build of the portal knows that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct GetHistory {
    pub session_id: u64,
}

/// One session of a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pub session: Option<u64>,
    /// The portal's chat.
    pub chat: Option<u64>,
    /// Whose chat it is, where the portal tells.
    pub owner: Option<Owner>,
    /// By number, the oldest first.
    pub messages: Vec<Past>,
}

/// What a chat belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub connector: String,
    pub line: LineId,
    /// The external id, which we gave.
    pub chat: String,
    /// The portal's own user for the visitor.
    pub user: Option<u64>,
    /// The line that leads the conversation now, where it was handed over.
    pub leading: Option<LineId>,
}

impl Owner {
    /// The lines whose settings bear upon the conversation, the one that leads it first.
    pub fn lines(&self) -> impl Iterator<Item = LineId> {
        self.leading.into_iter().chain([self.line])
    }
}

impl History {
    /// The visitor's message `id`.
    pub fn named(&self, id: &str) -> Option<&Past> {
        self.messages.iter().find(|past| past.external.iter().any(|external| external == id))
    }

    /// The visitor's messages without an id, which the portal writes in a second step, that are no older than
    /// `not_before` by its clock.
    pub fn unnamed(&self, not_before: Millis) -> impl Iterator<Item = &Past> {
        let is_it = move |past: &&Past| {
            past.sender == Sender::Visitor
                && past.external.is_empty()
                && !past.deleted
                && past.at.is_none_or(|at| at >= not_before)
        };
        self.messages.iter().filter(is_it)
    }

    /// Whether something in it carries the mark that only some portals return.
    pub fn marks_sending(&self) -> bool {
        self.messages.iter().any(|past| past.sending)
    }

    /// Whether the session was closed.
    pub fn is_finished(&self) -> bool {
        self.messages.iter().rev().find_map(Past::bounds).is_some_and(|opens| !opens)
    }
}

impl Method for GetHistory {
    const NAME: &'static str = "imopenlines.session.history.get";
    type Reply = History;

    fn reply(result: Value) -> Result<History, PortalError> {
        let list = get(&result, "message").ok_or_else(Self::shape)?;
        let mut messages: Vec<Past> =
            pairs(list).into_iter().filter_map(|(_, message)| Past::read(message, &result)).collect();
        messages.sort_by_key(|past| past.id);
        let chat = number_at(&result, &["chatId"]);
        Ok(History {
            session: number_at(&result, &["sessionId"]),
            chat,
            owner: chat.and_then(|chat| owner(&result, chat)),
            messages,
        })
    }
}

/// `connector|line|chat|user`, in the spelling of either build.
fn owner(result: &Value, chat: u64) -> Option<Owner> {
    let chat = at(result, &["chat", &chat.to_string()])?;
    let code = text_at(chat, &["entityId"]).or_else(|| text_at(chat, &["entity_id"]))?;
    let data = text_at(chat, &["entityData1"]).or_else(|| text_at(chat, &["entity_data_1"])).unwrap_or_default();
    let leading = data.split('|').nth(LEADING).and_then(|line| line.parse().ok()).filter(|&line| line > 0).map(LineId);
    let fields: Vec<&str> = code.split('|').collect();
    let [connector, line, chat, user] = fields[..] else { return None };
    let (connector, chat) = (connector.to_owned(), chat.to_owned());
    let (line, user) = (LineId(line.parse().ok()?), user.parse().ok().filter(|&user| user > 0));
    Some(Owner { connector, line, chat, user, leading: leading.filter(|leading| *leading != line) })
}

/// Where among the fields of a chat's first data stands the line that it was handed over to.
const LEADING: usize = 7;

/// `imopenlines.dialog.get`, by the portal's chat, or by whose it is. Works for portal administrators and members of the
/// chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged, rename_all_fields = "SCREAMING_SNAKE_CASE")]
pub enum GetDialog {
    Chat { chat_id: u64 },
    Whose { user_code: String },
}

impl GetDialog {
    /// By `user`, the portal's own number of the visitor whose external chat `chat` is, on `line`.
    pub fn of(line: LineId, chat: &str, user: u64) -> Self {
        Self::Whose { user_code: format!("{CONNECTOR}|{}|{chat}|{user}", line.0) }
    }
}

/// Where a chat stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatState {
    pub chat: u64,
    /// The session that is open, or was last.
    pub session: Option<u64>,
    /// Whether the portal says anything of that: where it does and names none, none is.
    pub is_told: bool,
    /// The employee who leads it, where the portal tells; 0 where nobody does.
    pub leader: Option<u64>,
}

impl Method for GetDialog {
    const NAME: &'static str = "imopenlines.dialog.get";
    type Reply = ChatState;

    fn reply(result: Value) -> Result<ChatState, PortalError> {
        // `entity_data_1` is a list between bars; its sixth field is the session.
        let fields = text_at(&result, &["entity_data_1"]).unwrap_or_default();
        let session = fields.split('|').nth(5).and_then(|field| field.parse::<u64>().ok());
        Ok(ChatState {
            chat: number_at(&result, &["id"]).ok_or_else(Self::shape)?,
            session: session.filter(|&session| session > 0),
            is_told: session.is_some(),
            leader: number_at(&result, &["owner"]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::client::read_answer;
    use crate::bitrix::fixtures::{bytes, result};

    const AT: Millis = 1_773_759_090_000; // when the visitor's message of the recorded history was stored

    #[test]
    fn a_chat_is_asked_for_by_its_number_or_by_whose_it_is() {
        let written = |asked| serde_json::to_value::<GetDialog>(asked).unwrap();
        assert_eq!(written(GetDialog::Chat { chat_id: 1807 }), serde_json::json!({"CHAT_ID": 1807}));
        let whose = serde_json::json!({"USER_CODE": "otklik|107|v-5f0c2a7e4b|585"});
        assert_eq!(written(GetDialog::of(LineId(107), "v-5f0c2a7e4b", 585)), whose);
    }

    #[test]
    fn a_visitors_message_is_found_by_its_id() {
        let history = GetHistory::reply(result("imopenlines.session.history.get.response.json")).unwrap();
        assert_eq!((history.session, history.chat, history.messages.len()), (Some(3282), Some(1807), 6));
        assert_eq!(history.named("m-1001").map(|past| past.id), Some(86490));
        assert!(history.named("m-1002").is_none());
        assert_eq!(history.unnamed(0).count(), 0, "what colleagues said is not the visitor's");
    }

    #[test]
    fn a_message_without_an_id_is_found_by_its_time() {
        let mut history = GetHistory::reply(result("imopenlines.session.history.get.response.json")).unwrap();
        history.messages[1].external.clear();
        let found = |not_before| history.unnamed(not_before).map(|past| past.text.as_str()).collect::<Vec<_>>();
        assert_eq!(found(AT), ["Добрый день! Есть ли доставка в Казань?"]);
        assert!(found(AT + 3_600_000).is_empty(), "that was an hour before");
    }

    #[test]
    fn older_portals_give_html() {
        let history =
            GetHistory::reply(result("imopenlines.session.history.get.old-build-html.response.json")).unwrap();
        assert!(history.named("m-1001").is_some());
        let answer = &history.messages[1];
        assert_eq!(answer.text, "Доставка бесплатная от 3000 ₽\nПодробнее — https://example.com/d");
        assert_eq!((answer.is_undone, verdict(answer, false, false)), (true, Verdict::Said));
    }

    #[test]
    fn empty_maps_are_arrays() {
        let history = GetHistory::reply(serde_json::json!({"message": [], "users": [], "sessionId": 1})).unwrap();
        assert!(history.messages.is_empty());
        let message = serde_json::json!({"id": 7, "text": "x", "textlegacy": "x", "params": {"CONNECTOR_MID": "m"}});
        let odd = serde_json::json!({"message": {"7": message}});
        assert!(GetHistory::reply(odd).unwrap().named("m").is_some());
    }

    #[test]
    fn whose_chat_it_is_and_whether_it_ended_is_told() {
        let mut recorded = result("imopenlines.session.history.get.response.json");
        let history = GetHistory::reply(recorded.clone()).unwrap();
        let (connector, chat) = ("site_widget".to_owned(), "v-5f0c2a7e4b".to_owned());
        let owner = Owner { connector, line: LineId(107), chat, user: Some(585), leading: None };
        assert_eq!((history.owner.as_ref(), history.is_finished()), (Some(&owner), false));
        recorded["chat"]["1807"]["entityData1"] = "N|NONE|0|N|N|3282|1773759100|109|0|0".into();
        let moved = GetHistory::reply(recorded.clone()).unwrap().owner.unwrap();
        assert_eq!(moved.lines().collect::<Vec<_>>(), [LineId(109), LineId(107)], "handed over");
        let end = serde_json::json!({"class": "bx-messenger-content-item-ol-end"});
        recorded["message"]["86550"] = serde_json::json!({"id": "86550", "senderid": "0", "params": end});
        assert!(GetHistory::reply(recorded).unwrap().is_finished());
    }

    #[test]
    fn a_refusal_is_a_refusal() {
        let error = read_answer(400, &bytes("imopenlines.session.history.get.error.ACCESS_DENIED.json")).unwrap_err();
        assert_eq!(error.code(), Some("ACCESS_DENIED"));
    }

    #[test]
    fn the_open_session_of_a_chat_is_told() {
        let state = GetDialog::reply(result("imopenlines.dialog.get.response.json")).unwrap();
        assert_eq!(state, ChatState { chat: 1807, session: Some(3282), is_told: true, leader: Some(27) });
        let of = |fields: Value| {
            let state = GetDialog::reply(serde_json::json!({"id": 1807, "entity_data_1": fields})).unwrap();
            (state.session, state.is_told)
        };
        assert_eq!(of("N|NONE|0|N|N|0|0|0|0|0".into()), (None, true), "none is open");
        assert_eq!((of("N|NONE|0".into()), of(Value::Null)), ((None, false), (None, false)));
    }
}

//! `imopenlines.session.history.get`, `imopenlines.dialog.get`: what the portal has of a conversation. The history also
//! holds what visitors must never see (whispers, notes); here it only answers whether a visitor's own message arrived.

use super::{Method, legacy};
use crate::bitrix::error::PortalError;
use crate::bitrix::value::{at, get, moment, number_at, pairs, text_at, texts, truth};
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
    /// By number, the oldest first.
    pub messages: Vec<Past>,
}

/// A message of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    pub id: u64,
    pub from_visitor: bool,
    /// Plain, as it was written: older portals give HTML, which is undone.
    pub text: String,
    pub at: Option<Millis>,
    /// What it is called outside the portal. May be missing though the message came from us: the portal writes it
    /// afterwards.
    pub external: Vec<String>,
}

impl History {
    /// Whether the visitor's message `id` is there; or, since the portal writes ids in a second step, one without an id
    /// that says the same and is no older than `not_before`, by the portal's clock.
    pub fn holds(&self, id: &str, text: &str, not_before: Millis) -> bool {
        let named = |past: &Past| past.external.iter().any(|external| external == id);
        let same = |past: &Past| {
            past.from_visitor
                && past.external.is_empty()
                && past.text.trim() == text.trim()
                && past.at.is_none_or(|at| at >= not_before)
        };
        self.messages.iter().any(|past| named(past) || same(past))
    }
}

impl Method for GetHistory {
    const NAME: &'static str = "imopenlines.session.history.get";
    type Reply = History;

    fn reply(result: Value) -> Result<History, PortalError> {
        let users = get(&result, "users").unwrap_or(&Value::Null);
        let list = get(&result, "message").ok_or_else(Self::shape)?;
        let mut messages: Vec<Past> = pairs(list).into_iter().filter_map(|(_, message)| past(message, users)).collect();
        messages.sort_by_key(|past| past.id);
        Ok(History { session: number_at(&result, &["sessionId"]), chat: number_at(&result, &["chatId"]), messages })
    }
}

fn past(message: &Value, users: &Value) -> Option<Past> {
    let sender = text_at(message, &["senderid"]).unwrap_or_default();
    let text = text_at(message, &["text"]).unwrap_or_default();
    Some(Past {
        id: number_at(message, &["id"])?,
        from_visitor: at(users, &[&sender, "connector"]).is_some_and(truth),
        text: if get(message, "textlegacy").is_some() { text } else { legacy::plain(&text) },
        at: text_at(message, &["date"]).and_then(|date| moment(&date)),
        external: get(message, "params").map(external).unwrap_or_default(),
    })
}

/// `connectorMid`, in whatever spelling of its name.
fn external(params: &Value) -> Vec<String> {
    let is_mid = |key: &str| key.replace('_', "").eq_ignore_ascii_case("connectormid");
    pairs(params).into_iter().filter(|(key, _)| is_mid(key)).flat_map(|(_, ids)| texts(ids)).collect()
}

/// `imopenlines.dialog.get`, by the portal's chat. Works for portal administrators and members of the chat.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct GetDialog {
    pub chat_id: u64,
}

/// Where a chat stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatState {
    pub chat: u64,
    /// The session that is open, or was last.
    pub session: Option<u64>,
}

impl Method for GetDialog {
    const NAME: &'static str = "imopenlines.dialog.get";
    type Reply = ChatState;

    fn reply(result: Value) -> Result<ChatState, PortalError> {
        // `entity_data_1` is a list between bars; its sixth field is the session.
        let fields = text_at(&result, &["entity_data_1"]).unwrap_or_default();
        Ok(ChatState {
            chat: number_at(&result, &["id"]).ok_or_else(Self::shape)?,
            session: fields.split('|').nth(5).and_then(|field| field.parse().ok()).filter(|&session| session > 0),
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
    fn a_visitors_message_is_found_by_its_id() {
        let history = GetHistory::reply(result("imopenlines.session.history.get.response.json")).unwrap();
        assert_eq!((history.session, history.chat, history.messages.len()), (Some(3282), Some(1807), 6));
        assert!(history.holds("m-1001", "", AT));
        assert!(!history.holds("m-1002", "Добрый день! Есть ли доставка в Казань?", AT), "that one has another id");
        assert!(!history.holds("m-1002", "Доставка [b]бесплатная[/b] от 3000 ₽", AT), "an operator said that");
    }

    #[test]
    fn a_message_without_an_id_is_found_by_its_words_and_time() {
        let mut history = GetHistory::reply(result("imopenlines.session.history.get.response.json")).unwrap();
        history.messages[1].external.clear();
        let text = "Добрый день! Есть ли доставка в Казань? ";
        assert!(history.holds("m-1001", text, AT));
        assert!(!history.holds("m-1001", text, AT + 3_600_000), "that was an hour before");
        assert!(!history.holds("m-1001", "Другое", AT));
    }

    #[test]
    fn older_portals_give_html() {
        let history =
            GetHistory::reply(result("imopenlines.session.history.get.old-build-html.response.json")).unwrap();
        assert!(history.holds("m-1001", "", AT));
        assert_eq!(history.messages[1].text, "Доставка бесплатная от 3000 ₽\nПодробнее — https://example.com/d");
    }

    #[test]
    fn empty_maps_are_arrays() {
        let history = GetHistory::reply(serde_json::json!({"message": [], "users": [], "sessionId": 1})).unwrap();
        assert!(history.messages.is_empty());
        let message = serde_json::json!({"id": 7, "text": "x", "textlegacy": "x", "params": {"CONNECTOR_MID": "m"}});
        let odd = serde_json::json!({"message": {"7": message}});
        assert!(GetHistory::reply(odd).unwrap().holds("m", "", 0));
    }

    #[test]
    fn a_refusal_is_a_refusal() {
        let error = read_answer(400, &bytes("imopenlines.session.history.get.error.ACCESS_DENIED.json")).unwrap_err();
        assert_eq!(error.code(), Some("ACCESS_DENIED"));
    }

    #[test]
    fn the_open_session_of_a_chat_is_told() {
        let state = GetDialog::reply(result("imopenlines.dialog.get.response.json")).unwrap();
        assert_eq!(state, ChatState { chat: 1807, session: Some(3282) });
    }
}

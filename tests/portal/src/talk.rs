//! What happens in a chat: sessions open and close, messages are stored and handed to the connector.
//! What visitors do is in `visitor`, what operators do in `operator`.

mod operator;
mod visitor;
mod vote;

use serde_json::{Map, Value, json};

pub(crate) use self::visitor::Incoming;
use crate::{
    chats::{Alarm, Author, Chat, Due, Kind, Message, Rating, Session},
    clock::Millis,
    events::LINE_MESSAGE,
    ids::{ChatId, MessageId, SessionId, UserId},
    options::OperatorData,
    php,
    world::World,
};

/// Why something cannot be done in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TalkError {
    #[error("there is no such chat")]
    NoChat,
    #[error("there is no such message in the chat, or it was deleted")]
    NoMessage,
    #[error("nobody of that number works here")]
    NoOperator,
    #[error("the message is somebody else's, or the connector does not allow this")]
    NotAllowed,
    #[error("the text is empty")]
    Empty,
    #[error("there is no open session")]
    NoSession,
}

/// What stands between signature and text: the portal's source has it one way on a new message, the other on an edit.
#[derive(Clone, Copy)]
enum Gap {
    OfAdd,
    OfUpdate,
}

impl World {
    /// The open session of a chat; a new one raises its start before anything is stored in it.
    fn ensure_session(&mut self, chat: ChatId, by: Option<UserId>) -> SessionId {
        if let Some(open) = self.chats[&chat].open_session() {
            return open;
        }
        self.open_session(chat, by)
    }

    fn open_session(&mut self, chat: ChatId, by: Option<UserId>) -> SessionId {
        let session =
            Session { id: self.numbers.session(), opened_at: self.clock.now(), closed: false, rating: Rating::None };
        let id = session.id;
        self.chat_mut(chat).sessions.push(session);
        self.raise_dialog("ONIMCONNECTORDIALOGSTART", chat, id, by);
        self.store(chat, Author::Portal, Kind::Started, format!("[b]Начат новый диалог №{id}[/b]"));
        id
    }

    fn raise_dialog(&mut self, event: &str, chat: ChatId, session: SessionId, by: Option<UserId>) {
        let chat = &self.chats[&chat];
        let closed = chat.sessions.iter().any(|one| one.id == session && one.closed);
        let close_term = self.line(chat.line).map_or(0, |line| line.full_close.as_secs() / 60);
        let data = json!({
            "CONNECTOR": chat.connector,
            "LINE": chat.line,
            "DATA": [{
                "connector": {
                    "connector_id": chat.connector, "line_id": chat.moved.unwrap_or(chat.line),
                    "chat_id": chat.external, "user_id": chat.visitor,
                },
                "session": {
                    "id": session, "closed": if closed { "Y" } else { "N" },
                    "parent_id": 0, "close_term": close_term,
                },
                "chat": {"id": chat.external},
                "user": {"id": chat.visitor},
            }],
        });
        self.raise(event, &data, by);
    }

    fn chat_mut(&mut self, id: ChatId) -> &mut Chat {
        self.chats.get_mut(&id).expect("a chat's number came from the chats")
    }

    fn store(&mut self, chat: ChatId, author: Author, kind: Kind, text: String) -> MessageId {
        let id = self.numbers.message();
        let at = self.clock.now();
        let chat = self.chat_mut(chat);
        let session = chat.session().map_or(SessionId(0), |session| session.id);
        chat.messages.push(Message {
            id,
            session,
            author,
            kind,
            text,
            files: Vec::new(),
            attach: Vec::new(),
            at,
            mids: Vec::new(),
            sending: None,
            unsent: false,
            untold: false,
            edited: false,
            deleted: false,
        });
        id
    }

    /// Stores a message and hands it to the connector, or marks it unsent where the connector is off.
    fn say(&mut self, chat: ChatId, author: Author, kind: Kind, text: String) -> MessageId {
        let id = self.store(chat, author, kind, text);
        self.hand_over(chat, id);
        id
    }

    /// Hands a message to the connector, or marks it unsent where the connector is off.
    fn hand_over(&mut self, chat: ChatId, id: MessageId) {
        let message = self.chats[&chat].message(id).expect("the message was just stored");
        let (author, automatic) = (message.author, message.kind.is_automatic());
        let (connector, line) = (self.chats[&chat].connector.clone(), self.chats[&chat].line);
        let wanted = !automatic || self.connectors.get(&connector).is_some_and(|known| known.may.system_messages);
        if !self.is_open(&connector, line) {
            self.edit_message(chat, id, |message| message.unsent = true);
        } else if wanted {
            let (now, untold) = (self.clock.now(), !self.is_telling());
            self.edit_message(chat, id, |message| (message.sending, message.untold) = (Some(now), untold));
            let data = self.message_data(chat, id);
            let by = (!automatic).then(|| author.user());
            self.raise("ONIMCONNECTORMESSAGEADD", &data, by);
            self.repeat_outgoing(chat, id, by);
        }
    }

    /// `ONOPENLINEMESSAGEADD`: the line tells whoever listens what it gave to the connector.
    fn repeat_outgoing(&mut self, chat: ChatId, id: MessageId, by: Option<UserId>) {
        let chat = &self.chats[&chat];
        let message = chat.message(id).expect("the message was just stored");
        let data = json!({
            "CONNECTOR": chat.connector,
            "LINE": chat.line,
            "DATA": {
                "connector": {
                    "connector_id": chat.connector, "line_id": chat.line,
                    "chat_id": chat.external, "user_id": chat.visitor,
                },
                "message": {
                    "id": id, "chat_id": chat.id, "user_id": message.author.user(), "text": message.text,
                    "files": [], "attachments": [], "params": [], "system": "N",
                },
                "no_session": "N",
            },
        });
        self.raise(LINE_MESSAGE, &data, by);
    }

    fn edit_message(&mut self, chat: ChatId, id: MessageId, change: impl FnOnce(&mut Message)) {
        if let Some(message) = self.chat_mut(chat).message_mut(id) {
            change(message);
        }
    }

    fn message_data(&self, chat: ChatId, id: MessageId) -> Value {
        let chat = &self.chats[&chat];
        let message = chat.message(id).expect("the message was just stored");
        let mut params = Map::new();
        let form = match &message.kind {
            Kind::Automatic(form) => Some(form.as_str()),
            Kind::Vote { session, until, vote } => {
                params.insert("IMOL_VOTE".to_owned(), json!(session));
                params.insert("IMOL_VOTE_TEXT".to_owned(), json!(vote.text));
                params.insert("IMOL_VOTE_LIKE".to_owned(), json!(vote.like));
                params.insert("IMOL_VOTE_DISLIKE".to_owned(), json!(vote.dislike));
                params.insert("IMOL_DATE_CLOSE_VOTE".to_owned(), json!(until.map_or(String::new(), Millis::iso)));
                params.insert("IMOL_TIME_LIMIT_VOTE".to_owned(), json!(vote.limit.as_secs()));
                Some("like")
            }
            _ => None,
        };
        if let Some(form) = form {
            params.insert("CLASS".to_owned(), json!(message.kind.class()));
            params.insert("IMOL_FORM".to_owned(), json!(form));
        }
        let mut data = message_event(
            chat,
            id,
            json!({
                "user_id": message.author.user(),
                "text": self.signed(chat, message, Gap::OfAdd),
                "files": message.files.iter().map(|file| file.told(&self.name())).collect::<Vec<_>>(),
                "attachments": [],
                "params": php::map(params),
            }),
        );
        let attach: Vec<String> = message.attach.iter().map(Value::to_string).collect();
        data["MESSAGES"][0]["attachments_old"] = json!(attach);
        data
    }

    /// The text as the connector gets it: an operator's words behind their name, where line and connector want it.
    fn signed(&self, chat: &Chat, message: &Message, gap: Gap) -> String {
        let line = self.line(chat.moved.unwrap_or(chat.line));
        let wanted = self.connectors.get(&chat.connector).is_some_and(|connector| connector.may.signature)
            && line.is_some_and(|line| line.operator_data != OperatorData::Hide);
        let (Author::Operator(user), Kind::Said, true) = (message.author, &message.kind, wanted) else {
            return message.text.clone();
        };
        let of_queue = line.filter(|line| line.operator_data == OperatorData::Queue);
        let name = of_queue.and_then(|line| line.default_name.clone());
        let name = name.or_else(|| Some(self.employee(user)?.full_name())).unwrap_or_default();
        let gap = match gap {
            Gap::OfAdd if message.text.is_empty() => " ", // files alone
            Gap::OfAdd => " [br]",
            Gap::OfUpdate => "[br] ",
        };
        format!("[b]{name}:[/b]{gap}{}", message.text)
    }

    fn known(&self, chat: ChatId) -> Result<&Chat, TalkError> {
        self.chats.get(&chat).ok_or(TalkError::NoChat)
    }

    fn close(&mut self, chat: ChatId, session: SessionId) {
        self.store(chat, Author::Portal, Kind::Ended, "[b]Диалог завершён[/b]".to_owned());
        let known = self.chat_mut(chat);
        known.owner = None;
        for one in known.sessions.iter_mut().filter(|one| one.id == session) {
            one.closed = true;
        }
        self.raise_dialog("ONIMCONNECTORDIALOGFINISH", chat, session, None);
    }

    /// Does what has fallen due.
    pub(crate) fn ring(&mut self) {
        let now = self.clock.now();
        let (due, later) = std::mem::take(&mut self.alarms).into_iter().partition(|alarm: &Alarm| alarm.due <= now);
        self.alarms = later;
        for Alarm { chat, what, .. } in due {
            match what {
                Due::Close(session) => self.close(chat, session),
                Due::Mid(message, mid) => self.edit_message(chat, message, |message| message.mids.push(mid)),
            }
        }
    }

    /// The second step of `send.messages`, at a moment of its own: nothing else waits for it.
    pub(crate) fn give_mids(&mut self, due: Millis) {
        let mids = std::mem::take(&mut self.pending_mids);
        self.alarms.extend(mids.into_iter().map(|(chat, id, mid)| Alarm { due, chat, what: Due::Mid(id, mid) }));
        self.ring();
    }
}

/// `data` of a message event around its `message`.
fn message_event(chat: &Chat, id: MessageId, message: Value) -> Value {
    json!({
        "CONNECTOR": chat.connector,
        "LINE": chat.line.to_string(),
        "MESSAGES": [{
            "im": {"chat_id": chat.id, "message_id": id},
            "message": message,
            "chat": {"id": chat.external},
        }],
    })
}

//! What visitors do in a chat: they write, and the first word opens it.

use serde_json::json;

use super::vote::Voted;
use crate::{
    chats::{Author, Chat, Due, Kind, Profile, Visitor},
    drive::File,
    events::LINE_MESSAGE,
    ids::{ChatId, LineId, SessionId, UserId},
    world::World,
};

/// The portal cuts longer texts (`imconnector.send.messages`).
const MAX_TEXT_CHARS: usize = 20_000;

/// An element of `imconnector.send.messages`, read.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub connector: String,
    pub line: LineId,
    pub user_id: String,
    pub profile: Profile,
    pub message_id: Option<String>,
    pub text: String,
    pub files: Vec<File>,
    pub chat_id: String,
    pub chat_name: String,
    pub chat_url: String,
    /// `ref.source`.
    pub source: String,
}

/// Where a visitor's message went.
pub(crate) struct Received {
    pub chat: ChatId,
    /// None: the portal has it and loaded no session for it.
    pub session: Option<SessionId>,
}

impl World {
    /// Stores a visitor's message in its chat, opening chat and session where there is none. Its `CONNECTOR_MID` waits
    /// in `pending_mids`: the portal gives it in a second step. `by`: whose token the call has.
    pub(crate) fn receive(&mut self, incoming: Incoming, by: UserId) -> Received {
        let visitor = self.visitor(&incoming);
        let chat = self.chat_for(&incoming, visitor);
        if let Some(voted) = self.vote(chat, &incoming) {
            let session = match voted {
                Voted::Taken(session) => Some(session),
                Voted::TooLate => None,
            };
            return Received { chat, session };
        }
        let opened = self.chats[&chat].open_session().is_none();
        let session = self.ensure_session(chat, Some(by));
        self.alarms.retain(|alarm| alarm.what != Due::Close(session));
        let id = self.store(chat, Author::Visitor(visitor), Kind::Said, clipped(&incoming.text));
        self.repeat_incoming(chat, &incoming, by);
        let files = incoming.files;
        self.edit_message(chat, id, |message| message.files = files);
        if let Some(mid) = incoming.message_id {
            self.pending_mids.push((chat, id, mid));
        }
        let greeting = self.line(incoming.line).and_then(|line| line.greeting.clone());
        if let (true, Some(text)) = (opened, greeting) {
            self.say(chat, Author::Portal, Kind::Automatic("welcome".to_owned()), text);
        }
        Received { chat, session: Some(session) }
    }

    /// `ONOPENLINEMESSAGEADD`: the line tells whoever listens what the connector brought.
    fn repeat_incoming(&mut self, chat: ChatId, incoming: &Incoming, by: UserId) {
        let chat = &self.chats[&chat];
        let message = json!({
            "connector": {
                "connector_id": chat.connector, "line_id": chat.line,
                "chat_id": chat.external, "user_id": chat.visitor,
            },
            "chat": {"id": chat.id},
            "message": {
                "id": incoming.message_id, "date": "", "text": incoming.text, "attach": "",
                "system": "N", "user_id": chat.visitor,
            },
            "extra": {"EXTRA_URL": ""},
        });
        let data = if self.options.build.one_message { json!({"DATA": message}) } else { json!({"DATA": [message]}) };
        self.raise(LINE_MESSAGE, &data, Some(by));
    }

    /// The portal's user of `{connector}|{user.id}`, its profile replaced by what came.
    pub(crate) fn visitor(&mut self, incoming: &Incoming) -> UserId {
        let external = format!("{}|{}", incoming.connector, incoming.user_id);
        if let Some(known) = self.visitors.values_mut().find(|visitor| visitor.external == external) {
            known.profile = incoming.profile.clone();
            return known.id;
        }
        let id = self.numbers.visitor();
        self.visitors.insert(id, Visitor { id, external, profile: incoming.profile.clone() });
        id
    }

    pub(crate) fn find_chat(&self, connector: &str, line: LineId, external: &str) -> Option<ChatId> {
        let fits = |chat: &&Chat| chat.connector == connector && chat.line == line && chat.external == external;
        self.chats.values().find(fits).map(|chat| chat.id)
    }

    fn chat_for(&mut self, incoming: &Incoming, visitor: UserId) -> ChatId {
        // With `CHAT_GROUP` the visitor's part of `USER_CODE` is 0: whoever names this chat is in it.
        let is_group = self.connectors.get(&incoming.connector).is_some_and(|connector| connector.may.chat_group);
        let visitor = if is_group { UserId(0) } else { visitor };
        let fits = |chat: &&Chat| {
            (chat.connector.as_str(), chat.line, chat.external.as_str(), chat.visitor)
                == (incoming.connector.as_str(), incoming.line, incoming.chat_id.as_str(), visitor)
        };
        if let Some(known) = self.chats.values().find(fits) {
            return known.id;
        }
        let id = self.numbers.chat();
        let line = self.line(incoming.line).map_or("", |line| line.name.as_str());
        let who = if incoming.chat_name.is_empty() { incoming.profile.full_name() } else { incoming.chat_name.clone() };
        let description =
            (!incoming.chat_url.is_empty()).then(|| format!("Ссылка на оригинальный пост: {}", incoming.chat_url));
        let chat = Chat {
            id,
            connector: incoming.connector.clone(),
            line: incoming.line,
            moved: None,
            external: incoming.chat_id.clone(),
            visitor,
            title: format!("{who} - {line}"),
            description,
            source: (!incoming.source.is_empty()).then(|| incoming.source.clone()),
            owner: None,
            sessions: Vec::new(),
            messages: Vec::new(),
            created_at: self.clock.now(),
        };
        self.chats.insert(id, chat);
        id
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((at, _)) => format!("{} (...)", &text[..at]),
        None => text.to_owned(),
    }
}

//! What operators do in a chat: they answer, edit, delete, whisper, finish.

use serde_json::{Value, json};

use super::{Gap, TalkError, message_event};
use crate::{
    chats::{Alarm, Author, Due, Kind, Message},
    connectors::Capabilities,
    drive::Upload,
    ids::{ChatId, LineId, MessageId, UserId},
    world::World,
};

impl World {
    /// An operator answers; the first to do so leads the chat. A finished chat begins a new session.
    pub fn operator_says(&mut self, chat: ChatId, by: UserId, text: &str) -> Result<MessageId, TalkError> {
        self.known(chat)?;
        self.employee(by).ok_or(TalkError::NoOperator)?;
        if text.trim().is_empty() {
            return Err(TalkError::Empty);
        }
        self.ensure_session(chat, Some(by));
        self.chat_mut(chat).owner.get_or_insert(by);
        Ok(self.say(chat, Author::Operator(by), Kind::Said, text.to_owned()))
    }

    /// An operator sends files, perhaps with words.
    pub fn operator_sends(
        &mut self,
        chat: ChatId,
        by: UserId,
        text: &str,
        files: Vec<Upload>,
    ) -> Result<MessageId, TalkError> {
        self.known(chat)?;
        self.employee(by).ok_or(TalkError::NoOperator)?;
        self.ensure_session(chat, Some(by));
        self.chat_mut(chat).owner.get_or_insert(by);
        let id = self.store(chat, Author::Operator(by), Kind::Said, text.to_owned());
        let files = files.into_iter().map(|file| self.keep_file(file)).collect();
        self.edit_message(chat, id, |message| message.files = files);
        self.hand_over(chat, id);
        Ok(id)
    }

    /// A message with blocks beside its words, or without any: bots and applications send such.
    pub fn operator_attaches(
        &mut self,
        chat: ChatId,
        by: UserId,
        text: &str,
        attach: Value,
    ) -> Result<MessageId, TalkError> {
        self.known(chat)?;
        self.employee(by).ok_or(TalkError::NoOperator)?;
        self.ensure_session(chat, Some(by));
        self.chat_mut(chat).owner.get_or_insert(by);
        let id = self.store(chat, Author::Operator(by), Kind::Said, text.to_owned());
        self.edit_message(chat, id, |message| message.attach = vec![attach]);
        self.hand_over(chat, id);
        Ok(id)
    }

    /// An automatic text to the visitor.
    pub fn system_says(&mut self, chat: ChatId, text: &str) -> Result<MessageId, TalkError> {
        self.known(chat)?;
        self.ensure_session(chat, None);
        Ok(self.say(chat, Author::Portal, Kind::Automatic("welcome".to_owned()), text.to_owned()))
    }

    /// A mailing of the CRM: of no class, and nobody's.
    pub fn mailing_says(&mut self, chat: ChatId, text: &str) -> Result<MessageId, TalkError> {
        self.known(chat)?;
        self.ensure_session(chat, None);
        Ok(self.say(chat, Author::Portal, Kind::Said, text.to_owned()))
    }

    /// An operator's note that no visitor may ever see.
    pub fn operator_whispers(&mut self, chat: ChatId, by: UserId, text: &str) -> Result<MessageId, TalkError> {
        self.known(chat)?;
        self.ensure_session(chat, None);
        Ok(self.store(chat, Author::Operator(by), Kind::Whisper, text.to_owned()))
    }

    /// The portal's note to operators that no visitor may ever see. It carries the number of the chat's operator.
    pub fn notes(&mut self, chat: ChatId, text: &str) -> Result<MessageId, TalkError> {
        let author = self.known(chat)?.owner.map_or(Author::Portal, Author::Operator);
        self.ensure_session(chat, None);
        Ok(self.store(chat, author, Kind::Note, text.to_owned()))
    }

    fn own_message(&self, chat: ChatId, id: MessageId) -> Result<&Message, TalkError> {
        let message = self.known(chat)?.message(id).ok_or(TalkError::NoMessage)?;
        match message.author {
            _ if message.deleted => Err(TalkError::NoMessage),
            Author::Operator(_) if message.kind == Kind::Said => Ok(message),
            _ => Err(TalkError::NotAllowed),
        }
    }

    /// An operator edits their message. The connector hears of it only when it confirmed the delivery.
    pub fn operator_edits(&mut self, chat: ChatId, id: MessageId, text: &str) -> Result<(), TalkError> {
        let author = self.own_message(chat, id)?.author;
        if text.trim().is_empty() {
            return Err(TalkError::Empty);
        }
        let connector = self.chats[&chat].connector.clone();
        if !self.connectors.get(&connector).is_some_and(|known| known.may.edit_internal) {
            return Err(TalkError::NotAllowed);
        }
        self.edit_message(chat, id, |message| {
            message.text = text.to_owned();
            message.edited = true;
        });
        let known = &self.chats[&chat];
        let message = known.message(id).expect("it was just edited");
        if message.mids.is_empty() {
            return Ok(());
        }
        let text = self.signed(known, message, Gap::OfUpdate);
        let data = message_event(known, id, json!({"id": message.mids, "text": text}));
        self.raise("ONIMCONNECTORMESSAGEUPDATE", &data, Some(author.user()));
        Ok(())
    }

    /// An operator deletes their message: one event per external id, none when delivery was never confirmed.
    pub fn operator_deletes(&mut self, chat: ChatId, id: MessageId) -> Result<(), TalkError> {
        let author = self.own_message(chat, id)?.author;
        let connector = self.chats[&chat].connector.clone();
        // The portal's source computes this from the *edit* flag; the documentation from its own.
        let allowed = |may: &Capabilities| may.delete_internal && may.edit_internal;
        if !self.connectors.get(&connector).is_some_and(|known| allowed(&known.may)) {
            return Err(TalkError::NotAllowed);
        }
        self.edit_message(chat, id, |message| message.deleted = true);
        let known = &self.chats[&chat];
        let mids = known.message(id).map(|message| message.mids.clone()).unwrap_or_default();
        let data: Vec<Value> = mids.iter().map(|mid| message_event(known, id, json!({"id": mid}))).collect();
        for one in data {
            self.raise("ONIMCONNECTORMESSAGEDELETE", &one, Some(author.user()));
        }
        Ok(())
    }

    /// An employee deletes a visitor's message: where the connector allows it, and administrators always.
    pub fn employee_deletes(&mut self, chat: ChatId, id: MessageId, by: UserId) -> Result<(), TalkError> {
        let known = self.known(chat)?;
        let message = known.message(id).filter(|message| !message.deleted).ok_or(TalkError::NoMessage)?;
        let may = self.connectors.get(&known.connector).is_some_and(|connector| connector.may.delete_external);
        if !matches!(message.author, Author::Visitor(_)) || !(may || self.is_admin(by)) {
            return Err(TalkError::NotAllowed);
        }
        let data: Vec<Value> = message.mids.iter().map(|mid| message_event(known, id, json!({"id": mid}))).collect();
        self.edit_message(chat, id, |message| message.deleted = true);
        for one in data {
            self.raise("ONIMCONNECTORMESSAGEDELETE", &one, Some(by));
        }
        Ok(())
    }

    /// A mailing of the CRM, where the connector allows it. It has neither class nor author.
    pub fn mail(&mut self, chat: ChatId, text: &str) -> Result<MessageId, TalkError> {
        let known = self.known(chat)?;
        if !self.connectors.get(&known.connector).is_some_and(|connector| connector.may.newsletter) {
            return Err(TalkError::NotAllowed);
        }
        self.ensure_session(chat, None);
        Ok(self.say(chat, Author::Portal, Kind::Said, text.to_owned()))
    }

    /// The talk is handed over to another line. It stays the same chat.
    pub fn move_to_line(&mut self, chat: ChatId, to: LineId) -> Result<(), TalkError> {
        self.known(chat)?;
        let known = self.chat_mut(chat);
        (known.moved, known.owner) = (Some(to), None);
        Ok(())
    }

    /// A second session is opened beside an open one, as when two first messages come at once; the older one is closed for
    /// its double, and nobody is told.
    pub fn double_session(&mut self, chat: ChatId) -> Result<(), TalkError> {
        let older = self.known(chat)?.open_session().ok_or(TalkError::NoSession)?;
        self.open_session(chat, None);
        for one in self.chat_mut(chat).sessions.iter_mut().filter(|one| one.id == older) {
            one.closed = true;
        }
        Ok(())
    }

    /// Somebody leaves: the talks they lead are closed, and nobody is told.
    pub fn dismiss(&mut self, who: UserId) {
        self.options.employees.retain(|one| one.id != who);
        for chat in self.chats.values_mut().filter(|chat| chat.owner == Some(who)) {
            chat.owner = None;
            chat.sessions.iter_mut().for_each(|session| session.closed = true);
        }
    }

    /// “Finish”. With a closing text, or where a rating is asked for, the visitor gets that now, and the real close waits
    /// for `FULL_CLOSE_TIME`.
    pub fn finish(&mut self, chat: ChatId, by: UserId) -> Result<(), TalkError> {
        let session = self.known(chat)?.open_session().ok_or(TalkError::NoSession)?;
        let owner = *self.chat_mut(chat).owner.get_or_insert(by);
        let line = self.line(self.chats[&chat].line).cloned();
        let Some(line) = line.filter(|line| line.closing.is_some() || line.vote.is_some()) else {
            self.close(chat, session);
            return Ok(());
        };
        if let Some(vote) = &line.vote {
            self.request(chat, session, owner, vote);
        }
        if let Some(text) = line.closing {
            self.say(chat, Author::Operator(owner), Kind::Automatic("history".to_owned()), text);
        }
        let due = self.clock.now().plus(line.full_close);
        self.alarms.push(Alarm { due, chat, what: Due::Close(session) });
        Ok(())
    }
}

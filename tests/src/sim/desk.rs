//! The operators: answer, edit, delete, whisper, let the portal speak, finish. What they did is written down, for the
//! portal itself forgets what an edit replaced.

use fastrand::Rng;
use otklik_portal::{Author, Chat, ChatId, Kind, MessageId, Portal};
use std::sync::{Arc, Mutex};
use tokio::time::{Instant, sleep_until};

use super::plan::{Plan, dice};
use crate::stage::ANNA;

/// Something said in the portal.
#[derive(Clone, Debug)]
pub struct Spoken {
    pub chat: ChatId,
    pub id: MessageId,
    /// Its words, oldest first.
    pub versions: Vec<String>,
    pub deleted: bool,
    /// Said among operators alone.
    pub whispered: bool,
}

/// What operators did so far.
pub type Book = Arc<Mutex<Vec<Spoken>>>;

/// Works through the acts of the plan, evenly over its length.
pub async fn work(portal: Arc<Portal>, plan: Plan, mark: String, book: Book) {
    let mut desk = Desk { portal, dice: dice(plan.seed, "operators"), mark, book, nth: 0 };
    let began = Instant::now();
    let pause = plan.size.length / u32::try_from(plan.size.acts.max(1)).unwrap_or(u32::MAX);
    for nth in 0..plan.size.acts {
        sleep_until(began + pause * u32::try_from(nth).unwrap_or(u32::MAX)).await;
        desk.act();
    }
}

struct Desk {
    portal: Arc<Portal>,
    dice: Rng,
    mark: String,
    book: Book,
    nth: usize,
}

impl Desk {
    fn act(&mut self) {
        let chats = self.portal.chat_ids();
        let Some(chat) = self.dice.choice(&chats).copied() else { return };
        match self.dice.u32(0..100) {
            0..70 => self.answer(chat),
            70..80 => self.whisper(chat),
            80..83 => self.automatic(chat),
            83..90 => self.edit(chat),
            90..96 => self.delete(chat),
            _ => {
                let _ = self.portal.finish(chat, ANNA); // there may be nothing to finish
            }
        }
    }

    fn text(&mut self, what: &str) -> String {
        self.nth += 1;
        format!("{what} {} {}", self.nth, self.mark)
    }

    fn answer(&mut self, chat: ChatId) {
        let text = self.text("ответ");
        let said = self.portal.operator_says(chat, ANNA, &text);
        self.note(chat, said.expect("Anna may answer"), text, false);
    }

    fn whisper(&mut self, chat: ChatId) {
        let text = self.text("между нами");
        let said = self.portal.operator_whispers(chat, ANNA, &text);
        self.note(chat, said.expect("Anna may whisper"), text, true);
    }

    fn automatic(&mut self, chat: ChatId) {
        let text = self.text("сообщение линии");
        let said = self.portal.system_says(chat, &text);
        self.note(chat, said.expect("the chat is there"), text, false);
    }

    /// Only what the connector confirmed: of other edits the portal tells nobody.
    fn edit(&mut self, chat: ChatId) {
        let text = self.text("правка");
        let Some(id) = self.confirmed(chat) else { return };
        if self.portal.edit(chat, id, &text).is_ok() {
            self.change(chat, id, |spoken| spoken.versions.push(text));
        }
    }

    fn delete(&mut self, chat: ChatId) {
        let Some(id) = self.confirmed(chat) else { return };
        if self.portal.delete(chat, id).is_ok() {
            self.change(chat, id, |spoken| spoken.deleted = true);
        }
    }

    /// One of the last messages of the operators in a chat whose arrival is confirmed.
    fn confirmed(&mut self, chat: ChatId) -> Option<MessageId> {
        let is_confirmed = |one: &&otklik_portal::Message| {
            let by_operator = matches!(one.author, Author::Operator(_)) && one.kind == Kind::Said;
            by_operator && !one.deleted && one.sending.is_none() && !one.mids.is_empty()
        };
        let chat: Chat = self.portal.chat(chat)?;
        let last: Vec<MessageId> = chat.messages.iter().rev().filter(is_confirmed).take(4).map(|one| one.id).collect();
        self.dice.choice(last)
    }

    fn note(&self, chat: ChatId, id: MessageId, text: String, whispered: bool) {
        let spoken = Spoken { chat, id, versions: vec![text], deleted: false, whispered };
        self.book.lock().expect("no holder panics").push(spoken);
    }

    fn change(&self, chat: ChatId, id: MessageId, how: impl FnOnce(&mut Spoken)) {
        let mut book = self.book.lock().expect("no holder panics");
        if let Some(spoken) = book.iter_mut().find(|spoken| spoken.chat == chat && spoken.id == id) {
            how(spoken);
        }
    }
}

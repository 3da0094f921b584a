//! The operators: answer, edit, delete, whisper, let the portal speak, ask for ratings, finish. What they did is written
//! down, for the portal itself forgets what an edit replaced.

use fastrand::Rng;
use otklik_portal::{Author, Chat, ChatId, Download, Kind, Link, MessageId, Portal, Upload};
use std::sync::{Arc, Mutex};
use tokio::time::{Instant, sleep_until};

use super::{
    plan::{Plan, dice},
    script::{Parcel, long},
};
use crate::stage::{ANNA, SALES, SUPPORT};

/// Something said in the portal.
#[derive(Clone, Debug)]
pub struct Spoken {
    pub chat: ChatId,
    pub id: MessageId,
    /// Its words, oldest first.
    pub versions: Vec<String>,
    /// Said among operators alone.
    pub whispered: bool,
    /// Its last change may have been told to nobody: the portal tells of what was confirmed alone.
    pub untold_change: bool,
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
        // There may be nothing to finish, to ask for or to double.
        let _ = match self.dice.u32(0..400) {
            0..262 => self.answer(chat),
            262..276 => self.send(chat),
            276..308 => self.whisper(chat),
            308..322 => self.automatic(chat),
            322..352 => self.edit(chat),
            352..370 => self.delete(chat),
            370..382 => self.portal.ask_for_rating(chat, ANNA),
            382..386 => {
                let line = self.dice.choice([SALES, SUPPORT]).expect("two");
                self.portal.hand_over(chat, line)
            }
            386..388 => self.portal.double_session(chat),
            _ => self.portal.finish(chat, ANNA),
        };
    }

    fn text(&mut self, what: &str) -> String {
        self.nth += 1;
        format!("{what} {} {}", self.nth, self.mark)
    }

    fn answer(&mut self, chat: ChatId) -> Acted {
        let text = match self.dice.u32(0..40) {
            0..3 => format!("сейчас посмотрю {}", self.mark), // said more than once in a talk
            3 => long(&self.text("долгий ответ")),
            _ => self.text("ответ"),
        };
        let id = self.portal.operator_says(chat, ANNA, &text)?;
        self.note(chat, id, text, false);
        Ok(())
    }

    /// Files, with words or without, as portals of all ages give them.
    fn send(&mut self, chat: ChatId) -> Acted {
        let text = if self.dice.bool() { self.text("ответ с бумагами") } else { String::new() };
        let files = (0..self.dice.usize(1..3)).map(|_| self.file()).collect();
        let id = self.portal.operator_sends(chat, ANNA, &text, files)?;
        self.note(chat, id, text, false);
        Ok(())
    }

    fn file(&mut self) -> Upload {
        let name = self.text("счёт");
        let Parcel { name, bytes } = Parcel::new(&mut self.dice, &name);
        let ways = [
            (Download::Absolute, Link::Page),
            (Download::Relative, Link::Page),
            (Download::WithToken, Link::Page),
            (Download::None, Link::Bytes),
        ];
        let (download, link) = self.dice.choice(ways).expect("four");
        Upload { download, link, ..Upload::new(&name, "text/plain", bytes) }
    }

    fn whisper(&mut self, chat: ChatId) -> Acted {
        let text = self.text("между нами");
        let id = if self.dice.bool() {
            self.portal.operator_whispers(chat, ANNA, &text)?
        } else {
            self.portal.notes(chat, &text)?
        };
        self.note(chat, id, text, true);
        Ok(())
    }

    fn automatic(&mut self, chat: ChatId) -> Acted {
        let text = self.text("сообщение линии");
        let id = self.portal.system_says(chat, &text)?;
        self.note(chat, id, text, false);
        Ok(())
    }

    fn edit(&mut self, chat: ChatId) -> Acted {
        let text = self.text("правка");
        self.change(chat, |portal, id| portal.edit(chat, id, &text).map(|()| Some(text.clone())))
    }

    fn delete(&mut self, chat: ChatId) -> Acted {
        self.change(chat, |portal, id| portal.delete(chat, id).map(|()| None))
    }

    /// Changes one of the last messages of the operators.
    fn change(
        &mut self,
        chat: ChatId,
        how: impl Fn(&Portal, MessageId) -> Result<Option<String>, otklik_portal::TalkError>,
    ) -> Acted {
        let Some(chat) = self.portal.chat(chat) else { return Ok(()) };
        let Some(id) = self.lately(&chat) else { return Ok(()) };
        let is_confirmed = chat.message(id).is_some_and(|message| !message.mids.is_empty());
        let is_telling = || self.portal.is_telling();
        let was_telling = is_telling();
        let text = how(&self.portal, id)?;
        let is_told = is_confirmed && was_telling && is_telling();
        let mut book = self.book.lock().expect("no holder panics");
        if let Some(spoken) = book.iter_mut().find(|spoken| spoken.chat == chat.id && spoken.id == id) {
            spoken.versions.extend(text);
            spoken.untold_change = !is_told;
        }
        Ok(())
    }

    fn lately(&mut self, chat: &Chat) -> Option<MessageId> {
        let is_operators = |one: &&otklik_portal::Message| {
            matches!(one.author, Author::Operator(_)) && one.kind == Kind::Said && !one.deleted && !one.unsent
        };
        let last: Vec<MessageId> = chat.messages.iter().rev().filter(is_operators).take(4).map(|one| one.id).collect();
        self.dice.choice(last)
    }

    fn note(&self, chat: ChatId, id: MessageId, text: String, whispered: bool) {
        let spoken = Spoken { chat, id, versions: vec![text], whispered, untold_change: false };
        self.book.lock().expect("no holder panics").push(spoken);
    }
}

type Acted = Result<(), otklik_portal::TalkError>;

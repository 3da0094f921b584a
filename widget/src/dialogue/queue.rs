//! The visitor's words on their way to the relay: kept in the order written, one under way at a time (so that none
//! overtakes another that was asked to wait), repeated with the same id until the relay takes or refuses them.

use shared::{File, MessageId, Millis, Refusal, ToServer};

/// How long to wait where the relay says “not now” without saying until when: 5 s.
const PATIENCE: Millis = 5_000;

/// How long words of another tab are left to it before this one sends them too (the relay knows them again): 5 s.
const COURTESY: Millis = 5_000;

/// A message the relay's log does not show yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    pub id: MessageId,
    pub act: Act,
    /// Of a message, or of an edit.
    pub text: String,
    /// Uploaded by the shell.
    pub files: Vec<File>,
    /// When it was written, by this browser's clock.
    pub at: Millis,
    pub fate: Fate,
    /// Another tab wrote it and has until then to bring it to the relay; 0 for what this tab brings itself.
    pub left_until: Millis,
}

/// What the visitor does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Say { reply_to: Option<MessageId> },
    Edit(MessageId),
    Delete(MessageId),
    Rate(bool),
    Finish,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Waiting,
    /// Another tab brought it to the relay; its entry is on the way.
    Taken,
    /// Not until the visitor changes their mind.
    Refused(Refusal),
}

impl Pending {
    pub fn new(id: MessageId, text: String, at: Millis) -> Self {
        let (act, files) = (Act::Say { reply_to: None }, Vec::new());
        Self { id, act, text, files, at, fate: Fate::Waiting, left_until: 0 }
    }

    pub fn is_said(&self) -> bool {
        matches!(self.act, Act::Say { .. })
    }

    /// The message that it changes.
    pub fn of(&self) -> Option<&MessageId> {
        match &self.act {
            Act::Edit(of) | Act::Delete(of) => Some(of),
            _ => None,
        }
    }

    fn frame(&self) -> ToServer {
        let (id, text) = (self.id.clone(), self.text.clone());
        match &self.act {
            Act::Say { reply_to } => {
                let files = self.files.iter().map(|file| file.id.clone()).collect();
                ToServer::Say { id, text, reply_to: reply_to.clone(), files }
            }
            Act::Edit(of) => ToServer::Edit { id, of: of.clone(), text },
            Act::Delete(of) => ToServer::Delete { id, of: of.clone() },
            Act::Rate(like) => ToServer::Rate { id, like: *like },
            Act::Finish => ToServer::Finish { id },
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queue {
    list: Vec<Pending>,
    flying: Option<MessageId>,
    held_until: Millis,
}

impl Queue {
    pub fn list(&self) -> &[Pending] {
        &self.list
    }

    /// Whether there is something to send, now or later.
    pub fn is_waiting(&self) -> bool {
        self.waiting() > 0
    }

    pub fn waiting(&self) -> usize {
        self.list.iter().filter(|message| message.fate == Fate::Waiting).count()
    }

    pub fn add(&mut self, message: Pending) {
        self.list.push(message);
    }

    /// The message to send now: the first that waits, unless one is under way or haste was refused.
    pub fn next(&mut self, now: Millis) -> Option<ToServer> {
        if self.flying.is_some() || self.due()? > now {
            return None;
        }
        let next = self.list.iter().find(|message| message.fate == Fate::Waiting)?;
        self.flying = Some(next.id.clone());
        Some(next.frame())
    }

    /// When the next message may go; `None`: nothing waits. A message of this tab takes those before it along.
    pub fn due(&self) -> Option<Millis> {
        let waiting = self.list.iter().filter(|message| message.fate == Fate::Waiting);
        Some(waiting.map(|message| message.left_until).min()?.max(self.held_until))
    }

    /// Until when a refusal for haste holds what waits.
    pub fn held_until(&self, now: Millis) -> Option<Millis> {
        (now < self.held_until && self.is_waiting()).then_some(self.held_until)
    }

    /// The connection went: what was under way may or may not have arrived, and goes again.
    pub fn break_off(&mut self) {
        self.flying = None;
    }

    /// Another dialogue begins: what is not sent yet goes there, what was brought to this one stays in it.
    pub fn move_on(&mut self) {
        self.flying = None;
        self.list.retain(|message| message.fate != Fate::Taken && message.is_said());
    }

    /// The relay has `id` on its disk, or its log shows it.
    pub fn accept(&mut self, id: &MessageId) -> Option<Pending> {
        if self.flying.as_ref() == Some(id) {
            self.flying = None;
        }
        let place = self.list.iter().position(|message| message.id == *id)?;
        Some(self.list.remove(place))
    }

    /// The relay did not take `id`. Where trying again can help it stays and goes by itself, else it is the visitor's
    /// turn: then this says so.
    pub fn refuse(&mut self, id: &MessageId, code: Refusal, retry_after: Option<u32>, now: Millis) -> bool {
        if self.flying.as_ref() == Some(id) {
            self.flying = None;
        }
        if code.is_passing() {
            self.held_until = now + retry_after.map_or(PATIENCE, |seconds| Millis::from(seconds) * 1000);
            return false;
        }
        self.judge(id, Fate::Refused(code));
        true
    }

    /// How the message `of` is changed by what is under way.
    pub fn change(&self, of: &MessageId) -> Option<&Pending> {
        let counts = |message: &&Pending| message.of() == Some(of) && !matches!(message.fate, Fate::Refused(_));
        self.list.iter().rev().find(counts)
    }

    /// The visitor gives a refused message up.
    pub fn discard(&mut self, id: &MessageId) {
        self.list.retain(|message| message.id != *id);
    }

    /// Another tab has changed what is kept: `kept` is how it stands now. Another tab's words that are gone from there
    /// without having been refused were brought to the relay. This tab's own only this tab takes away: they were lost
    /// when two tabs wrote at once, still wait, and are to be kept anew. Says whether there are such.
    pub fn adopt(&mut self, mut kept: Vec<Pending>, now: Millis) -> bool {
        for message in &mut kept {
            let known = self.list.iter().find(|known| known.id == message.id);
            message.left_until = known.map_or(now + COURTESY, |known| known.left_until);
        }
        let (mut place, mut lost) = (0, false);
        for mut message in std::mem::replace(&mut self.list, kept) {
            if let Some(found) = self.list.iter().position(|kept| kept.id == message.id) {
                place = found + 1;
            } else if !matches!(message.fate, Fate::Refused(_)) {
                if !message.is_said() && message.left_until > 0 {
                    continue; // its entry is on the way, and changes what is there
                }
                if message.left_until == 0 {
                    lost = true;
                } else {
                    message.fate = Fate::Taken;
                }
                self.list.insert(place, message); // after the one it came after
                place += 1;
            }
        }
        lost
    }

    /// What became of `id`, or what is to become of it.
    pub fn judge(&mut self, id: &MessageId, fate: Fate) {
        if let Some(message) = self.list.iter_mut().find(|message| message.id == *id) {
            message.fate = fate;
        }
    }
}

//! The conversation's conduct: what to do when the visitor, the relay, the connection or another tab does something.
//! Holds the dialogue and what the browser keeps of it; what must be done outside comes back as `Deed`s. No DOM, no
//! clock, no sockets.

mod deed;
mod frames;
mod header;
mod link;
mod look;
#[cfg(test)]
mod tests;

use crate::dialogue::{Act, Fate, History, Pending, Queue, State};
use crate::storage::Storage;
pub use deed::{Deed, News};
pub use header::{Header, Sub};
pub use link::{Link, Strip};
use shared::{Author, Hello, MessageId, Millis, PROTOCOL_VERSION, Presence, Refusal, Seq, SiteKey};

/// A message that only the relay has for longer than this is explained: 10 s.
const LONG: Millis = 10_000;

/// Owns the dialogue; is told of everything that happens, and answers by `deeds`.
pub struct Talk {
    site: SiteKey,
    storage: Storage,
    session: Option<String>,
    history: History,
    queue: Queue,
    link: Link,
    /// The end of the log at the first greeting: what came before it is history. `None` before that greeting.
    known: Option<Seq>,
    /// How far the visitor has read.
    read: Seq,
    /// Where reading stopped before the chat was opened.
    divider: Option<Seq>,
    shown: bool,
    settled: Vec<MessageId>,
    /// The first of the visitor's messages that the portal has not got, and since when we know.
    stuck: Option<(MessageId, Millis)>,
    /// Who is there to answer, as the relay told last.
    presence: Presence,
    /// The chat was seen.
    looked: bool,
    /// The relay did not know our session: the conversation began anew.
    lost: bool,
    /// What the visitor should know of the relay's last refusal, by its word's key.
    notice: Option<&'static str>,
    /// The relay will not talk to this page again.
    left: bool,
    /// The document has no field: the chat is closed, what was said can be read.
    closed: bool,
    /// The page says who the visitor is: what they said elsewhere is worth a connection.
    signed: bool,
    /// Why the relay does not for now, and until when.
    turned: Option<(Refusal, Millis)>,
    deeds: Vec<Deed>,
}

impl Talk {
    pub fn new(site: SiteKey, storage: Storage) -> Self {
        let mut queue = Queue::default();
        storage.queue().into_iter().for_each(|message| queue.add(message));
        Self {
            site,
            session: storage.session(),
            read: storage.seen(),
            settled: storage.settled(),
            storage,
            queue,
            history: History::default(),
            link: Link::Off,
            known: None,
            divider: None,
            shown: false,
            stuck: None,
            lost: false,
            notice: None,
            left: false,
            presence: Presence::default(),
            signed: false,
            closed: false,
            looked: false,
            turned: None,
            deeds: Vec::new(),
        }
    }

    /// What is to be done, in order.
    pub fn deeds(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds)
    }

    /// The page says who the visitor is.
    pub fn sign(&mut self) {
        self.signed = true;
    }

    /// Nothing can be written here.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Nothing more is to be said from here.
    pub fn leave(&mut self) {
        self.left = true;
        self.link = Link::Off;
        self.deeds.push(Deed::Leave);
    }

    /// A connection is opened for who has a session or something to say, not for who looks.
    pub fn begin(&mut self) {
        if self.is_wanted() {
            self.deeds.push(Deed::Connect);
        }
    }

    /// How to greet the relay.
    pub fn hello(&self) -> Hello {
        let (site, session) = (self.site.clone(), self.session.clone());
        Hello { version: PROTOCOL_VERSION, site, session, seen: self.history.seen(), identity: None }
    }

    /// The visitor says or does something. It is kept before it is tried.
    pub fn say(&mut self, message: Pending, now: Millis) {
        self.storage.change_queue(|queue| queue.push(message.clone()));
        self.queue.add(message);
        self.begin();
        self.pump(now);
    }

    /// The visitor sends the words of a failed or doubtful message once more.
    pub fn repeat(&mut self, id: &MessageId, new: MessageId, now: Millis) {
        if self.queue.list().iter().any(|message| message.id == *id) {
            self.judge(id, Fate::Waiting);
            self.begin();
            self.pump(now);
        } else if let Some(message) = self.history.message(id) {
            let text = message.body.iter().find_map(words).unwrap_or_default();
            let (files, act) = (message.files.to_vec(), Act::Say { reply_to: message.reply_to.clone() });
            let again = Pending { files, act, ..Pending::new(new, text, now) };
            self.settle(id);
            self.say(again, now);
        }
    }

    /// The visitor gives a failed message up.
    pub fn discard(&mut self, id: &MessageId) {
        self.queue.discard(id);
        self.storage.change_queue(|queue| queue.retain(|message| message.id != *id));
        if self.history.message(id).is_some() {
            self.settle(id);
        }
    }

    /// Another tab has changed what the browser keeps.
    pub fn stored(&mut self, now: Millis) {
        if !self.storage.lasts() {
            return;
        }
        let session = self.storage.session();
        if session != self.session {
            self.forget();
            self.session = session;
            self.reconnect();
        }
        let mut kept = self.storage.queue();
        // Its entry may have come here before its tab took it off the list.
        kept.retain(|message| self.history.message(&message.id).is_none());
        if self.queue.adopt(kept, now) {
            let untaken = self.queue.list().iter().filter(|message| message.fate != Fate::Taken);
            self.storage.change_queue(|queue| *queue = untaken.cloned().collect());
        }
        self.read = self.read.max(self.storage.seen());
        self.settled = self.storage.settled();
        self.begin();
        self.pump(now);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) {
        self.pump(now);
        let first = self
            .history
            .messages()
            .find(|(_, message)| message.from == Author::Visitor && message.state == State::Sent && !message.deleted);
        let first = first.map(|(_, message)| &message.id);
        if first != self.stuck.as_ref().map(|(id, _)| id) {
            self.stuck = first.map(|id| (id.clone(), now));
        }
    }

    /// When `tick` is next of use.
    pub fn due(&self, now: Millis) -> Option<Millis> {
        let stuck = self.stuck.as_ref().map(|(_, since)| since + LONG).filter(|due| *due > now);
        let queue = self.queue.due().filter(|due| *due > now);
        // Hint and strip count the seconds.
        let turned = self.turned.map(|(_, until)| until).filter(|until| now < *until);
        let [hint, turned] =
            [self.queue.held_until(now), turned].map(|until| until.map(|until| now + 1 + (until - now - 1) % 1000));
        [stuck, queue, hint, turned, self.link.due(now)].into_iter().flatten().min()
    }

    fn is_wanted(&self) -> bool {
        !self.left && (self.session.is_some() || self.signed || self.queue.is_waiting())
    }

    /// Who we are has changed.
    fn reconnect(&mut self) {
        self.link = Link::Off;
        self.deeds.push(if self.is_wanted() { Deed::Anew } else { Deed::Leave });
    }

    fn pump(&mut self, now: Millis) {
        if self.link.is_up()
            && let Some(frame) = self.queue.next(now)
        {
            self.deeds.push(Deed::Send(frame));
        }
    }

    fn judge(&mut self, id: &MessageId, fate: Fate) {
        self.queue.judge(id, fate);
        self.storage.change_queue(|queue| {
            queue.iter_mut().filter(|message| message.id == *id).for_each(|message| message.fate = fate);
        });
    }

    fn settle(&mut self, id: &MessageId) {
        self.settled.push(id.clone());
        self.storage.keep_settled(&self.settled);
    }

    /// Another dialogue begins in the place of this one. The words on their way stay.
    fn forget(&mut self) {
        self.history = History::default();
        self.queue.move_on();
        (self.known, self.divider, self.stuck, self.read) = (None, None, None, 0);
    }
}

fn words(piece: &shared::Piece) -> Option<String> {
    match piece {
        shared::Piece::Text(text) => Some(text.clone()),
        _ => None,
    }
}

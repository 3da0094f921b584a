//! The fold over the relay's log. Entries may come twice and in any order, but for messages that were overtaken, which come
//! after what overtook them: what they add up to is the same.

use super::{Act, Pending, State, unheard};
use shared::{Author, Entry, Face, File, Happening, MessageId, MessageState, Millis, Piece, Seq};
use std::sync::Arc;

/// What the relay's log of this dialogue says, up to the last entry received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// In the order of the log, but for messages that belong before others that overtook them.
    moments: Vec<Moment>,
    /// Entries about messages that have not come yet.
    early: Vec<Entry>,
    /// Acts that did not get to the operator, or may not have: their entries, and what became of each.
    unheard: Vec<(Seq, State)>,
    seen: Seq,
}

/// A place in the log that shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    pub seq: Seq,
    /// The entry it stands at: its own, or that of the message which overtook it.
    rank: Seq,
    pub at: Millis,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Said(Message),
    Started,
    Finished,
    /// The visitor has answered the last request for a rating.
    Rated(bool),
}

/// A message as it stands after all that happened to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub id: MessageId,
    pub from: Author,
    pub name: Option<String>,
    pub face: Face,
    /// Empty once it is deleted.
    pub body: Arc<Vec<Piece>>,
    /// Those it was said with, then those that came later.
    pub files: Arc<Vec<File>>,
    pub deleted: bool,
    /// The message that this one answers.
    pub reply_to: Option<MessageId>,
    /// It asks for a rating.
    pub rating: bool,
    /// Of a visitor's message; `Sent` for all others.
    pub state: State,
    /// The entry that the words are from, or that took them away; 0 for the first ones.
    revised: Seq,
    /// How many files it was said with.
    given: usize,
    /// The entry that each file is from.
    filed: Vec<Seq>,
    /// The entry that the state is from, 0 for the first one.
    settled: Seq,
}

impl Message {
    /// As it was said first, without files.
    fn new(id: MessageId, from: Author, body: Vec<Piece>) -> Self {
        Self {
            id,
            from,
            name: None,
            face: Face::default(),
            body: Arc::new(body),
            files: Arc::default(),
            deleted: false,
            reply_to: None,
            rating: false,
            state: State::Sent,
            revised: 0,
            given: 0,
            filed: Vec::new(),
            settled: 0,
        }
    }

    /// The entry that changed it last.
    pub fn changed(&self) -> Seq {
        self.revised
    }

    pub fn is_edited(&self) -> bool {
        self.revised > 0 && !self.deleted
    }

    /// A file of it is so since entry `seq`.
    fn file(&mut self, seq: Seq, file: File) {
        if self.deleted {
            return;
        }
        let files = Arc::make_mut(&mut self.files);
        match files.iter().position(|known| known.id == file.id) {
            Some(place) if self.filed[place] < seq => {
                files[place] = file;
                self.filed[place] = seq;
            }
            Some(_) => {}
            None => {
                // In whatever order they come, they stand in the same one.
                let place =
                    self.given + files[self.given..].partition_point(|known| known.id.as_str() < file.id.as_str());
                files.insert(place, file);
                self.filed.insert(place, seq);
            }
        }
    }

    /// Whether it counts as unread until it was shown: a person or a bot speaks.
    pub fn calls(&self) -> bool {
        matches!(self.from, Author::Operator | Author::Bot) && !self.deleted
    }
}

impl History {
    /// The last entry received: where a new connection goes on.
    pub fn seen(&self) -> Seq {
        self.seen
    }

    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    pub fn messages(&self) -> impl DoubleEndedIterator<Item = (Seq, &Message)> {
        self.moments.iter().filter_map(|moment| match &moment.what {
            What::Said(message) => Some((moment.seq, message)),
            _ => None,
        })
    }

    pub fn message(&self, id: &MessageId) -> Option<&Message> {
        self.messages().rev().map(|(_, message)| message).find(|message| message.id == *id)
    }

    /// How many messages after `read` wait to be read.
    pub fn unread(&self, read: Seq) -> usize {
        self.messages().filter(|(seq, message)| *seq > read && message.calls()).count()
    }

    /// Takes an entry of the log. A repeat changes nothing.
    pub fn receive(&mut self, entry: Entry) {
        self.seen = self.seen.max(entry.seq);
        let Entry { seq, at, what } = entry;
        match what {
            Happening::Said { id, from, name, body, files, face, before, reply_to, rating } => {
                let (given, filed) = (files.len(), vec![seq; files.len()]);
                if from == Author::Visitor
                    && given > 0
                    && let Some(message) = self.find(&id)
                {
                    // The relay's word on what this page has sent: now with addresses.
                    return files.into_iter().for_each(|file| message.file(seq, file));
                }
                let files = Arc::new(files);
                self.said(
                    seq,
                    before,
                    at,
                    Message { name, face, files, given, filed, reply_to, rating, ..Message::new(id, from, body) },
                );
            }
            Happening::Rated { like } => self.place(seq, None, at, What::Rated(like)),
            Happening::Started => self.place(seq, None, at, What::Started),
            Happening::Finished => self.place(seq, None, at, What::Finished),
            Happening::Done { state: MessageState::Delivered, .. } | Happening::Unknown => {}
            Happening::Done { state, entry, .. } => {
                if let Some(entry) = entry
                    && let Err(place) = self.unheard.binary_search_by_key(&entry, |(entry, _)| *entry)
                {
                    self.unheard.insert(place, (entry, state.into()));
                }
            }
            what => self.change(Entry { seq, at, what }),
        }
    }

    /// The relay has taken an act of the visitor as entry `seq`; that entry itself may come later or not at all.
    pub fn accept(&mut self, taken: Pending, seq: Seq, at: Millis) {
        let body = vec![Piece::Text(taken.text)];
        match taken.act {
            Act::Say { reply_to } => {
                let (given, filed) = (taken.files.len(), vec![0; taken.files.len()]);
                let (files, new) = (Arc::new(taken.files), Message::new(taken.id, Author::Visitor, body));
                self.said(seq, None, at, Message { files, given, filed, reply_to, ..new });
            }
            Act::Edit(id) => self.change(Entry { seq, at, what: Happening::Edited { id, body } }),
            Act::Delete(id) => self.change(Entry { seq, at, what: Happening::Deleted { id } }),
            Act::Rate(like) => self.place(seq, None, at, What::Rated(like)),
            Act::Finish => self.place(seq, None, at, What::Finished),
        }
    }

    /// What became of the visitor's act at entry `seq`, if that did not get to the operator as far as is known.
    pub fn unheard(&self, seq: Seq) -> Option<State> {
        self.unheard.iter().find(|(entry, _)| *entry == seq).map(|(_, state)| *state)
    }

    /// What is to be said of the change at entry `seq`, if that did not get to the operator, by its word's key.
    pub fn complaint(&self, seq: Seq) -> Option<&'static str> {
        let state = self.unheard(seq)?;
        let (_, message) = self.messages().find(|(_, message)| message.changed() == seq)?;
        Some(unheard(state, message.deleted))
    }

    fn said(&mut self, seq: Seq, before: Option<Seq>, at: Millis, message: Message) {
        self.place(seq, before, at, What::Said(message));
        for entry in std::mem::take(&mut self.early) {
            self.change(entry); // what still finds no message goes back to `early`
        }
    }

    /// Puts a moment where it belongs, unless it is there: behind all of its rank, or before the one of entry `before`.
    fn place(&mut self, seq: Seq, before: Option<Seq>, at: Millis, what: What) {
        let overtaken =
            |seq: &Seq| self.moments.iter().rev().find(|moment| moment.seq == *seq).map(|moment| moment.rank);
        let rank = before.as_ref().and_then(overtaken).unwrap_or(seq);
        let first = self.moments.partition_point(|moment| moment.rank < rank);
        let same = self.moments[first..].iter().take_while(|moment| moment.rank == rank);
        let (mut place, mut count) = (None, 0);
        for moment in same {
            if moment.seq == seq {
                return;
            }
            if Some(moment.seq) == before {
                place = Some(count);
            }
            count += 1;
        }
        self.moments.insert(first + place.unwrap_or(count), Moment { seq, rank, at, what });
    }

    /// Applies what happened to an earlier message. The last of a kind wins, whichever came first; deletion is final.
    fn change(&mut self, entry: Entry) {
        let (Happening::File { id, .. }
        | Happening::Edited { id, .. }
        | Happening::Deleted { id }
        | Happening::State { id, .. }) = &entry.what
        else {
            return;
        };
        let Some(message) = self.find(id) else { return self.keep(entry) };
        match entry.what {
            Happening::Edited { body, .. } if entry.seq > message.revised && !message.deleted => {
                message.revised = entry.seq;
                message.body = Arc::new(body);
            }
            Happening::Deleted { .. } => {
                message.revised = if message.deleted { message.revised.max(entry.seq) } else { entry.seq };
                message.deleted = true;
                (message.body, message.files) = Default::default();
            }
            Happening::File { file, .. } => message.file(entry.seq, file),
            Happening::State { state, .. } if entry.seq > message.settled => {
                message.settled = entry.seq;
                message.state = state.into();
            }
            _ => {}
        }
    }

    fn find(&mut self, id: &MessageId) -> Option<&mut Message> {
        self.moments.iter_mut().rev().find_map(|moment| match &mut moment.what {
            What::Said(message) if message.id == *id => Some(message),
            _ => None,
        })
    }

    fn keep(&mut self, entry: Entry) {
        let place = self.early.partition_point(|early| early.seq < entry.seq);
        if self.early.get(place).is_none_or(|early| early.seq != entry.seq) {
            self.early.insert(place, entry);
        }
    }
}

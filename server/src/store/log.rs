//! The log: everything that happened in every dialogue, one record after another under a rising number. A record
//! names the one before it in its dialogue, so a dialogue is read from its end backwards and needs no index; every
//! 64th is a landmark that the later ones name too, so the beginning of a long one is not far either.

use super::row::{self, Row};
use super::tables::LOG;
use super::{StoreError, View};
use crate::identity::PersonId;
use crate::ids::{DialogueId, ImId};
use serde::{Deserialize, Serialize};
use shared::{Author, Face, File, MessageId, MessageState, Millis, Seq};

/// Every how many entries of a dialogue there is a landmark.
pub(super) const LANDMARK: Seq = 64;

/// Where a record stands in the log. 1 is the first; 0 means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position(pub(super) u64);

impl Position {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    #[cfg(test)]
    pub fn at(nth: u64) -> Self {
        Self(nth)
    }
}

/// What one entry of a dialogue says. Texts are raw: the visitor's as typed, an operator's in the portal's BB-code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    Said {
        id: MessageId,
        from: Author,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        text: String,
        /// The portal's chat that an operator said it in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chat: Option<u64>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<File>,
        /// What is shown of the author beside the name; the photo by its name in the store.
        #[serde(default, skip_serializing_if = "Face::is_empty")]
        face: Face,
        /// Its number there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<u64>,
        /// What the visitor answers with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<Reply>,
        /// It asks the visitor for a rating.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vote: Option<Vote>,
        /// The entry of the message that it belongs before, though it came later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
        /// Only an edit of it was heard: who said it, and when, is not known.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_edit: bool,
    },
    /// The portal got the visitor's message `of` without this file: it is sent once more, as `id`.
    Again {
        id: MessageId,
        of: MessageId,
        file: File,
    },
    /// This file of message `id` is so now.
    File {
        id: MessageId,
        file: File,
    },
    Edited {
        id: MessageId,
        text: String,
        /// How the visitor's chat named this act; none for the portal's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        act: Option<MessageId>,
        /// Where the message stands, if no call had carried it: it goes with these words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unsent: Option<Position>,
        /// Who said it, where only edits had told of it, and it is of the conversation that goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Author>,
    },
    Deleted {
        id: MessageId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        act: Option<MessageId>,
        /// As above: it does not go at all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unsent: Option<Position>,
    },
    /// The visitor's act `id`: an answer to the request for a rating.
    Rated {
        id: MessageId,
        like: bool,
    },
    /// The visitor's act `id`: the end of the conversation, in the portal's session of this number.
    Left {
        id: MessageId,
        session: u64,
    },
    /// What became of the visitor's act `id` at the portal.
    Done {
        id: MessageId,
        state: MessageState,
        /// Where the act itself stands.
        of: Position,
        /// Its entry; 0 where an older relay wrote this.
        #[serde(default)]
        entry: Seq,
        /// Where the portal has what it was, if it told.
        #[serde(default, skip_serializing_if = "AtPortal::is_empty")]
        at_portal: AtPortal,
    },
    /// What became of the visitor's message `id`.
    State {
        id: MessageId,
        state: MessageState,
        #[serde(default, skip_serializing_if = "AtPortal::is_empty")]
        at_portal: AtPortal,
        /// Where the message itself stands.
        of: Position,
    },
    /// The portal, which had told of itself that it has the visitor's message `id`, answered the call that carried it,
    /// showed it, or told where it is: for the chat it is no news.
    Answered {
        id: MessageId,
        at_portal: AtPortal,
        /// Where the message itself stands.
        of: Position,
    },
    /// The portal opened its session of this number.
    Started {
        session: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<u64>,
    },
    Finished {
        session: u64,
    },
    /// The portal has ended its session of this number, which the visitor ended before: for the chat it is no news.
    EndKnown {
        session: u64,
    },
    /// The portal told of its session of this number when later ones were known: for the chat it is no news, and it may
    /// hold something that is.
    Late {
        session: u64,
    },
    /// The dialogue is this person's from now on, whom the site vouches for. `moved`: it goes on in that one.
    Owned {
        person: PersonId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        moved: Option<DialogueId>,
    },
    /// What was said in another dialogue that moved to this one. It asks nothing of the portal.
    Joined {
        from: DialogueId,
        what: Box<Told>,
        /// The entry here of the message that this one belongs before, as `Said::before` names it there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
    },
    /// What operators are told of the visitor in a message of its own, see `profile::note`.
    Noted {
        id: MessageId,
        text: String,
    },
}

impl Told {
    /// A message of the visitor's.
    pub(super) fn visitors(id: MessageId, text: String, reply: Option<Reply>, files: Vec<File>) -> Self {
        let (name, chat, message, vote, before) = (None, None, None, None, None);
        Self::Said {
            id,
            from: Author::Visitor,
            name,
            text,
            chat,
            message,
            reply,
            vote,
            files,
            before,
            face: Face::default(),
            by_edit: false,
        }
    }
}

/// A message that another answers, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    pub to: MessageId,
    /// Whether the visitor answers words of their own.
    pub own: bool,
    /// The author as the portal signs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its beginning, raw as in the log.
    pub text: String,
    pub at: Millis,
    /// Its number at the portal, where that told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub im: Option<ImId>,
}

/// A request for a rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The portal's session that is to be rated.
    pub session: u64,
    /// Until when; none for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

impl Vote {
    pub fn is_open(&self, now: Millis) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// What the portal told of a dialogue when it took a message: its own numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtPortal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<u64>,
}

impl AtPortal {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an answer told it, or a history that names the message: then the portal knows that by its id. What its line
    /// repeats, and what only looks like the message, names less, and the portal gives ids in a second step.
    pub(super) fn is_whole(&self) -> bool {
        self.chat.is_none() || self.session.is_some() && self.user.is_some()
    }
}

/// One entry of a dialogue's log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoredEntry {
    pub seq: Seq,
    pub at: Millis,
    pub what: Told,
}

/// How an entry is kept. Its names are short because there are many.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(rename = "d")]
    pub dialogue: DialogueId,
    #[serde(rename = "s")]
    pub seq: Seq,
    #[serde(rename = "t")]
    pub at: Millis,
    /// The dialogue's entry before this one.
    #[serde(rename = "b")]
    pub before: Position,
    /// The dialogue's last landmark before this one.
    #[serde(rename = "l")]
    pub landmark: Position,
    #[serde(rename = "w")]
    pub what: Told,
}

impl Record {
    pub fn into_entry(self) -> StoredEntry {
        StoredEntry { seq: self.seq, at: self.at, what: self.what }
    }
}

impl Row for Record {
    const KIND: &'static str = "log";
}

/// Whatever records can be read from: what was committed, or a transaction under way.
pub(super) trait ReadLog {
    /// The record at `position`; none at 0, nor where a dialogue was erased.
    fn record(&mut self, position: Position) -> Result<Option<Record>, StoreError>;

    /// The records of the dialogue that ends at `tip`, the last one first, until `each` has seen enough.
    fn walk(&mut self, tip: Position, mut each: impl FnMut(Position, Record) -> Walk) -> Result<(), StoreError> {
        let mut position = tip;
        while let Some(record) = self.record(position)? {
            let (before, landmark) = (record.before, record.landmark);
            position = match each(position, record) {
                Walk::On => before,
                Walk::Leap => landmark,
                Walk::Enough => return Ok(()),
            };
        }
        Ok(())
    }
}

/// Where a walk goes next.
pub(super) enum Walk {
    /// To the entry before.
    On,
    /// To the landmark before, over everything between.
    Leap,
    Enough,
}

/// Up to `limit` entries after `after` of the dialogue that ends at `tip`, in order.
pub(super) fn entries_after(
    log: &mut impl ReadLog,
    tip: Position,
    last: Seq,
    after: Seq,
    limit: usize,
) -> Result<Vec<StoredEntry>, StoreError> {
    let until = last.min(after.saturating_add(limit as Seq));
    let mut found = Vec::new();
    log.walk(tip, |_, record| {
        let seq = record.seq;
        if seq <= after {
            return Walk::Enough;
        }
        if seq <= until {
            found.push(record.into_entry());
            return Walk::On;
        }
        let landmark = (seq - 1) / LANDMARK * LANDMARK;
        if landmark >= until && landmark > 0 { Walk::Leap } else { Walk::On }
    })?;
    found.reverse();
    Ok(found)
}

impl ReadLog for &View {
    fn record(&mut self, position: Position) -> Result<Option<Record>, StoreError> {
        match self.table(LOG)? {
            Some(table) => row::get(&table, position.0),
            None => Ok(None),
        }
    }
}

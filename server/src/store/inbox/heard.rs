//! Operators' messages as the portals told them: each stands in its dialogue once, in the portal's order, with the words
//! that hold. Repeats are told as the portal delivers them: additions and deletions by the portal's own
//! numbers, edits by their words and time.

mod filled;

use super::Confirmation;
use crate::ids::{DialogueId, ImId, LineId, PortalHost};
use crate::store::answers;
use crate::store::committer::Batch;
use crate::store::files::{Expected, FileSource};
use crate::store::log::{ReadLog, Told, Vote, Walk};
use crate::store::row::{self, Row};
use crate::store::signatures::{self, Signature};
use crate::store::tables::{CONFIRMATIONS, HEARD};
use crate::store::{Position, StoreError};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::{Author, Face, File, MessageId, Millis, Seq};

/// Two edits that are less apart by the portal's clock are not told apart by it: an event tells when it was sent, which is
/// no order, and the offline queue counts whole seconds.
const CLOSE: Millis = 60_000;

/// Among how many messages that came too early the one is looked for that a late one belongs before.
const OVERTAKERS: usize = 64;

/// What is known of an operator's message beside its entries: enough to tell a repeat from news.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct HeardRow {
    pub dialogue: DialogueId,
    pub id: MessageId,
    /// The hash of its current words.
    pub words: String,
    /// When the words that hold were sent to us, by the portal's clock; 0 while they are the first.
    pub edited_at: Millis,
    /// When they were written, where the offline queue told.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub made_at: Millis,
    /// When a history told them, by our clock; 0 where an event did.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restated_at: Millis,
    pub deleted: bool,
    /// What is attached to it, in BB-code, and its files as links, of messages from before files were fetched: an edit
    /// takes none away.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub files: String,
    /// Only an edit of it was heard yet: its author, blocks and files are not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_edit: bool,
    /// When its words were heard last, by our clock.
    #[serde(default)]
    pub heard_at: Millis,
    /// The name it was shown under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl HeardRow {
    /// Words of it, and what stands in its text behind them.
    fn with_attached(&self, text: String) -> String {
        match (text.is_empty(), self.files.is_empty()) {
            (_, true) => text,
            (true, _) => self.files.clone(),
            _ => [text.as_str(), "\n", &self.files].concat(),
        }
    }
}

fn is_zero(at: &Millis) -> bool {
    *at == 0
}

impl Row for HeardRow {
    const KIND: &'static str = "heard message";
}

/// What an edit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The visitor sees other words now.
    pub is_news: bool,
    /// Another edit is so close that nobody can tell which came last.
    pub is_disputed: bool,
}

impl Edit {
    const NOTHING: Self = Self { is_news: false, is_disputed: false };
}

/// An operator's message and where it was heard.
pub struct Heard<'a> {
    pub host: &'a PortalHost,
    pub dialogue: DialogueId,
    pub im: ImId,
    pub now: Millis,
}

impl Heard<'_> {
    fn key(&self) -> (&str, u64, u64) {
        (self.host.as_str(), self.im.chat, self.im.message)
    }

    /// Somebody at the portal said it; the delivery is to be confirmed on `line`.
    pub fn said(&self, batch: &mut Batch<'_>, line: LineId, words: Words, at: Millis) -> Result<bool, StoreError> {
        match batch.row::<_, HeardRow>(HEARD, self.key())? {
            None => {
                let words = self.decided(batch, line, words)?;
                self.begin(batch, line, words, at, 0).map(|()| true)
            }
            Some(row) if row.by_edit && !row.deleted => self.filled(batch, row, words, at),
            Some(_) => Ok(false), // a repeat, or deleted already
        }
    }

    /// The files of message `id` are fetched soon; tells how the visitor sees them until then.
    fn expect(&self, batch: &mut Batch<'_>, id: &MessageId, sources: Vec<FileSource>) -> Result<Vec<File>, StoreError> {
        let Self { host, dialogue, im, now, .. } = *self;
        batch.expect_files(Expected { host, dialogue, im, message: id, now }, sources)
    }

    /// Its words are these now. Of a message that was never heard of, that makes one.
    pub fn edited(
        &self,
        batch: &mut Batch<'_>,
        line: LineId,
        words: Words,
        at: Millis,
        is_late: bool,
    ) -> Result<Edit, StoreError> {
        let row = batch.row::<_, HeardRow>(HEARD, self.key())?;
        let is_known = words.name.is_some() && row.as_ref().is_some_and(|row| row.name == words.name);
        let words = if is_known { words } else { self.decided(batch, line, words)? };
        let Some(mut row) = row else {
            self.begin(batch, line, words, at, at)?;
            return Ok(Edit { is_news: true, is_disputed: false });
        };
        if row.deleted {
            return Ok(Edit::NOTHING); // final
        }
        if row.words == digest(&words.text) {
            // The same by another way; the queue's tells when it was made, and so which of others are older.
            if is_late {
                row.made_at = at;
                batch.put(HEARD, self.key(), &row)?;
            }
            return Ok(Edit::NOTHING);
        }
        let is_proven = is_late && row.made_at > 0 && row.restated_at == 0;
        let since = if is_proven { row.made_at } else { row.edited_at.max(row.restated_at) };
        let is_close = row.edited_at > 0 && at.abs_diff(row.edited_at) < CLOSE;
        let is_disputed = if is_proven { at == since } else { is_close || row.restated_at > 0 };
        if at < since {
            return Ok(Edit { is_disputed, ..Edit::NOTHING }); // an older edit come late
        }
        row.edited_at = row.edited_at.max(at);
        (row.made_at, row.restated_at) = (if is_late { at } else { 0 }, 0);
        self.reword(batch, row, words.text, at)?;
        Ok(Edit { is_news: true, is_disputed })
    }

    /// The words, without their signature if there was one.
    fn decided(&self, batch: &Batch<'_>, line: LineId, mut words: Words) -> Result<Words, StoreError> {
        let (signature, signed) = (std::mem::take(&mut words.signature), (words.name.take(), words.text));
        let (name, text) = signatures::decide(batch, (self.host, line), signature, signed)?;
        Ok(Words { name, text, ..words })
    }

    /// The portal, asked at `asked_at`, showed these words. What was heard since may be newer.
    pub fn restated(&self, batch: &mut Batch<'_>, text: String, asked_at: Millis) -> Result<bool, StoreError> {
        let row = batch.row::<_, HeardRow>(HEARD, self.key())?;
        let is_other = |row: &HeardRow| !row.deleted && row.heard_at < asked_at && row.words != digest(&text);
        let Some(mut row) = row.filter(is_other) else { return Ok(false) };
        // Their time is by our clock: it is not compared with the portal's as if it were the same.
        (row.made_at, row.restated_at) = (0, asked_at);
        self.reword(batch, row, text, asked_at).map(|()| true)
    }

    fn reword(&self, batch: &mut Batch<'_>, mut row: HeardRow, text: String, at: Millis) -> Result<(), StoreError> {
        (row.words, row.heard_at) = (digest(&text), self.now);
        let (id, text) = (row.id.clone(), row.with_attached(text));
        batch.append(self.dialogue, at, Told::Edited { id, text, act: None, unsent: None, from: None })?;
        batch.put(HEARD, self.key(), &row)
    }

    /// The message stands in the dialogue from now on, before those that were said after it, and its portal is to be
    /// told.
    fn begin(
        &self,
        batch: &mut Batch<'_>,
        line: LineId,
        said: Words,
        at: Millis,
        edited_at: Millis,
    ) -> Result<(), StoreError> {
        let Words { author: from, name, text, face, attached, files, vote, .. } = said;
        let (dialogue, id) = (self.dialogue, self.im.message_id(self.host));
        let (words, by_edit, heard_at) = (digest(&text), edited_at > 0, self.now);
        let before = self.follower(batch)?;
        // A later conversation takes no answer for an earlier one.
        let started = batch.head(dialogue)?.map_or(0, |head| head.started);
        let vote = vote.filter(|vote| vote.session >= started);
        let row = HeardRow {
            dialogue,
            id: id.clone(),
            words,
            edited_at,
            made_at: 0,
            restated_at: 0,
            deleted: false,
            files: attached,
            by_edit,
            heard_at,
            name: name.clone(),
        };
        let text = row.with_attached(text);
        if text.trim().is_empty() && files.is_empty() {
            tracing::warn!(dialogue.id = %dialogue, "a message came that holds nothing which can be shown");
        }
        batch.put(HEARD, self.key(), &row)?;
        if from == Author::Operator && !by_edit {
            answers::note(batch, self.dialogue, at)?;
        }
        let (chat, message, files) = (Some(self.im.chat), Some(self.im.message), self.expect(batch, &id, files)?);
        let told = Told::Said {
            id: id.clone(),
            from,
            name,
            text,
            chat,
            message,
            reply: None,
            vote,
            files,
            before,
            face,
            by_edit,
        };
        batch.append(self.dialogue, at, told)?;
        let confirmation = ConfirmationRow { dialogue: self.dialogue, line, im: self.im, id, at: self.now };
        let no = batch.ledger.next_confirmation;
        batch.ledger.next_confirmation += 1;
        batch.put(CONFIRMATIONS, (self.host.as_str(), no), &confirmation)
    }

    /// The entry of the message that follows this one in the portal's chat, where that overtook this one.
    fn follower(&self, batch: &mut Batch<'_>) -> Result<Option<Seq>, StoreError> {
        let (host, chat, message) = self.key();
        let mut later: Vec<MessageId> = Vec::new();
        for entry in batch.table(HEARD)?.range((host, chat, message + 1)..=(host, chat, u64::MAX))?.take(OVERTAKERS) {
            let row: HeardRow = row::decode(entry?.1.value())?;
            later.extend((row.dialogue == self.dialogue).then_some(row.id));
        }
        if later.is_empty() {
            return Ok(None);
        }
        let tip = batch.head(self.dialogue)?.map_or(Position::NONE, |head| head.tip);
        let mut found = (later.len(), None);
        batch.walk(tip, |_, record| {
            // A visitor's own stands where it was said, whenever it came to the portal.
            let Told::Said { id, from, .. } = &record.what else { return Walk::On };
            if *from == Author::Visitor {
                return Walk::On;
            }
            if let Some(nth) = later.iter().position(|later| later == id).filter(|nth| *nth < found.0) {
                found = (nth, Some(record.seq));
            }
            if found.0 == 0 { Walk::Enough } else { Walk::On }
        })?;
        Ok(found.1)
    }

    /// The message was taken back; `external` is its name with us, where the portal knows it.
    pub fn deleted(&self, batch: &mut Batch<'_>, external: Option<MessageId>) -> Result<bool, StoreError> {
        let heard: Option<HeardRow> = batch.row(HEARD, self.key())?;
        if heard.as_ref().is_some_and(|heard| heard.deleted) {
            return Ok(false);
        }
        let name = heard.map(|heard| heard.id).or(external);
        // What comes later of this message finds it deleted.
        let (dialogue, id) = (self.dialogue, name.clone().unwrap_or_else(|| self.im.message_id(self.host)));
        let (words, files, edited_at, heard_at) = (digest(""), String::new(), self.now, self.now);
        let (made_at, restated_at, by_edit) = (0, 0, false);
        let row = HeardRow {
            dialogue,
            id,
            words,
            edited_at,
            made_at,
            restated_at,
            deleted: true,
            files,
            by_edit,
            heard_at,
            name: None,
        };
        batch.put(HEARD, self.key(), &row)?;
        let Some(id) = name else { return Ok(false) };
        if !batch.forget_files_of(dialogue, &id)? {
            return Ok(false);
        }
        batch.append(dialogue, self.now, Told::Deleted { id, act: None, unsent: None })?;
        Ok(true)
    }
}

/// What a message says, and who says it.
pub struct Words {
    pub author: Author,
    /// The author as the portal signs it.
    pub name: Option<String>,
    /// In BB-code.
    pub text: String,
    pub face: Face,
    /// Whether `name` was taken off `text` rightly.
    pub signature: Signature,
    /// What stands behind the words.
    pub attached: String,
    pub files: Vec<FileSource>,
    /// It asks for a rating.
    pub vote: Option<Vote>,
}

/// What words are compared by. What surrounds them is not: a signature is cut off with the space behind it.
fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text.trim())[..16])
}

/// How a confirmation waits.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfirmationRow {
    pub(in crate::store) dialogue: DialogueId,
    line: LineId,
    im: ImId,
    id: MessageId,
    at: Millis,
}

impl ConfirmationRow {
    pub fn into_confirmation(self, no: u64) -> Confirmation {
        let Self { dialogue, line, im, id, at } = self;
        Confirmation { no, dialogue, line, im, id, at }
    }
}

impl Row for ConfirmationRow {
    const KIND: &'static str = "confirmation";
}

//! What an event asks for, and how it is done just once. Repeats are told as transport.md of the portal's rules has
//! it: additions and deletions by the portal's own numbers, edits by their words and time.

use super::{Confirmation, HeardRow};
use crate::ids::{DialogueId, FileKey, ImId, LineId, PortalHost};
use crate::store::StoreError;
use crate::store::answers;
use crate::store::committer::Batch;
use crate::store::files::{Expected, FileSource};
use crate::store::log::{ReadLog, Told, Vote, Walk};
use crate::store::row::Row;
use crate::store::tables::{CONFIRMATIONS, HEARD, LINES, SITES};
use crate::store::{Position, SiteRecord};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::{Author, File, FileId, MessageId, Millis};

/// One thing a portal told.
#[derive(Clone, Debug, PartialEq)]
pub enum InboxAct {
    /// Somebody at the portal said something.
    Said {
        dialogue: DialogueId,
        im: ImId,
        /// The line to confirm the delivery on.
        line: LineId,
        author: Author,
        /// The author as the portal signs it.
        name: Option<String>,
        /// Without the signature, in BB-code.
        text: String,
        files: Vec<FileSource>,
        /// It asks for a rating.
        vote: Option<Vote>,
        at: Millis,
    },
    /// The words are these now. Of a message that was never heard of, it makes one.
    Edited {
        dialogue: DialogueId,
        im: ImId,
        line: LineId,
        name: Option<String>,
        text: String,
        at: Millis,
    },
    /// The message is gone for good; `external` is its name with us, where the portal knows it.
    Deleted {
        dialogue: DialogueId,
        im: ImId,
        external: Option<MessageId>,
    },
    Started {
        dialogue: DialogueId,
        session: u64,
        user: Option<u64>,
    },
    Finished {
        dialogue: DialogueId,
        session: u64,
    },
    /// The connector was switched off on this line.
    LineOff {
        line: LineId,
    },
}

/// `acts` with what is said in each chat in the portal's order. Everything else keeps its place.
pub fn in_order(mut acts: Vec<InboxAct>) -> Vec<InboxAct> {
    let places: Vec<usize> = (0..acts.len()).filter(|&nth| spoken(&acts[nth]).is_some()).collect();
    let mut order = places.clone();
    order.sort_by_key(|&nth| spoken(&acts[nth]));
    let sorted: Vec<InboxAct> = order.iter().map(|&nth| acts[nth].clone()).collect();
    for (place, act) in places.into_iter().zip(sorted) {
        acts[place] = act;
    }
    acts
}

fn spoken(act: &InboxAct) -> Option<ImId> {
    match act {
        InboxAct::Said { im, .. } => Some(*im),
        _ => None,
    }
}

/// Does one act. Returns the dialogue where that made something new.
pub fn perform(
    batch: &mut Batch<'_>,
    host: &PortalHost,
    act: InboxAct,
    now: Millis,
) -> Result<Option<DialogueId>, StoreError> {
    let dialogue = match &act {
        InboxAct::LineOff { line } => return line_off(batch, host, *line).map(|()| None),
        InboxAct::Said { dialogue, .. }
        | InboxAct::Edited { dialogue, .. }
        | InboxAct::Deleted { dialogue, .. }
        | InboxAct::Started { dialogue, .. }
        | InboxAct::Finished { dialogue, .. } => *dialogue,
    };
    if !belongs(batch, host, dialogue)? {
        tracing::warn!(portal = %host, "an event names a dialogue that is not of its portal");
        return Ok(None);
    }
    let changed = match act {
        InboxAct::Said { im, line, author, name, text, files, vote, at, .. } => {
            let heard = Heard { host, dialogue, im, line, now };
            heard.said(batch, Words { author, name, text, files, vote }, at)?
        }
        InboxAct::Edited { im, line, name, text, at, .. } => {
            let heard = Heard { host, dialogue, im, line, now };
            heard.edited(batch, name, text, at)?
        }
        InboxAct::Deleted { im, external, .. } => deleted(batch, host, dialogue, im, external, now)?,
        InboxAct::Started { session, user, .. } => started(batch, dialogue, session, user, now)?,
        InboxAct::Finished { session, .. } => finished(batch, dialogue, session, now)?,
        InboxAct::LineOff { .. } => false,
    };
    Ok(changed.then_some(dialogue))
}

/// Whether the dialogue is one of a site of this portal: no portal may write into another's.
fn belongs(batch: &mut Batch<'_>, host: &PortalHost, dialogue: DialogueId) -> Result<bool, StoreError> {
    let Some(site) = batch.head(dialogue)?.map(|head| head.site.clone()) else { return Ok(false) };
    let site: Option<SiteRecord> = batch.row(SITES, site.as_str())?;
    Ok(site.is_some_and(|site| &site.portal == host))
}

/// An operator's message and where it was heard.
struct Heard<'a> {
    host: &'a PortalHost,
    dialogue: DialogueId,
    im: ImId,
    line: LineId,
    now: Millis,
}

impl Heard<'_> {
    fn key(&self) -> (&str, u64, u64) {
        (self.host.as_str(), self.im.chat, self.im.message)
    }

    fn said(&self, batch: &mut Batch<'_>, words: Words, at: Millis) -> Result<bool, StoreError> {
        match batch.row::<_, HeardRow>(HEARD, self.key())? {
            None => self.begin(batch, words, at, 0).map(|()| true),
            Some(row) if row.by_edit && !row.deleted => self.filled(batch, row, words.files, at),
            Some(_) => Ok(false), // a repeat, or deleted already
        }
    }

    /// The message comes after an edit that made it: its words are old, its files are news.
    fn filled(
        &self,
        batch: &mut Batch<'_>,
        mut row: HeardRow,
        files: Vec<FileSource>,
        at: Millis,
    ) -> Result<bool, StoreError> {
        row.by_edit = false;
        let files = self.expect(batch, &row.id, files)?;
        let is_news = !files.is_empty();
        for file in files {
            batch.append(self.dialogue, at, Told::File { id: row.id.clone(), file })?;
        }
        batch.put(HEARD, self.key(), &row)?;
        Ok(is_news)
    }

    /// The files of message `id` are fetched soon; tells how the visitor sees them until then.
    fn expect(&self, batch: &mut Batch<'_>, id: &MessageId, sources: Vec<FileSource>) -> Result<Vec<File>, StoreError> {
        let Self { host, dialogue, im, now, .. } = *self;
        batch.expect_files(Expected { host, dialogue, im, message: id, now }, sources)
    }

    fn edited(
        &self,
        batch: &mut Batch<'_>,
        name: Option<String>,
        text: String,
        at: Millis,
    ) -> Result<bool, StoreError> {
        let Some(mut row) = batch.row::<_, HeardRow>(HEARD, self.key())? else {
            let words = Words { author: Author::Operator, name, text, files: Vec::new(), vote: None };
            self.begin(batch, words, at, at)?;
            return Ok(true);
        };
        let words = digest(&text);
        if row.deleted || row.words == words || at < row.edited_at {
            return Ok(false); // final, or the same words by another channel, or an older edit come late
        }
        let text = row.with_links(text);
        batch.append(self.dialogue, at, edited(row.id.clone(), text))?;
        (row.words, row.edited_at) = (words, at);
        batch.put(HEARD, self.key(), &row)?;
        Ok(true)
    }

    /// The message stands in the dialogue from now on, and its portal is to be told.
    fn begin(&self, batch: &mut Batch<'_>, said: Words, at: Millis, edited_at: Millis) -> Result<(), StoreError> {
        let Words { author: from, name, text, files, vote } = said;
        let (dialogue, id) = (self.dialogue, self.im.message_id(self.host));
        let (words, by_edit, links) = (digest(&text), edited_at > 0, String::new());
        let row = HeardRow { dialogue, id: id.clone(), words, edited_at, deleted: false, files: links, by_edit };
        batch.put(HEARD, self.key(), &row)?;
        if from == Author::Operator {
            answers::note(batch, self.dialogue, at)?;
        }
        let (chat, message, files) = (Some(self.im.chat), Some(self.im.message), self.expect(batch, &id, files)?);
        let told = Told::Said { id: id.clone(), from, name, text, chat, message, reply: None, vote, files };
        batch.append(self.dialogue, at, told)?;
        let confirmation = ConfirmationRow { dialogue: self.dialogue, line: self.line, im: self.im, id, at: self.now };
        let no = batch.ledger.next_confirmation;
        batch.ledger.next_confirmation += 1;
        batch.put(CONFIRMATIONS, (self.host.as_str(), no), &confirmation)
    }
}

/// What a message says, and who says it.
struct Words {
    author: Author,
    name: Option<String>,
    /// In BB-code.
    text: String,
    files: Vec<FileSource>,
    /// It asks for a rating.
    vote: Option<Vote>,
}

fn deleted(
    batch: &mut Batch<'_>,
    host: &PortalHost,
    dialogue: DialogueId,
    im: ImId,
    external: Option<MessageId>,
    now: Millis,
) -> Result<bool, StoreError> {
    let key = (host.as_str(), im.chat, im.message);
    let heard: Option<HeardRow> = batch.row(HEARD, key)?;
    if heard.as_ref().is_some_and(|heard| heard.deleted) {
        return Ok(false);
    }
    let name = heard.map(|heard| heard.id).or(external);
    // What comes later of this message finds it deleted.
    let id = name.clone().unwrap_or_else(|| im.message_id(host));
    let (words, files) = (digest(""), String::new());
    let row = HeardRow { dialogue, id, words, edited_at: now, deleted: true, files, by_edit: false };
    batch.put(HEARD, key, &row)?;
    let Some(id) = name else { return Ok(false) };
    let Some(files) = standing(batch, dialogue, &id)? else { return Ok(false) };
    for file in files {
        batch.forget_file(FileKey::of(dialogue, &file))?;
    }
    batch.append(dialogue, now, Told::Deleted { id, act: None, unsent: None })?;
    Ok(true)
}

/// The portal's edit of one of its messages.
fn edited(id: MessageId, text: String) -> Told {
    Told::Edited { id, text, act: None, unsent: None }
}

/// The files of the message `wanted`; none where the dialogue has no such message, or it is deleted.
fn standing(
    batch: &mut Batch<'_>,
    dialogue: DialogueId,
    wanted: &MessageId,
) -> Result<Option<Vec<FileId>>, StoreError> {
    let tip = batch.head(dialogue)?.map_or(Position::NONE, |head| head.tip);
    let (mut found, mut attached) = (None, Vec::new());
    batch.walk(tip, |_, record| match record.what {
        Told::Deleted { id, .. } if id == *wanted => Walk::Enough,
        Told::File { id, file } if id == *wanted => {
            attached.push(file.id);
            Walk::On
        }
        Told::Said { id, files, .. } if id == *wanted => {
            attached.extend(files.into_iter().map(|file| file.id));
            found = Some(std::mem::take(&mut attached));
            Walk::Enough
        }
        _ => Walk::On,
    })?;
    Ok(found)
}

fn started(
    batch: &mut Batch<'_>,
    dialogue: DialogueId,
    session: u64,
    user: Option<u64>,
    now: Millis,
) -> Result<bool, StoreError> {
    let is_new = batch.head(dialogue)?.is_some_and(|head| session > head.started && session > head.finished);
    if is_new {
        batch.append(dialogue, now, Told::Started { session, user })?;
    }
    Ok(is_new)
}

fn finished(batch: &mut Batch<'_>, dialogue: DialogueId, session: u64, now: Millis) -> Result<bool, StoreError> {
    // A vote opens a closed session again without a word and closes it again: it stays closed for the visitor.
    let is_new = batch.head(dialogue)?.is_some_and(|head| session >= head.started && session > head.finished);
    if is_new {
        batch.append(dialogue, now, Told::Finished { session })?;
    }
    Ok(is_new)
}

fn line_off(batch: &mut Batch<'_>, host: &PortalHost, line: LineId) -> Result<(), StoreError> {
    let key = batch.table(LINES)?.get((host.as_str(), line.0))?.map(|key| key.value().to_owned());
    let Some(key) = key else { return Ok(()) };
    let Some(mut site) = batch.row::<_, SiteRecord>(SITES, key.as_str())? else { return Ok(()) };
    site.connected = false;
    batch.board().set_site(&site);
    batch.put(SITES, key.as_str(), &site)
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..16])
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

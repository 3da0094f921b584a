//! What an event, or a history, asks for, and how it is done just once.

use super::heard::{Heard, Words};
use crate::ids::{DialogueId, ImId, LineId, PortalHost};
use crate::store::activity;
use crate::store::committer::Batch;
use crate::store::files::FileSource;
use crate::store::log::{AtPortal, Position, ReadLog, Told, Vote, Walk};
use crate::store::outbox::{Arrival, arrived, ended};
use crate::store::signatures::Signature;
use crate::store::tables::{LINES, SITES};
use crate::store::{Closing, SiteRecord, StoreError};
use redb::ReadableTable;
use shared::{Author, Face, MessageId, Millis};

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
        looks: Looks,
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
        /// What the message is called with us, where the portal knows it.
        external: Option<MessageId>,
        signature: Signature,
        /// When the portal sent it; of one that was fetched, when it was made.
        at: Millis,
        /// It was fetched.
        is_late: bool,
    },
    /// The portal, asked at `asked_at` by our clock, showed these words of a message that is known.
    Restated {
        dialogue: DialogueId,
        im: ImId,
        text: String,
        asked_at: Millis,
    },
    /// The portal has the visitor's message: whoever is in doubt of that need not be.
    Arrived {
        dialogue: DialogueId,
        id: MessageId,
        at_portal: AtPortal,
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
    /// This line was deleted.
    LineDeleted {
        line: LineId,
    },
}

/// What else is shown of who speaks, and whether the text began with their name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looks {
    /// The photo by its name in the store.
    pub face: Face,
    pub signature: Signature,
    /// What is attached, as text in BB-code: it stands behind the words, whatever they become.
    pub attached: String,
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

/// What came of acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkedOff {
    /// Dialogues with something new: their listeners should be woken.
    pub touched: Vec<DialogueId>,
    /// Dialogues of which only the portal can tell the truth: two edits are too close to say which holds, or a message
    /// that was given up arrived in a session that nobody named.
    pub unclear: Vec<DialogueId>,
}

impl InboxAct {
    /// The dialogue it is about; none where it is about a line.
    fn dialogue(&self) -> Option<DialogueId> {
        match self {
            Self::LineDeleted { .. } => None,
            Self::Said { dialogue, .. }
            | Self::Edited { dialogue, .. }
            | Self::Restated { dialogue, .. }
            | Self::Deleted { dialogue, .. }
            | Self::Arrived { dialogue, .. }
            | Self::Started { dialogue, .. }
            | Self::Finished { dialogue, .. } => Some(*dialogue),
        }
    }
}

/// Does one act, and adds to `done` what came of it.
pub fn perform(
    batch: &mut Batch<'_>,
    host: &PortalHost,
    act: InboxAct,
    now: Millis,
    done: &mut WorkedOff,
) -> Result<(), StoreError> {
    let Some(dialogue) = act.dialogue() else {
        let InboxAct::LineDeleted { line } = act else { return Ok(()) };
        return line_deleted(batch, host, line);
    };
    if !belongs(batch, host, dialogue)? {
        tracing::warn!(portal = %host, "an event names a dialogue that is not of its portal");
        return Ok(());
    }
    let heard = |im| Heard { host, dialogue, im, now };
    let changed = match act {
        InboxAct::Said { im, line, author, name, text, looks, files, vote, at, .. } => {
            let Looks { face, signature, attached } = looks;
            heard(im).said(batch, line, Words { author, name, text, face, signature, attached, files, vote }, at)?
        }
        InboxAct::Edited { im, external: Some(id), .. }
            if id != im.message_id(host) && is_visitors(batch, dialogue, &id)? =>
        {
            // The portal's source lets nobody edit these, and the documentation knows no event of it.
            tracing::warn!(dialogue.id = %dialogue, "an edit of a visitor's message is passed over");
            false
        }
        InboxAct::Edited { im, line, name, text, signature, at, is_late, .. } => {
            let (author, face) = (Author::Operator, Face::default());
            let attached = String::new();
            let words = Words { author, name, text, face, signature, attached, files: Vec::new(), vote: None };
            let edit = heard(im).edited(batch, line, words, at, is_late)?;
            done.unclear.extend(edit.is_disputed.then_some(dialogue));
            edit.is_news
        }
        InboxAct::Restated { im, text, asked_at, .. } => heard(im).restated(batch, text, asked_at)?,
        InboxAct::Deleted { im, external, .. } => heard(im).deleted(batch, external)?,
        InboxAct::Arrived { id, at_portal, .. } => {
            let arrival = arrived(batch, dialogue, &id, at_portal, now)?;
            let is_unplaced = arrival == Arrival::Late && at_portal.session.is_none();
            done.unclear.extend(is_unplaced.then_some(dialogue));
            arrival != Arrival::Known
        }
        InboxAct::Started { session, user, .. } => started(batch, dialogue, session, user, now)?,
        InboxAct::Finished { session, .. } => finished(batch, dialogue, session, now)?,
        InboxAct::LineDeleted { .. } => false,
    };
    done.touched.extend(changed.then_some(dialogue));
    Ok(())
}

/// Whether the dialogue is one of a site of this portal: no portal may write into another's.
fn belongs(batch: &mut Batch<'_>, host: &PortalHost, dialogue: DialogueId) -> Result<bool, StoreError> {
    let Some(site) = batch.head(dialogue)?.map(|head| head.site.clone()) else { return Ok(false) };
    let site: Option<SiteRecord> = batch.row(SITES, site.as_str())?;
    Ok(site.is_some_and(|site| &site.portal == host))
}

/// Whether the visitor said the message of that name.
fn is_visitors(batch: &mut Batch<'_>, dialogue: DialogueId, id: &MessageId) -> Result<bool, StoreError> {
    let tip = batch.head(dialogue)?.map_or(Position::NONE, |head| head.tip);
    let mut is_theirs = false;
    batch.walk(tip, |_, record| {
        let Told::Said { id: said, from: Author::Visitor, .. } = &record.what else { return Walk::On };
        is_theirs = said == id;
        if is_theirs { Walk::Enough } else { Walk::On }
    })?;
    Ok(is_theirs)
}

/// The portal has a session of this number. Tells whether that is news.
pub(in crate::store) fn started(
    batch: &mut Batch<'_>,
    dialogue: DialogueId,
    session: u64,
    user: Option<u64>,
    now: Millis,
) -> Result<bool, StoreError> {
    let is_new = batch.head(dialogue)?.is_some_and(|head| session > head.started && session > head.finished);
    if is_new {
        batch.append(dialogue, now, Told::Started { session, user })?;
    } else {
        told_late(batch, dialogue, session, now)?;
    }
    Ok(is_new)
}

/// A session of which the portal tells after a later one is kept in mind, once: its history is to be read, too.
fn told_late(batch: &mut Batch<'_>, dialogue: DialogueId, session: u64, now: Millis) -> Result<(), StoreError> {
    let Some(head) = batch.head(dialogue)? else { return Ok(()) };
    if session >= head.started.max(head.finished) {
        return Ok(());
    }
    let (tip, mut is_known) = (head.tip, false);
    batch.walk(tip, |_, record| {
        is_known = activity::session(&record.what) == Some(session);
        if is_known { Walk::Enough } else { Walk::On }
    })?;
    if !is_known {
        batch.append(dialogue, now, Told::Late { session })?;
    }
    Ok(())
}

fn finished(batch: &mut Batch<'_>, dialogue: DialogueId, session: u64, now: Millis) -> Result<bool, StoreError> {
    let is_done = ended(batch, dialogue, session, now)?;
    // A vote opens a closed session again without a word and closes it again: it stays closed for the visitor.
    let Some(head) = batch.head(dialogue)? else { return Ok(is_done) };
    let is_new = session >= head.started && session > head.finished;
    // The visitor ended it first, and the call for that is on its way: whatever comes back, it has ended.
    let is_known = session == head.finished && head.left.is_some_and(|(_, before)| session > before);
    if is_new {
        batch.append(dialogue, now, Told::Finished { session })?;
    } else if is_known {
        batch.append(dialogue, now, Told::EndKnown { session })?;
    } else {
        told_late(batch, dialogue, session, now)?;
    }
    Ok(is_new || is_done)
}

fn line_deleted(batch: &mut Batch<'_>, host: &PortalHost, line: LineId) -> Result<(), StoreError> {
    let key = batch.table(LINES)?.get((host.as_str(), line.0))?.map(|key| key.value().to_owned());
    let Some(key) = key else { return Ok(()) };
    let Some(mut site) = batch.row::<_, SiteRecord>(SITES, key.as_str())? else { return Ok(()) };
    (site.connected, site.closed_by) = (false, Some(Closing::LineDeleted));
    batch.board().set_site(&site);
    batch.put(SITES, key.as_str(), &site)
}

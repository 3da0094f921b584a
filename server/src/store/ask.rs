//! What a visitor may ask for, judged by what the dialogue says at that moment.

use super::StoreError;
use super::committer::Batch;
use super::log::{Position, ReadLog, Reply, Told, Walk};
use crate::ids::{DialogueId, ImId};
use shared::{Author, FileId, MessageId, Millis, Refusal};

/// How long the visitor's own message may be edited: 3 days. Of older ones the portal only pretends
/// (`imconnector.update.messages`).
pub(super) const EDITABLE: Millis = 3 * 24 * 60 * 60 * 1000;

/// How much of a message stands in a quotation, in characters.
const QUOTED_CHARS: usize = 300;

/// A visitor's act, not yet taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// `reply_to`: the message it answers. One that is not there is passed over.
    Say {
        text: String,
        reply_to: Option<MessageId>,
        /// Uploaded before.
        files: Vec<FileId>,
    },
    Edit {
        of: MessageId,
        text: String,
    },
    Delete {
        of: MessageId,
    },
    Rate {
        like: bool,
    },
    Finish,
}

impl From<String> for Ask {
    fn from(text: String) -> Self {
        Self::Say { text, reply_to: None, files: Vec::new() }
    }
}

impl Ask {
    /// In which dialogue it is done: that of what it is about, where that joined from another, for there the portal has it.
    /// What is done there shows here, too.
    pub(super) fn origin(&self, batch: &mut Batch<'_>, dialogue: DialogueId) -> Result<DialogueId, StoreError> {
        let Some(head) = batch.head(dialogue)?.filter(|head| !head.joined.is_empty()).cloned() else {
            return Ok(dialogue);
        };
        let found = match self {
            Self::Say { .. } => None,
            Self::Edit { of, .. } | Self::Delete { of } => batch.asked(dialogue, of)?,
            Self::Rate { .. } => last_request(batch, head.tip)?,
            Self::Finish if head.is_led() => None,
            Self::Finish => return Ok(led(batch, &head.joined)?.unwrap_or(dialogue)),
        };
        let origin = found.map(|position| batch.origin(position)).transpose()?.flatten();
        Ok(origin.unwrap_or(dialogue))
    }

    /// The entry it makes, or why it is not taken.
    pub(super) fn judge(
        self,
        batch: &mut Batch<'_>,
        dialogue: DialogueId,
        id: MessageId,
        now: Millis,
    ) -> Result<Result<Told, Refusal>, StoreError> {
        let Some(head) = batch.head(dialogue)? else { return Ok(Err(Refusal::SessionUnknown)) };
        Ok(match self {
            Self::Rate { .. } if !head.vote.is_some_and(|vote| vote.is_open(now)) => Err(Refusal::NotOpen),
            Self::Rate { like } => Ok(Told::Rated { id, like }),
            Self::Finish if !head.is_led() => Err(Refusal::NotOpen),
            Self::Finish => Ok(Told::Left { id, session: head.at_portal.session.unwrap_or_default() }),
            Self::Say { text, reply_to, files } => {
                let Some(files) = batch.use_files(dialogue, &files)? else { return Ok(Err(Refusal::FileUnknown)) };
                let reply = match reply_to {
                    Some(to) => reply(batch, dialogue, to)?,
                    None => None,
                };
                Ok(Told::visitors(id, text, reply, files))
            }
            Self::Edit { of, text } => own(batch, dialogue, &of, Some(now))?.map(|unsent| Told::Edited {
                id: of,
                text,
                act: Some(id),
                unsent,
                from: None,
            }),
            Self::Delete { of } => {
                let judged = own(batch, dialogue, &of, None)?;
                if judged.is_ok() {
                    batch.forget_files_of(dialogue, &of)?;
                }
                judged.map(|unsent| Told::Deleted { id: of, act: Some(id), unsent })
            }
        })
    }
}

/// Where the visitor was asked for a rating last.
fn last_request(batch: &mut Batch<'_>, tip: Position) -> Result<Option<Position>, StoreError> {
    let mut found = None;
    batch.walk(tip, |position, record| match record.what.itself() {
        Told::Said { vote: Some(_), .. } => {
            found = Some(position);
            Walk::Enough
        }
        _ => Walk::On,
    })?;
    Ok(found)
}

/// The last of these dialogues whose conversation an operator leads.
fn led(batch: &mut Batch<'_>, dialogues: &[DialogueId]) -> Result<Option<DialogueId>, StoreError> {
    for dialogue in dialogues.iter().rev() {
        if batch.head(*dialogue)?.is_some_and(|head| head.is_led()) {
            return Ok(Some(*dialogue));
        }
    }
    Ok(None)
}

/// Where the visitor's message `of` stands, if no call has begun that may have carried it: then it is changed before it
/// goes. `now` where its age counts.
fn own(
    batch: &mut Batch<'_>,
    dialogue: DialogueId,
    of: &MessageId,
    now: Option<Millis>,
) -> Result<Result<Option<Position>, Refusal>, StoreError> {
    let Some(position) = batch.asked(dialogue, of)? else { return Ok(Err(Refusal::NotYours)) };
    let Some(record) = batch.record(position)? else { return Ok(Err(Refusal::NotYours)) };
    if !matches!(record.what, Told::Said { .. }) {
        return Ok(Err(Refusal::NotYours));
    }
    if now.is_some_and(|now| now.saturating_sub(record.at) > EDITABLE) || is_deleted(batch, dialogue, of)? {
        return Ok(Err(Refusal::TooLate));
    }
    let Some(site) = batch.head(dialogue)?.map(|head| head.site.clone()) else { return Ok(Err(Refusal::NotYours)) };
    Ok(Ok(batch.board().is_untouched(&site, position).then_some(position)))
}

fn is_deleted(batch: &mut Batch<'_>, dialogue: DialogueId, of: &MessageId) -> Result<bool, StoreError> {
    let tip = batch.head(dialogue)?.map_or(Position::NONE, |head| head.tip);
    let mut deleted = false;
    batch.walk(tip, |_, record| match &record.what {
        Told::Deleted { id, .. } if id == of => {
            deleted = true;
            Walk::Enough
        }
        Told::Said { id, .. } if id == of => Walk::Enough,
        _ => Walk::On,
    })?;
    Ok(deleted)
}

/// The message `to` as it is quoted; none where it is not there (any more).
fn reply(batch: &mut Batch<'_>, dialogue: DialogueId, to: MessageId) -> Result<Option<Reply>, StoreError> {
    let tip = batch.head(dialogue)?.map_or(Position::NONE, |head| head.tip);
    let (mut newest, mut found) = (None, None);
    batch.walk(tip, |_, record| match record.what.itself() {
        Told::Deleted { id, .. } if id == to => Walk::Enough,
        Told::Edited { id, text, .. } if id == to => {
            newest.get_or_insert(text);
            Walk::On
        }
        Told::Said { id, from, name, text, chat, message, .. } if id == to => {
            let im = chat.zip(message).map(|(chat, message)| ImId { chat, message });
            found = Some(Reply { to: id, own: from == Author::Visitor, name, text, at: record.at, im });
            Walk::Enough
        }
        _ => Walk::On,
    })?;
    Ok(found.map(|mut reply: Reply| {
        let text = newest.unwrap_or(reply.text);
        reply.text = match text.char_indices().nth(QUOTED_CHARS) {
            Some((end, _)) => [&text[..end], "…"].concat(),
            None => text,
        };
        reply
    }))
}

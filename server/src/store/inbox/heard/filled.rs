//! What is done with a message that comes after an edit has made it.

use super::{Heard, HeardRow, Words};
use crate::store::committer::Batch;
use crate::store::log::{ReadLog, Told, Walk};
use crate::store::tables::HEARD;
use crate::store::{Position, StoreError, answers};
use shared::{Author, MessageId, Millis};

/// A message that an edit made.
struct Made {
    /// Its words now.
    text: String,
    /// When the edit came.
    at: Millis,
    /// It is of the conversation that goes on.
    is_of_this: bool,
}

impl Heard<'_> {
    /// The message comes after an edit that made it: its words are old, all else is news.
    pub(super) fn filled(
        &self,
        batch: &mut Batch<'_>,
        mut row: HeardRow,
        said: Words,
        at: Millis,
    ) -> Result<bool, StoreError> {
        let Words { author, attached, files, .. } = said;
        (row.by_edit, row.files) = (false, attached);
        let files = self.expect(batch, &row.id, files)?;
        let mut is_news = !files.is_empty();
        for file in files {
            batch.append(self.dialogue, at, Told::File { id: row.id.clone(), file })?;
        }
        let Made { text, at, is_of_this } = self.made(batch, &row.id)?;
        let from = Some(author).filter(|author| is_of_this && *author == Author::Operator);
        if from.is_some() {
            answers::note(batch, self.dialogue, at)?;
        }
        if from.is_some() || !row.files.is_empty() {
            let (id, text) = (row.id.clone(), row.with_attached(text));
            batch.append(self.dialogue, at, Told::Edited { id, text, act: None, unsent: None, from })?;
            is_news = true;
        }
        batch.put(HEARD, self.key(), &row)?;
        Ok(is_news)
    }

    /// What stands in the dialogue of a message that an edit made.
    fn made(&self, batch: &mut Batch<'_>, id: &MessageId) -> Result<Made, StoreError> {
        let tip = batch.head(self.dialogue)?.map_or(Position::NONE, |head| head.tip);
        let (mut made, mut newest) = (Made { text: String::new(), at: self.now, is_of_this: true }, None);
        batch.walk(tip, |_, record| {
            match record.what {
                Told::Edited { id: edited, text, .. } if edited == *id => drop(newest.get_or_insert(text)),
                Told::Started { .. } | Told::Finished { .. } | Told::Left { .. } => made.is_of_this = false,
                Told::Said { id: said, text, before, .. } if said == *id => {
                    (made.text, made.at) = (newest.take().unwrap_or(text), record.at);
                    made.is_of_this &= before.is_none();
                    return Walk::Enough;
                }
                _ => {}
            }
            Walk::On
        })?;
        Ok(made)
    }
}

//! A person's rights over their data: everything of one visitor in one piece, and all of it gone.

use super::committer::Batch;
use super::dialogues::{DialogueRecord, head};
use super::inbox::{ConfirmationRow, HeardRow};
use super::log::{Position, ReadLog, StoredEntry, Walk, entries_after};
use super::profiles::ProfileRecord;
use super::sessions::SessionRecord;
use super::tables::{CONFIRMATIONS, DIALOGUES, HEARD, OUTBOX, PERSONS, PROFILES, SESSIONS};
use super::{Store, StoreError};
use crate::ids::{DialogueId, FileKey};
use crate::profile::Profile;
use serde::Serialize;
use shared::SiteKey;

/// All that is kept of one visitor, but for the hashes of their session tokens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Export {
    pub dialogue: DialogueRecord,
    pub profile: Profile,
    pub entries: Vec<StoredEntry>,
    /// What was said in other dialogues, before the site vouched for who it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<Export>,
}

impl Store {
    /// All that is kept of the dialogue's visitor, by whichever of their dialogues they are named.
    pub async fn export(&self, id: DialogueId) -> Result<Option<Export>, StoreError> {
        let Some(mut export) = self.export_one(self.whole(id).await?).await? else { return Ok(None) };
        for joined in export.dialogue.joined.clone() {
            export.joined.extend(self.export_one(joined).await?);
        }
        Ok(Some(export))
    }

    /// Where the dialogue goes on.
    async fn whole(&self, id: DialogueId) -> Result<DialogueId, StoreError> {
        let fresh = self.fresh_head(id);
        let moved = self.read(move |view| Ok(head(fresh, view, id)?.and_then(|head| head.moved))).await?;
        let Some(there) = moved else { return Ok(id) };
        Ok(self.dialogue(there).await?.map_or(id, |there| there.id))
    }

    async fn export_one(&self, id: DialogueId) -> Result<Option<Export>, StoreError> {
        let fresh = self.fresh_head(id);
        self.read(move |mut view| {
            let Some(head) = head(fresh, view, id)? else { return Ok(None) };
            let entries = entries_after(&mut view, head.tip, head.last, 0, usize::MAX)?;
            let known: Option<ProfileRecord> = view.row(PROFILES, id.bytes())?;
            let profile = known.unwrap_or_default().profile;
            Ok(Some(Export { dialogue: head.record(id), profile, entries, joined: Vec::new() }))
        })
        .await
    }

    /// Removes everything of the dialogue's visitor: its log, its sessions and whatever waits for it, and the same of the
    /// dialogues that joined it, or that it joined. Tells which files are to be removed from the disk; none where there is
    /// no such dialogue.
    pub async fn erase(&self, id: DialogueId) -> Result<Option<Vec<FileKey>>, StoreError> {
        self.commit(move |batch| {
            let Some(moved) = batch.head(id)?.map(|head| head.moved) else { return Ok(None) };
            let whole = match moved {
                Some(there) if batch.head(there)?.is_some() => there,
                _ => id,
            };
            let Some(head) = batch.head(whole)?.cloned() else { return Ok(None) };
            if let Some(person) = head.person.filter(|_| head.moved.is_none()) {
                batch.remove(PERSONS, (head.site.as_str(), person.as_str()))?;
            }
            let mut all = head.joined;
            all.extend([whole, id]);
            for id in &all {
                erase_log_of(batch, *id)?;
            }
            erase_traces(batch, |dialogue| all.contains(&dialogue)).map(Some)
        })
        .await
    }
}

/// Removes the dialogue's log, head and profile. False where there is none.
pub(super) fn erase_log_of(batch: &mut Batch<'_>, id: DialogueId) -> Result<bool, StoreError> {
    let Some(head) = batch.head(id)? else { return Ok(false) };
    let (tip, site) = (head.tip, head.site.clone());
    erase_log(batch, tip, &site)?;
    batch.remove(DIALOGUES, id.bytes())?;
    batch.remove(PROFILES, id.bytes())?;
    batch.ledger.forget(id);
    Ok(true)
}

/// Removes what stands elsewhere of the dialogues that `are_theirs` names. Tells which files are to be removed.
pub(super) fn erase_traces(
    batch: &Batch<'_>,
    are_theirs: impl Fn(DialogueId) -> bool,
) -> Result<Vec<FileKey>, StoreError> {
    batch.remove_where(SESSIONS, |session: SessionRecord| are_theirs(session.dialogue))?;
    batch.remove_where(HEARD, |heard: HeardRow| are_theirs(heard.dialogue))?;
    batch.remove_where(CONFIRMATIONS, |confirmation: ConfirmationRow| are_theirs(confirmation.dialogue))?;
    batch.forget_files(are_theirs)
}

fn erase_log(batch: &mut Batch<'_>, tip: Position, site: &SiteKey) -> Result<(), StoreError> {
    let mut positions: Vec<Position> = Vec::new();
    batch.walk(tip, |position, _| {
        positions.push(position);
        Walk::On
    })?;
    for position in positions {
        batch.log()?.remove(position.0)?;
        if batch.board().take(site, position).is_some() {
            batch.remove(OUTBOX, position.0)?;
        }
    }
    Ok(())
}

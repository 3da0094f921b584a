//! What pages tell of their visitors: one profile a dialogue, the last one told, and what the portal was told of it.

use super::board::Waiting;
use super::committer::Batch;
use super::errand::Lane;
use super::log::Told;
use super::row::Row;
use super::tables::PROFILES;
use super::{Store, StoreError};
use crate::ids::DialogueId;
use crate::profile::Profile;
use crate::profile::note::{Note, Noted};
use serde::{Deserialize, Serialize};
use shared::{MessageId, Millis, SiteKey};
use std::sync::Arc;

/// What is known of one dialogue's visitor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRecord {
    pub profile: Profile,
    /// The title of the portal's chat, as it was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub titled: Option<String>,
    /// What operators were told in a message of its own.
    #[serde(default)]
    pub noted: Noted,
}

impl Row for ProfileRecord {
    const KIND: &'static str = "profile";
}

impl Store {
    /// What is known of the dialogue's visitor; the default where nothing was told.
    pub async fn profile(&self, dialogue: DialogueId) -> Result<ProfileRecord, StoreError> {
        self.read(move |view| Ok(view.row(PROFILES, dialogue.bytes())?.unwrap_or_default())).await
    }

    /// The visitor is as `profile` says from now on.
    pub async fn describe(&self, dialogue: DialogueId, profile: Profile) -> Result<(), StoreError> {
        self.change_profile(dialogue, |record| record.profile = profile.with_source_of(&record.profile)).await
    }

    /// Operators are to be told what `note` says, in a message of its own. Nothing happens where they were meanwhile.
    pub async fn note(&self, dialogue: DialogueId, note: Note, now: Millis) -> Result<(), StoreError> {
        let board = Arc::clone(&self.shared.board);
        let work = move |batch: &mut Batch<'_>| {
            let mut record: ProfileRecord = batch.row(PROFILES, dialogue.bytes())?.unwrap_or_default();
            let Some(site) = batch.head(dialogue)?.map(|head| head.site.clone()) else { return Ok(None) };
            if record.noted == note.noted {
                return Ok(None);
            }
            let name = uuid::Uuid::new_v4().to_string();
            let id = MessageId::try_from(name).expect("a UUID is 36 hex digits and dashes");
            let Some((position, _)) = batch.append(dialogue, now, Told::Noted { id, text: note.text })? else {
                return Ok(None);
            };
            batch.board().put(&site, position, Waiting::new(dialogue, Lane::Words));
            record.noted = note.noted;
            batch.put(PROFILES, dialogue.bytes(), &record)?;
            Ok(Some(site))
        };
        let ring = move |site: &Option<SiteKey>| site.iter().for_each(|site| board.ring(site));
        self.commit_then(work, ring).await.map(drop)
    }

    /// The portal's chat has this title now.
    pub async fn titled(&self, dialogue: DialogueId, title: String) -> Result<(), StoreError> {
        self.change_profile(dialogue, |record| record.titled = Some(title)).await
    }

    async fn change_profile(
        &self,
        dialogue: DialogueId,
        change: impl FnOnce(&mut ProfileRecord) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.commit(move |batch| {
            // Erased meanwhile: nothing of the visitor may come back.
            if batch.head(dialogue)?.is_none() {
                return Ok(());
            }
            let mut record: ProfileRecord = batch.row(PROFILES, dialogue.bytes())?.unwrap_or_default();
            change(&mut record);
            batch.put(PROFILES, dialogue.bytes(), &record)
        })
        .await
    }
}

//! What the page tells of its visitor, on its way to the disk: bounded, written down when it changes and not too often,
//! and at the latest before a message that it goes with.

use super::Visitor;
use crate::profile::Profile;
use crate::profile::note::Note;
use crate::setup::words::Lang;
use crate::store::StoreError;
use shared::{About, ToWidget};

/// What an open page told of its visitor.
#[derive(Default)]
pub struct Described {
    /// As it is on the disk; asked for at the first change.
    kept: Option<Profile>,
    /// What is newer.
    told: Option<Profile>,
}

impl Visitor {
    /// Takes what the page tells. It is on the disk when this returns, or with the next message.
    pub(super) async fn describe(&mut self, about: &About) -> Result<ToWidget, StoreError> {
        let before = match self.described.kept.take() {
            Some(kept) => kept,
            None => self.state.store.profile(self.record.dialogue).await?.profile,
        };
        let site = self.state.store.site(&self.record.site).await?;
        let origins = site.map(|site| site.origins).unwrap_or_default();
        let told = self.described.told.as_ref().unwrap_or(&before).followed_by(about).on(&origins);
        self.described.told = (told != before).then_some(told);
        self.described.kept = Some(before);
        if self.described.told.is_some() && self.state.limits.profile(self.session).is_ok() {
            self.write_profile().await?;
        }
        Ok(ToWidget::Pong)
    }

    /// Lets operators know, beside a message that was just taken, what the portal has no field for: where the owner wants
    /// them to.
    pub(super) async fn note(&self) -> Result<(), StoreError> {
        let store = &self.state.store;
        let Some(lang) = store.notes_of(&self.record.site) else { return Ok(()) };
        let (dialogue, words) = (self.record.dialogue, Lang::of(Some(&lang)).words());
        let known = store.profile(dialogue).await?;
        let word = |key: &str| words.get(key).unwrap_or_default().to_owned();
        match Note::of(&known.profile, &known.noted, word) {
            Some(note) => store.note(dialogue, note, self.state.clock.now()).await,
            None => Ok(()),
        }
    }

    /// Writes down what is not yet.
    pub(super) async fn write_profile(&mut self) -> Result<(), StoreError> {
        let Some(told) = self.described.told.take() else { return Ok(()) };
        self.state.store.describe(self.record.dialogue, told.clone()).await?;
        self.described.kept = Some(told);
        Ok(())
    }
}

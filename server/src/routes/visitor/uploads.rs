//! Files of what was said before somebody signed in. They lie in the dialogue that joined; a message of the person's own
//! dialogue that has them once more, as when it is sent again, gets copies.

use super::Visitor;
use crate::error::Failure;
use crate::ids::FileKey;
use shared::FileId;
use std::io::ErrorKind;

impl Visitor {
    /// Sees to it that this dialogue has what those that joined it have of these files.
    pub(super) async fn adopt(&self, files: &[FileId]) -> Result<(), Failure> {
        let (store, here) = (&self.state.store, self.record.dialogue);
        if files.is_empty() {
            return Ok(());
        }
        let joined = store.dialogue(here).await?.map(|dialogue| dialogue.joined).unwrap_or_default();
        for id in files {
            let to = FileKey::of(here, id);
            for from in joined.iter().map(|before| FileKey::of(*before, id)) {
                if store.file(to).await?.is_none()
                    && let Some(record) = store.file(from).await?
                {
                    let _claim = match self.state.files.copy(from, to).await {
                        // Its bytes are gone for good: the message is refused, and holds up no other.
                        Err(error) if error.kind() == ErrorKind::NotFound => continue,
                        copied => copied.map_err(Failure::Disk)?,
                    };
                    store.keep_upload(here, record.file, record.mime, self.state.clock.now()).await?;
                }
            }
        }
        Ok(())
    }
}

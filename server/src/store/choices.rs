//! What an administrator chose for a whole portal: what our connector may do there. It outlives the installation.

use super::row::Row;
use super::tables::CHOICES;
use super::{Store, StoreError};
use crate::ids::PortalHost;
use serde::{Deserialize, Serialize};

/// The connector's capabilities, all lines of a portal alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    /// Operators may delete a visitor's words, which then go from the visitor's chat, too.
    pub delete_visitors: bool,
    /// Operators may edit and delete their own.
    pub change_own: bool,
    /// Mailings of the CRM may go to our chats.
    pub newsletter: bool,
    /// The line's automatic texts are told to visitors.
    pub system_texts: bool,
    /// The portal puts the operator's name before each text, as the line is set up.
    pub signature: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self { delete_visitors: false, change_own: true, newsletter: false, system_texts: true, signature: true }
    }
}

impl Row for Choices {
    const KIND: &'static str = "portal's choices";
}

impl Store {
    /// What was chosen for the portal at `host`; the defaults where nothing was.
    pub async fn choices(&self, host: &PortalHost) -> Result<Choices, StoreError> {
        let host = host.clone();
        let chosen: Option<Choices> = self.read(move |view| view.row(CHOICES, host.as_str())).await?;
        Ok(chosen.unwrap_or_default())
    }

    /// Keeps what was chosen.
    pub async fn choose(&self, host: &PortalHost, choices: Choices) -> Result<(), StoreError> {
        let host = host.clone();
        self.commit(move |batch| batch.put(CHOICES, host.as_str(), &choices)).await
    }
}

//! Keeps the titles of the portal's chats true, quietly: a chat is called by what its visitor was called when it began,
//! and again when they are called otherwise. Nothing depends on it, so a title that cannot be set waits for the visitor's
//! next message.

use super::Relay;
use crate::bitrix::client::Portal;
use crate::bitrix::methods::visitor::SetTitle;
use crate::ids::{DialogueId, LineId};
use crate::store::StoreError;
use crate::telemetry::chain;
use tokio::sync::mpsc;

/// How many titles wait at most; more are left to the visitors' next messages.
pub const WAITING: usize = 256;

/// How a chat that has just got a message should be called.
#[derive(Clone, Debug)]
pub struct Title {
    pub dialogue: DialogueId,
    pub line: LineId,
    pub title: String,
    /// The portal opened the chat with this title.
    pub is_new: bool,
    /// It is the one of a visitor of whom nothing is known.
    pub is_usual: bool,
}

/// Sets titles until the shutdown.
pub async fn run(relay: Relay, portal: Portal, mut waiting: mpsc::Receiver<Title>) -> Result<(), StoreError> {
    loop {
        let title = tokio::select! {
            () = relay.shutdown.cancelled() => return Ok(()),
            title = waiting.recv() => title,
        };
        let Some(title) = title else { return Ok(()) };
        settle(&relay, &portal, title).await?;
    }
}

async fn settle(relay: &Relay, portal: &Portal, wanted: Title) -> Result<(), StoreError> {
    let Title { dialogue, line, title, is_new, is_usual } = wanted;
    let told = relay.store.profile(dialogue).await?.titled;
    if told.as_ref() == Some(&title) || (told.is_none() && is_usual) {
        return Ok(());
    }
    if !is_new {
        let set = SetTitle { line, id: dialogue.to_string(), title: title.clone() };
        if let Err(error) = portal.call(&set).await {
            tracing::info!(portal = %portal.host(), dialogue.id = %dialogue, error = chain(&error), "a title is old");
            return Ok(());
        }
    }
    relay.store.titled(dialogue, title).await
}

//! The nets below the portal's events: what never came, because we were away or the way was broken, is fetched. Each net
//! alone must be enough, for not every portal has both.
//!
//! `queue` is the portal's offline queue, which holds the events themselves. `past` reads the histories of conversations:
//! `watch` says of which and when, `missed` what of them is news.

mod missed;
mod past;
mod queue;
mod watch;

use super::Relay;
use crate::bitrix::client::Portal;
use crate::ids::DialogueId;
use crate::store::StoreError;
use shared::Millis;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// What one portal's nets know of each other.
#[derive(Default)]
pub struct Nets {
    /// The offline queue was read, the last time it was asked for.
    queue_works: AtomicBool,
    /// When the last round began that read the queue to its end; 0 before.
    queue_read_at: AtomicU64,
    /// Rings after each round of the queue, whatever it brought.
    queue_asked: Notify,
    /// Something of the queue was lost, and nobody knows which dialogue it was of.
    is_all_in_doubt: AtomicBool,
    /// Dialogues whose history is wanted soon.
    wanted: Mutex<BTreeSet<DialogueId>>,
    /// Rings for them.
    bell: Notify,
}

impl Nets {
    /// The events of these do not tell for sure what is true: their histories do.
    pub fn want(&self, dialogues: impl IntoIterator<Item = DialogueId>) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let before = wanted.len();
        wanted.extend(dialogues);
        if wanted.len() > before {
            self.bell.notify_one();
        }
    }

    /// The queue lost something: every dialogue's history may tell what.
    fn doubt_all(&self) {
        self.is_all_in_doubt.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }

    /// Whether that happened since it was asked last.
    fn is_all_in_doubt(&self) -> bool {
        self.is_all_in_doubt.swap(false, Ordering::Relaxed)
    }

    fn take_wanted(&self) -> BTreeSet<DialogueId> {
        std::mem::take(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Everything that the queue held then is kept.
    pub fn queue_read_at(&self) -> Millis {
        self.queue_read_at.load(Ordering::Relaxed)
    }

    fn queue_was_asked(&self, works: bool, at: Millis) {
        self.queue_works.store(works, Ordering::Relaxed);
        if works {
            self.queue_read_at.store(at, Ordering::Relaxed);
        }
        self.queue_asked.notify_one();
    }

    fn has_queue(&self) -> bool {
        self.queue_works.load(Ordering::Relaxed)
    }
}

/// Fetches from the offline queue until the shutdown.
pub async fn from_the_queue(relay: Relay, portal: Portal) -> Result<(), StoreError> {
    queue::run(relay, portal).await
}

/// Fetches from histories until the shutdown.
pub async fn from_the_past(relay: Relay, portal: Portal) -> Result<(), StoreError> {
    past::Reader::new(relay, portal).run().await
}

//! Which open connection listens to which dialogue. It only wakes: what happened stands in the store.

use crate::ids::DialogueId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The listeners of this process. A cheap handle: clones share one register.
#[derive(Clone, Debug, Default)]
pub struct Hub {
    listened: Arc<Mutex<HashMap<DialogueId, watch::Sender<()>>>>,
}

/// One connection's ear on one dialogue; dropping it ends the listening.
#[derive(Debug)]
pub struct Listener {
    hub: Hub,
    dialogue: DialogueId,
    changes: watch::Receiver<()>,
}

impl Hub {
    /// From now on `changed` reports each wake of `dialogue`. Listen first and read the store after, or what happens
    /// between the two is missed until the next wake.
    pub fn listen(&self, dialogue: DialogueId) -> Listener {
        let changes = self.lock().entry(dialogue).or_insert_with(|| watch::Sender::new(())).subscribe();
        Listener { hub: self.clone(), dialogue, changes }
    }

    /// Something new stands in the log of `dialogue`.
    pub fn wake(&self, dialogue: DialogueId) {
        if let Some(listeners) = self.lock().get(&dialogue) {
            listeners.send_replace(());
        }
    }

    /// How many dialogues are listened to.
    pub fn open_dialogues(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DialogueId, watch::Sender<()>>> {
        self.listened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Returns once the dialogue was woken since the last call; at once if it was woken meanwhile.
    pub async fn changed(&mut self) {
        // The sender lives in the hub as long as this listener does, so there is no other end to this than a change.
        let _ = self.changes.changed().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listened = self.hub.lock();
        // This receiver is still counted here.
        if listened.get(&self.dialogue).is_some_and(|listeners| listeners.receiver_count() <= 1) {
            listened.remove(&self.dialogue);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_listener_of_a_dialogue_is_woken_and_no_other() {
        let hub = Hub::default();
        let (here, elsewhere) = (DialogueId::random(), DialogueId::random());
        let (mut first, mut second, mut other) = (hub.listen(here), hub.listen(here), hub.listen(elsewhere));
        hub.wake(here);
        first.changed().await;
        second.changed().await;
        assert!(futures_util::poll!(Box::pin(other.changed())).is_pending());
    }

    #[tokio::test]
    async fn a_wake_between_two_waits_is_kept() {
        let hub = Hub::default();
        let dialogue = DialogueId::random();
        let mut listener = hub.listen(dialogue);
        hub.wake(dialogue);
        hub.wake(dialogue);
        listener.changed().await;
        assert!(futures_util::poll!(Box::pin(listener.changed())).is_pending());
    }

    #[test]
    fn who_left_is_forgotten() {
        let hub = Hub::default();
        let dialogue = DialogueId::random();
        let (first, second) = (hub.listen(dialogue), hub.listen(dialogue));
        drop(first);
        assert_eq!(hub.open_dialogues(), 1);
        drop(second);
        assert_eq!(hub.open_dialogues(), 0);
    }
}

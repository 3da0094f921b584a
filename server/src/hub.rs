//! Which open connection listens to which dialogue, and is of which session. It only wakes, and ends: what happened stands in the store.

use crate::ids::DialogueId;
use crate::store::TokenHash;
use shared::SiteKey;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The listeners of this process. A cheap handle: clones share one register.
#[derive(Clone, Debug, Default)]
pub struct Hub {
    listened: Arc<Mutex<Listened>>,
    attended: Arc<Mutex<HashMap<TokenHash, Attended>>>,
}

#[derive(Debug, Default)]
struct Listened {
    ears: HashMap<DialogueId, watch::Sender<()>>,
    /// Dialogues that moved, and where to: who listens there hears of them too.
    moved: HashMap<DialogueId, DialogueId>,
}

/// What is open with one session.
#[derive(Debug)]
struct Attended {
    over: CancellationToken,
    /// The site that vouches for whose the session is; none where it is nobody's.
    vouched_by: Option<SiteKey>,
    count: usize,
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
        let changes = self.lock().ears.entry(dialogue).or_insert_with(|| watch::Sender::new(())).subscribe();
        Listener { hub: self.clone(), dialogue, changes }
    }

    /// Something new stands in the log of `dialogue`.
    pub fn wake(&self, dialogue: DialogueId) {
        let listened = self.lock();
        for dialogue in [Some(&dialogue), listened.moved.get(&dialogue)].into_iter().flatten() {
            if let Some(listeners) = listened.ears.get(dialogue) {
                listeners.send_replace(());
            }
        }
    }

    /// `from` goes on in `to`, as long as somebody listens there.
    pub fn lead(&self, from: DialogueId, to: DialogueId) {
        self.lock().moved.insert(from, to);
    }

    /// Something is open with `session`, until what this returns is dropped; `vouched_by` is the site that says whose it
    /// is, where one does.
    pub fn attend(&self, session: TokenHash, vouched_by: Option<SiteKey>) -> Attendance {
        let mut attended = self.attended.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Attended { over: CancellationToken::new(), vouched_by: None, count: 0 };
        let there = attended.entry(session).or_insert_with(fresh);
        there.count += 1;
        there.vouched_by = vouched_by.or(there.vouched_by.take());
        Attendance { hub: self.clone(), session, over: there.over.clone() }
    }

    /// Ends all that is open with `session` now.
    pub fn end(&self, session: TokenHash) {
        let attended = self.attended.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
        if let Some(attended) = attended {
            attended.over.cancel();
        }
    }

    /// Ends all that is open with sessions of people whom `site` vouches for.
    pub fn end_vouched_by(&self, site: &SiteKey) {
        let mut attended = self.attended.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = attended.extract_if(|_, attended| attended.vouched_by.as_ref() == Some(site));
        ended.for_each(|(_, attended)| attended.over.cancel());
    }

    /// How many dialogues are listened to.
    pub fn open_dialogues(&self) -> usize {
        self.lock().ears.len()
    }

    fn lock(&self) -> MutexGuard<'_, Listened> {
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
        if listened.ears.get(&self.dialogue).is_some_and(|listeners| listeners.receiver_count() <= 1) {
            listened.ears.remove(&self.dialogue);
            listened.moved.retain(|_, to| *to != self.dialogue);
        }
    }
}

/// One connection of a session.
#[derive(Debug)]
pub struct Attendance {
    hub: Hub,
    session: TokenHash,
    over: CancellationToken,
}

impl Attendance {
    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Returns when the session has ended.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        let mut attended = self.hub.attended.lock().unwrap_or_else(PoisonError::into_inner);
        // One that has ended is not the one that is open now.
        if self.is_over() {
            return;
        }
        if let Some(there) = attended.get_mut(&self.session) {
            there.count -= 1;
            if there.count == 0 {
                attended.remove(&self.session);
            }
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

    #[tokio::test]
    async fn who_listens_hears_of_what_moved_there() {
        let hub = Hub::default();
        let (before, here) = (DialogueId::random(), DialogueId::random());
        let mut listener = hub.listen(here);
        hub.lead(before, here);
        hub.wake(before);
        listener.changed().await;
        drop(listener);
        assert!(hub.lock().moved.is_empty());
    }

    #[test]
    fn a_session_that_ends_ends_what_is_open_with_it_and_nothing_later() {
        let hub = Hub::default();
        let [one, other] = ["one", "other"].map(TokenHash::of);
        let (here, there, stranger) = (hub.attend(one, None), hub.attend(one, None), hub.attend(other, None));
        hub.end(one);
        let later = hub.attend(one, None);
        assert_eq!([&here, &there, &stranger, &later].map(Attendance::is_over), [true, true, false, false]);
        drop((here, there));
        hub.end(one);
        assert!(later.is_over(), "those before it did not count it out");
        drop((later, stranger));
        assert!(hub.attended.lock().unwrap().is_empty());
    }

    #[test]
    fn people_are_sent_away_by_the_site_that_vouched_for_them() {
        let hub = Hub::default();
        let [here, there] = ["here", "there"].map(|key| SiteKey::try_from(key.to_owned()).unwrap());
        let [known, nobody, elsewhere] = ["known", "nobody", "elsewhere"].map(TokenHash::of);
        let open =
            [hub.attend(known, Some(here.clone())), hub.attend(nobody, None), hub.attend(elsewhere, Some(there))];
        hub.end_vouched_by(&here);
        assert_eq!(open.each_ref().map(Attendance::is_over), [true, false, false]);
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

//! Keeps the calls to one portal inside its leaky bucket, and the urgent ones first where it is full. The portal counts
//! per portal and source address (`limits.md`): portals share nothing, all callers of one portal share this. It drains
//! by real time, so a relay under test waits as well.

mod bucket;
mod queue;

pub use queue::Urgency;

use crate::clock::Clock;
use bucket::Bucket;
use queue::{FULL, Queue};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A cheap handle: clones share the bucket.
#[derive(Clone)]
pub struct Pace {
    clock: Clock,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Rings for all who wait: somebody else may be first now.
    changed: Notify,
}

#[derive(Default)]
struct State {
    bucket: Bucket,
    queue: Queue,
}

/// Room for one call. Dropped, it is free again.
#[must_use]
pub struct Place {
    shared: Option<Arc<Shared>>,
}

impl Pace {
    pub fn new(clock: Clock) -> Self {
        Self { clock, shared: Arc::default() }
    }

    /// Returns when one more call may leave.
    pub async fn admit(&self, urgency: Urgency) -> Place {
        let waiting = Waiting { no: self.lock().queue.join(urgency), shared: &self.shared };
        loop {
            let changed = self.shared.changed.notified();
            match self.turn(waiting.no) {
                Turn::Now => return Place { shared: Some(Arc::clone(&self.shared)) },
                Turn::In(wait) => tokio::select! {
                    () = self.clock.sleep(wait) => {}
                    () = changed => {}
                },
                Turn::Behind => changed.await,
            }
        }
    }

    /// The portal refused a call for haste.
    pub fn overflowed(&self) {
        let now = self.clock.now();
        self.lock().bucket.overflowed(FULL, now);
    }

    fn turn(&self, no: u64) -> Turn {
        let now = self.clock.now();
        let mut state = self.lock();
        let Some((_, mark)) = state.queue.first().filter(|(first, _)| *first == no) else { return Turn::Behind };
        let wait = state.bucket.wait(mark, now);
        if wait.is_zero() {
            state.queue.go(no);
            state.bucket.pour(now);
            return Turn::Now;
        }
        // A clock that counts milliseconds is not there yet after a part of one.
        Turn::In(wait.max(Duration::from_millis(1)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

enum Turn {
    Now,
    In(Duration),
    Behind,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// A call takes it.
    pub fn take(mut self) {
        self.shared = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.lock().bucket.give_back();
            shared.changed.notify_waiters();
        }
    }
}

/// Somebody who waits, until it goes or gives up.
struct Waiting<'a> {
    no: u64,
    shared: &'a Shared,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.lock().queue.leave(self.no);
        self.shared.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;
    use std::pin::pin;

    const INTERVAL: Duration = Duration::from_millis(500);

    fn pace() -> (Pace, Clock) {
        let clock = Clock::by_hand(1_000_000);
        (Pace::new(clock.clone()), clock)
    }

    /// As many calls as leave at once.
    async fn burst(pace: &Pace, urgency: Urgency) -> usize {
        let mut count = 0;
        while let std::task::Poll::Ready(place) = poll!(pin!(pace.admit(urgency))) {
            place.take();
            count += 1;
        }
        count
    }

    #[tokio::test]
    async fn a_burst_leaves_at_once_and_the_rest_twice_a_second() {
        let (pace, clock) = pace();
        assert_eq!(burst(&pace, Urgency::Message).await, 40);
        let mut next = pin!(pace.admit(Urgency::Message));
        assert!(poll!(next.as_mut()).is_pending());
        clock.advance(INTERVAL);
        next.await.take();
        assert_eq!(burst(&pace, Urgency::Message).await, 0);
        clock.advance(INTERVAL * 100);
        assert_eq!(burst(&pace, Urgency::Message).await, 40, "after a rest");
    }

    #[tokio::test]
    async fn what_can_wait_leaves_room_for_messages() {
        let (pace, _) = pace();
        assert_eq!(burst(&pace, Urgency::Upkeep).await, 20);
        assert_eq!(burst(&pace, Urgency::Confirmation).await, 10);
        assert_eq!(burst(&pace, Urgency::Message).await, 10);
    }

    #[tokio::test]
    async fn a_message_overtakes_what_waits_longer() {
        let (pace, clock) = pace();
        burst(&pace, Urgency::Message).await;
        let (mut confirmation, mut message) =
            (pin!(pace.admit(Urgency::Confirmation)), pin!(pace.admit(Urgency::Message)));
        assert!(poll!(confirmation.as_mut()).is_pending() && poll!(message.as_mut()).is_pending());
        clock.advance(INTERVAL);
        assert!(poll!(confirmation.as_mut()).is_pending());
        message.await.take();
        clock.advance(INTERVAL * 11);
        confirmation.await.take();
    }

    #[tokio::test]
    async fn a_place_that_was_not_needed_serves_the_next() {
        let (pace, _) = pace();
        let place = pace.admit(Urgency::Message).await;
        assert_eq!(burst(&pace, Urgency::Message).await, 39);
        let mut next = pin!(pace.admit(Urgency::Message));
        assert!(poll!(next.as_mut()).is_pending());
        drop(place);
        next.await.take();
    }

    #[tokio::test]
    async fn who_gives_up_keeps_nobody_waiting() {
        let (pace, clock) = pace();
        burst(&pace, Urgency::Message).await;
        let mut gone = Box::pin(pace.admit(Urgency::Message));
        let mut next = pin!(pace.admit(Urgency::Message));
        assert!(poll!(gone.as_mut()).is_pending() && poll!(next.as_mut()).is_pending());
        drop(gone);
        clock.advance(INTERVAL);
        next.await.take();
    }
}

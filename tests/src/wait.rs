//! Waiting for something to become true, with a deadline. For what sends an event, wait for the event instead.

use std::{
    fmt::Debug,
    future::Future,
    time::{Duration, Instant},
};

/// How long anything may take on a slow machine that builds something else at the same time.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often a condition is looked at: short beside anything a test waits for.
const PAUSE: Duration = Duration::from_millis(15);

/// What `probe` finds, as soon as it finds it.
///
/// # Panics
/// After `DEADLINE`, naming `what`.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, probe: impl FnMut() -> F) -> T {
    until_within(DEADLINE, what, probe).await
}

/// As `until`, for what by design may take longer.
///
/// # Panics
/// After `deadline`, naming `what`.
pub async fn until_within<T, F: Future<Output = Option<T>>>(
    deadline: Duration,
    what: &str,
    mut probe: impl FnMut() -> F,
) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(began.elapsed() < deadline, "waited {} s in vain: {what}", deadline.as_secs());
        pause().await;
    }
}

/// Waits until `probe` says `expected`.
///
/// # Panics
/// After `DEADLINE`, with what it said last.
pub async fn until_eq<T, E, F>(expected: E, mut probe: impl FnMut() -> F)
where
    T: PartialEq<E> + Debug,
    E: Debug,
    F: Future<Output = Option<T>>,
{
    let began = Instant::now();
    loop {
        let said = probe().await;
        if said.as_ref().is_some_and(|said| *said == expected) {
            return;
        }
        let waited = began.elapsed();
        assert!(waited < DEADLINE, "after {} s: {said:?}\nwhere this is right: {expected:?}", waited.as_secs());
        pause().await;
    }
}

/// The only pause in the tests: between two looks at the same condition.
#[expect(clippy::disallowed_methods, reason = "between two looks, never instead of one")]
async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

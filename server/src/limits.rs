//! What one visitor, and one address, may do, enforced: each limit has its number in `config` and its refusal here.
//! Kept in memory: a restart forgives everybody.

use crate::clock::Clock;
use crate::config::LimitsConfig;
use crate::error::Failure;
use crate::store::TokenHash;
use shared::{Millis, Refusal};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many times as many files as a session's an address may send: an office shares one.
const OFFICE: u32 = 20;

/// Counters of this process. A cheap handle: clones share them.
#[derive(Clone)]
pub struct Limits {
    config: LimitsConfig,
    clock: Clock,
    counters: Arc<Mutex<Counters>>,
}

#[derive(Default)]
struct Counters {
    messages_of_session: Buckets<TokenHash>,
    messages_of_address: Buckets<IpAddr>,
    sessions_of_address: Buckets<IpAddr>,
    files_of_session: Buckets<TokenHash>,
    files_of_address: Buckets<IpAddr>,
    profiles_of_session: Buckets<TokenHash>,
    open_of_session: HashMap<TokenHash, u32>,
    open_of_address: HashMap<IpAddr, u32>,
}

impl Limits {
    pub fn new(config: LimitsConfig, clock: Clock) -> Self {
        Self { config, clock, counters: Arc::default() }
    }

    pub fn config(&self) -> &LimitsConfig {
        &self.config
    }

    /// Counts a message.
    ///
    /// # Errors
    /// `TooFast` with the seconds until the session, or the address, may send again. Nothing is counted then.
    pub fn message(&self, session: TokenHash, address: IpAddr) -> Result<(), Failure> {
        let (now, address) = (self.clock.now(), network(address));
        let of_session = Rate::new(self.config.session_burst, self.config.session_per_minute);
        let of_address = Rate::new(self.config.address_burst, self.config.address_per_minute);
        let mut counters = self.lock();
        let wait = counters.messages_of_session.wait(&session, of_session, now);
        let wait = wait.max(counters.messages_of_address.wait(&address, of_address, now));
        if wait > 0 {
            return Err(too_fast(wait));
        }
        counters.messages_of_session.take(session, of_session, now);
        counters.messages_of_address.take(address, of_address, now);
        Ok(())
    }

    /// Counts an upload.
    ///
    /// # Errors
    /// `TooManyFiles` with the seconds until the session, or the address, may send another. Nothing is counted then.
    pub fn upload(&self, session: TokenHash, address: IpAddr) -> Result<(), Failure> {
        let (now, address) = (self.clock.now(), network(address));
        let of_session = Rate::new(self.config.files_burst, self.config.files_per_minute);
        let (burst, per_minute) = (self.config.files_burst, self.config.files_per_minute);
        let of_address = Rate::new(burst.saturating_mul(OFFICE), per_minute.saturating_mul(OFFICE));
        let mut counters = self.lock();
        let wait = counters.files_of_session.wait(&session, of_session, now);
        let wait = wait.max(counters.files_of_address.wait(&address, of_address, now));
        if wait > 0 {
            return Err(Failure::RefusedFor(seconds(wait), Refusal::TooManyFiles));
        }
        counters.files_of_session.take(session, of_session, now);
        counters.files_of_address.take(address, of_address, now);
        Ok(())
    }

    /// Counts a new session.
    ///
    /// # Errors
    /// `TooFast`, as above.
    pub fn session(&self, address: IpAddr) -> Result<(), Failure> {
        let (now, address) = (self.clock.now(), network(address));
        let rate = Rate::new(self.config.sessions_burst, self.config.sessions_per_minute);
        let mut counters = self.lock();
        match counters.sessions_of_address.wait(&address, rate, now) {
            0 => counters.sessions_of_address.take(address, rate, now),
            wait => return Err(too_fast(wait)),
        }
        Ok(())
    }

    /// Counts a change of what a page tells of its visitor: as many as messages.
    ///
    /// # Errors
    /// `TooFast`, as above.
    pub fn profile(&self, session: TokenHash) -> Result<(), Failure> {
        let (now, rate) = (self.clock.now(), Rate::new(self.config.session_burst, self.config.session_per_minute));
        let mut counters = self.lock();
        match counters.profiles_of_session.wait(&session, rate, now) {
            0 => counters.profiles_of_session.take(session, rate, now),
            wait => return Err(too_fast(wait)),
        }
        Ok(())
    }

    /// Counts an open connection until the guard is dropped.
    ///
    /// # Errors
    /// `TooManyConnections`.
    pub fn connection(&self, address: IpAddr) -> Result<Open, Failure> {
        let address = network(address);
        let is_free = enter(&mut self.lock().open_of_address, address, self.config.address_connections);
        self.open(is_free, Whose::Address(address))
    }

    /// As `connection`, for a session: one per tab.
    pub fn tab(&self, session: TokenHash) -> Result<Open, Failure> {
        let is_free = enter(&mut self.lock().open_of_session, session, self.config.session_connections);
        self.open(is_free, Whose::Session(session))
    }

    fn open(&self, is_free: bool, whose: Whose) -> Result<Open, Failure> {
        if is_free {
            Ok(Open { counters: Arc::clone(&self.counters), whose })
        } else {
            Err(Failure::RefusedFor(10, Refusal::TooManyConnections))
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open connection; dropping it counts it out.
pub struct Open {
    counters: Arc<Mutex<Counters>>,
    whose: Whose,
}

enum Whose {
    Address(IpAddr),
    Session(TokenHash),
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.whose {
            Whose::Address(address) => leave(&mut counters.open_of_address, address),
            Whose::Session(session) => leave(&mut counters.open_of_session, session),
        }
    }
}

fn enter<K: Eq + Hash>(open: &mut HashMap<K, u32>, key: K, most: u32) -> bool {
    let count = open.entry(key).or_default();
    let is_free = *count < most;
    *count += u32::from(is_free);
    is_free
}

fn leave<K: Eq + Hash>(open: &mut HashMap<K, u32>, key: &K) {
    if let Some(count) = open.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            open.remove(key);
        }
    }
}

fn too_fast(wait: Millis) -> Failure {
    Failure::RefusedFor(seconds(wait), Refusal::TooFast)
}

fn seconds(wait: Millis) -> u32 {
    u32::try_from(wait.div_ceil(1_000)).unwrap_or(u32::MAX)
}

/// Who counts as one address: one of version 4, the 64 bits of a network of version 6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

/// So much at once, and one more each time `interval` has passed.
#[derive(Clone, Copy)]
struct Rate {
    interval: Millis,
    burst: Millis,
}

impl Rate {
    fn new(burst: u32, per_minute: u32) -> Self {
        Self { interval: (60_000 / Millis::from(per_minute)).max(1), burst: burst.into() }
    }
}

/// One bucket for each key, as the moment when it will be empty again.
struct Buckets<K> {
    empty_at: HashMap<K, Millis>,
    /// At this size those that are empty are thrown away.
    sweep_at: usize,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self { empty_at: HashMap::new(), sweep_at: 1_024 }
    }
}

impl<K: Eq + Hash> Buckets<K> {
    /// Milliseconds until the bucket takes one more; 0 where it does now.
    fn wait(&self, key: &K, rate: Rate, now: Millis) -> Millis {
        let empty_at = self.empty_at.get(key).map_or(now, |at| (*at).max(now));
        (empty_at + rate.interval).saturating_sub(now + rate.interval * rate.burst)
    }

    fn take(&mut self, key: K, rate: Rate, now: Millis) {
        let empty_at = self.empty_at.entry(key).or_insert(now);
        *empty_at = (*empty_at).max(now) + rate.interval;
        if self.empty_at.len() >= self.sweep_at {
            self.empty_at.retain(|_, at| *at > now);
            self.sweep_at = (self.empty_at.len() * 2).max(1_024);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn limits(change: impl FnOnce(&mut LimitsConfig)) -> (Limits, Clock) {
        let (clock, mut config) = (Clock::by_hand(1_000_000), LimitsConfig::default());
        change(&mut config);
        (Limits::new(config, clock.clone()), clock)
    }

    fn seconds<T>(refused: Result<T, Failure>) -> Option<u32> {
        match refused.err()? {
            Failure::RefusedFor(seconds, _) => Some(seconds),
            other => panic!("another refusal: {other}"),
        }
    }

    #[test]
    fn twenty_at_once_and_then_one_a_second() {
        let (limits, clock) = limits(|_| ());
        let session = TokenHash::of("a");
        for _ in 0..20 {
            assert_eq!(seconds(limits.message(session, HERE)), None);
        }
        assert_eq!(seconds(limits.message(session, HERE)), Some(1));
        assert_eq!(seconds(limits.message(TokenHash::of("b"), HERE)), None, "another visitor of the office");
        clock.advance(Duration::from_secs(1));
        assert_eq!(seconds(limits.message(session, HERE)), None);
        assert_eq!(seconds(limits.message(session, HERE)), Some(1));
        clock.advance(Duration::from_secs(60));
        for _ in 0..20 {
            assert_eq!(seconds(limits.message(session, HERE)), None);
        }
    }

    #[test]
    fn an_address_has_a_measure_of_its_own() {
        let (limits, clock) = limits(|config| {
            config.address_burst = 2;
            config.address_per_minute = 6;
            config.sessions_burst = 1;
            config.sessions_per_minute = 1;
        });
        for name in ["a", "b"] {
            assert_eq!(seconds(limits.message(TokenHash::of(name), HERE)), None);
        }
        assert_eq!(seconds(limits.message(TokenHash::of("c"), HERE)), Some(10));
        assert_eq!(seconds(limits.session(HERE)), None);
        assert_eq!(seconds(limits.session(HERE)), Some(60));
        clock.advance(Duration::from_secs(10));
        assert_eq!(seconds(limits.message(TokenHash::of("c"), HERE)), None);
    }

    #[test]
    fn a_network_of_version_six_counts_as_one() {
        let (limits, _) = limits(|config| config.address_connections = 1);
        let _open = limits.connection("2001:db8:0:1::1".parse().unwrap());
        assert!(limits.connection("2001:db8:0:1::2".parse().unwrap()).is_err());
        assert!(limits.connection("2001:db8:0:2::1".parse().unwrap()).is_ok());
    }

    #[test]
    fn a_closed_connection_makes_room() {
        let (limits, _) = limits(|config| config.session_connections = 1);
        let open = limits.tab(TokenHash::of("a"));
        assert_eq!(seconds(limits.tab(TokenHash::of("a"))), Some(10));
        drop(open);
        assert!(limits.tab(TokenHash::of("a")).is_ok());
        assert!(limits.lock().open_of_session.is_empty(), "who left is forgotten");
    }

    #[test]
    fn what_is_empty_is_thrown_away() {
        let (limits, clock) = limits(|_| ());
        for nth in 0..5_000 {
            let _ = limits.message(TokenHash::of(&nth.to_string()), HERE);
            clock.advance(Duration::from_secs(1));
        }
        assert!(limits.lock().messages_of_session.empty_at.len() <= 1_024);
    }
}

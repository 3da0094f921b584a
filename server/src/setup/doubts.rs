//! How often a portal is asked about requests that carry no proof of their own. Anyone may post one, each costs the portal
//! calls, and the portal counts those together with the messages that are carried. Knows nothing of what is asked.

use crate::ids::PortalHost;
use shared::Millis;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// How many unproven requests at once a portal is asked about.
const BURST: u64 = 20;

/// How many of these are there for who asked lately: the rest is for others, so that no one stranger keeps an
/// administrator, or the portal's own install event, which comes once, from being heard.
const COMMON: u64 = 15;

/// After which time there is room for one more: with about two calls each, a fifth of what portals grant
/// (2 requests a second, limits.md).
const INTERVAL: Millis = 5_000;

/// How long an address counts as one that asked.
const LATELY: Millis = 2 * 60_000;

/// One bucket for each portal of the settings, and one for all others.
#[derive(Debug, Default)]
pub struct Doubts {
    buckets: Mutex<HashMap<Option<PortalHost>, Bucket>>,
}

#[derive(Debug, Default)]
struct Bucket {
    /// When it will be empty again.
    empty_at: Millis,
    /// Whose requests it took, and until when that was lately: as few as fit into the bucket in that time.
    asked: HashMap<IpAddr, Millis>,
}

impl Doubts {
    /// Whether there is room for one more question about `portal`, on behalf of `from`; counts it, if so.
    pub fn may_ask(&self, portal: Option<&PortalHost>, from: IpAddr, now: Millis) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(portal.cloned()).or_default();
        bucket.asked.retain(|_, until| *until > now);
        let from = network(from);
        let most = if bucket.asked.contains_key(&from) { COMMON } else { BURST };
        let level = bucket.empty_at.max(now) + INTERVAL;
        let has_room = level <= now + most * INTERVAL;
        if has_room {
            bucket.empty_at = level;
            bucket.asked.insert(from, now + LATELY);
        }
        has_room
    }
}

/// What one subscriber has: an address, or the 2^64 of an IPv6 network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_flood_is_held_off_and_others_are_not() {
        let doubts = Doubts::default();
        let [one, other] = ["a.example", "b.example"].map(|host| PortalHost::try_from(host.to_owned()).unwrap());
        let stranger = address("192.0.2.1");
        let ask = |portal, now| doubts.may_ask(portal, stranger, now);
        assert!((0..COMMON).all(|_| ask(Some(&one), 1_000)));
        assert!(!ask(Some(&one), 1_000));
        assert!(ask(Some(&other), 1_000) && ask(None, 1_000));
        assert!(!ask(Some(&one), 1_000 + INTERVAL - 1));
        assert!(ask(Some(&one), 1_000 + INTERVAL));
        assert!(!ask(Some(&one), 1_000 + INTERVAL));
    }

    #[test]
    fn a_strangers_flood_leaves_room_for_the_portals_own_word() {
        let doubts = Doubts::default();
        let ask = |from: &str, now| doubts.may_ask(None, address(from), now);
        let flood = |now| while ask("2001:db8::1", now) {};
        flood(1_000);
        assert!(!ask("2001:db8::ffff:2", 1_000), "it is the same stranger");
        assert!(ask("192.0.2.7", 1_000));
        flood(1_000);
        for nth in 1..BURST - COMMON {
            assert!(ask(&format!("198.51.100.{nth}"), 1_000));
        }
        assert!(!ask("198.51.100.99", 1_000), "the portal is spared all the same");
        flood(1_000 + BURST * INTERVAL + LATELY);
        assert!(ask("192.0.2.7", 1_000 + BURST * INTERVAL + LATELY), "it is no stranger for ever");
    }
}

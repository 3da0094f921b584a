//! How often a portal is asked about requests that carry no proof of their own. Anyone may post one, each costs the portal
//! calls, and the portal counts those together with the messages that are carried. Knows nothing of what is asked.

use crate::ids::PortalHost;
use shared::Millis;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many unproven requests at once a portal is asked about.
const BURST: u64 = 20;

/// After which time there is room for one more: with about two calls each, a fifth of what portals grant
/// (2 requests a second, limits.md).
const INTERVAL: Millis = 5_000;

/// One bucket for each portal of the settings, and one for all others.
#[derive(Debug, Default)]
pub struct Doubts {
    /// When each will be empty again.
    empty_at: Mutex<HashMap<Option<PortalHost>, Millis>>,
}

impl Doubts {
    /// Whether there is room for one more question about `portal`; counts it, if so.
    pub fn may_ask(&self, portal: Option<&PortalHost>, now: Millis) -> bool {
        let mut buckets = self.empty_at.lock().unwrap_or_else(PoisonError::into_inner);
        let empty_at = buckets.entry(portal.cloned()).or_default();
        let level = (*empty_at).max(now) + INTERVAL;
        let has_room = level <= now + BURST * INTERVAL;
        if has_room {
            *empty_at = level;
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_held_off_and_others_are_not() {
        let doubts = Doubts::default();
        let [one, other] = ["a.example", "b.example"].map(|host| PortalHost::try_from(host.to_owned()).unwrap());
        assert!((0..BURST).all(|_| doubts.may_ask(Some(&one), 1_000)));
        assert!(!doubts.may_ask(Some(&one), 1_000));
        assert!(doubts.may_ask(Some(&other), 1_000) && doubts.may_ask(None, 1_000));
        assert!(!doubts.may_ask(Some(&one), 1_000 + INTERVAL - 1));
        assert!(doubts.may_ask(Some(&one), 1_000 + INTERVAL));
        assert!(!doubts.may_ask(Some(&one), 1_000 + INTERVAL));
    }
}

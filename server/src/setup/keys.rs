//! The keys of open settings pages: random, in memory, for an hour. A page shows its key in a header of its own with
//! every call; there is no cookie. Knows nothing of what may be done with one.

use crate::clock::millis;
use crate::ids::{LineId, PortalHost};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use shared::Millis;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a page may be used.
pub const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How many pages are open at once, at most; the oldest gives way. Only administrators open any.
const MOST: usize = 1_000;

/// What a page was opened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub portal: PortalHost,
    pub line: LineId,
    /// The administrator who opened it: the portal's user.
    pub user: u64,
}

/// The open pages of this process. A cheap handle: clones share one register.
#[derive(Clone, Debug, Default)]
pub struct PageKeys {
    pages: Arc<Mutex<HashMap<Hash, (Opened, Millis)>>>,
}

/// Of a key: to look one up tells nothing, by its time either, of the keys that are there.
type Hash = [u8; 32];

impl PageKeys {
    /// A new key, good for an hour from `now`.
    pub fn issue(&self, opened: Opened, now: Millis) -> String {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        let key = URL_SAFE_NO_PAD.encode(bytes);
        let mut pages = self.lock();
        pages.retain(|_, (_, until)| *until > now);
        if pages.len() >= MOST
            && let Some(oldest) = pages.iter().min_by_key(|(_, (_, until))| *until).map(|(hash, _)| *hash)
        {
            pages.remove(&oldest);
        }
        pages.insert(hash(&key), (opened, now + millis(LONGEST)));
        key
    }

    /// What the page with `key` was opened for, unless its hour is over.
    pub fn page(&self, key: &str, now: Millis) -> Option<Opened> {
        self.lock().get(&hash(key)).filter(|(_, until)| *until > now).map(|(opened, _)| opened.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Hash, (Opened, Millis)>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(key: &str) -> Hash {
    Sha256::digest(key).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(line: u64) -> Opened {
        Opened { portal: PortalHost::try_from("a.example".to_owned()).unwrap(), line: LineId(line), user: 1 }
    }

    #[test]
    fn a_key_opens_its_own_page_for_an_hour() {
        let keys = PageKeys::default();
        let (one, two) = (keys.issue(opened(1), 0), keys.issue(opened(2), 0));
        let last = millis(LONGEST) - 1;
        assert_eq!(keys.page(&one, last), Some(opened(1)));
        assert_eq!(keys.page(&two, last), Some(opened(2)));
        assert_eq!(keys.page(&one, last + 1), None);
        assert_eq!(keys.page("", 0), None);
    }

    #[test]
    fn the_oldest_page_gives_way() {
        let keys = PageKeys::default();
        let oldest = keys.issue(opened(0), 0);
        let newer: Vec<_> = (1..=MOST as u64).map(|n| keys.issue(opened(n), n)).collect();
        assert_eq!(keys.page(&oldest, 1), None);
        assert!(newer.iter().all(|key| keys.page(key, 1).is_some()));
    }
}

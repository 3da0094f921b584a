//! Sessions: browsers' claims to dialogues. Only the hash of a token is kept, so a copy of the file opens no talk.

use super::dialogues::Head;
use super::row::{self, Row};
use super::tables::{DIALOGUES, PERSONS, PROFILES, SESSIONS};
use super::{Store, StoreError, View};
use crate::ids::DialogueId;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::{Millis, SiteKey};

/// How many sessions one transaction drops at most: whoever writes meanwhile waits for it.
const AT_ONCE: usize = 500;

/// The SHA-256 of a session's token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    pub(super) fn bytes(self) -> [u8; 32] {
        self.0
    }
}

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("TokenHash(..)")
    }
}

/// What a session gives access to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    pub dialogue: DialogueId,
    pub site: SiteKey,
    pub begun_at: Millis,
    /// The store's epoch when it was last greeted, see `Store::epoch`.
    #[serde(default)]
    pub epoch: u64,
    /// When a signature proved last whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven_at: Option<Millis>,
}

impl SessionRecord {
    /// Whether whose it is was proven at `at` or later.
    pub fn is_proven_since(&self, at: Millis) -> bool {
        self.proven_at.unwrap_or(self.begun_at) >= at
    }
}

impl Row for SessionRecord {
    const KIND: &'static str = "session";
}

impl Store {
    /// Begins a dialogue on `site` and a session that gives access to it.
    pub async fn begin_session(
        &self,
        site: SiteKey,
        token: TokenHash,
        now: Millis,
    ) -> Result<SessionRecord, StoreError> {
        let epoch = self.epoch();
        let session = SessionRecord { dialogue: DialogueId::random(), site, begun_at: now, epoch, proven_at: None };
        self.commit(move |batch| {
            let number = batch.number(&session.site)?;
            batch.put(DIALOGUES, session.dialogue.bytes(), &Head::new(session.site.clone(), number, now))?;
            batch.put(SESSIONS, token.0, &session)?;
            Ok(session)
        })
        .await
    }

    /// How often a copy was put back. What a session of an earlier epoch has seen may not be in the log, and something
    /// else in its place.
    pub fn epoch(&self) -> u64 {
        self.shared.epoch
    }

    /// The session reads its dialogue anew: it is of this epoch from now on.
    pub async fn renew_session(&self, token: TokenHash) -> Result<(), StoreError> {
        let epoch = self.epoch();
        self.commit(move |batch| {
            let Some(session) = batch.row::<_, SessionRecord>(SESSIONS, token.0)? else { return Ok(()) };
            batch.put(SESSIONS, token.0, &SessionRecord { epoch, ..session })
        })
        .await
    }

    /// A signature has proven whose the session is.
    pub async fn prove_session(&self, token: TokenHash, now: Millis) -> Result<(), StoreError> {
        self.commit(move |batch| {
            let Some(session) = batch.row::<_, SessionRecord>(SESSIONS, token.0)? else { return Ok(()) };
            batch.put(SESSIONS, token.0, &SessionRecord { proven_at: Some(now), ..session })
        })
        .await
    }

    /// Drops the sessions begun before `before` in whose dialogues nothing was ever said, with these dialogues. A browser
    /// that comes back with one begins anew.
    pub async fn drop_unused(&self, before: Millis) -> Result<(), StoreError> {
        let unused = self.read(move |view| unused(view, before)).await?;
        for some in unused.chunks(AT_ONCE) {
            let some = some.to_vec();
            self.commit(move |batch| {
                for (token, dialogue) in some {
                    // What was read may be older than the last word.
                    let head = batch.head(dialogue)?.cloned();
                    if head.as_ref().is_none_or(|head| head.last == 0) {
                        if let Some((site, person)) = head.and_then(|head| Some((head.site, head.person?))) {
                            batch.remove(PERSONS, (site.as_str(), person.as_str()))?;
                        }
                        batch.remove(SESSIONS, token)?;
                        batch.remove(DIALOGUES, dialogue.bytes())?;
                        batch.remove(PROFILES, dialogue.bytes())?;
                        batch.ledger.forget(dialogue);
                    }
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// The session whose token has this hash.
    pub async fn session(&self, token: TokenHash) -> Result<Option<SessionRecord>, StoreError> {
        self.read(move |view| view.row(SESSIONS, token.0)).await
    }
}

fn unused(view: &View, before: Millis) -> Result<Vec<([u8; 32], DialogueId)>, StoreError> {
    let Some(sessions) = view.table(SESSIONS)? else { return Ok(Vec::new()) };
    let mut unused = Vec::new();
    for entry in sessions.iter()? {
        let (token, session) = entry?;
        let Ok(session) = row::decode::<SessionRecord>(session.value()) else { continue };
        if session.begun_at < before {
            let head: Option<Head> = view.row(DIALOGUES, session.dialogue.bytes())?;
            if head.is_none_or(|head| head.last == 0) {
                unused.push((token.value(), session.dialogue));
            }
        }
    }
    Ok(unused)
}

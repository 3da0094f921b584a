//! Whom a `hello` is from, by the rule of PROTOCOL.md (“Who is who”): a session opens its own dialogue, a person's
//! session only for that person, and a signature is asked for where it would change something.

use super::{CLOSED_RETRY, new_token};
use crate::AppState;
use crate::error::Failure;
use crate::identity::{self, PersonId};
use crate::store::{DialogueRecord, SessionRecord, Store, StoreError, TokenHash};
use shared::{Hello, Identity, Refusal, SiteKey};
use std::net::IpAddr;

/// Who came in.
pub struct Guest {
    pub token: String,
    /// Whether the page has to be told the token: it is new, or opens another dialogue than before.
    pub is_new: bool,
    pub session: TokenHash,
    pub record: SessionRecord,
    pub dialogue: DialogueRecord,
}

impl Guest {
    /// Lets in who says hello.
    ///
    /// # Errors
    /// `SessionUnknown`, `Identity`, and what keeps a new session from beginning.
    pub async fn of(state: &AppState, address: IpAddr, hello: &Hello) -> Result<Self, Failure> {
        let (token, is_new) = match &hello.session {
            Some(token) => (token.clone(), false),
            None => (new_token(), true),
        };
        let session = TokenHash::of(&token);
        let record = match (&hello.identity, is_new) {
            (None, true) => {
                admit(state, address, &hello.site).await?;
                state.store.begin_session(hello.site.clone(), session, state.clock.now()).await?
            }
            (Some(identity), true) => {
                let person = prove(state, &hello.site, identity).await?;
                admit(state, address, &hello.site).await?;
                state.store.begin_session_of(hello.site.clone(), person, session, state.clock.now()).await?
            }
            (_, false) => {
                let record = state.store.session(session).await?;
                record.filter(|record| record.site == hello.site).ok_or(Failure::Refused(Refusal::SessionUnknown))?
            }
        };
        let dialogue = of(state, &record).await?;
        let guest = Self { token, is_new, session, record, dialogue };
        match (&guest.dialogue.person, &hello.identity) {
            (None, None) => Ok(guest),
            (Some(person), Some(identity)) if person.as_str() == identity.id => {
                guest.renew_proof(state, identity).await?;
                Ok(guest)
            }
            (None, Some(identity)) => guest.join(state, identity).await,
            // A person's words are for a page that says it is that person, and for no other.
            (Some(_), _) => Err(Failure::Refused(Refusal::SessionUnknown)),
        }
    }

    /// The token is the proof, unless the site's secret was replaced since: then a signature has to be good once more.
    async fn renew_proof(&self, state: &AppState, identity: &Identity) -> Result<(), Failure> {
        if is_proven(&state.store, &self.record, &self.dialogue).await? {
            return Ok(());
        }
        prove(state, &self.record.site, identity).await?;
        Ok(state.store.prove_session(self.session, state.clock.now()).await?)
    }

    /// What was said in a session that was nobody's is the person's from now on.
    async fn join(mut self, state: &AppState, identity: &Identity) -> Result<Self, Failure> {
        let person = prove(state, &self.record.site, identity).await?;
        let before = self.record.dialogue;
        let joined = state.store.join(self.session, person, state.clock.now()).await?;
        self.record = joined.ok_or(Failure::Refused(Refusal::SessionUnknown))?;
        // Pages that do not say who they are have lost this session.
        state.hub.end(self.session);
        self.is_new = self.record.dialogue != before;
        self.dialogue = of(state, &self.record).await?;
        state.hub.wake(self.record.dialogue);
        Ok(self)
    }
}

/// Whether a session is proof enough of whose its dialogue is: nobody's asks for none, and a person's for one that is
/// younger than the site's secret.
pub async fn is_proven(store: &Store, record: &SessionRecord, dialogue: &DialogueRecord) -> Result<bool, StoreError> {
    if dialogue.person.is_none() {
        return Ok(true);
    }
    let made_at = store.secret_made_at(&record.site).await?;
    Ok(made_at.is_none_or(|at| record.is_proven_since(at)))
}

/// The dialogue `before` as it is now, if the session still opens it, and for the same one: nobody logged out or signed
/// in with it since, and the site's secret was not replaced.
pub async fn opened_again(
    store: &Store,
    session: TokenHash,
    before: &DialogueRecord,
) -> Result<Option<DialogueRecord>, StoreError> {
    let Some(record) = store.session(session).await? else { return Ok(None) };
    let Some(now) = store.dialogue(record.dialogue).await? else { return Ok(None) };
    let is_same = (now.id, &now.person) == (before.id, &before.person);
    Ok((is_same && is_proven(store, &record, &now).await?).then_some(now))
}

async fn of(state: &AppState, record: &SessionRecord) -> Result<DialogueRecord, Failure> {
    state.store.dialogue(record.dialogue).await?.ok_or(Failure::Refused(Refusal::SessionUnknown))
}

async fn prove(state: &AppState, site: &SiteKey, identity: &Identity) -> Result<PersonId, Failure> {
    let secret = state.store.site_secret(site).await.or_else(|error| match error {
        StoreError::Sealed => Ok(None), // with a key that is lost: the owner makes another
        error => Err(error),
    })?;
    identity::prove(identity, site, secret.as_ref(), state.clock.now()).map_err(|why| {
        tracing::info!(site = %site, %why, "a visitor's identity was not proven");
        Failure::Refused(Refusal::Identity)
    })
}

/// Whether a new session may begin on `site`.
async fn admit(state: &AppState, address: IpAddr, site: &SiteKey) -> Result<(), Failure> {
    let known = state.store.site(site).await?.ok_or(Failure::Refused(Refusal::SiteUnknown))?;
    if !state.channels.takes(&known.key) {
        return Err(Failure::RefusedFor(CLOSED_RETRY, Refusal::SiteClosed));
    }
    state.limits.session(address)?;
    metrics::counter!("otklik_sessions_begun_total").increment(1);
    Ok(())
}

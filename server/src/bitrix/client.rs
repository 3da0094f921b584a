//! Calls to the portals of the settings: one door, `Portal::call`, for every method. It renews tokens, keeps inside the
//! portal's limits and reads the envelope. Knows nothing of where tokens are kept: a `TokenKeeper` is given to it.

mod envelope;
mod keeper;
mod pace;
mod pauses;
mod post;
mod spending;

pub use envelope::{Answer, Time, read as read_answer};
pub use keeper::{Access, TokenKeeper};
pub use pace::{Place, Urgency};
pub use pauses::jittered;

use super::endpoint::Endpoint;
use super::error::PortalError;
use super::guard::{Guard, GuardError};
use super::methods::Method;
use super::oauth::{self, Grant, Keys, OAuthError, Proof};
use super::trouble::{Health, Sign, Trouble};
use crate::clock::{Clock, millis};
use crate::ids::PortalHost;
use pace::Pace;
use pauses::Pauses;
use post::post;
use secrecy::{ExposeSecret, SecretString};
use shared::Millis;
use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use url::Url;

/// Between two questions to the OAuth server about where a portal is: each costs a pair of tokens.
const LOOK_AGAIN: Duration = Duration::from_secs(60 * 60);

/// A refresh token lives 180 days (`settings/oauth/index.md`): 150 leave a month for a portal that is away.
const LONGEST_IDLE: Duration = Duration::from_secs((150 * 24 - 1) * 60 * 60);

/// The portals of the settings, installed or not. A cheap handle.
#[derive(Clone)]
pub struct Portals {
    guard: Guard,
    portals: Arc<HashMap<PortalHost, Portal>>,
    news: watch::Sender<()>,
}

/// One portal. A cheap handle: clones share the budget of calls and the lock of renewal.
#[derive(Clone)]
pub struct Portal {
    inner: Arc<Inner>,
    urgency: Urgency,
}

struct Inner {
    host: PortalHost,
    keys: Keys,
    keeper: Arc<dyn TokenKeeper>,
    guard: Guard,
    clock: Clock,
    tasks: TaskTracker,
    pace: Pace,
    pauses: Mutex<Pauses>,
    health: Mutex<Health>,
    /// Rings when the portal's trouble begins, changes or ends.
    news: watch::Sender<()>,
    /// When the OAuth server was last asked where the portal is now.
    looked_for: Mutex<Option<Millis>>,
    /// Which of the OAuth servers answered last.
    oauth: AtomicUsize,
    /// Held while a pair is exchanged: a refresh token is good once.
    renewing: tokio::sync::Mutex<()>,
    installs: watch::Sender<()>,
}

impl Portals {
    /// `known` are the portals of the settings with the application's keys there. A renewal that has begun is finished
    /// by `tasks`, whoever waits for it.
    pub fn new(
        known: impl IntoIterator<Item = (PortalHost, Keys)>,
        guard: Guard,
        keeper: Arc<dyn TokenKeeper>,
        clock: Clock,
        tasks: TaskTracker,
    ) -> Self {
        let news = watch::Sender::new(());
        let portal = |(host, keys): (PortalHost, Keys)| {
            let inner = Inner {
                host: host.clone(),
                keys,
                keeper: Arc::clone(&keeper),
                guard: guard.clone(),
                clock: clock.clone(),
                tasks: tasks.clone(),
                pace: Pace::new(clock.running()),
                pauses: Mutex::default(),
                health: Mutex::default(),
                news: news.clone(),
                looked_for: Mutex::default(),
                oauth: AtomicUsize::default(),
                renewing: tokio::sync::Mutex::default(),
                installs: watch::Sender::new(()),
            };
            (host, Portal { inner: Arc::new(inner), urgency: Urgency::Page })
        };
        let portals = Arc::new(known.into_iter().map(portal).collect());
        Self { guard, portals, news }
    }

    /// The portal at `host`, if the settings name it.
    pub fn get(&self, host: &PortalHost) -> Option<Portal> {
        self.portals.get(host).cloned()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Portal> {
        self.portals.values()
    }

    /// Calls with a token that is not kept (yet): how an install, or an administrator on the settings page, is checked.
    /// Nothing is renewed. `endpoint` is judged as every address from outside.
    pub async fn ask<M: Method>(
        &self,
        endpoint: &str,
        access: &SecretString,
        method: &M,
    ) -> Result<M::Reply, PortalError> {
        post(&self.guard, endpoint, access, method).await.0.and_then(|answer| M::reply(answer.result))
    }

    /// The client for addresses that came from outside.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// What rings when something is known of a portal, or of one of its lines, that was not before. Who learns of a line
    /// rings it, too.
    pub fn news(&self) -> &watch::Sender<()> {
        &self.news
    }
}

impl Portal {
    pub fn host(&self) -> &PortalHost {
        &self.inner.host
    }

    /// The same portal, for calls that can wait so long. One of the settings is taken to be called for a page.
    pub fn for_calls_of(&self, urgency: Urgency) -> Self {
        Self { urgency, ..self.clone() }
    }

    /// Where the portal answers: at the name of the settings, or at another since it was renamed.
    pub async fn origin(&self) -> String {
        let endpoint = self.inner.access().await.ok().and_then(|access| Endpoint::read(&access.endpoint));
        endpoint.map_or_else(|| self.host().origin(), |endpoint| endpoint.host.origin())
    }

    /// Returns when one more call may leave. Whoever wants to put together what the call carries at the last moment asks
    /// for a place first, and then for `call_in`.
    pub async fn place(&self) -> Place {
        self.inner.pace.admit(self.urgency).await
    }

    /// Calls a method with the installer's token, renewing it once where it ran out.
    ///
    /// Waits while the portal's limit of requests is used up; where an earlier answer forbids calls for longer, fails
    /// with `Paused`.
    pub async fn call<M: Method>(&self, method: &M) -> Result<M::Reply, PortalError> {
        self.inner.check(M::COUNTS_AS)?;
        self.call_in(self.place().await, method).await
    }

    /// As `call`, in a place that is already there.
    pub async fn call_in<M: Method>(&self, place: Place, method: &M) -> Result<M::Reply, PortalError> {
        let answered = self.answer(place, method).await;
        self.inner.note(answered.as_ref().map_or_else(PortalError::sign, |_| Sign::Well));
        answered
    }

    async fn answer<M: Method>(&self, place: Place, method: &M) -> Result<M::Reply, PortalError> {
        let inner = &*self.inner;
        let access = inner.access().await?;
        match inner.attempt(place, &access.endpoint, &access.access, method).await {
            Err(error) if error.wants_new_token() || self.may_have_moved(&error) => {
                let access = self.renew(access).await?;
                inner.attempt(self.place().await, &access.endpoint, &access.access, method).await
            }
            answered => answered,
        }
    }

    /// Whether `error` says that the portal moved to where no token may follow: the OAuth server knows its address. It is
    /// asked once an hour.
    fn may_have_moved(&self, error: &PortalError) -> bool {
        let PortalError::Unreached(GuardError::Elsewhere(_)) = error else { return false };
        let now = self.inner.clock.now();
        let mut asked = self.inner.looked_for.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = asked.is_none_or(|at| now >= at + millis(LOOK_AGAIN));
        if is_due {
            *asked = Some(now);
        }
        is_due
    }

    /// Calls with a token that is not kept (yet), as [`Portals::ask`], in the portal's budget.
    pub async fn ask<M: Method>(
        &self,
        endpoint: &str,
        access: &SecretString,
        method: &M,
    ) -> Result<M::Reply, PortalError> {
        self.inner.attempt(self.place().await, endpoint, access, method).await
    }

    /// Exchanges a pair that nothing has needed for so long that its refresh token would soon die.
    pub async fn keep_fresh(&self) -> Result<(), PortalError> {
        let access = self.inner.access().await?;
        if self.inner.clock.now() < access.expires_at + millis(LONGEST_IDLE) {
            return Ok(());
        }
        let renewed = self.renew(access).await;
        self.inner.note(renewed.as_ref().map_or_else(PortalError::sign, |_| Sign::Well));
        renewed.map(drop)
    }

    /// Exchanges the pair, whatever became of calls with it: whether the OAuth server still knows the application.
    pub async fn exchange(&self) -> Result<(), PortalError> {
        let access = self.inner.access().await?;
        self.renew(access).await.map(drop)
    }

    /// What keeps the portal from being called, as its last answers tell.
    pub fn trouble(&self) -> Option<Trouble> {
        self.inner.health().trouble()
    }

    /// Whether the portal has answered since the start, and nothing has been wrong since.
    pub fn is_well(&self) -> bool {
        self.inner.health().is_well()
    }

    /// Until when an earlier answer forbids to call `method` (a [`Method::NAME`]), if it does.
    pub fn paused_until(&self, method: &'static str) -> Option<Millis> {
        self.inner.pauses().until(method, self.inner.clock.now())
    }

    /// The application was installed (again): whatever waits for that may try now.
    pub fn was_installed(&self) {
        *self.inner.pauses() = Pauses::default();
        self.inner.note(Sign::Well);
        self.inner.news.send_replace(());
        self.inner.installs.send_replace(());
    }

    /// Changes when the application is installed (again).
    pub fn installs(&self) -> watch::Receiver<()> {
        self.inner.installs.subscribe()
    }

    /// Tokens for a code of the full OAuth flow, or for the refresh token of an install: proves that the settings' keys
    /// are right.
    pub async fn grant(&self, proof: &Proof) -> Result<Grant, OAuthError> {
        oauth::grant(&self.inner.guard, &self.inner.keys, &self.inner.oauth, proof).await
    }

    /// `url`, an address of this portal's own, with the installer's token in it: for a download that the portal wants to
    /// know the caller of.
    pub async fn with_token(&self, mut url: Url) -> Result<Url, PortalError> {
        let access = self.inner.access().await?;
        url.query_pairs_mut().append_pair("auth", access.access.expose_secret());
        Ok(url)
    }

    /// A pair that works in place of `stale`. Runs to its end even if the caller is gone: a pair whose answer nobody
    /// reads is lost.
    async fn renew(&self, stale: Access) -> Result<Access, PortalError> {
        let inner = Arc::clone(&self.inner);
        let renewal = self.inner.tasks.spawn(async move { inner.renew(stale).await });
        renewal.await.map_err(|ended| PortalError::Keeper(Arc::new(ended)))?
    }
}

impl Inner {
    async fn access(&self) -> Result<Access, PortalError> {
        let kept = self.keeper.read(&self.host).await.map_err(PortalError::Keeper)?;
        kept.ok_or(PortalError::NotInstalled)
    }

    /// Fails where an earlier answer forbids calls now.
    fn check(&self, method: &'static str) -> Result<(), PortalError> {
        match self.pauses().until(method, self.clock.now()) {
            Some(until) => Err(PortalError::Paused { until }),
            None => Ok(()),
        }
    }

    async fn attempt<M: Method>(
        &self,
        place: Place,
        endpoint: &str,
        access: &SecretString,
        method: &M,
    ) -> Result<M::Reply, PortalError> {
        self.check(M::COUNTS_AS)?; // while this call waited for its place, another may have been refused
        place.take();
        let (answered, moved) = post(&self.guard, endpoint, access, method).await;
        self.learn(M::COUNTS_AS, &answered);
        if let Some(now) = moved {
            tracing::warn!(portal = %self.host, now = %now.host, "the portal was renamed");
            self.keeper.moved(&self.host, endpoint, now).await.map_err(PortalError::Keeper)?;
        }
        answered.and_then(|answer| M::reply(answer.result))
    }

    /// What an answer says of the calls after it.
    fn learn(&self, method: &'static str, answered: &Result<envelope::Answer, PortalError>) {
        let now = self.clock.now();
        match answered {
            Ok(answer) => self.pauses().answered(method, answer.time, now),
            Err(error) => {
                self.pauses().refused(method, error, now);
                if error.is_haste() {
                    tracing::warn!(portal = %self.host, "the portal had too many calls from this address");
                    self.pace.overflowed();
                }
            }
        }
    }

    async fn renew(&self, stale: Access) -> Result<Access, PortalError> {
        let _alone = self.renewing.lock().await;
        let current = self.access().await?;
        if current.access.expose_secret() != stale.access.expose_secret() {
            return Ok(current); // somebody was faster
        }
        self.keeper.prepare(&self.host).await.map_err(PortalError::Keeper)?;
        let proof = Proof::Refresh(current.refresh.clone());
        let grant = match oauth::grant(&self.guard, &self.keys, &self.oauth, &proof).await {
            Ok(grant) => grant,
            Err(error) => {
                // The application may have been installed anew meanwhile: then this pair is nobody's any more.
                let now = self.access().await?;
                let is_same = now.refresh.expose_secret() == current.refresh.expose_secret();
                return if is_same { Err(PortalError::Renewal(error)) } else { Ok(now) };
            }
        };
        self.keeper.keep(&self.host, &current.refresh, &grant).await.map_err(PortalError::Keeper)?;
        tracing::info!(portal = %self.host, "tokens renewed");
        self.access().await
    }

    fn pauses(&self) -> MutexGuard<'_, Pauses> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, sign: Sign) {
        let mut health = self.health();
        let before = health.trouble();
        health.note(sign, self.clock.now());
        let trouble = health.trouble();
        drop(health);
        if trouble == before {
            return;
        }
        match trouble {
            Some(trouble) => {
                tracing::error!(portal = %self.host, trouble = trouble.word(), "nothing reaches the portal")
            }
            None => tracing::info!(portal = %self.host, "the portal can be reached again"),
        }
        self.news.send_replace(());
    }
}

#[cfg(test)]
mod tests;

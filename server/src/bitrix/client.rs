//! Calls to the portals of the settings: one door, `Portal::call`, for every method. It renews tokens, keeps inside the
//! portal's limits and reads the envelope. Knows nothing of where tokens are kept: a `TokenKeeper` is given to it.

mod envelope;
mod pace;
mod pauses;

pub(super) use envelope::read as read_answer;

use super::error::{KeeperError, PortalError};
use super::guard::Guard;
use super::methods::Method;
use super::oauth::{self, Grant, Keys, OAuthError, Proof};
use crate::clock::Clock;
use crate::ids::PortalHost;
use futures_util::future::BoxFuture;
use pace::Pace;
use pauses::Pauses;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use shared::Millis;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use url::Url;

/// What calls are made with.
#[derive(Clone, Debug)]
pub struct Access {
    /// The base of REST calls: `https://company.bitrix24.ru/rest/`.
    pub endpoint: String,
    pub access: SecretString,
    pub refresh: SecretString,
}

/// Whoever keeps the tokens of installed portals.
pub trait TokenKeeper: Send + Sync {
    /// The tokens as they are kept now; `None` where the application is not installed.
    fn read<'a>(&'a self, portal: &'a PortalHost) -> BoxFuture<'a, Result<Option<Access>, KeeperError>>;

    /// Puts a new pair in the place of the one with the refresh token `used`, and returns when it would outlive this
    /// process. Where another pair stands there by now (the application was installed anew), that one stays.
    fn keep<'a>(
        &'a self,
        portal: &'a PortalHost,
        used: &'a SecretString,
        grant: &'a Grant,
    ) -> BoxFuture<'a, Result<(), KeeperError>>;
}

/// The portals of the settings, installed or not. A cheap handle.
#[derive(Clone)]
pub struct Portals {
    guard: Guard,
    portals: Arc<HashMap<PortalHost, Portal>>,
}

/// One portal. A cheap handle: clones share the budget of calls and the lock of renewal.
#[derive(Clone)]
pub struct Portal {
    inner: Arc<Inner>,
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
    /// Held while a pair is exchanged: a refresh token is good once.
    renewing: tokio::sync::Mutex<()>,
    installed: Notify,
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
        let portal = |(host, keys): (PortalHost, Keys)| {
            let inner = Inner {
                host: host.clone(),
                keys,
                keeper: Arc::clone(&keeper),
                guard: guard.clone(),
                clock: clock.clone(),
                tasks: tasks.clone(),
                pace: Pace::new(Clock::real()),
                pauses: Mutex::default(),
                renewing: tokio::sync::Mutex::default(),
                installed: Notify::new(),
            };
            (host, Portal { inner: Arc::new(inner) })
        };
        let portals = Arc::new(known.into_iter().map(portal).collect());
        Self { guard, portals }
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
        post(&self.guard, endpoint, access, method).await.and_then(|answer| M::reply(answer.result))
    }

    /// The client for addresses that came from outside.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }
}

impl Portal {
    pub fn host(&self) -> &PortalHost {
        &self.inner.host
    }

    /// Returns when one more call may leave, for calls with a token that is not kept: they fill the same bucket.
    pub async fn admit(&self) {
        self.inner.pace.admit().await;
    }

    /// Calls a method with the installer's token, renewing it once where it ran out.
    ///
    /// Waits while the portal's limit of requests is used up; where an earlier answer forbids calls for longer, fails
    /// with `Paused`.
    pub async fn call<M: Method>(&self, method: &M) -> Result<M::Reply, PortalError> {
        let inner = &*self.inner;
        let access = inner.access().await?;
        match inner.attempt(&access, method).await {
            Err(error) if error.wants_new_token() => {
                let access = self.renew(access).await?;
                inner.attempt(&access, method).await
            }
            answered => answered,
        }
    }

    /// Until when an earlier answer forbids to call `method` (a [`Method::NAME`]), if it does.
    pub fn paused_until(&self, method: &'static str) -> Option<Millis> {
        self.inner.pauses().until(method, self.inner.clock.now())
    }

    /// The application was installed (again): whatever waits for that may try now.
    pub fn was_installed(&self) {
        *self.inner.pauses() = Pauses::default();
        self.inner.installed.notify_one();
    }

    /// Returns when the application is installed (again). For one waiter, which misses none.
    pub async fn installed(&self) {
        self.inner.installed.notified().await;
    }

    /// Tokens for a code of the full OAuth flow, or for the refresh token of an install: proves that the settings' keys
    /// are right.
    pub async fn grant(&self, proof: &Proof) -> Result<Grant, OAuthError> {
        oauth::grant(&self.inner.guard, &self.inner.keys, proof).await
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

    async fn attempt<M: Method>(&self, access: &Access, method: &M) -> Result<M::Reply, PortalError> {
        if let Some(until) = self.pauses().until(M::NAME, self.clock.now()) {
            return Err(PortalError::Paused { until });
        }
        self.pace.admit().await;
        let answered = post(&self.guard, &access.endpoint, &access.access, method).await;
        let mut pauses = self.pauses();
        match &answered {
            Ok(answer) => pauses.answered(M::NAME, answer.time),
            Err(error) => pauses.refused(M::NAME, error, self.clock.now()),
        }
        drop(pauses);
        answered.and_then(|answer| M::reply(answer.result))
    }

    async fn renew(&self, stale: Access) -> Result<Access, PortalError> {
        let _alone = self.renewing.lock().await;
        let current = self.access().await?;
        if current.access.expose_secret() != stale.access.expose_secret() {
            return Ok(current); // somebody was faster
        }
        let proof = Proof::Refresh(current.refresh.clone());
        let grant = oauth::grant(&self.guard, &self.keys, &proof).await.map_err(PortalError::Renewal)?;
        self.keeper.keep(&self.host, &current.refresh, &grant).await.map_err(PortalError::Keeper)?;
        tracing::info!(portal = %self.host, "tokens renewed");
        self.access().await
    }

    fn pauses(&self) -> MutexGuard<'_, Pauses> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One POST. The token travels in the body: it works there on every build of the portal, and stands in nobody's log.
async fn post<M: Method>(
    guard: &Guard,
    endpoint: &str,
    access: &SecretString,
    method: &M,
) -> Result<envelope::Answer, PortalError> {
    let url = Url::parse(endpoint).and_then(|base| base.join(&format!("{}.json", M::NAME)));
    let url = url.map_err(|_| PortalError::Unreached(super::guard::GuardError::Forbidden(endpoint.to_owned())))?;
    let mut body = serde_json::to_value(method).expect("a method is a plain record");
    body["auth"] = Value::from(access.expose_secret());
    match guard.post(url, body.to_string().into_bytes(), M::WITHIN).await {
        Ok(answer) => read_answer(answer.status, &answer.body),
        Err(error) if error.is_unsent() => Err(PortalError::Unreached(error)),
        Err(error) => Err(PortalError::Unanswered(error)),
    }
}

#[cfg(test)]
mod tests;

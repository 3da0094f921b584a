//! Who is there to answer a site's visitors: what the line's settings say, how soon its operators answered lately,
//! whether messages can be delivered at all. The portal is asked once a minute for the lines whose chat somebody has
//! open, and every few minutes for all. Knows nothing of connections: they watch, and are told of changes.

mod lines;

use crate::bitrix::client::Portal;
use crate::bitrix::methods::batch::{self, Batch};
use crate::bitrix::methods::settings::{GetSettings, Names};
use crate::channel::Channels;
use crate::clock::{Clock, millis};
use crate::ids::{LineId, PortalHost};
use crate::store::{Store, StoreError};
use crate::telemetry::chain;
use lines::Lines;
use shared::{Millis, Presence, SiteKey};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// How often the portal is asked after all connected lines, 50 a call: while that is not over, what was told is believed.
const SURVEY: Duration = Duration::from_secs(4 * 60);

/// What every open chat is told. A cheap handle.
#[derive(Clone)]
pub struct Presences {
    store: Store,
    channels: Channels,
    clock: Clock,
    lines: Arc<Mutex<Lines>>,
    watched: Arc<Mutex<HashMap<SiteKey, watch::Sender<Presence>>>>,
    /// Rings when somebody else watches, or something was heard of a line. By portal.
    bells: Arc<Mutex<HashMap<PortalHost, Arc<Notify>>>>,
    /// Rings when lines were asked after.
    told: Arc<Notify>,
}

/// One connection's eye on one site; dropping it ends the watching.
pub struct Watcher {
    presences: Presences,
    site: SiteKey,
    changes: watch::Receiver<Presence>,
    told: Presence,
}

impl Presences {
    pub fn new(store: Store, channels: Channels, clock: Clock) -> Self {
        Self {
            store,
            channels,
            clock,
            lines: Arc::default(),
            watched: Arc::default(),
            bells: Arc::default(),
            told: Arc::default(),
        }
    }

    /// From now on the line of `site` is asked after.
    pub fn watch(&self, site: &SiteKey) -> Watcher {
        let changes = self.watched().entry(site.clone()).or_default().subscribe();
        match self.store.line_of(site) {
            Some((host, _)) => self.bell(&host).notify_one(),
            None => self.ring(),
        }
        Watcher { presences: self.clone(), site: site.clone(), changes, told: Presence::default() }
    }

    /// How it stands at `site` now, as far as is known.
    pub async fn now(&self, site: &SiteKey) -> Result<Presence, StoreError> {
        let answer_seconds = self.store.answer_seconds(site).await?;
        let line = self.store.line_of(site);
        let (state, opens_at) = line.map_or((None, None), |(host, line)| {
            let (state, opens_at, _) = self.lines().standing(&host, line, self.clock.now());
            (state, opens_at)
        });
        Ok(Presence { state, opens_at, answer_seconds, held: self.channels.held(site) })
    }

    /// An operator was heard on `line`: somebody is there, whatever the portal said last.
    pub fn heard(&self, host: &PortalHost, line: LineId) {
        self.lines().doubt(host, line, self.clock.now());
        self.bell(host).notify_one();
    }

    /// A site may have been connected or disconnected.
    pub fn ring(&self) {
        self.bells().values().for_each(|bell| bell.notify_one());
    }

    /// Somebody speaks on `line`: whose names it shows is asked once, unless that is known. Tells whether it is asked now.
    pub fn want(&self, host: &PortalHost, line: LineId) -> bool {
        let is_wanted = self.lines().want(host, line, self.clock.now());
        if is_wanted {
            self.bell(host).notify_one();
        }
        is_wanted
    }

    /// Whether that is asked now.
    pub fn is_wanted(&self, host: &PortalHost, line: LineId) -> bool {
        self.lines().is_wanted(host, line)
    }

    /// Returns when it may be known. For one waiter, which misses nothing.
    pub async fn told(&self) {
        self.told.notified().await;
    }

    /// Whose names `line` shows, where that was told lately.
    pub fn names(&self, host: &PortalHost, line: LineId) -> Names {
        self.lines().names(host, line, self.clock.now())
    }

    /// Keeps what is told of the lines of `portal` true, until the shutdown.
    pub async fn run(self, portal: Portal, shutdown: CancellationToken) -> Result<(), StoreError> {
        let (bell, mut changes) = (self.bell(portal.host()), self.channels.changes());
        let mut survey = 0;
        while !shutdown.is_cancelled() {
            if survey <= self.clock.now() {
                self.survey(portal.host()).await?;
                survey = self.clock.now() + millis(SURVEY);
            }
            self.ask(&portal).await;
            let next = self.publish(portal.host()).await?.unwrap_or(survey).min(survey);
            let wait = Duration::from_millis(next.saturating_sub(self.clock.now()));
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = bell.notified() => {}
                _ = changes.changed() => survey = 0, // a line may have been connected
                () = self.clock.sleep(wait) => {}
            }
        }
        Ok(())
    }

    /// Every line that is connected is asked after now and then, so that a chat that opens knows from the start.
    async fn survey(&self, host: &PortalHost) -> Result<(), StoreError> {
        for site in self.store.sites_of(host).await?.iter().filter(|site| site.connected) {
            self.lines().renew(host, site.line, self.clock.now());
        }
        Ok(())
    }

    /// Asks for the settings that are too old; where that fails, again when the next minute is over.
    async fn ask(&self, portal: &Portal) {
        let host = portal.host();
        let watched: BTreeSet<LineId> = self.watched_lines(host).into_iter().map(|(_, line)| line).collect();
        let due = self.lines().due(host, watched, self.clock.now());
        for lines in due.chunks(batch::MOST) {
            let asked = portal.call(&Batch::new(lines.iter().copied().map(GetSettings::new))).await;
            let now = self.clock.now();
            match asked {
                Ok(told) => {
                    for (line, told) in lines.iter().zip(told) {
                        self.lines().told(host, *line, told.ok().flatten(), now);
                    }
                }
                Err(error) => {
                    tracing::debug!(portal = %host, error = chain(&error), "the lines' settings are not told");
                    lines.iter().for_each(|line| self.lines().told(host, *line, None, now));
                }
            }
            self.told.notify_one();
        }
    }

    /// Tells who watches a site of `host` how it stands now; returns when to look again by ourselves.
    async fn publish(&self, host: &PortalHost) -> Result<Option<Millis>, StoreError> {
        let mut next = None;
        self.tell_closed();
        for (site, line) in self.watched_lines(host) {
            let (_, _, until) = self.lines().standing(host, line, self.clock.now());
            next = next.into_iter().chain([until]).min();
            self.tell(&site, self.now(&site).await?);
        }
        Ok(next)
    }

    /// Of a site that is not connected no portal knows anything.
    fn tell_closed(&self) {
        let sites: Vec<SiteKey> = self.watched().keys().cloned().collect();
        for site in sites.iter().filter(|site| self.store.line_of(site).is_none()) {
            self.tell(site, Presence { held: true, ..Presence::default() });
        }
    }

    fn tell(&self, site: &SiteKey, presence: Presence) {
        if let Some(watched) = self.watched().get(site) {
            watched.send_if_modified(|told| std::mem::replace(told, presence) != presence);
        }
    }

    fn watched_lines(&self, host: &PortalHost) -> Vec<(SiteKey, LineId)> {
        let sites: Vec<SiteKey> = self.watched().keys().cloned().collect();
        let of_host = |site: SiteKey| {
            let (of, line) = self.store.line_of(&site)?;
            (&of == host).then_some((site, line))
        };
        sites.into_iter().filter_map(of_host).collect()
    }

    fn bell(&self, host: &PortalHost) -> Arc<Notify> {
        Arc::clone(self.bells().entry(host.clone()).or_default())
    }

    fn bells(&self) -> MutexGuard<'_, HashMap<PortalHost, Arc<Notify>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<SiteKey, watch::Sender<Presence>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// What is to be told now; `None` where that was told.
    pub fn news(&mut self) -> Option<Presence> {
        let presence = *self.changes.borrow_and_update();
        (std::mem::replace(&mut self.told, presence) != presence).then_some(presence)
    }

    /// Returns when there may be news.
    pub async fn changed(&mut self) {
        let _ = self.changes.changed().await; // the sender stays as long as somebody watches
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut watched = self.presences.watched();
        // This receiver is still counted here.
        if watched.get(&self.site).is_some_and(|told| told.receiver_count() <= 1) {
            watched.remove(&self.site);
        }
    }
}

//! Carries messages both ways between the store and the portals. Each portal has tasks of its own, so that one that is
//! slow or away keeps no other waiting.
//!
//! ```text
//! outbox     visitors' messages to the portal, in order, many a call; finds out what a lost answer left unknown
//! events     takes what a portal posts: verified, kept, answered     inbox  works it off     told  what it asks for
//! recover    fetches what never came, from the offline queue and from histories, which `histories` reads
//! watch      whether lines take what is sent
//! confirm    tells the portal that operators' messages arrived       keeper  tokens in the store
//! fetch      operators' files from the portal, so that visitors get our own copy
//! settling   how long an event waits for those it overtook   titles  keeps the titles of chats true
//! introduced until it is known who speaks in it       people  who that is        speaker  what a visitor sees of them
//! ```

mod confirm;
mod events;
mod fetch;
mod histories;
mod inbox;
mod introduced;
mod keeper;
mod outbox;
mod people;
mod recover;
mod settling;
mod speaker;
mod titles;
mod told;
mod watch;

pub use events::Reception;

use crate::bitrix::client::{Portal, Portals, Urgency};
use crate::bitrix::guard::Guard;
use crate::bitrix::oauth::Keys;
use crate::bitrix::trouble::Trouble;
use crate::channel::Channels;
use crate::clock::Clock;
use crate::config::Config;
use crate::files::{Addresses, Files};
use crate::hub::Hub;
use crate::ids::PortalHost;
use crate::presence::Presences;
use crate::store::{Lane, Store, StoreError};
use people::People;
use recover::Nets;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

/// Everything that carries. A cheap handle.
#[derive(Clone)]
pub struct Relay {
    store: Store,
    portals: Portals,
    channels: Channels,
    presences: Presences,
    people: People,
    hub: Hub,
    files: Files,
    addresses: Addresses,
    clock: Clock,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    bells: Arc<Bells>,
    /// By portal.
    nets: Arc<HashMap<PortalHost, Nets>>,
}

/// What rings when there is something to do. Each keeps one ring that nobody waited for.
struct Bells {
    inbox: Notify,
    /// There may be files to fetch.
    fetch: Notify,
    /// By portal: there are messages to confirm.
    confirm: HashMap<PortalHost, Notify>,
}

/// The portals of the settings, with their tokens in `store`.
///
/// # Errors
/// Where this machine has no certificates to check others' with.
pub fn portals(config: &Config, store: &Store, clock: &Clock, tasks: &TaskTracker) -> Result<Portals, reqwest::Error> {
    let url = |origin: &str| Url::parse(origin).expect("the settings hold origins");
    let named = config.portals.iter().flat_map(|portal| [url(&portal.host.origin()), url(&portal.oauth_url)]);
    let guard = Guard::new(named)?;
    let known = config.portals.iter().map(|portal| {
        let (client_id, client_secret) = (portal.client_id.clone(), portal.client_secret.clone());
        (
            portal.host.clone(),
            Keys { client_id, client_secret, servers: portal.oauth_urls().into_iter().map(url).collect() },
        )
    });
    let keeper = Arc::new(keeper::Keeper { store: store.clone(), clock: clock.clone() });
    Ok(Portals::new(known, guard, keeper, clock.clone(), tasks.clone()))
}

impl Relay {
    #[expect(clippy::too_many_arguments, reason = "all that carrying takes")]
    pub fn new(
        store: Store,
        portals: Portals,
        channels: Channels,
        hub: Hub,
        files: Files,
        addresses: Addresses,
        clock: Clock,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let confirm = portals.iter().map(|portal| (portal.host().clone(), Notify::new())).collect();
        let bells = Arc::new(Bells { inbox: Notify::new(), fetch: Notify::new(), confirm });
        let presences = Presences::new(store.clone(), channels.clone(), clock.clone());
        let people = People::new(store.clone(), portals.clone(), clock.clone(), tasks.clone());
        let nets = Arc::new(portals.iter().map(|portal| (portal.host().clone(), Nets::default())).collect());
        Self { store, portals, channels, presences, people, hub, files, addresses, clock, tasks, shutdown, bells, nets }
    }

    /// Carries until the shutdown.
    ///
    /// # Errors
    /// The failure of the first task that could not go on: the process should stop then, for to take messages and never
    /// carry them is worse.
    pub async fn run(self) -> Result<(), StoreError> {
        let (failed, mut failures) = mpsc::channel(1);
        self.lasting(&failed, inbox::Inbox::new(self.clone()).run());
        self.lasting(&failed, fetch::run(self.clone()));
        for portal in self.portals.iter() {
            let portal = |urgency| portal.for_calls_of(urgency);
            let (titles, titled) = mpsc::channel(titles::WAITING);
            for lane in [Lane::Words, Lane::Files] {
                let (portal, titles) = (portal(Urgency::Message), titles.clone());
                self.lasting(&failed, outbox::Outbox::new(self.clone(), portal, titles, lane).run());
            }
            self.lasting(&failed, titles::run(self.clone(), portal(Urgency::Upkeep), titled));
            self.lasting(&failed, confirm::run(self.clone(), portal(Urgency::Confirmation)));
            self.lasting(&failed, recover::from_the_queue(self.clone(), portal(Urgency::Upkeep)));
            self.lasting(&failed, recover::from_the_past(self.clone(), portal(Urgency::Upkeep)));
            self.lasting(&failed, self.presences.clone().run(portal(Urgency::Upkeep), self.shutdown.clone()));
            self.lasting(&failed, watch::run(self.clone(), portal(Urgency::Upkeep)));
        }
        drop(failed);
        failures.recv().await.map_or(Ok(()), Err)
    }

    /// Who is there to answer.
    pub fn presences(&self) -> &Presences {
        &self.presences
    }

    fn lasting(
        &self,
        failed: &mpsc::Sender<StoreError>,
        task: impl Future<Output = Result<(), StoreError>> + Send + 'static,
    ) {
        let failed = failed.clone();
        self.tasks.spawn(async move {
            if let Err(error) = task.await {
                let _ = failed.send(error).await; // another failed before
            }
        });
    }

    /// Whether it is worth calling `portal`: its application is installed, and nothing is known that keeps every call from
    /// it. When that ends is `watch`'s to find out.
    async fn is_callable(&self, portal: &Portal) -> Result<bool, StoreError> {
        let is_called = portal.trouble().is_none_or(|trouble| trouble == Trouble::Away);
        Ok(is_called && self.store.portal(portal.host()).await?.is_some())
    }
}

//! Who the people are that speak at the portals: asked once, then known for hours. Their photos are copied, small ones
//! only, and served by us. Nobody's message waits long for this.

use super::speaker::Person;
use crate::bitrix::client::{Portal, Portals, Urgency};
use crate::bitrix::methods::batch::{self, Batch};
use crate::bitrix::methods::users::{GetUser, User};
use crate::clock::{Clock, millis};
use crate::ids::PortalHost;
use crate::store::Store;
use crate::telemetry::chain;
use shared::Millis;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use url::Url;

/// How long what a profile says is believed.
const BELIEVED: Duration = Duration::from_secs(6 * 60 * 60);

/// How soon somebody who could not be asked after is asked after again.
const AGAIN: Duration = Duration::from_secs(60);

/// How long a photo may take, by the machine's time.
const PHOTO_WITHIN: Duration = Duration::from_secs(10);

/// The people of all portals. A cheap handle.
#[derive(Clone)]
pub struct People {
    store: Store,
    portals: Portals,
    clock: Clock,
    tasks: TaskTracker,
    known: Arc<Mutex<HashMap<(PortalHost, u64), Known>>>,
    /// Rings when somebody is known.
    told: Arc<Notify>,
}

/// What is known of one of them.
#[derive(Default)]
struct Known {
    person: Option<Person>,
    /// Where the photo was copied from.
    avatar: Option<String>,
    is_asked: bool,
    /// When to ask again.
    due: Millis,
}

impl People {
    pub fn new(store: Store, portals: Portals, clock: Clock, tasks: TaskTracker) -> Self {
        Self { store, portals, clock, tasks, known: Arc::default(), told: Arc::default() }
    }

    /// Has the portal asked after those of `users` of whom nothing is known, or something old.
    pub fn seek(&self, host: &PortalHost, users: impl IntoIterator<Item = u64>) {
        let Some(portal) = self.portals.get(host) else { return };
        let now = self.clock.now();
        let mut wanted = Vec::new();
        let mut known = self.known();
        for user in users {
            let known = known.entry((host.clone(), user)).or_default();
            if !known.is_asked && known.due <= now {
                known.is_asked = true;
                wanted.push(user);
            }
        }
        drop(known);
        if wanted.is_empty() {
            return;
        }
        let (people, portal) = (self.clone(), portal.for_calls_of(Urgency::Confirmation));
        self.tasks.spawn(async move {
            for users in wanted.chunks(batch::MOST) {
                people.ask(&portal, users).await;
            }
        });
    }

    pub fn person(&self, host: &PortalHost, user: u64) -> Option<Person> {
        self.known().get(&(host.clone(), user))?.person.clone()
    }

    /// Nobody of `host` is known any more.
    pub fn forget(&self, host: &PortalHost) {
        self.known().retain(|(of, _), _| of != host);
    }

    /// Whether somebody is asked after for the first time.
    pub fn is_awaited(&self, host: &PortalHost, user: u64) -> bool {
        self.known().get(&(host.clone(), user)).is_some_and(|known| known.is_asked && known.person.is_none())
    }

    /// Returns when somebody is known who was not. For one waiter, which misses none.
    pub async fn told(&self) {
        self.told.notified().await;
    }

    async fn ask(&self, portal: &Portal, users: &[u64]) {
        let asked = portal.call(&Batch::new(users.iter().map(|&id| GetUser { id }))).await;
        let told = asked.unwrap_or_else(|error| {
            tracing::debug!(portal = %portal.host(), error = chain(&error), "nobody tells who speaks");
            Vec::new()
        });
        let mut told = told.into_iter();
        for &user in users {
            let person = match told.next() {
                Some(Ok(profile)) => Some(self.with_photo(portal, user, profile).await),
                _ => None,
            };
            self.learn(portal.host(), user, person);
        }
        self.told.notify_one();
    }

    fn learn(&self, host: &PortalHost, user: u64, person: Option<(Person, Option<String>)>) {
        let now = self.clock.now();
        let mut known = self.known();
        let known = known.entry((host.clone(), user)).or_default();
        known.is_asked = false;
        known.due = now + millis(if person.is_some() { BELIEVED } else { AGAIN });
        if let Some((person, avatar)) = person {
            (known.person, known.avatar) = (Some(person), avatar);
        }
    }

    /// The person, and where the photo is from: an address that was seen before is not fetched again.
    async fn with_photo(&self, portal: &Portal, user: u64, profile: User) -> (Person, Option<String>) {
        let User { names, first_name, position, is_bot, avatar } = profile;
        let before = self.known().get(&(portal.host().clone(), user)).and_then(|known| {
            let same = known.avatar == avatar && avatar.is_some();
            known.person.as_ref().filter(|_| same)?.photo.clone()
        });
        let photo = match (&avatar, before) {
            (_, Some(photo)) => Some(photo),
            (Some(avatar), None) if !is_bot => {
                let fetching = self.photo(portal, avatar);
                tokio::time::timeout(PHOTO_WITHIN, fetching).await.unwrap_or_default()
            }
            _ => None,
        };
        (Person { names, first_name, position, is_bot, photo }, avatar)
    }

    /// Copies a photo; tells what the copy is called. Without one, initials do.
    async fn photo(&self, portal: &Portal, avatar: &str) -> Option<String> {
        let origin = portal.origin().await;
        let url = Url::parse(&origin).and_then(|origin| origin.join(avatar)).ok()?;
        let mut download = match self.portals.guard().download(url, &origin).await {
            Ok(download) => download,
            Err(error) => {
                tracing::debug!(portal = %portal.host(), error = chain(&error), "a photo is not to be had");
                return None;
            }
        };
        if download.status != 200 {
            return None;
        }
        let mut bytes = Vec::new();
        while let Some(piece) = download.piece().await.ok()? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > crate::store::MOST_PHOTO_BYTES {
                return None;
            }
        }
        crate::files::image(&bytes)?; // by its bytes, whatever the portal calls it
        self.store.keep_photo(portal.host(), bytes, self.clock.now()).await.ok()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(PortalHost, u64), Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! How the relay gets to know a portal: installs the application there, registers the connector, binds the events, and
//! keeps each line's site as an administrator sets it. Knows the portal's REST calls and the store; nothing of visitors.
//!
//! ```text
//! install      an application's tokens, verified, parked or kept     verify, doubts  whose a token is, asked not too often
//! register     connector and events at an installed portal           bindings  what is missing    upkeep  that it stays
//! signature    what events are signed with, learnt of one
//! channel      a line's site: open, connect, save, disconnect        view  what the page shows    keys  of open pages
//! authorize    tokens by the full OAuth flow                         placement  what the portal posts
//! page, words  documents                                             origins, appearance  fields, read
//! ```

mod appearance;
mod authorize;
mod bindings;
mod channel;
mod choices;
mod doubts;
mod install;
mod keys;
mod origins;
pub mod page;
mod placement;
mod register;
mod signature;
mod upkeep;
mod verify;
mod view;
pub mod words;

pub use appearance::{ColorFacts, LookFault, LookForm, color_facts};
pub use authorize::Returned;
pub use channel::{FieldFault, Settings};
pub use choices::ChoicesForm;
pub use install::Outcome;
pub use keys::Opened;
pub use origins::SitesFault;
pub use placement::Frame;
pub use register::missing_events;
pub use view::View;

use crate::bitrix::client::Portals;
use crate::bitrix::error::PortalError;
use crate::bitrix::oauth::OAuthError;
use crate::channel::Channels;
use crate::clock::Clock;
use crate::config::Config;
use crate::ids::PortalHost;
use crate::store::{Store, StoreError};
use authorize::Journeys;
use doubts::Doubts;
use keys::PageKeys;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Why setting up did not get on.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("the settings name no such portal")]
    UnknownPortal,
    #[error("the application is not installed in this portal")]
    NotInstalled,
    #[error("the portal refused the application's tokens for a day")]
    GivenUp,
    #[error("not a request of the portal it names: {0}")]
    Forged(&'static str),
    #[error("the token that proves the request has run out")]
    Stale,
    #[error("the portal's user is no administrator")]
    NotAdmin,
    #[error("too many requests without a proof")]
    Flood,
    #[error("the request names no line")]
    NoLine,
    #[error("the portal has no such line")]
    LineGone,
    #[error("fields are wrong")]
    Fields(Vec<FieldFault>),
    #[error("eight other installs wait for their keys, all of them verified")]
    Full,
    #[error("the keys of the settings are not this application's")]
    WrongKeys(#[source] OAuthError),
    #[error("the OAuth server did not help")]
    OAuth(#[source] OAuthError),
    #[error("the portal did not help")]
    Portal(#[from] PortalError),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Everything about setting portals and lines up. A cheap handle.
#[derive(Clone)]
pub struct Setup {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<Config>,
    store: Store,
    portals: Portals,
    channels: Channels,
    clock: Clock,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    pages: PageKeys,
    journeys: Journeys,
    doubts: Doubts,
    /// The portals that a task registers at just now.
    registering: Mutex<HashSet<PortalHost>>,
}

impl Setup {
    pub fn new(
        config: Arc<Config>,
        store: Store,
        portals: Portals,
        channels: Channels,
        clock: Clock,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let (pages, journeys, doubts) = (PageKeys::default(), Journeys::default(), Doubts::default());
        let registering = Mutex::default();
        let inner =
            Inner { config, store, portals, channels, clock, tasks, shutdown, pages, journeys, doubts, registering };
        Self { inner: Arc::new(inner) }
    }

    /// What is due at each start, in the background: installs that waited for their keys are completed, and connector
    /// and events are registered at every installed portal of the settings.
    ///
    /// # Errors
    /// `Store`: nothing was begun.
    pub async fn start(&self) -> Result<(), StoreError> {
        self.keep_bound();
        for install in self.inner.store.parked_installs(self.inner.clock.now()).await? {
            if self.inner.config.portal(&install.host).is_some() {
                self.complete_parked(install);
            }
        }
        for portal in &self.inner.config.portals {
            match self.inner.store.portal(&portal.host).await {
                Ok(Some(_)) => self.register(&portal.host),
                Ok(None) => tracing::info!(portal = %portal.host, "the application is not installed there yet"),
                // One record that cannot be read keeps no other portal from working.
                Err(error) => {
                    tracing::error!(portal = %portal.host, error = crate::telemetry::chain(&error), "tokens cannot be read");
                }
            }
        }
        Ok(())
    }
}

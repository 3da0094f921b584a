//! Whether visitors' messages reach their line now, and what keeps them from it: in one place, for the outbox, the
//! settings page, `otklik check`, the metrics and the visitors themselves. Knows the store's sites, what the client knows
//! of its portals and what was seen of each line; calls nothing.

mod state;

pub use state::{Channel, LineFault, Seen};

use crate::bitrix::client::Portals;
use crate::bitrix::trouble::Trouble;
use crate::ids::{LineId, PortalHost};
use crate::store::Store;
use shared::SiteKey;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What keeps a site's messages from its operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The chat is not connected: nothing is taken.
    Closed,
    /// The settings file does not name its portal (any more): nothing is taken.
    Unlisted,
    Portal(Trouble),
    Line(LineFault),
}

impl Obstacle {
    /// As metrics and the settings page's words name it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Unlisted => "unlisted",
            Self::Portal(trouble) => trouble.word(),
            Self::Line(fault) => fault.word(),
        }
    }
}

/// The state of every site's channel. A cheap handle: clones share what was seen.
#[derive(Clone)]
pub struct Channels {
    store: Store,
    portals: Portals,
    lines: Arc<Mutex<HashMap<(PortalHost, LineId), Channel>>>,
}

impl Channels {
    pub fn new(store: Store, portals: Portals) -> Self {
        Self { store, portals, lines: Arc::default() }
    }

    /// Whether the messages of `site` wait here because they cannot be delivered now. From memory: asked often.
    pub fn held(&self, site: &SiteKey) -> bool {
        self.obstacle(site).is_some()
    }

    /// Whether the chat takes messages at all: it is connected, and the settings name its portal. What cannot be
    /// delivered now is taken and held.
    pub fn takes(&self, site: &SiteKey) -> bool {
        !matches!(self.obstacle(site), Some(Obstacle::Closed | Obstacle::Unlisted))
    }

    /// Rings at each change of any channel: what it was about has to be looked at again.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.portals.news().subscribe()
    }

    /// What keeps the messages of `site` from being delivered, the broadest thing first.
    pub fn obstacle(&self, site: &SiteKey) -> Option<Obstacle> {
        let Some((host, line)) = self.store.line_of(site) else { return Some(Obstacle::Closed) };
        let Some(portal) = self.portals.get(&host) else { return Some(Obstacle::Unlisted) };
        if let Some(trouble) = portal.trouble() {
            return Some(Obstacle::Portal(trouble));
        }
        self.lock().get(&(host, line)).and_then(|channel| channel.fault().cloned()).map(Obstacle::Line)
    }

    /// The channel of a line, as it was seen last.
    pub fn channel(&self, host: &PortalHost, line: LineId) -> Channel {
        self.lock().get(&(host.clone(), line)).cloned().unwrap_or_default()
    }

    /// The lines of `host` that take nothing now.
    pub fn faulty(&self, host: &PortalHost) -> HashSet<LineId> {
        let lines = self.lock();
        let faulty = lines.iter().filter(|((of, _), channel)| of == host && channel.fault().is_some());
        faulty.map(|((_, line), _)| *line).collect()
    }

    /// Something was seen of a line's channel. Tells whether that changed what keeps its messages.
    pub fn see(&self, host: &PortalHost, line: LineId, seen: Seen) -> bool {
        let mut lines = self.lock();
        let channel = lines.entry((host.clone(), line)).or_default();
        let before = channel.clone();
        channel.see(seen);
        let (changed, fault) = (*channel != before, channel.fault().cloned());
        let turned = before.fault() != channel.fault();
        drop(lines);
        if turned {
            match fault {
                Some(fault) => tracing::error!(portal = %host, line = line.0, fault = fault.word(), "messages wait"),
                None => tracing::info!(portal = %host, line = line.0, "the line takes messages again"),
            }
        }
        if changed {
            self.portals.news().send_replace(());
        }
        turned
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(PortalHost, LineId), Channel>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

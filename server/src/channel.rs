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
    /// The portal told that the line was deleted: nothing is taken, what waits goes by the next line of the same site.
    LineDeleted,
}

impl Obstacle {
    /// Every word there is for one.
    pub const WORDS: [&str; 15] = [
        "closed",
        "unlisted",
        "not_installed",
        "tokens",
        "keys",
        "installer",
        "unpaid",
        "deleted",
        "blocked",
        "away",
        "off",
        "line_off",
        "line_gone",
        "faulty",
        "refused",
    ];

    /// Whether messages are taken all the same.
    fn takes(&self) -> bool {
        !matches!(self, Self::Closed | Self::Unlisted | Self::LineDeleted)
    }

    /// As metrics and the settings page's words name it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Unlisted => "unlisted",
            Self::Portal(trouble) => trouble.word(),
            Self::Line(fault) => fault.word(),
            Self::LineDeleted => LineFault::Gone.word(),
        }
    }
}

/// The state of every site's channel. A cheap handle: clones share what was seen.
#[derive(Clone)]
pub struct Channels {
    store: Store,
    portals: Portals,
    lines: Arc<Mutex<HashMap<(PortalHost, LineId), Channel>>>,
    /// How many messages each line has taken since the start.
    taken: Arc<Mutex<HashMap<(PortalHost, LineId), u64>>>,
}

impl Channels {
    pub fn new(store: Store, portals: Portals) -> Self {
        Self { store, portals, lines: Arc::default(), taken: Arc::default() }
    }

    /// Whether messages of `site` are taken and wait here because they cannot be delivered now. From memory: asked often.
    pub fn held(&self, site: &SiteKey) -> bool {
        self.obstacle(site).is_some_and(|obstacle| obstacle.takes())
    }

    /// Whether the chat takes messages at all: it is connected, and the settings name its portal. What cannot be
    /// delivered now is taken and held.
    pub fn takes(&self, site: &SiteKey) -> bool {
        self.obstacle(site).is_none_or(|obstacle| obstacle.takes())
    }

    /// Rings at each change of any channel: what it was about has to be looked at again.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.portals.news().subscribe()
    }

    /// What keeps the messages of `site` from being delivered, the broadest thing first.
    pub fn obstacle(&self, site: &SiteKey) -> Option<Obstacle> {
        let Some((host, line)) = self.store.line_of(site) else {
            return Some(if self.store.is_line_deleted(site) { Obstacle::LineDeleted } else { Obstacle::Closed });
        };
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

    /// The lines of `host` that are known to take nothing now: to send there is to be refused.
    pub fn closed_lines(&self, host: &PortalHost) -> HashSet<LineId> {
        let lines = self.lock();
        let closed = lines.iter().filter(|((of, _), channel)| of == host && channel.is_sure());
        closed.map(|((_, line), _)| *line).collect()
    }

    /// How many messages a line has taken since the start: whether it takes any while one is refused.
    pub fn taken(&self, host: &PortalHost, line: LineId) -> u64 {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.get(&(host.clone(), line)).copied().unwrap_or_default()
    }

    /// The line took a message.
    pub fn took(&self, host: &PortalHost, line: LineId) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner).entry((host.clone(), line)).or_default() += 1;
        self.see(host, line, Seen::Taken);
    }

    /// Something was seen of a line's channel. What waited for a line that took nothing goes as soon as that is over.
    pub fn see(&self, host: &PortalHost, line: LineId, seen: Seen) {
        let mut lines = self.lock();
        let channel = lines.entry((host.clone(), line)).or_default();
        let before = channel.clone();
        channel.see(seen);
        let after = channel.clone();
        drop(lines);
        match after.fault() {
            fault if fault == before.fault() => {}
            Some(fault) => tracing::error!(portal = %host, line = line.0, fault = fault.word(), "messages wait"),
            None => tracing::info!(portal = %host, line = line.0, "the line takes messages again"),
        }
        if before.is_sure() && after.fault().is_none() {
            self.store.line_mended(host, line);
        }
        if after != before {
            self.portals.news().send_replace(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(PortalHost, LineId), Channel>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::words::Lang;

    #[test]
    fn every_obstacle_is_counted_and_said_in_both_languages() {
        use Trouble::{Away, Blocked, Deleted, Installer, Keys, NotInstalled, Tokens, Unpaid};
        let portal = [NotInstalled, Tokens, Keys, Installer, Unpaid, Deleted, Blocked, Away].map(Obstacle::Portal);
        let line =
            [LineFault::Off, LineFault::Asleep, LineFault::Gone, LineFault::Faulty, LineFault::Refused("x".into())];
        let said = portal.into_iter().chain(line.map(Obstacle::Line));
        let said: Vec<&str> = said.map(|obstacle| obstacle.word()).collect();
        for word in &said {
            for lang in [Lang::Ru, Lang::En] {
                assert!(lang.words().get(&format!("ob_{word}")).is_some(), "{word}");
            }
        }
        let closed = [Obstacle::Closed.word(), Obstacle::Unlisted.word()];
        assert_eq!(Obstacle::WORDS.to_vec(), [&closed[..], &said[..]].concat());
    }
}

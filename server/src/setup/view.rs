//! What the settings page shows of a line: its channel as the portal reports it, and its site as we keep it.

use super::appearance::ShownLook;
use super::{Setup, origins};
use crate::bitrix::CONNECTOR;
use crate::bitrix::client::Portal;
use crate::bitrix::error::PortalError;
use crate::bitrix::methods::channel::{Connectors, Status};
use crate::channel::{LineFault, Obstacle, Seen};
use crate::config::Config;
use crate::ids::{LineId, PortalHost};
use crate::store::{Choices, Closing, SiteRecord};
use crate::telemetry::chain;
use serde::Serialize;
use shared::SiteKey;

/// Where the full OAuth flow begins.
const OAUTH: &str = "/bitrix24/oauth";

/// The page's state, as its script reads it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct View {
    line: LineView,
    /// Absent where the portal did not answer.
    channel: Option<ChannelView>,
    site: Option<SiteView>,
    /// Visitors' messages that the portal has not taken yet.
    waiting: usize,
    /// Why they wait, where the line is connected and yet they cannot be delivered.
    obstacle: Option<ObstacleView>,
    /// What works worse than it could, and why: names of sentences among the page's words.
    hints: Vec<&'static str>,
    /// What the connector may do, on all lines of the portal.
    flags: Choices,
}

/// What keeps messages here, and what an administrator can do.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct ObstacleView {
    /// Names its sentence among the page's words.
    word: &'static str,
    /// The portal's own word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Where the relay is authorised anew, if that ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorise: Option<String>,
}

impl ObstacleView {
    fn of(obstacle: &Obstacle, portal: &PortalHost, config: &Config) -> Self {
        let code = match obstacle {
            Obstacle::Line(LineFault::Refused(code)) => Some(code.clone()),
            _ => None,
        };
        let ends = matches!(obstacle, Obstacle::Portal(trouble) if trouble.ends_with_authorisation());
        let authorise = ends.then(|| config.public_url.at(&format!("{OAUTH}?portal={portal}")));
        Self { word: obstacle.word(), code, authorise }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct LineView {
    id: LineId,
    name: String,
}

/// The four cells: each as the portal reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct ChannelView {
    registered: bool,
    connected: bool,
    active: bool,
    error: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct SiteView {
    connected: bool,
    snippet: String,
    origins: Vec<String>,
    look: ShownLook,
    notes: bool,
    /// Whether there is a secret to sign visitors' ids with.
    secret: bool,
}

impl SiteView {
    fn of(site: &SiteRecord, secret: bool, config: &Config) -> Self {
        Self {
            connected: site.connected,
            snippet: snippet(config, &site.key),
            origins: site.origins.iter().map(|origin| origins::shown(origin)).collect(),
            look: ShownLook::of(&site.look, &site.origins),
            notes: site.notes.is_some(),
            secret,
        }
    }
}

/// The one tag that a site needs.
fn snippet(config: &Config, key: &SiteKey) -> String {
    format!(r#"<script async src="{}"></script>"#, config.public_url.at(&format!("/widget/{key}.js")))
}

impl Setup {
    async fn channel(&self, portal: &Portal, line: LineId) -> Result<ChannelView, PortalError> {
        let (status, list) = (Status { line }, Connectors::default());
        let (status, list) = tokio::join!(portal.call(&status), portal.call(&list));
        let status = status?;
        self.inner.channels.see(portal.host(), line, Seen::Status(status));
        Ok(ChannelView {
            // A list that is refused says nothing of the connector: its status was just answered.
            registered: list.map_or(true, |list| list.iter().any(|(id, _)| id.eq_ignore_ascii_case(CONNECTOR))),
            connected: status.configured,
            active: status.usable,
            error: status.error,
        })
    }

    async fn hints(&self, portal: &Portal) -> Vec<&'static str> {
        // Without the record nothing is known to be worse.
        let ways = self.inner.store.ways(portal.host()).await.unwrap_or_default();
        let history = ways.history_refused.map(|_| "history");
        history.into_iter().chain(ways.queue_refused.map(|_| "queue")).collect()
    }

    /// What to show of a line whose site is `site`. A portal that does not answer is a state, not a failure.
    pub(super) async fn view(&self, portal: &Portal, line: LineId, name: String, site: Option<&SiteRecord>) -> View {
        let channel = self.channel(portal, line).await;
        let channel = channel.inspect_err(|error| {
            tracing::warn!(portal = %portal.host(), line = line.0, error = chain(error), "the channel's state is unknown");
        });
        let secret = match site {
            Some(site) => self.inner.store.has_secret(&site.key).await.unwrap_or_default(),
            None => false,
        };
        let config = &self.inner.config;
        let is_shown = |site: &&SiteRecord| site.connected || site.closed_by == Some(Closing::LineDeleted);
        let obstacle = site.filter(is_shown).and_then(|site| self.inner.channels.obstacle(&site.key));
        View {
            line: LineView { id: line, name },
            channel: channel.ok(),
            hints: self.hints(portal).await,
            // A record that cannot be read fails where it is changed.
            flags: self.inner.store.choices(portal.host()).await.unwrap_or_default(),
            obstacle: obstacle.map(|obstacle| ObstacleView::of(&obstacle, portal.host(), config)),
            site: site.map(|site| SiteView::of(site, secret, config)),
            waiting: site.map_or(0, |site| self.inner.store.waiting_of(&site.key)),
        }
    }
}

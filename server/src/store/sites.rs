//! Sites: one line of one portal each, with the origins it may appear on and its look.

use super::committer::Batch;
use super::row::{self, Row};
use super::tables::{LINES, SITES};
use super::{Store, StoreError, View};
use crate::ids::{LineId, PortalHost};
use serde::{Deserialize, Serialize};
use shared::SiteKey;
use std::sync::Arc;

/// One line of one portal, as a chat on the owner's pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteRecord {
    pub key: SiteKey,
    pub portal: PortalHost,
    pub line: LineId,
    /// What the portal calls the line.
    pub line_name: String,
    /// Whether the connector is on for this line. Off, visitors are told so and nothing is taken.
    pub connected: bool,
    /// Where the chat may appear: origins without a slash at their end.
    pub origins: Vec<String>,
    pub look: Look,
    /// Whether operators are told what the portal has no field for, and in which language: `ru`, `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Why it is closed, where no administrator closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<Closing>,
}

/// What closes a site that nobody disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Its line was deleted in the portal: the site goes on at the next line that is connected for the same pages.
    LineDeleted,
    /// The portal refused our tokens for so long that the application counts as removed: it opens again with it.
    AccessLost,
}

/// What the owner chose for the chat's looks and first words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// The site's name, in the header.
    pub name: String,
    /// `#rrggbb`, lower case.
    pub color: String,
    pub position: Side,
    pub theme: Theme,
    pub launcher: Launcher,
    /// The words on a labelled launcher, at most 24 characters.
    pub label: Option<String>,
    /// The first words in the empty panel, at most 160 characters.
    pub greeting: Option<String>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            name: String::new(),
            color: "#1e6b58".to_owned(),
            position: Side::default(),
            theme: Theme::default(),
            launcher: Launcher::default(),
            label: None,
            greeting: None,
        }
    }
}

/// Which lower corner the launcher sits in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    #[default]
    Right,
    Left,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the visitor's system has it.
    #[default]
    Auto,
    Light,
    Dark,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Launcher {
    #[default]
    Bubble,
    Label,
    /// None of ours: the page opens the chat itself.
    None,
}

impl Row for SiteRecord {
    const KIND: &'static str = "site";
}

impl Store {
    pub async fn site(&self, key: &SiteKey) -> Result<Option<SiteRecord>, StoreError> {
        let key = key.clone();
        self.read(move |view| view.row(SITES, key.as_str())).await
    }

    /// Which line of which portal a connected site is: asked at each message, so answered from memory. `None` for one that is not
    /// connected.
    pub fn line_of(&self, key: &SiteKey) -> Option<(PortalHost, LineId)> {
        self.shared.board.line_of(key)
    }

    /// Whether the line of a closed site was deleted. As above.
    pub fn is_line_deleted(&self, key: &SiteKey) -> bool {
        self.shared.board.closed_by(key) == Some(Closing::LineDeleted)
    }

    /// Whether the operators of `key` are told what the portal has no field for, and in which language. As above.
    pub fn notes_of(&self, key: &SiteKey) -> Option<String> {
        self.shared.board.notes_of(key)
    }

    /// The site that `line` of `portal` is.
    pub async fn site_of_line(&self, portal: &PortalHost, line: LineId) -> Result<Option<SiteRecord>, StoreError> {
        let portal = portal.clone();
        self.read(move |view| {
            let Some(lines) = view.table(LINES)? else { return Ok(None) };
            let Some(key) = lines.get((portal.as_str(), line.0))? else { return Ok(None) };
            view.row(SITES, key.value())
        })
        .await
    }

    /// Every site of every portal.
    pub async fn sites(&self) -> Result<Vec<SiteRecord>, StoreError> {
        self.read(|view| view.rows(SITES)).await
    }

    /// Every site of `portal`, by line.
    pub async fn sites_of(&self, portal: &PortalHost) -> Result<Vec<SiteRecord>, StoreError> {
        let portal = portal.clone();
        self.read(move |view| sites_of(view, portal.as_str())).await
    }

    /// Keeps `site` under its key, as the one of its line.
    pub async fn save_site(&self, site: SiteRecord) -> Result<(), StoreError> {
        let key = site.key.clone();
        let (board, connected) = (Arc::clone(&self.shared.board), site.connected);
        let work = move |batch: &mut Batch<'_>| {
            let before: Option<SiteRecord> = batch.row(SITES, site.key.as_str())?;
            if let Some(before) = before.filter(|before| (&before.portal, before.line) != (&site.portal, site.line)) {
                batch.remove(LINES, (before.portal.as_str(), before.line.0))?;
            }
            batch.table(LINES)?.insert((site.portal.as_str(), site.line.0), site.key.as_str())?;
            batch.put(SITES, site.key.as_str(), &site)?;
            batch.board().set_site(&site);
            Ok(())
        };
        let ring = move |(): &()| {
            if connected {
                board.ring(&key); // what waited for the line may go now
            }
        };
        self.commit_then(work, ring).await
    }
}

fn sites_of(view: &View, portal: &str) -> Result<Vec<SiteRecord>, StoreError> {
    let (Some(lines), Some(sites)) = (view.table(LINES)?, view.table(SITES)?) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for line in lines.range((portal, 0)..=(portal, u64::MAX))? {
        found.extend(row::get(&sites, line?.1.value())?);
    }
    Ok(found)
}

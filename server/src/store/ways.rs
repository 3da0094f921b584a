//! A portal's ways: what no method tells, what differs from build to build and with the rights of whoever installed the
//! application, and is found out by what calls bring.

use super::row::Row;
use super::tables::WAYS;
use super::{Store, StoreError};
use crate::ids::PortalHost;
use serde::{Deserialize, Serialize};
use shared::Millis;

/// What was found out about one portal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ways {
    /// Its histories carry the mark of what the connector has not confirmed: there, nothing without it is shown.
    pub marks_sending: bool,
    /// It names the session that a message went into: there, an answer without one means something.
    pub tells_sessions: bool,
    /// It took messages and named none: its word that it took one is enough.
    pub hides_sessions: bool,
    /// Since when it refuses to show conversations: whoever installed the application is no administrator (any more).
    pub history_refused: Option<Millis>,
    /// Since when it has no offline queue for us.
    pub queue_refused: Option<Millis>,
    /// Since when nobody renews our tokens there, and nothing was answered.
    pub refused_since: Option<Millis>,
    /// When the application was taken for removed.
    pub given_up: Option<Millis>,
}

impl Row for Ways {
    const KIND: &'static str = "portal's ways";
}

impl Store {
    /// What was found out about the portal at `host`; nothing at first.
    pub async fn ways(&self, host: &PortalHost) -> Result<Ways, StoreError> {
        let host = host.clone();
        let ways: Option<Ways> = self.read(move |view| view.row(WAYS, host.as_str())).await?;
        Ok(ways.unwrap_or_default())
    }

    /// Changes what is known of the portal, as it stands at that moment. Returns it before and after.
    pub async fn change_ways(
        &self,
        host: &PortalHost,
        change: impl FnOnce(&mut Ways) + Send + 'static,
    ) -> Result<(Ways, Ways), StoreError> {
        let host = host.clone();
        self.commit(move |batch| {
            let before: Ways = batch.row(WAYS, host.as_str())?.unwrap_or_default();
            let mut after = before;
            change(&mut after);
            if after != before {
                batch.put(WAYS, host.as_str(), &after)?;
            }
            Ok((before, after))
        })
        .await
    }
}

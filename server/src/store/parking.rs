//! Installs that arrived before their keys were in the settings. Anyone may post one, so few are kept, and not long.

use super::portals::SecretsRow;
use super::row::{self, Row, encode};
use super::tables::PARKING;
use super::{Store, StoreError, Tokens};
use crate::ids::PortalHost;
use redb::ReadableTable;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use shared::Millis;

/// How many installs wait at most.
const MOST: usize = 8;

/// How long an install waits: 24 hours.
const LONGEST: Millis = 24 * 60 * 60 * 1_000;

/// An install as it arrived.
#[derive(Clone, Debug)]
pub struct PendingInstall {
    pub member_id: String,
    pub host: PortalHost,
    /// The base of REST calls it names, with a slash at its end.
    pub endpoint: String,
    pub tokens: Tokens,
    pub application_token: Option<SecretString>,
    /// The portal it names knows its token.
    pub verified: bool,
    /// When it arrived.
    pub at: Millis,
}

/// Whether there was room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    Parked,
    /// Eight others wait that their portals know: this one was not kept.
    Full,
}

impl Store {
    /// Keeps `install` for 24 hours, in place of an earlier one of the same portal. Where there are too many, the oldest of
    /// those gives way that nobody has verified: anyone may post one.
    pub async fn park_install(&self, install: PendingInstall) -> Result<Parked, StoreError> {
        let row = self.seal_parked(install);
        self.commit(move |batch| {
            let mut table = batch.table(PARKING)?;
            let mut waiting: Vec<ParkedRow> = Vec::new();
            for entry in table.iter()? {
                waiting.push(row::decode(entry?.1.value())?);
            }
            let (stale, mut waiting): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .filter(|other| other.member_id != row.member_id)
                .partition(|one| one.is_over(row.at));
            for over in stale {
                table.remove(over.member_id.as_str())?;
            }
            if waiting.len() >= MOST {
                waiting.retain(|one| !one.verified);
                let Some(oldest) = waiting.into_iter().min_by_key(|one| one.at) else { return Ok(Parked::Full) };
                table.remove(oldest.member_id.as_str())?;
            }
            table.insert(row.member_id.as_str(), encode(&row).as_slice())?;
            Ok(Parked::Parked)
        })
        .await
    }

    /// The installs that still wait at `now`.
    pub async fn parked_installs(&self, now: Millis) -> Result<Vec<PendingInstall>, StoreError> {
        let rows: Vec<ParkedRow> = self.read(|view| view.rows(PARKING)).await?;
        let waiting = rows.into_iter().filter(|row| !row.is_over(now));
        waiting.map(|row| self.open_parked(row)).collect()
    }

    /// The install of `member_id` waits no longer: it was completed or refused.
    pub async fn unpark(&self, member_id: &str) -> Result<(), StoreError> {
        let member_id = member_id.to_owned();
        self.commit(move |batch| batch.remove(PARKING, member_id.as_str())).await
    }

    pub(super) fn seal_parked(&self, install: PendingInstall) -> ParkedRow {
        let secrets = SecretsRow::of(&install.tokens, install.application_token.as_ref());
        ParkedRow {
            sealed: self.shared.vault.seal(&install.member_id, &secrets),
            member_id: install.member_id,
            host: install.host,
            endpoint: install.endpoint,
            expires_at: install.tokens.expires_at,
            verified: install.verified,
            at: install.at,
        }
    }

    fn open_parked(&self, row: ParkedRow) -> Result<PendingInstall, StoreError> {
        let secrets: SecretsRow = self.shared.vault.open(&row.member_id, &row.sealed)?;
        let (tokens, application_token) = secrets.into_parts(row.expires_at);
        Ok(PendingInstall {
            member_id: row.member_id,
            host: row.host,
            endpoint: row.endpoint,
            tokens,
            application_token,
            verified: row.verified,
            at: row.at,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ParkedRow {
    member_id: String,
    host: PortalHost,
    endpoint: String,
    sealed: String,
    expires_at: Millis,
    #[serde(default)]
    verified: bool,
    at: Millis,
}

impl ParkedRow {
    pub(super) fn waits_of(&self, host: &str) -> bool {
        self.host.as_str() == host
    }

    pub(super) fn is_from_before(&self, at: Millis) -> bool {
        self.at <= at
    }

    /// What it is kept under.
    pub(super) fn member_id(&self) -> &str {
        &self.member_id
    }

    fn is_over(&self, now: Millis) -> bool {
        self.at.saturating_add(LONGEST) <= now
    }
}

impl Row for ParkedRow {
    const KIND: &'static str = "parked install";
}

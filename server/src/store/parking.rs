//! Installs that arrived before their keys were in the settings. Anyone may post one, so few are kept, and not long.

use super::portals::SecretsRow;
use super::row::{self, Row, encode};
use super::tables::PARKING;
use super::{Store, StoreError, Tokens};
use crate::ids::PortalHost;
use redb::{ReadableTable, ReadableTableMetadata};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use shared::Millis;

/// How many installs wait at most.
const MOST: u64 = 8;

/// How long an install waits: 24 hours.
const LONGEST: Millis = 24 * 60 * 60 * 1_000;

/// An install as it arrived, unverified.
#[derive(Clone, Debug)]
pub struct PendingInstall {
    pub member_id: String,
    pub host: PortalHost,
    /// The base of REST calls it names, with a slash at its end.
    pub endpoint: String,
    pub tokens: Tokens,
    pub application_token: Option<SecretString>,
    /// When it arrived.
    pub at: Millis,
}

/// Whether there was room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    Parked,
    /// Eight others wait: this one was not kept.
    Full,
}

impl Store {
    /// Keeps `install` for 24 hours, in place of an earlier one of the same portal.
    pub async fn park_install(&self, install: PendingInstall) -> Result<Parked, StoreError> {
        let row = self.seal_parked(install);
        self.commit(move |batch| {
            let mut table = batch.table(PARKING)?;
            let mut stale = Vec::new();
            for entry in table.iter()? {
                let (member, bytes) = entry?;
                let parked: ParkedRow = row::decode(bytes.value())?;
                if parked.is_over(row.at) {
                    stale.push(member.value().to_owned());
                }
            }
            for member in stale {
                table.remove(member.as_str())?;
            }
            if table.get(row.member_id.as_str())?.is_none() && table.len()? >= MOST {
                return Ok(Parked::Full);
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
    at: Millis,
}

impl ParkedRow {
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

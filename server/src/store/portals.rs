//! Portals that are installed, with their tokens.

use super::row::{Row, encode};
use super::tables::PORTALS;
use super::vault::Vault;
use super::{Store, StoreError};
use crate::ids::PortalHost;
use redb::ReadableTable;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use shared::Millis;

/// A pair of the portal's tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Good for an hour (settings/oauth).
    pub access: SecretString,
    /// Good for 180 days, replaced at each use.
    pub refresh: SecretString,
    /// When `access` ends.
    pub expires_at: Millis,
}

/// A portal that our application is installed in.
#[derive(Clone, Debug)]
pub struct PortalRecord {
    /// As the settings name it.
    pub host: PortalHost,
    /// What the portal keeps when it is renamed: 32 hex digits.
    pub member_id: String,
    /// The base of REST calls, with a slash at its end: under another host, once the portal was renamed.
    pub client_endpoint: String,
    /// What the portal's events are signed with; absent after an OAuth flow, until the first verified post.
    pub application_token: Option<SecretString>,
    /// That is an earlier installation's: this one, of which a full OAuth flow is all we know, may have another.
    pub signature_may_be_old: bool,
    pub tokens: Tokens,
    /// Who installed the application: the portal's user behind the tokens.
    pub user: Option<u64>,
    pub installed_at: Millis,
}

impl Store {
    /// The portal at `host`, if it is installed.
    ///
    /// # Errors
    /// `Sealed` where its secrets were sealed with another key.
    pub async fn portal(&self, host: &PortalHost) -> Result<Option<PortalRecord>, StoreError> {
        let host = host.clone();
        let row: Option<PortalRow> = self.read(move |view| view.row(PORTALS, host.as_str())).await?;
        row.map(|row| self.open_portal(row)).transpose()
    }

    /// The portal that calls itself `member_id`.
    pub async fn portal_of_member(&self, member_id: &str) -> Result<Option<PortalRecord>, StoreError> {
        let rows: Vec<PortalRow> = self.read(|view| view.rows(PORTALS)).await?;
        let row = rows.into_iter().find(|row| row.member_id == member_id);
        row.map(|row| self.open_portal(row)).transpose()
    }

    /// Keeps `record`, in place of what is known of its portal: also under another host, where it was renamed.
    pub async fn save_portal(&self, record: PortalRecord) -> Result<(), StoreError> {
        let row = self.seal_portal(record);
        self.commit(move |batch| {
            let mut table = batch.table(PORTALS)?;
            let mut renamed = Vec::new();
            for entry in table.iter()? {
                let (host, bytes) = entry?;
                let old: PortalRow = super::row::decode(bytes.value())?;
                if old.member_id == row.member_id && old.host != row.host {
                    renamed.push(host.value().to_owned());
                }
            }
            for host in renamed {
                table.remove(host.as_str())?;
            }
            table.insert(row.host.as_str(), encode(&row).as_slice())?;
            Ok(())
        })
        .await
    }

    /// Changes what is known of an installed portal, as it stands at that moment: a change and a renewal of tokens never
    /// undo each other. Nothing happens where it is not installed.
    pub async fn change_portal(
        &self,
        host: &PortalHost,
        change: impl FnOnce(&mut PortalRecord) + Send + 'static,
    ) -> Result<(), StoreError> {
        let (store, host) = (self.clone(), host.clone());
        self.commit(move |batch| {
            let Some(row) = batch.row(PORTALS, host.as_str())? else { return Ok(()) };
            let mut record = store.open_portal(row)?;
            change(&mut record);
            batch.put(PORTALS, host.as_str(), &store.seal_portal(record))
        })
        .await
    }

    fn seal_portal(&self, record: PortalRecord) -> PortalRow {
        let secrets = SecretsRow::of(&record.tokens, record.application_token.as_ref());
        PortalRow {
            sealed: self.shared.vault.seal(&record.member_id, &secrets),
            host: record.host,
            member_id: record.member_id,
            client_endpoint: record.client_endpoint,
            signature_may_be_old: record.signature_may_be_old,
            expires_at: record.tokens.expires_at,
            user: record.user,
            installed_at: record.installed_at,
        }
    }

    fn open_portal(&self, row: PortalRow) -> Result<PortalRecord, StoreError> {
        let secrets: SecretsRow = self.shared.vault.open(&row.member_id, &row.sealed)?;
        let (tokens, application_token) = secrets.into_parts(row.expires_at);
        Ok(PortalRecord {
            host: row.host,
            member_id: row.member_id,
            client_endpoint: row.client_endpoint,
            application_token,
            signature_may_be_old: row.signature_may_be_old,
            tokens,
            user: row.user,
            installed_at: row.installed_at,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct PortalRow {
    host: PortalHost,
    member_id: String,
    client_endpoint: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    signature_may_be_old: bool,
    sealed: String,
    expires_at: Millis,
    user: Option<u64>,
    installed_at: Millis,
}

impl PortalRow {
    /// With this pair in the place of the one whose refresh token is `used`; none where it has another by now.
    pub(super) fn renewed(
        self,
        vault: &Vault,
        used: &str,
        tokens: Tokens,
        endpoint: Option<String>,
    ) -> Result<Option<Self>, StoreError> {
        let secrets: SecretsRow = vault.open(&self.member_id, &self.sealed)?;
        let (kept, application_token) = secrets.into_parts(self.expires_at);
        if kept.refresh.expose_secret() != used {
            return Ok(None);
        }
        let sealed = vault.seal(&self.member_id, &SecretsRow::of(&tokens, application_token.as_ref()));
        let client_endpoint = endpoint.unwrap_or(self.client_endpoint);
        Ok(Some(Self { sealed, expires_at: tokens.expires_at, client_endpoint, ..self }))
    }
}

impl Row for PortalRow {
    const KIND: &'static str = "portal";
}

/// What is sealed of a portal. Lives for the moment of sealing and opening only.
#[derive(Serialize, Deserialize)]
pub(super) struct SecretsRow {
    access: String,
    refresh: String,
    application_token: Option<String>,
}

impl SecretsRow {
    pub(super) fn of(tokens: &Tokens, application_token: Option<&SecretString>) -> Self {
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        Self {
            access: text(&tokens.access),
            refresh: text(&tokens.refresh),
            application_token: application_token.map(text),
        }
    }

    pub(super) fn into_parts(mut self, expires_at: Millis) -> (Tokens, Option<SecretString>) {
        let secret = |text: &mut String| SecretString::from(std::mem::take(text));
        let (access, refresh) = (secret(&mut self.access), secret(&mut self.refresh));
        (Tokens { access, refresh, expires_at }, self.application_token.as_mut().map(secret))
    }
}

impl Drop for SecretsRow {
    fn drop(&mut self) {
        use secrecy::zeroize::Zeroize;
        self.access.zeroize();
        self.refresh.zeroize();
        self.application_token.zeroize();
    }
}

//! Sites' secrets: what their servers sign their visitors' ids with. Sealed on the disk, told to nobody after they are
//! made.

use super::row::Row;
use super::tables::SECRETS;
use super::{Store, StoreError};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use shared::{Millis, SiteKey};

impl Store {
    /// The secret of `site`, if it has one.
    ///
    /// # Errors
    /// `Sealed` where it was sealed with another key.
    pub async fn site_secret(&self, site: &SiteKey) -> Result<Option<SecretString>, StoreError> {
        let Some(row) = self.secret_row(site).await? else { return Ok(None) };
        self.shared.vault.open::<String>(site.as_str(), &row.sealed).map(|secret| Some(secret.into()))
    }

    /// Whether `site` has a secret.
    pub async fn has_secret(&self, site: &SiteKey) -> Result<bool, StoreError> {
        Ok(self.secret_row(site).await?.is_some())
    }

    /// When the secret of `site` was made, if it has one: what was proven before was proven with another.
    pub async fn secret_made_at(&self, site: &SiteKey) -> Result<Option<Millis>, StoreError> {
        Ok(self.secret_row(site).await?.map(|row| row.made_at))
    }

    /// `secret` is the secret of `site` from now on; the one before is forgotten.
    pub async fn set_secret(&self, site: &SiteKey, secret: &SecretString, now: Millis) -> Result<(), StoreError> {
        let sealed = self.shared.vault.seal(site.as_str(), &secret.expose_secret());
        let (site, row) = (site.clone(), SecretRow { sealed, made_at: now });
        self.commit(move |batch| batch.put(SECRETS, site.as_str(), &row)).await
    }

    async fn secret_row(&self, site: &SiteKey) -> Result<Option<SecretRow>, StoreError> {
        let site = site.clone();
        self.read(move |view| view.row(SECRETS, site.as_str())).await
    }
}

#[derive(Serialize, Deserialize)]
struct SecretRow {
    sealed: String,
    made_at: Millis,
}

impl Row for SecretRow {
    const KIND: &'static str = "secret";
}

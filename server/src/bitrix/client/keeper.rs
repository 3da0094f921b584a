//! Who keeps the tokens of installed portals: the client is given one, and knows nothing of disks.

use crate::bitrix::endpoint::Endpoint;
use crate::bitrix::error::KeeperError;
use crate::bitrix::oauth::Grant;
use crate::ids::PortalHost;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use shared::Millis;

/// What calls are made with.
#[derive(Clone, Debug)]
pub struct Access {
    /// The base of REST calls: `https://company.bitrix24.ru/rest/`.
    pub endpoint: String,
    pub access: SecretString,
    pub refresh: SecretString,
    /// When `access` ends: an hour after the pair was made.
    pub expires_at: Millis,
}

/// Whoever keeps the tokens of installed portals.
pub trait TokenKeeper: Send + Sync {
    /// The tokens as they are kept now; `None` where the application is not installed.
    fn read<'a>(&'a self, portal: &'a PortalHost) -> BoxFuture<'a, Result<Option<Access>, KeeperError>>;

    /// Makes sure that a new pair can be kept, whatever becomes of the disk: before one is asked for, for that uses the old
    /// one up.
    fn prepare<'a>(&'a self, portal: &'a PortalHost) -> BoxFuture<'a, Result<(), KeeperError>>;

    /// Puts a new pair in the place of the one with the refresh token `used`, and returns when it would outlive this
    /// process. Where another pair stands there by now (the application was installed anew), that one stays.
    fn keep<'a>(
        &'a self,
        portal: &'a PortalHost,
        used: &'a SecretString,
        grant: &'a Grant,
    ) -> BoxFuture<'a, Result<(), KeeperError>>;

    /// The portal that answered at `before` answers at `now` from now on: it was renamed.
    fn moved<'a>(
        &'a self,
        portal: &'a PortalHost,
        before: &'a str,
        now: Endpoint,
    ) -> BoxFuture<'a, Result<(), KeeperError>>;
}

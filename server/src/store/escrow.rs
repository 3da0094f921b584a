//! A pair of tokens on its way: an exchange uses the old one up, so the new one must not be lost if the disk fills up, or
//! the store stops, before it is kept. Before anything is exchanged there is a file beside the data with room for the pair;
//! the pair is written there, in place, as soon as it comes, and put into the store at the next start if nobody else did.

use super::parking::{ParkedRow, PendingInstall};
use super::portals::PortalRow;
use super::tables::{META, PARKING, PORTALS, ROOM};
use super::vault::Vault;
use super::{Store, StoreError, Tokens, row};
use crate::ids::PortalHost;
use redb::{Database, ReadableTable};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of the file: a pair sealed takes a quarter of it.
const BYTES: usize = 8 * 1024;

/// What such a file's name ends in; before it stands the data file's own.
const NAME: &str = "pair";

/// What all of them are sealed for.
const OWNER: &str = "a pair on its way";

/// A pair that came in the place of one that is used up.
#[derive(Clone, Debug)]
pub enum NewPair {
    /// Of an installed portal.
    Renewed { used: SecretString, tokens: Tokens, endpoint: Option<String> },
    /// Of an installation that is not complete yet.
    Install(PendingInstall),
}

impl Store {
    /// Makes room for a pair of the portal's: on the disk when this returns.
    ///
    /// # Errors
    /// Where the disk takes nothing, or the store: then nothing may be exchanged.
    pub async fn make_room(&self, host: &PortalHost) -> Result<(), StoreError> {
        // Whoever keeps the pair is this store: that it takes nothing must not be found out afterwards.
        self.commit(|batch| {
            let mut meta = batch.table(META)?;
            let before = meta.get(ROOM)?.map_or(0, |count| count.value());
            meta.insert(ROOM, before + 1)?;
            Ok(())
        })
        .await?;
        self.on_disk(host, make_file).await
    }

    /// The pair has come: it outlives this process from now on, whatever becomes of the store.
    ///
    /// # Errors
    /// Where there is no room, for none was made.
    pub async fn hold_pair(&self, host: &PortalHost, pair: NewPair) -> Result<(), StoreError> {
        let held = Zeroizing::new(row::json(&Held::of(self, host, pair)));
        let sealed = self.shared.vault.seal(OWNER, &*held);
        self.on_disk(host, move |path| write(path, sealed.as_bytes())).await
    }

    /// The pair is kept, or nobody wants it any more.
    pub async fn release_pair(&self, host: &PortalHost) {
        let released = self.on_disk(host, |path| std::fs::remove_file(path)).await;
        if let Err(error) = released {
            tracing::debug!(portal = %host, error = crate::telemetry::chain(&error), "no pair was on its way");
        }
    }

    async fn on_disk(
        &self,
        host: &PortalHost,
        work: impl FnOnce(&Path) -> io::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        let path = path(&self.shared.data, host);
        let worked = tokio::task::spawn_blocking(move || work(&path)).await.map_err(|_| StoreError::Stopped)?;
        Ok(worked.map_err(redb::Error::Io)?)
    }
}

/// How a pair lies in its file, sealed.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Held {
    Renewed {
        host: PortalHost,
        used: String,
        access: String,
        refresh: String,
        expires_at: u64,
        endpoint: Option<String>,
    },
    Parked(ParkedRow),
}

impl Held {
    fn of(store: &Store, host: &PortalHost, pair: NewPair) -> Self {
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        match pair {
            NewPair::Renewed { used, tokens, endpoint } => Self::Renewed {
                host: host.clone(),
                used: text(&used),
                access: text(&tokens.access),
                refresh: text(&tokens.refresh),
                expires_at: tokens.expires_at,
                endpoint,
            },
            NewPair::Install(install) => Self::Parked(store.seal_parked(install)),
        }
    }
}

/// At the start: what was held when the last process ended is in the store when this returns, and its files are gone.
///
/// # Errors
/// Where the disk is still full: the files stay.
pub(super) fn take_up(database: &Database, vault: &Vault, data: &Path) -> Result<(), StoreError> {
    for path in left(data).map_err(redb::Error::Io)? {
        match read(&path, vault) {
            Some(held) => {
                keep(database, vault, held)?;
                tracing::warn!("a pair of tokens that the last process could not keep was taken up");
            }
            None => tracing::debug!("an exchange of tokens had not brought any"),
        }
        std::fs::remove_file(&path).map_err(redb::Error::Io)?;
    }
    Ok(())
}

fn keep(database: &Database, vault: &Vault, held: Held) -> Result<(), StoreError> {
    let writing = database.begin_write()?;
    match held {
        Held::Parked(parked) => {
            writing.open_table(PARKING)?.insert(parked.member_id(), row::encode(&parked).as_slice())?;
        }
        Held::Renewed { host, used, access, refresh, expires_at, endpoint } => {
            let mut portals = writing.open_table(PORTALS)?;
            // A record that cannot be read, or opened, keeps no other from being.
            let kept: Option<PortalRow> = row::get(&portals, host.as_str()).unwrap_or_default();
            let tokens = Tokens { access: access.into(), refresh: refresh.into(), expires_at };
            // Kept before, or installed anew: that one stays.
            let renewed = kept.and_then(|kept| kept.renewed(vault, &used, tokens, endpoint).unwrap_or_default());
            if let Some(renewed) = renewed {
                portals.insert(host.as_str(), row::encode(&renewed).as_slice())?;
            }
        }
    }
    writing.commit()?;
    Ok(())
}

fn path(data: &Path, host: &PortalHost) -> PathBuf {
    let digest = hex::encode(&Sha256::digest(host.as_str())[..8]);
    data.with_extension(format!("{digest}.{NAME}"))
}

/// The files beside `data`.
fn left(data: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = data.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stem = data.file_stem().unwrap_or_default();
    let mut left = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_ours = path.extension().is_some_and(|end| end == NAME);
        let of = path.file_stem().map(Path::new).and_then(Path::file_stem);
        left.extend((is_ours && of == Some(stem)).then_some(path));
    }
    Ok(left)
}

/// None of a file without a pair, whole and ours.
fn read(path: &Path, vault: &Vault) -> Option<Held> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path).ok()?.take(BYTES as u64).read_to_end(&mut bytes).ok()?;
    let sealed = std::str::from_utf8(&bytes).ok()?.trim_end_matches(' ');
    let held: Zeroizing<String> = vault.open::<String>(OWNER, sealed).ok()?.into();
    serde_json::from_str(&held).ok()
}

/// The file says this, padded to its length: where it has that length already nothing new is asked of the disk.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    if text.len() > BYTES {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let mut bytes = text.to_vec();
    bytes.resize(BYTES, b' ');
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(&bytes)?;
    file.sync_all()
}

/// A file that is there may hold a pair which nobody could keep: it is left as it is.
fn make_file(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(there) if there.is_file() && there.len() == BYTES as u64 => Ok(()),
        _ => write(path, &[]).and_then(|()| sync_folder(path)),
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

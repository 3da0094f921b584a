//! Operators' photos: our copies, by what is in them. Few and small: where there are too many, the oldest goes, and its
//! place is taken by initials.

use super::committer::Batch;
use super::tables::{PHOTOS, PHOTOS_OF};
use super::{Store, StoreError};
use crate::ids::PortalHost;
use redb::{ReadableTable, ReadableTableMetadata};
use sha2::{Digest, Sha256};
use shared::Millis;
use std::collections::HashSet;

/// The largest photo, in bytes: the portal gives them out at 100 pixels, which is a tenth of it.
pub const MOST_PHOTO_BYTES: usize = 128 * 1024;

/// How many there are at most: 64 MiB of the largest.
const MOST: u64 = 512;

impl Store {
    /// Keeps a photo of somebody at `host`; returns what it is called: half the SHA-256 of its bytes, in hex.
    pub async fn keep_photo(&self, host: &PortalHost, bytes: Vec<u8>, now: Millis) -> Result<String, StoreError> {
        let (host, name) = (host.clone(), hex::encode(&Sha256::digest(&bytes)[..16]));
        self.commit(move |batch| {
            batch.table(PHOTOS_OF)?.insert((host.as_str(), name.as_str()), ())?;
            let mut photos = batch.table(PHOTOS)?;
            photos.insert(name.as_str(), (now, bytes.as_slice()))?;
            if photos.len()? > MOST {
                let mut oldest: Option<(Millis, String)> = None;
                for photo in photos.iter()? {
                    let (name, photo) = photo?;
                    let this = (photo.value().0, name.value().to_owned());
                    oldest = Some(oldest.map_or(this.clone(), |oldest| oldest.min(this)));
                }
                if let Some((_, name)) = oldest {
                    photos.remove(name.as_str())?;
                    batch.table(PHOTOS_OF)?.retain(|(_, of), ()| of != name)?;
                }
            }
            drop(photos);
            Ok(name)
        })
        .await
    }

    /// The bytes of the photo `name`.
    pub async fn photo(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let name = name.to_owned();
        self.read(move |view| {
            let Some(photos) = view.table(PHOTOS)? else { return Ok(None) };
            Ok(photos.get(name.as_str())?.map(|photo| photo.value().1.to_vec()))
        })
        .await
    }
}

impl Batch<'_> {
    /// Drops the photos of the people at `host` alone, and those of which nobody noted whose they are: they are copied
    /// anew when they are needed.
    pub(super) fn forget_photos(&self, host: &str) -> Result<(), StoreError> {
        let mut owners = self.table(PHOTOS_OF)?;
        owners.retain(|(of, _), ()| of != host)?;
        let mut others = HashSet::new();
        for owner in owners.iter()? {
            others.insert(owner?.0.value().1.to_owned());
        }
        self.table(PHOTOS)?.retain(|name, _| others.contains(name))?;
        Ok(())
    }
}

//! Where files are served: `/files/TOKEN`, where the token names the file and its last moment, and nobody but this relay
//! can make one. Nothing of it is kept: a new one is minted for each call and each reader.

use crate::config::PublicUrl;
use crate::ids::FileKey;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use shared::Millis;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// How long an address is good for the visitor who was told it.
pub const ADDRESS_LASTS: Duration = Duration::from_secs(60 * 60);

/// The key, the moment in seconds, the seal.
const KEY: usize = 16;
const MOMENT: usize = 4;
const SEAL: usize = 16;

/// Mints addresses, and reads them. A cheap handle.
#[derive(Clone)]
pub struct Addresses {
    secret: Arc<[u8; 32]>,
    origin: PublicUrl,
}

/// What an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Here(FileKey),
    /// It was one of ours, and is over.
    Over,
    /// Not of our making.
    Nowhere,
}

impl Addresses {
    /// `origin` is where the relay is reached.
    pub fn new(secret: [u8; 32], origin: PublicUrl) -> Self {
        Self { secret: Arc::new(secret), origin }
    }

    /// As `mint`, and behind a `#` until when, in seconds: so that a page knows when to ask for another.
    pub fn mint_until(&self, key: FileKey, until: Millis) -> String {
        format!("{}#{}", self.mint(key, until), until / 1000)
    }

    /// As `mint`, for who is not on a page of ours.
    pub fn mint_whole(&self, key: FileKey, until: Millis) -> String {
        self.origin.at(&self.mint(key, until))
    }

    /// The path at which `key` is served until the moment `until`.
    pub fn mint(&self, key: FileKey, until: Millis) -> String {
        let mut token = key.bytes().to_vec();
        token.extend(u32::try_from(until / 1000).unwrap_or(u32::MAX).to_be_bytes());
        token.extend(self.seal(&token));
        format!("/files/{}", BASE64_URL_SAFE_NO_PAD.encode(token))
    }

    /// What the token of a path leads to at the moment `now`.
    pub fn read(&self, token: &str, now: Millis) -> Place {
        let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(token) else { return Place::Nowhere };
        let Some((named, seal)) = bytes.split_at_checked(KEY + MOMENT) else { return Place::Nowhere };
        if !bool::from(self.seal(named).as_slice().ct_eq(seal)) {
            return Place::Nowhere;
        }
        let (key, moment) = named.split_at(KEY);
        let (Ok(key), Ok(moment)) = (<[u8; KEY]>::try_from(key), moment.try_into()) else { return Place::Nowhere };
        if now / 1000 < u64::from(u32::from_be_bytes(moment)) { Place::Here(key.into()) } else { Place::Over }
    }

    fn seal(&self, named: &[u8]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.secret).expect("a key of any length will do");
        mac.update(named);
        mac.finalize().into_bytes()[..SEAL].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_its_file_until_its_moment_and_is_of_our_making() {
        let origin: PublicUrl = "https://chat.example.ru".parse().unwrap();
        let addresses = Addresses::new([7; 32], origin.clone());
        let key = FileKey::from([1; 16]);
        let path = addresses.mint(key, 60_000);
        assert_eq!(addresses.mint_whole(key, 60_000), format!("https://chat.example.ru{path}"));
        let token = path.strip_prefix("/files/").unwrap();
        assert_eq!(addresses.read(token, 59_999), Place::Here(key));
        assert_eq!(addresses.read(token, 60_000), Place::Over);
        assert_eq!(Addresses::new([8; 32], origin).read(token, 0), Place::Nowhere);
        for wrong in ["", "AAAA", &token[1..], &format!("{token}A"), &token.replacen('A', "B", 1), "../otklik.key"] {
            assert_eq!(addresses.read(wrong, 0), Place::Nowhere, "{wrong}");
        }
    }
}

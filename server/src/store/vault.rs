//! Seals secrets before they reach the disk: XChaCha20-Poly1305 with the key of a file beside the data, made at the
//! first start, readable by its owner alone. What is sealed for one record does not open in another.

use super::StoreError;
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use secrecy::zeroize::Zeroizing;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

pub struct Vault {
    cipher: XChaCha20Poly1305,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

impl Vault {
    /// The key that lies beside `data` (`otklik.key` beside `otklik.redb`), made where there is none.
    pub fn beside(data: &Path) -> Result<Self, StoreError> {
        let path = data.with_extension("key");
        let key = read_key(&path).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => make_key(&path),
            _ => Err(error),
        });
        let key = key.map_err(|source| StoreError::KeyFile { path, source: Arc::new(source) })?;
        Ok(Self { cipher: XChaCha20Poly1305::new((&*key).into()), key })
    }

    /// Another key for one `purpose`: always the same, as long as the file's is.
    pub fn derive(&self, purpose: &str) -> [u8; KEY_BYTES] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.key).expect("a key of any length will do");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Seals `secret` for the record called `owner`, as a text.
    pub fn seal<T: Serialize>(&self, owner: &str, secret: &T) -> String {
        let plain = Zeroizing::new(serde_json::to_vec(secret).expect("secrets are texts and numbers"));
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).expect("the system gives random bytes");
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: owner.as_bytes() })
            .expect("a secret is far shorter than the cipher's limit");
        BASE64_STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    /// Opens what `seal` made for the same `owner`.
    ///
    /// # Errors
    /// `Sealed` where the key is another one, or the text was changed or belongs to another record.
    pub fn open<T: DeserializeOwned>(&self, owner: &str, sealed: &str) -> Result<T, StoreError> {
        let bytes = BASE64_STANDARD_NO_PAD.decode(sealed).map_err(|_| StoreError::Sealed)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(StoreError::Sealed)?;
        let plain = self
            .cipher
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: owner.as_bytes() })
            .map(Zeroizing::new)
            .map_err(|_| StoreError::Sealed)?;
        serde_json::from_slice(&plain).map_err(|_| StoreError::Sealed)
    }
}

fn read_key(path: &PathBuf) -> std::io::Result<Zeroizing<[u8; KEY_BYTES]>> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    std::fs::File::open(path)?.read_exact(key.as_mut())?;
    Ok(key)
}

fn make_key(path: &PathBuf) -> std::io::Result<Zeroizing<[u8; KEY_BYTES]>> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(key.as_mut()).map_err(std::io::Error::other)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(key.as_ref())?;
    file.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_own_record_and_key_alone() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let vault = Vault::beside(&here.path().join("otklik.redb")).unwrap();
        let sealed = vault.seal("a", &"hush");
        assert!(!sealed.contains("hush"));
        let again = Vault::beside(&here.path().join("otklik.redb")).unwrap();
        assert_eq!(again.open::<String>("a", &sealed).unwrap(), "hush");
        assert!(matches!(again.open::<String>("b", &sealed), Err(StoreError::Sealed)));
        let other = Vault::beside(&there.path().join("otklik.redb")).unwrap();
        assert!(matches!(other.open::<String>("a", &sealed), Err(StoreError::Sealed)));
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Vault::beside(&folder.path().join("otklik.redb")).unwrap();
        let mode = std::fs::metadata(folder.path().join("otklik.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

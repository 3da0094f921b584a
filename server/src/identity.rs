//! Who a site vouches for: its server signs a person's id with the site's secret. Pure: knows nothing of requests, disk
//! or the portal.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use shared::{Identity, Millis, SiteKey};
use std::fmt;

/// How far ahead a signature may end, in seconds: whoever finds one cannot use it for long.
const LONGEST: u64 = 24 * 60 * 60;

/// What is forgiven to clocks that differ, in seconds.
const CLOCKS_DIFFER: u64 = 60;

/// The longest id, in characters.
const ID: usize = 128;

/// A site's own id of a person, as its signature proved it: 1 to 128 characters, none of them a control character.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonId(String);

impl PersonId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PersonId {
    type Error = Unproven;
    fn try_from(text: String) -> Result<Self, Unproven> {
        let is_right = (1..=ID).contains(&text.chars().count()) && !text.contains(char::is_control);
        if is_right { Ok(Self(text)) } else { Err(Unproven::Id) }
    }
}

impl From<PersonId> for String {
    fn from(id: PersonId) -> String {
        id.0
    }
}

/// An id may be an address or a name: it is not for logs.
impl fmt::Debug for PersonId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("PersonId(..)")
    }
}

/// Why somebody is not believed to be who they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    #[error("the site has no secret")]
    NoSecret,
    #[error("not an id of 1 to {ID} characters")]
    Id,
    #[error("the signature has run out")]
    Expired,
    #[error("the signature is good for more than 24 hours")]
    TooLong,
    #[error("the signature is not of this site's secret, id and time")]
    Signature,
}

/// The person that `site` vouches for at `now`.
///
/// # Errors
/// Why it does not.
pub fn prove(
    identity: &Identity,
    site: &SiteKey,
    secret: Option<&SecretString>,
    now: Millis,
) -> Result<PersonId, Unproven> {
    let person = PersonId::try_from(identity.id.clone())?;
    let secret = secret.ok_or(Unproven::NoSecret)?;
    let given = hex::decode(&identity.sig).map_err(|_| Unproven::Signature)?;
    // In a time that does not tell where they differ.
    signer(secret, site, identity).verify_slice(&given).map_err(|_| Unproven::Signature)?;
    let seconds = now / 1000;
    if identity.exp <= seconds {
        Err(Unproven::Expired)
    } else if identity.exp > seconds + LONGEST + CLOCKS_DIFFER {
        Err(Unproven::TooLong)
    } else {
        Ok(person)
    }
}

/// Over `site|id|exp`. A site's key has no `|` and an end is a number, so no two triples read the same.
fn signer(secret: &SecretString, site: &SiteKey, Identity { id, exp, .. }: &Identity) -> Hmac<Sha256> {
    let signer =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("a key of any length will do");
    signer.chain_update(format!("{site}|{id}|{exp}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "32426c02f1c5d0bd6ae22da19f99d824d47490d26b19d82f21b6e887e4b5963e";
    const EXP: u64 = 1_790_000_000;

    fn ask(site: &str, id: &str, exp: u64, sig: &str, secret: Option<&str>, now: u64) -> Result<String, Unproven> {
        let identity = Identity { id: id.to_owned(), exp, sig: sig.to_owned() };
        let (site, secret) = (SiteKey::try_from(site.to_owned()).unwrap(), secret.map(SecretString::from));
        prove(&identity, &site, secret.as_ref(), now * 1000).map(String::from)
    }

    #[test]
    fn a_signature_proves_one_id_on_one_site_until_it_ends() {
        let secret = Some("site-secret");
        assert_eq!(ask("k3v9x", "u42", EXP, SIGNED, secret, EXP - 1), Ok("u42".to_owned()));
        assert_eq!(ask("k3v9x", "u42", EXP, SIGNED, secret, EXP - LONGEST), Ok("u42".to_owned()));
        assert_eq!(ask("k3v9x", "u42", EXP, SIGNED, secret, EXP), Err(Unproven::Expired));
        assert_eq!(ask("k3v9x", "u42", EXP, SIGNED, secret, EXP - LONGEST - 61), Err(Unproven::TooLong));
        for (site, id, exp, sig, secret) in [
            ("k3v9y", "u42", EXP, SIGNED, secret),
            ("k3v9x", "u43", EXP, SIGNED, secret),
            ("k3v9x", "u42", EXP + 1, SIGNED, secret),
            ("k3v9x", "u42", EXP, &SIGNED[2..], secret),
            ("k3v9x", "u42", EXP, "", secret),
            ("k3v9x", "u42", EXP, "no hex", secret),
            ("k3v9x", "u42", EXP, SIGNED, Some("another")),
        ] {
            assert_eq!(ask(site, id, exp, sig, secret, EXP - 1), Err(Unproven::Signature), "{site} {id} {exp} {sig}");
        }
        assert_eq!(ask("k3v9x", "u42", EXP, SIGNED, None, EXP - 1), Err(Unproven::NoSecret));
        for id in ["", "a\nb", &"x".repeat(129)] {
            assert_eq!(ask("k3v9x", id, EXP, SIGNED, secret, EXP - 1), Err(Unproven::Id));
        }
    }
}

//! A site's own server, as far as it vouches for its visitors.

use crate::{
    admin::Page,
    logs,
    stage::{SALES, Stage},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use shared::{Identity, SiteKey};

/// Who signs for one site.
pub struct Signer {
    pub site: SiteKey,
    secret: String,
}

impl Signer {
    /// The administrator makes a secret for the first line's site, and keeps it on the site's server. The one before is
    /// replaced.
    pub async fn make(stage: &Stage, site: &SiteKey) -> Self {
        let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
        let answer = page.ask("secret", json!({})).await;
        let secret = answer["secret"].as_str().unwrap_or_else(|| panic!("no secret: {answer}")).to_owned();
        logs::confide(&secret);
        Self { site: site.clone(), secret }
    }

    /// What the site's server writes into its pages for `id`, good until `exp`, in seconds since 1970 UTC.
    pub fn sign(&self, id: &str, exp: u64) -> Identity {
        let mut signer = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("a key of any length will do");
        signer.update(format!("{}|{id}|{exp}", self.site).as_bytes());
        Identity { id: id.to_owned(), exp, sig: hex::encode(signer.finalize().into_bytes()) }
    }
}

//! What the relay is told before it starts: its settings file, as an administrator would write it.

use otklik_portal::Portal;
use std::path::Path;

/// A settings file for a relay that browsers and the portal reach at `public_url`, with its data in `folder`.
/// `further` is more of the file: limits, another portal.
pub fn file(public_url: &str, folder: &Path, portal: Option<&Portal>, further: &str) -> String {
    format!(
        "listen = \"127.0.0.1:0\"\npublic_url = \"{public_url}\"\ndata = \"{}\"\n\n{}\n{further}",
        folder.join("otklik.redb").display(),
        portal.map(portal_section).unwrap_or_default(),
    )
}

/// The part of the file that names a portal and the keys of our application there.
pub fn portal_section(portal: &Portal) -> String {
    format!(
        "[[portal]]\nhost = \"{}\"\nclient_id = \"{}\"\nclient_secret = \"{}\"\noauth_url = \"{}\"\n",
        portal.host(),
        portal.client_id(),
        portal.client_secret(),
        portal.oauth_url(),
    )
}

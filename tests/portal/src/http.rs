//! The one way this package makes HTTP requests.

use std::{sync::LazyLock, time::Duration};

use reqwest::{Client, redirect::Policy};

/// A client that follows no redirect and goes through no proxy.
///
/// # Panics
/// Never: nothing is set that could be missing.
pub fn client(timeout: Duration) -> Client {
    static RING: LazyLock<()> = LazyLock::new(|| {
        // Built together with the relay, reqwest has its TLS, which wants to be told whose cryptography to use. Where
        // somebody told it before, that stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    LazyLock::force(&RING);
    let builder = Client::builder().no_proxy().redirect(Policy::none()).timeout(timeout);
    builder.build().expect("nothing is set that could be missing")
}

//! The harness: everything around the relay that a test needs, real wherever it can be.
//!
//! ```text
//! stage      portal, relay and network, set up as people do it   -> everything below
//! shop       a site, a chat, people with browsers              -> stage, browser, site
//! browser    a real Chromium     site   a website                  visitor  a widget without a browser
//! server     the relay in this process, by a clock that is moved   process  the binary, to be killed
//! admin      who connects lines  chaos  a bad network              settings  the relay's file    wait  conditions
//! doctor     what `otklik check` finds
//! sim        a seeded simulation: everything goes wrong            logs  what relays log, audited
//! fuzz       bytes of untrusted input, bent
//! ```

pub mod admin;
pub mod browser;
pub mod chaos;
pub mod doctor;
pub mod fuzz;
pub mod logs;
pub mod process;
pub mod server;
pub mod settings;
pub mod shop;
pub mod signing;
pub mod sim;
pub mod site;
pub mod stage;
pub mod upload;
pub mod visitor;
pub mod wait;

pub use otklik_portal as portal;

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

/// A plain HTTP client: no redirects, nothing decompressed, as the bytes come.
pub fn http() -> reqwest::Client {
    static RING: LazyLock<()> = LazyLock::new(|| {
        // Built together with the relay, reqwest has its TLS, which wants to be told whose cryptography to use.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    LazyLock::force(&RING);
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    builder.build().expect("a client needs nothing that can fail")
}

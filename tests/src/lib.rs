//! The harness: everything around the relay that a test needs, real wherever it can be. `browser` is a real Chromium,
//! `site` a website, `visitor` a widget without a browser, `chaos` a bad network.

pub mod browser;
pub mod chaos;
pub mod site;
pub mod visitor;
pub mod wait;

use std::path::{Path, PathBuf};

/// The workspace's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

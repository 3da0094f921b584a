//! A real Chromium, driven by its own protocol. Each `Browser` is a process with a profile of its own; each window is a
//! person of its own: nothing is shared between two windows' storages. Things are found as a screen reader finds them,
//! by role and name.

mod frame;
mod keys;
mod spot;
mod tab;

pub use frame::Frame;
pub use keys::Key;
pub use spot::Spot;
pub use tab::Tab;

use chromiumoxide::{
    Browser as Chromium, BrowserConfig,
    cdp::browser_protocol::target::{CreateBrowserContextParams, CreateTargetParams},
};
use futures_util::StreamExt;
use std::{path::PathBuf, time::Duration};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Names under which Chromium is installed; `cargo xtask` looks for the same ones.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// No sandbox, for containers run tests as root. No site isolation: frames of other origins then live in their page's
/// process, where one connection reaches them. Nothing that calls home.
const ARGUMENTS: [&str; 10] = [
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "disable-default-apps",
    "disable-site-isolation-trials",
    "disable-dev-shm-usage",
    "force-color-profile=srgb",
];

/// One Chromium, ended when dropped.
pub struct Browser {
    chromium: Chromium,
    driving: JoinHandle<()>,
    _profile: TempDir,
}

/// How a window looks at pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub width: u32,
    pub height: u32,
    /// A phone: touch, and no hover.
    pub is_phone: bool,
    pub is_dark: bool,
}

impl Window {
    /// A small notebook.
    pub const WIDE: Self = Self { width: 1280, height: 800, is_phone: false, is_dark: false };
    /// A phone held upright.
    pub const PHONE: Self = Self { width: 390, height: 844, is_phone: true, is_dark: false };

    pub fn dark(self) -> Self {
        Self { is_dark: true, ..self }
    }
}

impl Browser {
    /// Starts the Chromium that `TEST_CHROMIUM` names, else the installed one.
    pub async fn start() -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let config = BrowserConfig::builder()
            .chrome_executable(executable())
            .user_data_dir(profile.path())
            .disable_default_args()
            .args(ARGUMENTS)
            .arg("disable-features=IsolateOrigins,site-per-process,HttpsUpgrades")
            .new_headless_mode()
            .no_sandbox()
            .enable_cache()
            .viewport(None)
            .launch_timeout(Duration::from_secs(60))
            .build()
            .expect("the settings are complete");
        let (chromium, mut handler) = Chromium::launch(config).await.expect("Chromium starts");
        // Messages newer than the protocol we know are passed over.
        let driving = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Self { chromium, driving, _profile: profile }
    }

    /// A new person's window, empty.
    pub async fn window(&self, window: Window) -> Tab {
        let context = self.chromium.create_browser_context(CreateBrowserContextParams::default()).await;
        let context = context.expect("a new context");
        let mut target = CreateTargetParams::new("about:blank");
        target.browser_context_id = Some(context.clone());
        let page = self.chromium.new_page(target).await.expect("a new page");
        Tab::new(page, context, window).await
    }

    /// Another tab of the person who sits before `tab`.
    pub async fn tab_beside(&self, tab: &Tab) -> Tab {
        let mut target = CreateTargetParams::new("about:blank");
        target.browser_context_id = Some(tab.context.clone());
        let page = self.chromium.new_page(target).await.expect("a new page");
        Tab::new(page, tab.context.clone(), tab.window).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.driving.abort(); // the process itself ends with `chromium`
    }
}

fn executable() -> PathBuf {
    if let Some(named) = std::env::var_os("TEST_CHROMIUM") {
        return named.into();
    }
    let folders: Vec<_> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    let places = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file()).expect("Chromium is installed: `cargo xtask test` sees to it")
}

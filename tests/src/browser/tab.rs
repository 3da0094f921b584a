//! One tab: where it goes, what it is shown as, what it says on its console.

use super::{Frame, Key, Window, frame::Place, keys};
use base64::{Engine, prelude::BASE64_STANDARD as STANDARD};
use chromiumoxide::{
    Page,
    cdp::{
        browser_protocol::{
            browser::BrowserContextId,
            emulation::{
                MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams, SetFocusEmulationEnabledParams,
                SetTouchEmulationEnabledParams,
            },
            log::{self, EventEntryAdded, LogEntryLevel},
            network::{
                EmulateNetworkConditionsByRuleParams, EventRequestWillBeSent, NetworkConditions,
                OverrideNetworkStateParams, ResourceType,
            },
            page::{CaptureScreenshotParams, EventFrameNavigated, NavigateParams},
        },
        js_protocol::runtime::{ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown},
    },
};
use futures_util::StreamExt;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

/// A tab of one person.
#[derive(Clone)]
pub struct Tab {
    pub(super) page: Page,
    pub(super) context: BrowserContextId,
    pub(super) window: Window,
    complaints: Arc<Mutex<Vec<String>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Tab {
    pub(super) async fn new(page: Page, context: BrowserContextId, window: Window) -> Self {
        let tab = Self { page, context, window, complaints: Arc::default(), requests: Arc::default() };
        tab.listen().await;
        tab.show_as(window).await;
        tab
    }

    /// Sizes, touch and theme. Several tabs at once are all looked at, as windows side by side are.
    async fn show_as(&self, window: Window) {
        let (width, height) = (i64::from(window.width), i64::from(window.height));
        let metrics = SetDeviceMetricsOverrideParams::new(width, height, 1.0, window.is_phone);
        self.page.execute(metrics).await.expect("a size");
        self.page.execute(SetTouchEmulationEnabledParams::new(window.is_phone)).await.expect("touch");
        self.page.execute(SetFocusEmulationEnabledParams::new(true)).await.expect("focus");
        self.prefer(&[("prefers-color-scheme", if window.is_dark { "dark" } else { "light" })]).await;
    }

    /// Sets media features, `prefers-reduced-motion` for one.
    pub async fn prefer(&self, features: &[(&str, &str)]) {
        let features = features.iter().map(|(name, value)| MediaFeature::new(*name, *value)).collect();
        let params = SetEmulatedMediaParams { features: Some(features), ..Default::default() };
        self.page.execute(params).await.expect("media features");
    }

    /// Collects what a developer would see: what is asked for, and what is red.
    async fn listen(&self) {
        let mut asked = self.page.event_listener::<EventRequestWillBeSent>().await.expect("requests");
        let requests = Arc::clone(&self.requests);
        tokio::spawn(async move {
            while let Some(asked) = asked.next().await {
                if asked.r#type != Some(ResourceType::WebSocket) {
                    requests.lock().expect("no holder panics").push(asked.request.url.clone());
                }
            }
        });
        self.page.execute(log::EnableParams::default()).await.expect("the log");
        let mut entries = self.page.event_listener::<EventEntryAdded>().await.expect("log entries");
        let mut thrown = self.page.event_listener::<EventExceptionThrown>().await.expect("exceptions");
        let mut said = self.page.event_listener::<EventConsoleApiCalled>().await.expect("the console");
        let complaints = Arc::clone(&self.complaints);
        tokio::spawn(async move {
            loop {
                let complaint = tokio::select! {
                    Some(entry) = entries.next() => (entry.entry.level == LogEntryLevel::Error).then(|| {
                        format!("{} {}", entry.entry.text, entry.entry.url.as_deref().unwrap_or_default())
                    }),
                    Some(thrown) = thrown.next() => Some(format!("{:?}", thrown.exception_details)),
                    Some(said) = said.next() => (said.r#type == ConsoleApiCalledType::Error).then(|| format!("{:?}", said.args)),
                    else => return,
                };
                complaints.lock().expect("no holder panics").extend(complaint);
            }
        });
    }

    /// The addresses below `origin` that the tab's pages asked for so far, WebSockets apart.
    pub fn requests_to(&self, origin: &str) -> Vec<String> {
        let requests = self.requests.lock().expect("no holder panics");
        requests.iter().filter(|address| address.starts_with(origin)).cloned().collect()
    }

    /// What the browser complained about so far: exceptions, `console.error`, refusals by a policy, failed requests.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().expect("no holder panics").clone()
    }

    /// Goes to `address`. Returns once the navigation has begun; what is looked for then is waited for.
    pub async fn go(&self, address: &str) {
        let went = self.page.execute(NavigateParams::new(address)).await.expect("the navigation begins");
        assert_eq!(went.error_text, None, "{address} does not open");
        self.host().until("document.readyState === 'complete'").await;
    }

    /// Goes to `address` and back again, doing `there` meanwhile. As a rule the browser brings the page as it was left.
    pub async fn go_and_come_back(&self, address: &str, there: impl AsyncFnOnce()) {
        let mut shown = self.page.event_listener::<EventFrameNavigated>().await.expect("navigations");
        // A script that looked whether the page is left would have it thrown away.
        let mut until_shown = async || while shown.next().await.is_some_and(|shown| shown.frame.parent_id.is_some()) {};
        self.page.execute(NavigateParams::new(address)).await.expect("the navigation begins");
        until_shown().await;
        self.host().until("document.readyState === 'complete'").await;
        there().await;
        self.host().eval::<()>("void history.back()").await;
        until_shown().await;
        self.host().until("document.readyState === 'complete'").await;
    }

    /// Loads the same page anew.
    pub async fn reload(&self) {
        let address = self.host().eval::<String>("location.href").await;
        self.go("about:blank").await;
        self.go(&address).await;
    }

    /// The site's own page.
    pub fn host(&self) -> Frame {
        Frame { tab: self.clone(), place: Place::Host }
    }

    /// The chat inside it.
    pub fn chat(&self) -> Frame {
        Frame { tab: self.clone(), place: Place::Framed("/chat?") }
    }

    /// The frame whose address contains `part`.
    pub fn framed(&self, part: &'static str) -> Frame {
        Frame { tab: self.clone(), place: Place::Framed(part) }
    }

    /// Types `text` into whatever has the focus.
    pub async fn type_text(&self, text: &str) {
        keys::type_text(&self.page, text).await;
    }

    /// Presses a key.
    pub async fn press(&self, key: Key) {
        keys::press(&self.page, key, false).await;
    }

    /// Presses a key while Shift is held.
    pub async fn press_with_shift(&self, key: Key) {
        keys::press(&self.page, key, true).await;
    }

    /// Tells the pages that the network is gone, or back: `navigator.onLine` and its events. The wire itself is cut by
    /// `ChaosProxy`.
    pub async fn set_offline(&self, is_offline: bool) {
        let params = OverrideNetworkStateParams::new(is_offline, 0.0, -1.0, -1.0);
        self.page.execute(params).await.expect("a network state");
    }

    /// Lets no more than this leave the browser, in bytes a second; 0 lifts it.
    pub async fn slow_upload(&self, bytes_per_second: u32) {
        let most = if bytes_per_second == 0 { -1.0 } else { f64::from(bytes_per_second) };
        let params =
            EmulateNetworkConditionsByRuleParams::new(false, vec![NetworkConditions::new("", 0.0, -1.0, most)]);
        self.page.execute(params).await.expect("a slower network");
    }

    /// Writes a picture to `target/shots/NAME.png`.
    pub async fn shot(&self, name: &str) -> PathBuf {
        let folder = crate::root().join("target/shots");
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, self.picture().await).expect("a picture is written");
        path
    }

    /// What the tab shows, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let taken = self.page.execute(CaptureScreenshotParams::default()).await.expect("a picture");
        STANDARD.decode(&taken.data).expect("a picture in base64")
    }

    /// Waits until nothing moves any more, on the page and in the chat.
    pub async fn settled(&self) {
        const STILL: &str = "[document, document.querySelector('otklik-widget')?.shadowRoot]\
             .every(one => !one || one.getAnimations().every(moving => moving.playState !== 'running'))";
        self.host().until(STILL).await;
        if self.chat().is_there().await {
            self.chat().until(STILL).await;
        }
    }

    /// Closes the tab, as its cross does.
    pub async fn close(self) {
        self.page.close().await.expect("the tab closes");
    }
}

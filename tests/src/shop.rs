//! A site with the chat on it, and people who come to it with real browsers.

use serde::Deserialize;

use crate::{
    admin::Connected,
    browser::{Browser, Frame, Key, Tab, Window},
    portal::{Chat, LineId},
    site::Site,
    stage::{SALES, Stage},
};

/// A message as it stands in the page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Shown {
    pub from: String,
    /// Of the visitor's own only.
    pub state: Option<String>,
    pub text: String,
}

/// What the page shows as messages. The words are those of the bubble, or of the line the portal says by itself.
const MESSAGES: &str = "[...document.querySelectorAll('[role=log] [data-from]')].map(one => ({ \
     from: one.dataset.from, state: one.dataset.state ?? null, text: one.lastElementChild.textContent }))";

/// A site whose page carries the chat of a line.
pub struct Shop {
    pub site: Site,
    pub chat: Connected,
}

impl Shop {
    /// A site at `NAME.localhost` whose page, in English, carries the chat of `line`.
    pub async fn open(stage: &Stage, name: &str, line: LineId) -> Self {
        let site = Site::start(name).await;
        let chat = stage.connect(line, &[&site.origin]).await;
        site.carry(&chat.snippet, "en");
        Self { site, chat }
    }

    /// Somebody comes: a new person before a wide window.
    pub async fn visit(&self, browser: &Browser) -> Visit {
        self.visit_with(browser, Window::WIDE).await
    }

    /// Somebody comes with another kind of window.
    pub async fn visit_with(&self, browser: &Browser, window: Window) -> Visit {
        let tab = browser.window(window).await;
        tab.go(&self.site.origin).await;
        Visit { tab }
    }
}

/// The usual scene: a portal, a relay, a shop and a browser.
pub struct Scene {
    pub stage: Stage,
    pub shop: Shop,
    pub browser: Browser,
}

impl Scene {
    /// With the relay in this process.
    pub async fn start() -> Self {
        Self::on(Stage::start().await).await
    }

    /// With the relay as a process that can be killed.
    pub async fn with_process() -> Self {
        Self::on(Stage::with_process().await).await
    }

    async fn on(stage: Stage) -> Self {
        let shop = Shop::open(&stage, "shop", SALES).await;
        Self { stage, shop, browser: Browser::start().await }
    }

    /// Somebody comes, opens the chat and writes; returns when the operator has it.
    pub async fn talk(&self, text: &str) -> (Visit, Chat) {
        let visit = self.shop.visit(&self.browser).await;
        visit.open().await;
        visit.say(text).await;
        visit.until_state(text, "delivered").await;
        let chat = self.stage.portal.wait_any_chat(|chat| chat.visitor_texts() == [text]).await;
        (visit, chat)
    }
}

/// A tab with the shop's page.
pub struct Visit {
    pub tab: Tab,
}

impl Visit {
    /// The chat's document.
    pub fn chat(&self) -> Frame {
        self.tab.chat()
    }

    /// Presses the bubble and waits for the composer.
    pub async fn open(&self) {
        self.tab.host().find("button", "Open chat").await.press().await;
        self.chat().find("textbox", "Message").await;
    }

    /// Types `text` and presses Enter.
    pub async fn say(&self, text: &str) {
        self.chat().find("textbox", "Message").await.type_text(text).await;
        self.tab.press(Key::Enter).await;
    }

    /// The messages shown now.
    pub async fn messages(&self) -> Vec<Shown> {
        self.chat().eval(MESSAGES).await
    }

    /// Waits until exactly these messages are shown: who said what.
    pub async fn until_shows(&self, expected: &[(&str, &str)]) {
        let script = format!("{MESSAGES}.map(one => [one.from, one.text])");
        let expected: Vec<_> = expected.iter().map(|(from, text)| ((*from).to_owned(), (*text).to_owned())).collect();
        self.chat().until_eq::<Vec<(String, String)>, _>(&script, expected).await;
    }

    /// Waits until the visitor's own `text` is `state`.
    pub async fn until_state(&self, text: &str, state: &str) {
        let wanted = serde_json::json!([text, state]);
        self.chat()
            .until(&format!("{MESSAGES}.some(one => one.text === {0}[0] && one.state === {0}[1])", wanted))
            .await;
    }

    /// Waits until somebody else's `text` is shown.
    pub async fn until_heard(&self, text: &str) {
        let wanted = serde_json::json!(text);
        self.chat().until(&format!("{MESSAGES}.some(one => one.from !== 'visitor' && one.text === {wanted})")).await;
    }

    /// Loads the page anew and opens the chat, if it does not open by itself.
    pub async fn reload(&self) {
        self.tab.reload().await;
        self.chat_opens_again().await;
    }

    async fn chat_opens_again(&self) {
        // On a wide screen an open panel is remembered for the tab.
        self.chat().find("textbox", "Message").await;
    }
}

//! An administrator without a browser: opens the settings page as the portal's frame does and presses its buttons.

use otklik_portal::FramePost;
use serde_json::{Value, json};
use shared::SiteKey;

/// A line that is connected.
#[derive(Clone, Debug)]
pub struct Connected {
    pub key: SiteKey,
    /// The script tag for the site.
    pub snippet: String,
}

/// An open settings page.
pub struct Page {
    relay: String,
    key: String,
    /// What the page started with.
    pub start: Value,
}

impl Page {
    /// Opens the page that the portal posts for.
    pub async fn open(relay: &str, frame: &FramePost) -> Self {
        let (status, html) = open(frame).await;
        assert_eq!(status, 200, "{html}");
        let data = html.split_once("id=\"page\"").and_then(|(_, rest)| rest.split_once('>'));
        let data = data.and_then(|(_, rest)| rest.split_once("</script>")).map(|(data, _)| data);
        let start: Value = serde_json::from_str(data.expect("the page has its data")).expect("its data is JSON");
        let key = start["key"].as_str().expect("the page has a key").to_owned();
        Self { relay: relay.to_owned(), key, start }
    }

    /// Presses a button: `what` with `data`. The relay's answer.
    pub async fn ask(&self, what: &str, data: Value) -> Value {
        let mut body = data;
        body["do"] = json!(what);
        ask(&self.relay, &self.key, &body).await.1
    }

    /// “Connect”.
    pub async fn connect(&self, origins: &[&str]) -> Connected {
        let answer = self.ask("connect", json!({"sites": origins.join("\n")})).await;
        let snippet = answer["state"]["site"]["snippet"].as_str();
        let snippet = snippet.unwrap_or_else(|| panic!("not connected: {answer}")).to_owned();
        let key = snippet.split_once("/widget/").and_then(|(_, rest)| rest.split_once(".js")).map(|(key, _)| key);
        let key = SiteKey::try_from(key.expect("the snippet names a site").to_owned()).expect("its key is a key");
        Connected { key, snippet }
    }
}

/// Opens what the portal posts for; status and document.
pub async fn open(frame: &FramePost) -> (u16, String) {
    let request = crate::http().post(&frame.url).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(frame.body.clone()).send().await.expect("the relay answers");
    (answer.status().as_u16(), answer.text().await.expect("a document is text"))
}

/// Asks the page's door with any key; status and answer.
pub async fn ask(relay: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = crate::http().post(format!("{relay}/bitrix24/settings/api")).header("x-otklik-page", key);
    let answer = request.header("origin", relay).json(body).send().await.expect("the relay answers");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

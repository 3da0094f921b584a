//! What an administrator's browser does on the settings page: opens it as the portal's frame does, and connects.

use otklik_portal::{FramePost, http};
use reqwest::{Client, header};
use serde_json::{Value, json};

use super::PATIENCE;

/// Why a line was not connected.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error("the settings page did not open")]
    Request(#[from] reqwest::Error),
    #[error("the settings page says: {0}")]
    Refused(String),
}

/// An open settings page.
pub struct Page {
    client: Client,
    relay: String,
    key: String,
}

impl Page {
    /// Opens the page that `frame` is for.
    pub async fn open(relay: &str, frame: &FramePost) -> Result<Self, PageError> {
        let client = http::client(PATIENCE);
        let form = "application/x-www-form-urlencoded";
        let opened = client.post(&frame.url).header(header::CONTENT_TYPE, form).body(frame.body.clone()).send().await?;
        let page = opened.error_for_status()?.text().await?;
        let key = start_of(&page).and_then(|start| start["key"].as_str().map(str::to_owned));
        let key = key.ok_or_else(|| PageError::Refused("a page without its key".to_owned()))?;
        Ok(Self { client, relay: relay.to_owned(), key })
    }

    /// Connects the line for one site under a name. Returns the launcher's address.
    pub async fn connect(&self, site: &str, name: &str) -> Result<String, PageError> {
        let connected = self.press(json!({"do": "connect", "sites": site})).await?;
        let mut look = connected["state"]["site"]["look"].clone();
        if let Some(fields) = look.as_object_mut() {
            fields.remove("default_name");
        }
        look["name"] = json!(name);
        let saved = self.press(json!({"do": "save", "sites": site, "look": look})).await?;
        launcher_of(&saved).ok_or_else(|| PageError::Refused(saved.to_string()))
    }

    async fn press(&self, button: Value) -> Result<Value, PageError> {
        let answer = self
            .client
            .post(format!("{}/bitrix24/settings/api", self.relay))
            .header("x-otklik-page", &self.key)
            .header(header::ORIGIN, &self.relay)
            .json(&button)
            .send()
            .await?
            .json::<Value>()
            .await?;
        if answer.get("error").is_some() { Err(PageError::Refused(answer.to_string())) } else { Ok(answer) }
    }
}

/// What the page's script starts with: the JSON in the element `page`.
fn start_of(page: &str) -> Option<Value> {
    let (_, rest) = page.split_once("id=\"page\"")?;
    let (json, _) = rest.split_once('>')?.1.split_once("</script>")?;
    serde_json::from_str(json).ok()
}

/// The address in the snippet's `src`.
fn launcher_of(answer: &Value) -> Option<String> {
    let snippet = answer["state"]["site"]["snippet"].as_str()?;
    Some(snippet.split_once("src=\"")?.1.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_launcher_are_found() {
        let page = r#"<script type="application/json" id="page">{"key":"k"}</script>"#;
        assert_eq!(start_of(page), Some(json!({"key": "k"})));
        let snippet = r#"<script async src="http://127.0.0.1:1/widget/k.js"></script>"#;
        let answer = json!({"state": {"site": {"snippet": snippet}}});
        assert_eq!(launcher_of(&answer).as_deref(), Some("http://127.0.0.1:1/widget/k.js"));
    }
}

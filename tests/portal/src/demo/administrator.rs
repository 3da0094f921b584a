//! What an administrator's browser does on the settings page: opens it as the portal's frame does, and connects.

use otklik_portal::FramePost;
use reqwest::{Client, header};
use serde_json::{Value, json};

/// Why a line was not connected.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error("the settings page did not open")]
    Request(#[from] reqwest::Error),
    #[error("the settings page says: {0}")]
    Refused(String),
}

/// Connects the line that `frame` is open for, for one site. Returns the launcher's address.
pub async fn connect(relay: &str, frame: &FramePost, site: &str) -> Result<String, PageError> {
    let client = Client::builder().no_proxy().build()?;
    let form = "application/x-www-form-urlencoded";
    let opened = client.post(&frame.url).header(header::CONTENT_TYPE, form).body(frame.body.clone()).send().await?;
    let page = opened.error_for_status()?.text().await?;
    let key = start_of(&page).and_then(|start| start["key"].as_str().map(str::to_owned));
    let key = key.ok_or_else(|| PageError::Refused("a page without its key".to_owned()))?;
    let answer: Value = client
        .post(format!("{relay}/bitrix24/settings/api"))
        .header("x-otklik-page", key)
        .header(header::ORIGIN, relay)
        .json(&json!({"do": "connect", "sites": site}))
        .send()
        .await?
        .json()
        .await?;
    launcher_of(&answer).ok_or_else(|| PageError::Refused(answer.to_string()))
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

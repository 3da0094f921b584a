//! serde's JSON in the place of the browser's, for native tests.

pub type Json = serde_json::Value;

pub fn parse(text: &str) -> Option<Json> {
    serde_json::from_str(text).ok()
}

pub fn quote(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

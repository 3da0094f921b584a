//! `JSON.parse` and `JSON.stringify`.

use js_sys::{Array, JSON, Reflect};
use shared::decode::Node;
use wasm_bindgen::{JsCast, JsValue};

/// A value that `JSON.parse` made.
pub struct Json(JsValue);

/// `None`: not JSON.
pub fn parse(text: &str) -> Option<Json> {
    JSON::parse(text).ok().map(Json)
}

/// A JSON string of a text.
pub fn quote(text: &str) -> String {
    JSON::stringify(&text.into()).map(String::from).unwrap_or_default()
}

impl Node for Json {
    fn get(&self, name: &str) -> Option<Self> {
        let member = Reflect::get(&self.0, &name.into()).ok()?;
        (!member.is_null() && !member.is_undefined()).then_some(Self(member))
    }
    fn text(&self) -> Option<String> {
        self.0.as_string()
    }
    fn number(&self) -> Option<f64> {
        self.0.as_f64()
    }
    fn truth(&self) -> bool {
        self.0.as_bool().unwrap_or_default()
    }
    fn list(&self) -> Option<Vec<Self>> {
        let list = self.0.dyn_ref::<Array>()?;
        Some(list.iter().map(Self).collect())
    }
}

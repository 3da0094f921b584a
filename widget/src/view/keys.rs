//! Keys in the log: arrows, Home and End move among the messages.

use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, KeyboardEvent};

/// Moves the focus; whether the key was meant for that.
pub fn move_focus(log: &Element, event: &KeyboardEvent) -> bool {
    let Ok(messages) = log.query_selector_all(".msg") else { return false };
    let last = messages.length();
    let focused: Option<JsValue> = document().active_element().map(Into::into);
    let here = (0..last).find(|place| messages.get(*place).map(Into::into) == focused);
    let there = match (event.key().as_str(), here) {
        ("ArrowUp", Some(here)) => here.saturating_sub(1),
        ("ArrowUp", None) | ("End", _) => last.saturating_sub(1),
        ("ArrowDown", Some(here)) => here + 1,
        ("Home", _) => 0,
        _ => return false,
    };
    let Some(message) = messages.get(there) else { return false };
    message.unchecked_ref::<HtmlElement>().focus().is_ok()
}

//! Small things of the browser: its storage, its events, its random numbers, elements of the document.

use crate::embed::callback;
use crate::storage::Shelf;
use leptos::prelude::{document, window};
use shared::MessageId;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, EventTarget, ResizeObserver};

/// The storage that all tabs of this site share; `None` where the browser denies it.
pub fn shelf() -> Option<Box<dyn Shelf>> {
    Some(Box::new(window().local_storage().ok()??))
}

impl Shelf for web_sys::Storage {
    fn get(&self, name: &str) -> Option<String> {
        self.get_item(name).ok()?
    }
    fn set(&self, name: &str, text: &str) -> bool {
        self.set_item(name, text).is_ok()
    }
    fn remove(&self, name: &str) {
        let _ = self.remove_item(name); // fails only where nothing is kept
    }
}

/// A name for a message: a random UUID.
pub fn new_id() -> MessageId {
    let mut bytes = [0_u8; 16];
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes); // fails for more than 65,536 bytes only
    }
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::new();
    for (place, byte) in bytes.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    // Not `expect`: the error's `Debug` would come along, 2 KB of it.
    let Ok(id) = MessageId::try_from(text) else { unreachable!() }; // a UUID is 36 hexadecimal digits and dashes
    id
}

/// Calls `then` for every `event` on `target`, as long as the page lives.
pub fn on(target: &EventTarget, event: &str, then: impl FnMut(JsValue) + 'static) {
    let listener = callback(then);
    let _ = target.add_event_listener_with_callback(event, listener.unchecked_ref()); // fails for no event name
}

/// Calls `then` whenever the size of `element` changes, as long as the page lives.
pub fn on_resize(element: &Element, mut then: impl FnMut() + 'static) {
    let observer = callback(move |_| then());
    if let Ok(observer) = ResizeObserver::new(observer.unchecked_ref()) {
        observer.observe(element);
    }
}

pub fn element(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}

//! The seam to the chat's document: `globalThis.shell`, its composer, header and words, and through it the host page.

use crate::talk::News;
use js_sys::Promise;
use js_sys::futures::JsFuture;
use shared::{Identity, SiteKey};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    type Shell;

    type Signed;
    #[wasm_bindgen(method, getter)]
    fn id(this: &Signed) -> String;
    #[wasm_bindgen(method, getter)]
    fn exp(this: &Signed) -> f64;
    #[wasm_bindgen(method, getter)]
    fn sig(this: &Signed) -> String;

    #[wasm_bindgen(thread_local_v2, js_name = shell)]
    static SHELL: Shell;

    #[wasm_bindgen(method, getter)]
    fn site(this: &Shell) -> String;
    #[wasm_bindgen(method, getter)]
    fn lang(this: &Shell) -> String;
    #[wasm_bindgen(method, getter)]
    fn name(this: &Shell) -> String;
    #[wasm_bindgen(method, getter)]
    fn presence(this: &Shell) -> String;
    #[wasm_bindgen(method)]
    fn say(this: &Shell, key: &str, values: &JsValue) -> String;
    #[wasm_bindgen(method)]
    fn size(this: &Shell, bytes: f64) -> String;
    #[wasm_bindgen(method)]
    fn ask(this: &Shell, body: &str) -> Promise;
    #[wasm_bindgen(method)]
    fn take(this: &Shell, take: &JsValue);
    #[wasm_bindgen(method, setter)]
    fn set_act(this: &Shell, take: &JsValue);
    #[wasm_bindgen(method, setter)]
    fn set_led(this: &Shell, led: bool);
    #[wasm_bindgen(method)]
    fn tell(this: &Shell, event: &str, detail: &JsValue);
    #[wasm_bindgen(method)]
    fn header(this: &Shell, title: &str, sub: &str, dot: &str, photo: &str);
    #[wasm_bindgen(method)]
    fn strip(this: &Shell, kind: &str, text: &str);
    #[wasm_bindgen(method)]
    fn hint(this: &Shell, text: &str);
    #[wasm_bindgen(method, setter)]
    fn set_limit(this: &Shell, chars: u32);
    #[wasm_bindgen(method)]
    fn shown(this: &Shell) -> bool;
    #[wasm_bindgen(method, setter)]
    fn set_onshown(this: &Shell, then: &JsValue);
    #[wasm_bindgen(method, getter)]
    fn scope(this: &Shell) -> String;
    #[wasm_bindgen(method, getter)]
    fn identity(this: &Shell) -> Option<Signed>;
    #[wasm_bindgen(method, setter)]
    fn set_onleave(this: &Shell, then: &JsValue);
    #[wasm_bindgen(method, getter)]
    fn about(this: &Shell) -> Option<String>;
    #[wasm_bindgen(method, setter)]
    fn set_onabout(this: &Shell, then: &JsValue);
}

/// Calls `then` for every event that `wasm_bindgen` hands over, as long as the page lives.
pub fn callback(then: impl FnMut(JsValue) + 'static) -> JsValue {
    Closure::<dyn FnMut(JsValue)>::new(then).into_js_value()
}

/// `None`: the document names no site.
pub fn site() -> Option<SiteKey> {
    SiteKey::try_from(SHELL.with(Shell::site)).ok()
}

pub fn language() -> String {
    SHELL.with(Shell::lang)
}

pub fn site_name() -> String {
    SHELL.with(Shell::name)
}

/// Who was there when the document was made: a frame of the relay's.
pub fn presence() -> String {
    SHELL.with(Shell::presence)
}

/// The word `key` in the visitor's language.
pub fn say(key: &str) -> String {
    SHELL.with(|shell| shell.say(key, &JsValue::UNDEFINED))
}

/// The same with its places filled in.
pub fn say_with(key: &str, values: &[(&str, JsValue)]) -> String {
    let filled = js_sys::Object::new();
    for (name, value) in values {
        let _ = js_sys::Reflect::set(&filled, &(*name).into(), value); // a plain object takes every member
    }
    SHELL.with(|shell| shell.say(key, &filled))
}

/// The same for a number of things.
pub fn say_count(key: &str, n: usize) -> String {
    say_with(key, &[("n", JsValue::from(n as u32))])
}

/// So many bytes, as the visitor's language writes them.
pub fn size(bytes: u64) -> String {
    SHELL.with(|shell| shell.size(bytes as f64))
}

/// Sends `body` to the relay's plain door; the answer's text, whatever its status. `None`: none came.
pub async fn ask(body: &str) -> Option<String> {
    let answer = SHELL.with(|shell| shell.ask(body));
    JsFuture::from(answer).await.ok()?.as_string()
}

/// `take` gets what was sent before the app lived, and from now on what is sent: a text, its message's name, JSON of its
/// files and the message that it answers, or nothing.
pub fn take_texts(take: impl FnMut(String, String, String, String) + 'static) {
    let take = Closure::<dyn FnMut(String, String, String, String)>::new(take);
    SHELL.with(|shell| shell.take(&take.into_js_value()));
}

/// `take` gets what the visitor does with messages: what, with which, and the words.
pub fn take_acts(take: impl FnMut(String, String, String) + 'static) {
    let take = Closure::<dyn FnMut(String, String, String)>::new(take);
    SHELL.with(|shell| shell.set_act(&take.into_js_value()));
}

/// Whether an operator leads: then the visitor may end the conversation.
pub fn led(led: bool) {
    SHELL.with(|shell| shell.set_led(led));
}

pub fn tell(news: News) {
    let (event, detail) = match news {
        News::Sent { first } => {
            let detail = js_sys::Object::new();
            let _ = js_sys::Reflect::set(&detail, &"first".into(), &first.into());
            ("message:sent", detail.into())
        }
        News::Received => ("message:received", JsValue::UNDEFINED),
        News::Failed => ("message:failed", JsValue::UNDEFINED),
        News::Operator => ("operator", JsValue::UNDEFINED),
        News::File { own } => ("file", if own { "visitor" } else { "operator" }.into()),
        News::Rated { like } => ("rating", if like { "like" } else { "dislike" }.into()),
        News::Started => ("conversation:start", JsValue::UNDEFINED),
        News::Finished => ("conversation:end", JsValue::UNDEFINED),
        News::Unproven => ("identify:error", JsValue::UNDEFINED),
    };
    SHELL.with(|shell| shell.tell(event, &detail));
}

pub fn tell_status(online: bool) {
    let status = if online { "online" } else { "offline" };
    SHELL.with(|shell| shell.tell("status", &status.into()));
}

pub fn tell_unread(n: usize) {
    SHELL.with(|shell| shell.tell("unread", &JsValue::from(n as u32)));
}

/// `dot`: `on`, `away`, `off` or `none`.
/// `photo`: an address on the relay, or nothing.
pub fn header(title: &str, sub: &str, dot: &str, photo: &str) {
    SHELL.with(|shell| shell.header(title, sub, dot, photo));
}

/// The line under the header; `kind`: `offline`, `connecting`, `back`, or nothing for none.
pub fn strip(kind: &str, text: &str) {
    SHELL.with(|shell| shell.strip(kind, text));
}

/// The line under the field.
pub fn hint(text: &str) {
    SHELL.with(|shell| shell.hint(text));
}

/// The longest text that may be sent, in characters.
pub fn limit(chars: u32) {
    SHELL.with(|shell| shell.set_limit(chars));
}

/// Whether somebody can see the chat.
pub fn is_shown() -> bool {
    SHELL.with(Shell::shown)
}

/// Calls `then` when that may have changed.
pub fn on_shown(mut then: impl FnMut() + 'static) {
    let then = callback(move |_| then());
    SHELL.with(|shell| shell.set_onshown(&then));
}

/// The names under which the browser keeps what is this visitor's.
pub fn scope() -> String {
    SHELL.with(Shell::scope)
}

/// Whom the page says the visitor is.
pub fn identity() -> Option<Identity> {
    let signed = SHELL.with(Shell::identity)?;
    Some(Identity { id: signed.id(), exp: signed.exp() as u64, sig: signed.sig() })
}

/// Calls `then` when nothing more is to be said from here.
pub fn on_leave(mut then: impl FnMut() + 'static) {
    let then = callback(move |_| then());
    SHELL.with(|shell| shell.set_onleave(&then));
}

/// The dialogue's public id, for scripts of the host page.
pub fn tell_visitor(id: &str) {
    SHELL.with(|shell| shell.tell("visitor", &id.into()));
}

/// What the page tells of its visitor, as the frame to send.
pub fn about() -> Option<String> {
    SHELL.with(Shell::about)
}

/// Calls `then` when that is another.
pub fn on_about(mut then: impl FnMut() + 'static) {
    let then = callback(move |_| then());
    SHELL.with(|shell| shell.set_onabout(&then));
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// Words that are chosen by data: states, notes, the header's line.
    const CHOSEN: [&str; 33] = [
        "edit_failed",
        "delete_failed",
        "online",
        "online_fast",
        "usually_min",
        "usually_hour",
        "usually_day",
        "away",
        "bot_first",
        "closed",
        "off_today",
        "off_tomorrow",
        "off_date",
        "held",
        "no_link",
        "finished",
        "queued",
        "queued_offline",
        "sent",
        "delivered",
        "unconfirmed",
        "failed",
        "sent_long",
        "visitor_lost",
        "memory_only",
        "closed_card",
        "no_room",
        "server",
        "server_unsaved",
        "too_fast",
        "update",
        "file_coming",
        "file_lost",
    ];

    /// The first arguments of `say`, `say_with` and `say_count` in a source text.
    fn asked(source: &str) -> impl Iterator<Item = &str> {
        let calls = ["say(\"", "say_with(\"", "say_count(\"", "button(\""];
        calls.into_iter().flat_map(|call| source.split(call).skip(1)).filter_map(|rest| rest.split('"').next())
    }

    fn sources(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![fs::read_to_string(path).unwrap()] })
            .collect()
    }

    #[test]
    fn every_word_is_there_in_every_language() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let sources = sources(&root.join("src"));
        let keys: Vec<_> = sources.iter().flat_map(|source| asked(source)).chain(CHOSEN).collect();
        assert!(keys.contains(&"said") && keys.contains(&"jump_n"), "the calls are found");
        for language in fs::read_dir(root.join("../assets/words")).unwrap() {
            let path = language.unwrap().path();
            let words: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            for key in &keys {
                assert!(words["chat"].get(*key).is_some(), "{key} is missing in {}", path.display());
            }
        }
    }
}

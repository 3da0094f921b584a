//! The browser's clock, its alarm and its calendar: the only source of time.

use shared::Millis;
use std::cell::Cell;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(then: &JsValue, after: f64) -> i32;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timeout: i32);

    /// `Intl.DateTimeFormat`, which knows the visitor's language and zone.
    #[wasm_bindgen(js_namespace = Intl)]
    type DateTimeFormat;
    #[wasm_bindgen(constructor, js_namespace = Intl)]
    fn new(language: &str, options: &JsValue) -> DateTimeFormat;
    #[wasm_bindgen(method)]
    fn format(this: &DateTimeFormat, at: f64) -> String;
}

/// The browser's time, which from then on goes on from where it was when somebody sets the clock back: waits end.
pub fn now() -> Millis {
    STEADY.with(|steady| steady.at(js_sys::Date::now() as Millis))
}

thread_local! {
    static STEADY: Steady = const { Steady { last: Cell::new(0), ahead: Cell::new(0) } };
}

/// A clock that never goes back.
struct Steady {
    last: Cell<Millis>,
    /// How far the browser's clock was set back in all.
    ahead: Cell<Millis>,
}

impl Steady {
    /// The time when the browser's clock shows `shown`.
    fn at(&self, shown: Millis) -> Millis {
        let back = self.last.get().saturating_sub(shown + self.ahead.get());
        self.ahead.set(self.ahead.get() + back);
        self.last.set(shown + self.ahead.get());
        self.last.get()
    }
}

/// Rings once, at the time it was last set to.
pub struct Alarm {
    ring: JsValue,
    timeout: Cell<i32>,
}

impl Alarm {
    pub fn new(mut ring: impl FnMut() + 'static) -> Self {
        let ring = crate::embed::callback(move |_| ring());
        Self { ring, timeout: Cell::new(0) }
    }

    pub fn set(&self, due: Option<Millis>) {
        clear_timeout(self.timeout.get());
        if let Some(due) = due {
            self.timeout.set(set_timeout(&self.ring, due.saturating_sub(now()) as f64));
        }
    }
}

/// “14:05”.
pub fn time(at: Millis) -> String {
    FORMATS.with(|formats| formats[0].format(at as f64))
}

/// “3 ноября”, with the year unless it is this one.
pub fn date(at: Millis) -> String {
    let year = |at: Millis| js_sys::Date::new(&(at as f64).into()).get_full_year();
    let format = if year(at) == year(now()) { 1 } else { 2 };
    FORMATS.with(|formats| formats[format].format(at as f64))
}

thread_local! {
    /// A time, a date of this year, any date. Making one is slow, so they are made once.
    static FORMATS: [DateTimeFormat; 3] = [
        r#"{"hour":"numeric","minute":"2-digit"}"#,
        r#"{"day":"numeric","month":"long"}"#,
        r#"{"day":"numeric","month":"long","year":"numeric"}"#,
    ]
    .map(|options| {
        let options = js_sys::JSON::parse(options).unwrap_or_default(); // it is JSON
        DateTimeFormat::new(&crate::embed::language(), &options)
    });
}

/// The number of the day in the visitor's zone.
pub fn day(at: Millis) -> u32 {
    let offset = js_sys::Date::new(&(at as f64).into()).get_timezone_offset() * 60_000.0;
    ((at as f64 - offset) / 86_400_000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_holds_nothing_up() {
        let steady = Steady { last: Cell::new(0), ahead: Cell::new(0) };
        assert_eq!(
            [5_000, 6_000, 1_000, 1_500, 500, 9_000].map(|shown| steady.at(shown)),
            [5_000, 6_000, 6_000, 6_500, 6_500, 15_000]
        );
    }
}

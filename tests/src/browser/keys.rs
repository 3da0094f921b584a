//! The keyboard.

use chromiumoxide::{
    Page,
    cdp::browser_protocol::input::{DispatchKeyEventParams, DispatchKeyEventType, InsertTextParams},
};

/// Keys that do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Enter,
    Escape,
    Tab,
    ArrowUp,
}

impl Key {
    /// Name, code number and typed text, as the UI Events standard has them.
    fn parts(self) -> (&'static str, i64, Option<&'static str>) {
        match self {
            Self::Enter => ("Enter", 13, Some("\r")),
            Self::Escape => ("Escape", 27, None),
            Self::Tab => ("Tab", 9, None),
            Self::ArrowUp => ("ArrowUp", 38, None),
        }
    }
}

pub(super) async fn press(page: &Page, key: Key, with_shift: bool) {
    let (name, number, text) = key.parts();
    let down = if text.is_some() { DispatchKeyEventType::KeyDown } else { DispatchKeyEventType::RawKeyDown };
    for kind in [down, DispatchKeyEventType::KeyUp] {
        let mut event = DispatchKeyEventParams::new(kind.clone());
        event.key = Some(name.to_owned());
        event.code = Some(name.to_owned());
        event.windows_virtual_key_code = Some(number);
        event.modifiers = with_shift.then_some(8);
        event.text = text.filter(|_| kind == DispatchKeyEventType::KeyDown).map(str::to_owned);
        page.execute(event).await.expect("a key is pressed");
    }
}

pub(super) async fn type_text(page: &Page, text: &str) {
    page.execute(InsertTextParams::new(text)).await.expect("text is typed");
}

//! The chat in the browser: mounts it in its document and wires the rooms.
//!
//! `dialogue` is what the visitor sees and `talk` what to do next, both plain data tested natively; `connection` brings
//! frames, `storage` and `browser` keep things, `view` draws, `embed` is the seam to the document, `clock` the time.

mod app;
mod browser;
mod clock;
mod connection;
mod dialogue;
mod embed;
mod json;
mod storage;
mod talk;
mod view;

use wasm_bindgen::prelude::*;

/// Brings the chat to life. The document's shell calls this by loading the module.
#[wasm_bindgen(start)]
pub fn start() {
    app::start();
}

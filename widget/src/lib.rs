//! The chat in the browser.

pub mod dialogue;

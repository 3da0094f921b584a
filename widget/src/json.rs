//! JSON by the browser's own parser, walked without copying it into a tree of ours; native tests use serde's instead.

#[cfg_attr(not(test), path = "json/browser.rs")]
#[cfg_attr(test, path = "json/native.rs")]
mod parser;

pub use parser::{Json, parse, quote};

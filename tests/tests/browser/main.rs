//! The chat in a real Chromium.
#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod acts;
mod closed;
mod desk;
mod faces;
mod files;
mod harness;
mod hostile;
mod identity;
mod keyboard;
mod kill;
mod loader;
mod network;
mod profile;
mod settings;
mod tabs;
mod talk;

//! The chat in a real Chromium.

mod desk;
mod harness;
mod hostile;
mod keyboard;
mod kill;
mod loader;
mod network;
mod settings;
mod tabs;
mod talk;

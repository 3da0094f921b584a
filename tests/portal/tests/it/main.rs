//! The stand-in from outside: over real HTTP, as a relay meets it.

#![allow(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod desk;
mod faults;
mod limits;
mod payloads;
mod relay;
mod set_up;
mod talk;

//! The relay over real HTTP and WebSocket, against the stand-in portal.

mod addresses;
mod check;
mod crash;
mod demo;
mod faults;
mod inbox;
mod install;
mod limits;
mod outbox;
mod recorded;
mod settings;
mod setup;
mod talk;

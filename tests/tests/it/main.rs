//! The relay over real HTTP and WebSocket, against the stand-in portal.

mod addresses;
mod check;
mod crash;
mod demo;
mod faults;
mod install;
mod limits;
mod settings;
mod setup;
mod talk;

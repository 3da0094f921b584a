//! The relay over real HTTP and WebSocket, against the stand-in portal.
#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod addresses;
mod attached;
mod audit;
mod blame;
mod changes;
mod check;
mod crash;
mod demo;
mod doubts;
mod faces;
mod faults;
mod files;
mod flags;
mod held;
mod histories;
mod identity;
mod inbox;
mod install;
mod life;
mod limits;
mod outbox;
mod presence;
mod profile;
mod quota;
mod rating;
mod recorded;
mod recovery;
mod refusals;
mod rules;
mod sessions;
mod settings;
mod setup;
mod silence;
mod talk;
mod uploads;

//! The portal's REST API as typed calls, and what it sends us as types. Knows Bitrix24 and nothing of visitors or disk.

pub mod bbcode;
pub mod events;
#[cfg(test)]
mod fixtures;
pub mod form;
pub mod value;

/// What our connector is called at every portal: `ID` of `imconnector.register`, `CONNECTOR` everywhere else.
pub const CONNECTOR: &str = "otklik";

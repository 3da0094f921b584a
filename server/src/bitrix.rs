//! The portal's REST API as typed calls, and what it sends us as types. Knows Bitrix24 and nothing of visitors or disk.
//!
//! `client` is the one way to call (`Portal::call`, with a type of `methods`), `guard` the one way out of the machine,
//! `oauth` renews tokens, `error` judges what a failure asks for, `trouble` what it says of the whole portal. `form`, `value` and `events` read what the portal
//! posts, `bbcode` its texts, `attach` what stands beside them.

pub mod attach;
pub mod bbcode;
pub mod client;
pub mod endpoint;
pub mod error;
pub mod events;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod form;
pub mod guard;
pub mod hours;
pub mod methods;
pub mod oauth;
pub mod trouble;
pub mod value;

/// What our connector is called at every portal: `ID` of `imconnector.register`, `CONNECTOR` everywhere else.
pub const CONNECTOR: &str = "otklik";

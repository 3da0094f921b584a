//! The relay.

pub mod bitrix;
pub mod look;

//! The relay.

pub mod assets;
pub mod bitrix;
pub mod look;

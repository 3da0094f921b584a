//! The relay.

pub mod bitrix;

//! The portal's REST API as typed calls, and what it sends us as types. Knows Bitrix24 and nothing of visitors or disk.

pub mod bbcode;
pub mod form;
pub mod value;

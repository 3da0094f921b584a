//! The wire: what the widget and the relay say to each other. No I/O, no clock, nothing of Bitrix24.
//!
//! `wire` holds the frames, `ids` the checked texts they carry, `decode` reads frames without serde (for the widget,
//! where serde would cost a quarter of its bytes) and is tested here against the serde types the relay uses.

#[cfg(feature = "serde")]
mod about;
pub mod decode;
pub mod ids;
pub mod wire;

#[cfg(feature = "serde")]
pub use about::{About, Tracked};
pub use ids::{FileId, IdError, MessageId, SiteKey};
pub use wire::{
    Attendance, Author, Entry, Face, File, FileKind, FileState, Happening, Hello, Identity, Link, MessageState, Millis,
    PROTOCOL_VERSION, Piece, Presence, Quote, Refusal, Seq, ToServer, ToWidget,
};

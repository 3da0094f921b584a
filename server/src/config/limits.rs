//! `[limits]`: each number a visitor can run into, with its default. `limits` enforces them.

use super::ConfigError;
use super::source::Section;
use std::time::Duration;

/// The longest message that can be set, in characters. The portal cuts a text at 20,000 (imconnector.send.messages), and
/// of three characters (`[b]`) four may be made on the way there, so that they are no markup.
const MOST_CHARS: u32 = 14_999;

/// How many bytes of a frame one character may take, a control character's escape in JSON, and all that is around it.
const CHAR_BYTES: u32 = 6;
const AROUND_BYTES: u32 = 1_024;

/// A megabyte, as file managers count.
const MB: u64 = 1_024 * 1_024;

/// What one visitor, and one address, may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// The longest message, in characters.
    pub text_chars: u32,
    /// The longest frame or request body of a visitor, in bytes.
    pub frame_bytes: u32,
    /// The largest file, in bytes, of either side.
    pub file_bytes: u64,
    /// Files of one message.
    pub files_per_message: u32,
    /// Uploads of one session at once, and a minute once those are used up.
    pub files_burst: u32,
    pub files_per_minute: u32,
    /// Messages of one session at once.
    pub session_burst: u32,
    /// Messages of one session a minute, once the burst is used up.
    pub session_per_minute: u32,
    /// Messages of one address at once: an office shares one.
    pub address_burst: u32,
    pub address_per_minute: u32,
    /// Sessions begun from one address at once.
    pub sessions_burst: u32,
    pub sessions_per_minute: u32,
    /// Open connections of one session: its tabs.
    pub session_connections: u32,
    pub address_connections: u32,
    /// How long a connection may take to say who it is.
    pub hello_within: Duration,
}

impl LimitsConfig {
    pub(super) fn read(mut section: Section) -> Result<Self, ConfigError> {
        let usual = Self::default();
        let mut number = |key: &str, usual: u32, least: u32, most: u32| {
            section
                .number(key, usual.into(), least.into(), most.into())
                .map(|number| u32::try_from(number).unwrap_or(most))
        };
        let limits = Self {
            text_chars: number("text_chars", usual.text_chars, 1, MOST_CHARS)?,
            frame_bytes: number("frame_bytes", usual.frame_bytes, 1_024, 1 << 24)?,
            file_bytes: u64::from(number("file_mb", 20, 1, 1_024)?) * MB,
            // The portal has a minute to download all of them.
            files_per_message: number("files_per_message", usual.files_per_message, 1, 10)?,
            files_burst: number("files_burst", usual.files_burst, 1, 1_000_000)?,
            files_per_minute: number("files_per_minute", usual.files_per_minute, 1, 1_000_000)?,
            session_burst: number("session_burst", usual.session_burst, 1, 1_000_000)?,
            session_per_minute: number("session_per_minute", usual.session_per_minute, 1, 1_000_000)?,
            address_burst: number("address_burst", usual.address_burst, 1, 1_000_000)?,
            address_per_minute: number("address_per_minute", usual.address_per_minute, 1, 1_000_000)?,
            sessions_burst: number("sessions_burst", usual.sessions_burst, 1, 1_000_000)?,
            sessions_per_minute: number("sessions_per_minute", usual.sessions_per_minute, 1, 1_000_000)?,
            session_connections: number("session_connections", usual.session_connections, 1, 10_000)?,
            address_connections: number("address_connections", usual.address_connections, 1, 1_000_000)?,
            hello_within: Duration::from_secs(number("hello_seconds", 10, 1, 600)?.into()),
        };
        // Else a message that the page takes would never arrive, and be tried again for ever.
        let least = CHAR_BYTES * limits.text_chars + AROUND_BYTES;
        if limits.frame_bytes < least {
            return Err(section.wrong("frame_bytes", &format!("at least {least} are needed for this text_chars")));
        }
        section.end()?;
        Ok(limits)
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            text_chars: 10_000,
            frame_bytes: 65_536,
            file_bytes: 20 * MB,
            files_per_message: 5,
            files_burst: 30,
            files_per_minute: 2,
            session_burst: 20,
            session_per_minute: 60,
            address_burst: 400,
            address_per_minute: 1_200,
            sessions_burst: 60,
            sessions_per_minute: 60,
            session_connections: 20,
            address_connections: 500,
            hello_within: Duration::from_secs(10),
        }
    }
}

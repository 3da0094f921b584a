//! Errands: what a visitor asks of the portal. Each is an entry of its dialogue and waits until a later entry says what
//! became of it; within a dialogue they are done one after another.

use super::log::{Reply, Told};
use serde::{Deserialize, Serialize};
use shared::{Author, File, MessageId};

/// What the portal should get or do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// A message of the visitor's: to be said once.
    Say {
        text: String,
        /// What it answers.
        reply: Option<Reply>,
        /// The portal waits for a rating: a text that looks like one must not be taken for it.
        guarded: bool,
        files: Vec<File>,
    },
    /// What is known of the visitor: to be said once, beside their words.
    Note { text: String },
    /// A file that the portal lost on its way: to be sent once, by itself.
    Resend { file: File },
    /// The visitor's message `of`, which answers `reply`, says this now. May be done twice.
    Edit { of: MessageId, text: String, reply: Option<Reply> },
    /// The visitor takes the message `of` back. May be done twice.
    Delete { of: MessageId },
    /// The visitor answers a request for a rating: once.
    Rate { like: bool },
    /// The visitor ends the conversation that is the portal's session of this number, 0 where it told none: once, for a
    /// second time would end another.
    Finish { session: u64 },
}

/// Calls with files take as long as the portal downloads them, so they are made beside all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    #[default]
    Words,
    Files,
}

impl Errand {
    /// Whether doing it twice is as good as once.
    pub fn may_repeat(&self) -> bool {
        matches!(self, Self::Edit { .. } | Self::Delete { .. })
    }
}

impl Told {
    /// How the visitor's chat named the act that this entry is; none for what the portal told.
    pub(super) fn asked(&self) -> Option<&MessageId> {
        match self {
            Self::Said { id, from: Author::Visitor, .. }
            | Self::Again { id, .. }
            | Self::Rated { id, .. }
            | Self::Left { id, .. }
            | Self::Noted { id, .. } => Some(id),
            // Said again, it is known.
            Self::Joined { what, .. } => what.asked(),
            Self::Edited { act, .. } | Self::Deleted { act, .. } => act.as_ref(),
            _ => None,
        }
    }

    /// Whether it is an errand: the visitor's, and not done by changing another that had not begun.
    pub(super) fn waits(&self) -> bool {
        let changes = matches!(self, Self::Edited { unsent: Some(_), .. } | Self::Deleted { unsent: Some(_), .. });
        self.asked().is_some() && !changes && !matches!(self, Self::Joined { .. })
    }

    /// Which calls it waits for.
    pub(super) fn lane(&self) -> Lane {
        match self {
            Self::Said { files, .. } if !files.is_empty() => Lane::Files,
            Self::Again { .. } => Lane::Files,
            _ => Lane::Words,
        }
    }

    /// What this entry asks of the portal. `guarded`: a rating is waited for there.
    pub(super) fn into_errand(self, guarded: bool) -> Option<(MessageId, Errand)> {
        let id = self.asked().filter(|_| self.waits())?.clone();
        let errand = match self {
            Self::Said { text, reply, files, .. } => Errand::Say { text, reply, guarded, files },
            Self::Again { file, .. } => Errand::Resend { file },
            // Whoever can read the log adds what it answers.
            Self::Edited { id: of, text, .. } => Errand::Edit { of, text, reply: None },
            Self::Deleted { id: of, .. } => Errand::Delete { of },
            Self::Rated { like, .. } => Errand::Rate { like },
            Self::Noted { text, .. } => Errand::Note { text },
            Self::Left { session, .. } => Errand::Finish { session },
            Self::File { .. }
            | Self::State { .. }
            | Self::Done { .. }
            | Self::Answered { .. }
            | Self::Started { .. }
            | Self::Finished { .. }
            | Self::EndKnown { .. }
            | Self::Late { .. }
            | Self::Owned { .. }
            | Self::Joined { .. } => return None,
        };
        Some((id, errand))
    }
}

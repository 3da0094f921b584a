//! Errands: what a visitor asks of the portal. Each is an entry of its dialogue and waits until a later entry says what
//! became of it; within a dialogue they are done one after another.

use super::log::{Reply, Told};
use shared::{Author, MessageId};

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
    },
    /// What is known of the visitor: to be said once, beside their words.
    Note { text: String },
    /// The visitor's message `of` says this now. May be done twice.
    Edit { of: MessageId, text: String },
    /// The visitor takes the message `of` back. May be done twice.
    Delete { of: MessageId },
    /// The visitor answers a request for a rating: once.
    Rate { like: bool },
    /// The visitor ends the conversation: once, for a second time would end another.
    Finish,
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

    /// What this entry asks of the portal. `guarded`: a rating is waited for there.
    pub(super) fn into_errand(self, guarded: bool) -> Option<(MessageId, Errand)> {
        let id = self.asked().filter(|_| self.waits())?.clone();
        let errand = match self {
            Self::Said { text, reply, .. } => Errand::Say { text, reply, guarded },
            Self::Edited { id: of, text, .. } => Errand::Edit { of, text },
            Self::Deleted { id: of, .. } => Errand::Delete { of },
            Self::Rated { like, .. } => Errand::Rate { like },
            Self::Noted { text, .. } => Errand::Note { text },
            Self::Left { .. } => Errand::Finish,
            Self::File { .. }
            | Self::State { .. }
            | Self::Done { .. }
            | Self::Started { .. }
            | Self::Finished { .. }
            | Self::Owned { .. }
            | Self::Joined { .. } => return None,
        };
        Some((id, errand))
    }
}

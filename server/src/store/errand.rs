//! Errands: what a visitor asks of the portal. Each is an entry of its dialogue and waits until a later entry says what
//! became of it; within a dialogue they are done one after another.

use super::log::Told;
use shared::{Author, MessageId};

/// What the portal should get or do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// A message of the visitor's: to be said once.
    Say { text: String },
}

impl Told {
    /// How the visitor's chat named what this entry asks of the portal; none where it asks nothing.
    pub(super) fn asked(&self) -> Option<&MessageId> {
        match self {
            Self::Said { id, from: Author::Visitor, .. } => Some(id),
            _ => None,
        }
    }

    /// What this entry asks of the portal, and its name.
    pub(super) fn into_errand(self) -> Option<(MessageId, Errand)> {
        match self {
            Self::Said { id, from: Author::Visitor, text, .. } => Some((id, Errand::Say { text })),
            _ => None,
        }
    }
}

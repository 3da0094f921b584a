//! What the visitor sees, as plain data: the relay's entries folded into messages, the visitor's own words that the
//! relay has not taken yet, and the lines a screen shows of both. Knows no signals, no DOM, no clock.

mod history;
mod lines;
mod queue;
#[cfg(test)]
mod tests;

pub use history::{History, Message, Moment, What};
#[cfg(test)]
pub use lines::Rating;
pub use lines::{Bubble, Line, Quoted, Scene, Shown, lines};
pub use queue::{Act, Fate, Pending, Queue};
use shared::MessageState;

/// Where one of the visitor's own messages is, as the visitor is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In the browser only.
    Queued,
    /// On the relay's disk.
    Sent,
    /// The portal has it.
    Delivered,
    /// The portal's answer was lost and cannot be found out.
    Unconfirmed,
    /// Refused for good, by the relay or by the portal.
    Failed,
}

impl From<MessageState> for State {
    fn from(state: MessageState) -> Self {
        match state {
            MessageState::Delivered => Self::Delivered,
            MessageState::Unconfirmed => Self::Unconfirmed,
            MessageState::Failed => Self::Failed,
        }
    }
}

impl State {
    /// Its name in `data-state`, in the icons' ids and among the words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Unconfirmed => "unconfirmed",
            Self::Failed => "failed",
        }
    }
}

/// What is to be said of a change that the operator does not have, as far as is known, by its word's key.
pub fn unheard(state: State, deleted: bool) -> &'static str {
    match state {
        State::Unconfirmed => "unconfirmed",
        _ if deleted => "delete_failed",
        _ => "edit_failed",
    }
}

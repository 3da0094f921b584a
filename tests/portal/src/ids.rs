//! The portal's numbers, each of its own type so that they cannot be swapped.

use serde::Serialize;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl std::fmt::Display for $name {
            fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(to)
            }
        }
    };
}

number_id!(
    /// An open line.
    LineId
);
number_id!(
    /// A chat of the portal: `im.chat_id`.
    ChatId
);
number_id!(
    /// A message of the portal: `im.message_id`. Grows over all chats.
    MessageId
);
number_id!(
    /// One numbered talk inside a chat.
    SessionId
);
number_id!(
    /// An employee, or the portal's own user behind a visitor.
    UserId
);

/// The next numbers to give out. They begin where the documentation's samples do.
#[derive(Debug)]
pub(crate) struct Numbers {
    chat: u64,
    message: u64,
    session: u64,
    visitor: u64,
    handler: u64,
    queued: u64,
    file: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { chat: 1807, message: 86_488, session: 3282, visitor: 585, handler: 541, queued: 512, file: 9_821 }
    }
}

fn take(next: &mut u64) -> u64 {
    let taken = *next;
    *next += 1;
    taken
}

impl Numbers {
    pub fn chat(&mut self) -> ChatId {
        ChatId(take(&mut self.chat))
    }

    pub fn message(&mut self) -> MessageId {
        MessageId(take(&mut self.message))
    }

    pub fn session(&mut self) -> SessionId {
        SessionId(take(&mut self.session))
    }

    pub fn visitor(&mut self) -> UserId {
        UserId(take(&mut self.visitor))
    }

    /// `event_handler_id` of a binding.
    pub fn handler(&mut self) -> u64 {
        take(&mut self.handler)
    }

    pub fn file(&mut self) -> u64 {
        take(&mut self.file)
    }

    /// `ID` of a record in the offline queue.
    pub fn queued(&mut self) -> u64 {
        take(&mut self.queued)
    }
}

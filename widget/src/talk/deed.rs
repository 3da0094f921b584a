//! What `Talk` wants done outside of it.

use shared::{Refusal, ToServer};

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    Send(ToServer),
    /// Ask who is there, without a connection.
    Look(ToServer),
    /// Connect, unless that is so already.
    Connect,
    /// Leave this connection and connect as who we are now.
    Anew,
    /// Leave it; come back by itself after so many seconds at the least.
    Pause {
        seconds: u32,
    },
    /// Leave it for good.
    Leave,
    /// What the dialogue is called outside.
    Named(String),
    /// The longest text the relay takes.
    Limit {
        chars: u32,
    },
    /// To the host page.
    Tell(News),
    /// To the ear: a message failed, and why.
    Failed(Refusal),
    /// To the ear: a change did not get to the operator, or may not have, by its word's key.
    Unheard(&'static str),
}

/// What scripts of the host page hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Sent {
        first: bool,
    },
    Received,
    Failed,
    Operator,
    /// A message with files, of the visitor's own or not.
    File {
        own: bool,
    },
    Rated {
        like: bool,
    },
    Started,
    Finished,
    /// The relay does not believe who the page says the visitor is.
    Unproven,
}

//! What is to be known of a visitor's message before the portal is asked to change it.

use crate::store::log::{Position, ReadLog, Reply, Told, Walk};
use crate::store::{StoreError, View};
use shared::{MessageId, MessageState, Millis};

/// How many entries are looked through for a message that was settled a moment ago.
const LOOKED_AT: usize = 500;

/// When the visitor's message `of`, somewhere before the entry behind `tip`, was said, and what it answers.
pub fn said(log: &mut &View, tip: Position, of: &MessageId) -> Result<Option<(Millis, Option<Reply>)>, StoreError> {
    let mut found = None;
    log.walk(tip, |_, record| match record.what {
        Told::Said { id, reply, .. } if id == *of => {
            found = Some((record.at, reply));
            Walk::Enough
        }
        _ => Walk::On,
    })?;
    Ok(found)
}

/// Since when the portal is known to have the message `of` of the dialogue that ends at `tip`, where it may not know it by
/// its id yet: nothing but its line told of it, or only its words were found. `called`: since when a call carries what
/// stands at a position and is not settled.
pub fn unnamed_since(
    log: &mut &View,
    tip: Position,
    of: &MessageId,
    called: impl Fn(Position) -> Option<Millis>,
) -> Result<Option<Millis>, StoreError> {
    let (mut since, mut left) = (None, LOOKED_AT);
    log.walk(tip, |position, record| {
        match record.what {
            Told::State { id, state, at_portal, .. } if id == *of => {
                let is_unnamed = state == MessageState::Delivered && !at_portal.is_whole();
                since = is_unnamed.then_some(record.at);
                return Walk::Enough;
            }
            Told::Answered { id, at_portal, .. } if id == *of && at_portal.is_whole() => return Walk::Enough,
            Told::Said { id, .. } if id == *of => {
                since = called(position);
                return Walk::Enough;
            }
            _ => {}
        }
        left -= 1;
        if left == 0 { Walk::Enough } else { Walk::On }
    })?;
    Ok(since)
}

//! What a visitor said and was told. One diary for one session: who logs out begins another.

use shared::{Entry, MessageId};

use super::script::Parcel;

#[derive(Clone, Debug, Default)]
pub struct Diary {
    /// Who writes it.
    pub whose: String,
    /// The person the page says they are.
    pub person: Option<String>,
    /// What was accepted, in the order of the log.
    pub accepted: Vec<Accepted>,
    /// Ratings that were accepted.
    pub rated: Vec<(MessageId, bool)>,
    pub log: Vec<Entry>,
    /// What is still to be said or not yet accepted.
    pub left: usize,
    pub session: Option<String>,
    /// They logged out: whatever came after, nobody is told.
    pub ended: bool,
    /// What the relay must never do, and did.
    pub broken: Vec<String>,
}

/// A message of the visitor's that the relay has.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub id: MessageId,
    /// Its words, oldest first.
    pub versions: Vec<String>,
    /// It went as a quotation with words behind it.
    pub reply: bool,
    pub deleted: bool,
    pub files: Vec<Parcel>,
    /// It was said before the page told who this is.
    pub before_sign_in: bool,
}

impl Diary {
    pub fn change(&mut self, of: &MessageId, how: impl FnOnce(&mut Accepted)) {
        if let Some(said) = self.accepted.iter_mut().find(|said| said.id == *of) {
            how(said);
        }
    }
}

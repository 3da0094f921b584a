//! The offline queue: copies of events that stay in the portal's own database until they are fetched.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use crate::{
    clock::Millis,
    ids::{Numbers, UserId},
};

/// One record of the queue.
#[derive(Clone, Debug)]
pub struct Record {
    pub id: u64,
    pub at: Millis,
    pub event: String,
    pub data: Value,
    pub user: UserId,
    /// `auth_connector` of the binding.
    pub connector: String,
    /// Same event, same data: same key.
    pub key: String,
    /// Set by `event.offline.get` with `clear=0`, until `event.offline.clear`.
    pub process: Option<String>,
}

impl Record {
    /// Keeps an event. The same event with the same data is one record with a new time.
    pub(crate) fn keep(
        queue: &mut Vec<Self>,
        numbers: &mut Numbers,
        event: &str,
        data: &Value,
        connector: &str,
        user: UserId,
        at: Millis,
    ) {
        let key = key_of(event, data);
        match queue.iter_mut().find(|one| one.key == key && one.connector == connector && one.process.is_none()) {
            Some(known) => known.at = at,
            None => queue.push(Self {
                id: numbers.queued(),
                at,
                event: event.to_owned(),
                data: data.clone(),
                user,
                connector: connector.to_owned(),
                key,
                process: None,
            }),
        }
    }

    /// As `event.offline.get` returns it; `list` adds two members more.
    pub(crate) fn shown(&self) -> Value {
        json!({
            "ID": self.id.to_string(),
            "TIMESTAMP_X": self.at.iso(),
            "EVENT_NAME": self.event,
            "EVENT_DATA": self.data,
            "EVENT_ADDITIONAL": {"user_id": self.user},
            "MESSAGE_ID": self.key,
        })
    }
}

/// 32 hex digits that stand for the portal's md5 of name and data.
fn key_of(event: &str, data: &Value) -> String {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, event, data.to_string()).hash(&mut hasher);
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(0), half(1))
}

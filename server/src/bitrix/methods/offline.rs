//! `event.offline.list`, `event.offline.get`: the queue the portal keeps for whoever was away
//! (`events/offline-events.md`). `list` shows without taking; `get` takes, so it comes second, for what is safe
//! already.

use super::Method;
use super::bindings::OFFLINE;
use crate::bitrix::error::PortalError;
use crate::bitrix::value::{get, items, moment, number_at, text_at};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use shared::Millis;

/// The most records of one answer.
pub const PAGE: usize = 50;

/// One event, kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub id: u64,
    /// `EVENT_NAME` in capital letters.
    pub name: String,
    pub data: Value,
    /// When it was last raised.
    pub at: Option<Millis>,
}

impl Record {
    fn read(element: &Value) -> Option<Self> {
        Some(Self {
            id: number_at(element, &["ID"])?,
            name: text_at(element, &["EVENT_NAME"])?.to_ascii_uppercase(),
            data: get(element, "EVENT_DATA").cloned().unwrap_or_default(),
            at: text_at(element, &["TIMESTAMP_X"]).and_then(|text| moment(&text)),
        })
    }

    /// The record in the shape of an event's body.
    pub fn body(&self) -> Value {
        json!({"event": self.name, "data": self.data, "ts": self.at.map(|at| at / 1000), "late": true})
    }
}

/// `event.offline.list`: the oldest records. Nothing is taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct List;

impl Serialize for List {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json!({"order": {"ID": "ASC"}, "auth_connector": OFFLINE}).serialize(to)
    }
}

impl Method for List {
    const NAME: &'static str = "event.offline.list";
    type Reply = Vec<Record>;

    fn reply(result: Value) -> Result<Vec<Record>, PortalError> {
        Ok(items(&result).into_iter().filter_map(Record::read).collect())
    }
}

/// `event.offline.get`: the records up to `last`, which are gone from the queue then.
#[derive(Clone, Copy, Debug)]
pub struct Take {
    pub last: u64,
}

impl Serialize for Take {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json!({"filter": {"<=ID": self.last}, "order": {"ID": "ASC"}, "limit": PAGE, "auth_connector": OFFLINE})
            .serialize(to)
    }
}

impl Method for Take {
    const NAME: &'static str = "event.offline.get";
    type Reply = Vec<Record>;

    fn reply(result: Value) -> Result<Vec<Record>, PortalError> {
        let events = get(&result, "events").ok_or_else(Self::shape)?;
        Ok(items(events).into_iter().filter_map(Record::read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::events::{Event, What};
    use crate::bitrix::fixtures::result;

    #[test]
    fn both_answers_hold_the_same_records() {
        let listed = List::reply(result("event.offline.list.response.json")).unwrap();
        let taken = Take::reply(result("event.offline.get.response.json")).unwrap();
        assert_eq!(listed, taken);
        assert_eq!((listed[0].id, listed[0].at), (512, Some(1_773_759_302_000)));
        let event = Event::of(&listed[0].body());
        assert!(matches!(event.what, What::MessageAdd { .. }));
        assert_eq!((event.at, event.is_late), (listed[0].at, true));
        assert!(List::reply(json!([])).unwrap().is_empty());
        assert!(Take::reply(json!({"process_id": null, "events": []})).unwrap().is_empty());
    }

    #[test]
    fn taking_is_bounded() {
        let written = serde_json::to_value(Take { last: 512 }).unwrap();
        assert_eq!(written["filter"], json!({"<=ID": 512}));
    }
}

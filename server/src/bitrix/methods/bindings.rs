//! `event.bind`, `event.unbind`, `event.get`: which events come to us, and where (`api-reference/events/`).

use super::{Method, Nothing};
use crate::bitrix::error::PortalError;
use crate::bitrix::value::{get, items, number_at, text_at, truth};
use serde::Serialize;
use serde_json::Value;

/// Under which name our offline queue stands; calls of our own never carry it, so that the queue gets everything.
pub const OFFLINE: &str = "otklik";

/// A line repeats what its connector brought (`api-reference/imopenlines/openlines/events/`): a visitor's message that is
/// seen there has arrived, whatever became of the answer to its call. Not every portal has it.
pub const LINE_MESSAGE: &str = "OnOpenLineMessageAdd";

/// `event.bind`. A second time for the same event and handler answers `ERROR_CORE`: look with `event.get` first.
#[derive(Clone, Debug, Serialize)]
pub struct Bind {
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    handler: Option<String>,
    event_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_connector: Option<&'static str>,
    auth_type: u8,
}

impl Bind {
    /// Has the event posted to `handler` when it happens.
    pub fn online(event: &str, handler: &str) -> Self {
        let handler = Some(handler.to_owned());
        Self { event: event.to_owned(), handler, event_type: "online", auth_connector: None, auth_type: 0 }
    }

    /// Has the event kept at the portal until it is fetched. Needs an administrator's token.
    pub fn offline(event: &str) -> Self {
        Self {
            event: event.to_owned(),
            handler: None,
            event_type: "offline",
            auth_connector: Some(OFFLINE),
            auth_type: 0,
        }
    }

    fn is_offline(&self) -> bool {
        self.event_type == "offline"
    }

    /// Whether the rest works without it: not every portal has an offline queue, or repeats what lines carry.
    pub fn is_a_net(&self) -> bool {
        self.is_offline() || self.event == LINE_MESSAGE
    }
}

impl Method for Bind {
    const NAME: &'static str = "event.bind";
    type Reply = ();

    fn reply(result: Value) -> Result<(), PortalError> {
        truth(&result).then_some(()).ok_or_else(Self::shape)
    }
}

/// `event.unbind` of a handler whose address has changed. Replies how many bindings went.
#[derive(Clone, Debug, Serialize)]
pub struct Unbind {
    pub event: String,
    pub handler: String,
}

impl Method for Unbind {
    const NAME: &'static str = "event.unbind";
    type Reply = u64;

    fn reply(result: Value) -> Result<u64, PortalError> {
        Ok(number_at(&result, &["count"]).unwrap_or_default())
    }
}

/// `event.get`: what is bound for this application.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Bindings(pub Nothing);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// In capital letters.
    pub event: String,
    /// `None` in the offline queue.
    pub handler: Option<String>,
    pub offline: bool,
    /// Whose offline queue.
    pub connector: Option<String>,
}

impl Binding {
    /// Whether this is what `bind` would make.
    pub fn is(&self, bind: &Bind) -> bool {
        let offline = bind.is_offline();
        self.event.eq_ignore_ascii_case(&bind.event)
            && self.offline == offline
            && (offline && self.connector.as_deref() == bind.auth_connector || !offline && self.handler == bind.handler)
    }
}

impl Method for Bindings {
    const NAME: &'static str = "event.get";
    type Reply = Vec<Binding>;

    fn reply(result: Value) -> Result<Vec<Binding>, PortalError> {
        let binding = |element: &Value| {
            Some(Binding {
                event: text_at(element, &["event"])?.to_ascii_uppercase(),
                handler: text_at(element, &["handler"]),
                offline: get(element, "offline").is_some_and(truth),
                connector: text_at(element, &["connector_id"]),
            })
        };
        Ok(items(&result).into_iter().filter_map(binding).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::fixtures::{json, result};

    #[test]
    fn bindings_are_recognised() {
        let bound = Bindings::reply(result("event.get.response.json")).unwrap();
        let handler = "https://relay.example.com/b24/event";
        assert!(bound[0].is(&Bind::online("OnImConnectorMessageAdd", handler)));
        assert!(!bound[0].is(&Bind::online("OnImConnectorMessageAdd", "https://other.example/")));
        assert!(!bound[1].is(&Bind::online("OnImConnectorMessageAdd", handler)));
        assert!(bound[2].offline && !bound[2].is(&Bind::offline("OnImConnectorMessageAdd")), "another's queue");
        assert!(Bindings::reply(serde_json::json!([])).unwrap().is_empty());
    }

    #[test]
    fn a_binding_asks_for_what_it_needs() {
        let mut recorded = json("event.bind.request.json");
        recorded.as_object_mut().unwrap().remove("auth");
        recorded["event_type"] = "online".into();
        let written =
            serde_json::to_value(Bind::online("OnImConnectorMessageAdd", "https://relay.example.com/b24/event"));
        assert_eq!(written.unwrap(), recorded);
        let offline = serde_json::to_value(Bind::offline("OnImConnectorMessageAdd")).unwrap();
        assert_eq!((&offline["event_type"], offline.get("handler")), (&Value::from("offline"), None));
        Bind::reply(result("event.bind.response.json")).unwrap();
        let twice =
            crate::bitrix::client::read_answer(400, &crate::bitrix::fixtures::bytes("event.bind.duplicate.error.json"));
        assert_eq!(twice.unwrap_err().code(), Some("ERROR_CORE"));
    }
}

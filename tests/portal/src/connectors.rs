//! Registered connectors and on which lines they are switched on.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    ids::{LineId, UserId},
    world::World,
};

/// A connector as `imconnector.register` left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connector {
    /// Lower-case.
    pub id: String,
    pub name: String,
    /// The settings page.
    pub handler: String,
    /// `ICON[COLOR]`.
    pub color: String,
    /// `ICON[DATA_IMAGE]`.
    pub image: String,
    /// `ICON_DISABLED[DATA_IMAGE]`, where given.
    pub image_disabled: Option<String>,
    pub may: Capabilities,
}

/// The flags of the registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    pub delete_external: bool,
    pub edit_internal: bool,
    pub delete_internal: bool,
    pub newsletter: bool,
    pub system_messages: bool,
    pub signature: bool,
    pub chat_group: bool,
}

/// A connector's state on one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    pub active: bool,
    pub connected: bool,
    pub registered: bool,
    pub error: bool,
    /// What `imconnector.connector.data.set` told: `ID`, `URL`, `URL_IM`, `NAME`.
    pub data: BTreeMap<String, String>,
}

impl Channel {
    pub fn usable(&self) -> bool {
        self.active && self.connected && self.registered && !self.error
    }
}

impl World {
    pub fn channel(&self, connector: &str, line: LineId) -> Option<&Channel> {
        self.channels.get(&(connector.to_owned(), line))
    }

    /// Whether a message can pass: the line works and the connector is on there.
    pub fn is_open(&self, connector: &str, line: LineId) -> bool {
        self.line(line).is_some_and(|line| line.active)
            && self.connectors.contains_key(connector)
            && self.channel(connector, line).is_some_and(Channel::usable)
    }

    /// `activate` with 1: neither line nor connector is checked, all four lamps go on at once.
    pub fn switch_on(&mut self, connector: &str, line: LineId) {
        let channel = self.channels.entry((connector.to_owned(), line)).or_default();
        channel.active = true;
        channel.connected = true;
        channel.registered = true;
        channel.error = false;
    }

    /// The status row goes; the application hears of it, whoever did it. False when there was none.
    pub fn switch_off(&mut self, connector: &str, line: LineId, by: Option<UserId>) -> bool {
        if self.channels.remove(&(connector.to_owned(), line)).is_none() {
            return false;
        }
        let data = json!({"connector": connector, "line": line});
        self.raise("ONIMCONNECTORSTATUSDELETE", &data, by);
        true
    }

    /// Takes a connector away, with its state on every line. False when it was unknown.
    pub fn unregister(&mut self, connector: &str, by: Option<UserId>) -> bool {
        let lines: Vec<LineId> =
            self.channels.keys().filter(|(id, _)| id == connector).map(|(_, line)| *line).collect();
        for line in lines {
            self.switch_off(connector, line, by);
        }
        self.connectors.remove(connector).is_some()
    }

    /// A line is deleted: its channels are switched off, and every subscriber hears the bare number.
    pub fn delete_line(&mut self, line: LineId, by: Option<UserId>) {
        let connectors: Vec<String> =
            self.channels.keys().filter(|(_, on)| *on == line).map(|(id, _)| id.clone()).collect();
        for connector in connectors {
            self.switch_off(&connector, line, by);
        }
        self.options.lines.retain(|known| known.id != line);
        self.raise("ONIMCONNECTORLINEDELETE", &json!(line), by);
    }
}

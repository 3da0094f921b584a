//! `imconnector.register`, `.activate`, `.status`, `.set.error`, `.connector.data.set`, `.list`: our connector at a portal, and its
//! state on a line (`api-reference/imopenlines/imconnector/`).

use super::{Method, Nothing, refused_inside};
use crate::bitrix::CONNECTOR;
use crate::bitrix::error::PortalError;
use crate::bitrix::value::{get, pairs, text, text_at, truth};
use crate::ids::LineId;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// `imconnector.register`. A repeat renews the registration, so it is made at each start.
#[derive(Clone, Debug)]
pub struct Register {
    /// What the Contact Center calls it, at most 255 characters.
    pub name: String,
    pub icon: Icon,
    /// The icon while it is not connected.
    pub icon_disabled: Icon,
    /// The settings page.
    pub handler: String,
    pub flags: Flags,
}

/// What the connector may do. `CHAT_GROUP` is none of it: with that, visitors would share one chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    /// `DEL_EXTERNAL_MESSAGES`: operators may delete a visitor's messages.
    pub delete_external: bool,
    /// `EDIT_INTERNAL_MESSAGES` and `DEL_INTERNAL_MESSAGES`: operators may edit and delete their own. The portal computes
    /// the second from the first, so they are one.
    pub change_internal: bool,
    /// `NEWSLETTER`: mailings of the CRM may be sent through it.
    pub newsletter: bool,
    /// `NEED_SYSTEM_MESSAGES`: automatic texts are sent to it.
    pub system_messages: bool,
    /// `NEED_SIGNATURE`: the operator's name stands before the text, where the line shows names.
    pub signature: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Icon {
    /// A `data:` address of an SVG.
    pub data_image: String,
    /// `#rrggbb`, behind the picture.
    pub color: String,
    /// As CSS: `90%`.
    pub size: String,
    pub position: String,
}

impl Serialize for Register {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("ID", CONNECTOR)?;
        map.serialize_entry("NAME", &self.name)?;
        map.serialize_entry("ICON", &self.icon)?;
        map.serialize_entry("ICON_DISABLED", &self.icon_disabled)?;
        map.serialize_entry("PLACEMENT_HANDLER", &self.handler)?;
        for (flag, value) in [
            ("DEL_EXTERNAL_MESSAGES", self.flags.delete_external),
            ("EDIT_INTERNAL_MESSAGES", self.flags.change_internal),
            ("DEL_INTERNAL_MESSAGES", self.flags.change_internal),
            ("NEWSLETTER", self.flags.newsletter),
            ("NEED_SYSTEM_MESSAGES", self.flags.system_messages),
            ("NEED_SIGNATURE", self.flags.signature),
            ("CHAT_GROUP", false),
        ] {
            map.serialize_entry(flag, &value)?;
        }
        map.end()
    }
}

impl Method for Register {
    const NAME: &'static str = "imconnector.register";
    type Reply = ();

    /// The refusal stands inside a good answer.
    fn reply(result: Value) -> Result<(), PortalError> {
        match get(&result, "result") {
            Some(done) if truth(done) => Ok(()),
            Some(_) => {
                let code = text_at(&result, &["error"]).unwrap_or_default();
                Err(refused_inside(code, text_at(&result, &["error_description"])))
            }
            None => Err(Self::shape()),
        }
    }
}

/// `imconnector.activate`. Checks neither that the line exists nor that the connector does: look with `lines::Line`
/// first. Replies whether anything changed; switching off what is off is no error.
#[derive(Clone, Copy, Debug)]
pub struct Activate {
    pub line: LineId,
    pub active: bool,
}

impl Serialize for Activate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("CONNECTOR", CONNECTOR)?;
        map.serialize_entry("LINE", &self.line)?;
        // A number: of texts PHP takes even "N" and "false" for yes.
        map.serialize_entry("ACTIVE", &u8::from(self.active))?;
        map.end()
    }
}

impl Method for Activate {
    const NAME: &'static str = "imconnector.activate";
    type Reply = bool;

    fn reply(result: Value) -> Result<bool, PortalError> {
        Ok(truth(&result))
    }
}

/// `imconnector.status`: the connector on a line, as the portal sees it.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    pub line: LineId,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelState {
    /// All is well: messages are taken.
    pub usable: bool,
    pub configured: bool,
    pub error: bool,
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("CONNECTOR", CONNECTOR)?;
        map.serialize_entry("LINE", &self.line)?;
        map.end()
    }
}

impl Method for Status {
    const NAME: &'static str = "imconnector.status";
    type Reply = ChannelState;

    fn reply(result: Value) -> Result<ChannelState, PortalError> {
        let flag = |name| get(&result, name).map(truth);
        Ok(ChannelState {
            usable: flag("STATUS").ok_or_else(Self::shape)?,
            configured: flag("CONFIGURED").unwrap_or_default(),
            error: flag("ERROR").unwrap_or_default(),
        })
    }
}

/// `imconnector.set.error`: the portal's own pages show the channel as faulty from now on, and take nothing from it until
/// it is activated again. Not in the documentation; some portals do not know it.
#[derive(Clone, Copy, Debug)]
pub struct SetError {
    pub line: LineId,
}

impl Serialize for SetError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Status { line: self.line }.serialize(to)
    }
}

impl Method for SetError {
    const NAME: &'static str = "imconnector.set.error";
    type Reply = ();

    fn reply(_: Value) -> Result<(), PortalError> {
        Ok(())
    }
}

/// `imconnector.connector.data.set`: what the Contact Center and the CRM show of the channel. Always all four, for some
/// portals replace everything and others only what is given.
#[derive(Clone, Debug)]
pub struct SetData {
    pub line: LineId,
    pub id: String,
    /// The site.
    pub url: String,
    /// The chat.
    pub url_im: String,
    pub name: String,
}

impl Serialize for SetData {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let data = serde_json::json!({"ID": self.id, "URL": self.url, "URL_IM": self.url_im, "NAME": self.name});
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("CONNECTOR", CONNECTOR)?;
        map.serialize_entry("LINE", &self.line)?;
        map.serialize_entry("DATA", &data)?;
        map.end()
    }
}

impl Method for SetData {
    const NAME: &'static str = "imconnector.connector.data.set";
    type Reply = bool;

    fn reply(result: Value) -> Result<bool, PortalError> {
        Ok(truth(&result))
    }
}

/// `imconnector.list`: ids and names of all connectors of the portal.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Connectors(pub Nothing);

impl Method for Connectors {
    const NAME: &'static str = "imconnector.list";
    type Reply = Vec<(String, String)>;

    fn reply(result: Value) -> Result<Self::Reply, PortalError> {
        Ok(pairs(&result).into_iter().filter_map(|(id, name)| Some((id, text(name)?))).collect())
    }
}

#[cfg(test)]
mod tests;

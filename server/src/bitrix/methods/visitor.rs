//! A visitor as the portal is told of them, in the calls that carry what they do, and the title of their chat
//! (`imconnector-send-messages.md`, `imconnector-chat-name-set.md`).

use super::Method;
use super::messages::succeeded;
use crate::bitrix::CONNECTOR;
use crate::bitrix::error::PortalError;
use crate::ids::LineId;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// A visitor, whole: what is left out blanks what the portal's profile has, and any change rewrites it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The visitor and the chat at once: without `|`.
    pub id: String,
    /// Letters, spaces, hyphens and apostrophes, at most 25 characters; or what operators call somebody without a name.
    pub name: String,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// The site they write from.
    pub site: Option<String>,
    /// The page they write from: the portal shows the first one told with the chat.
    pub page: Option<String>,
    /// What the portal calls the chat that begins with this.
    pub title: String,
    /// Where they came from, for the portal's tracker of sources.
    pub source: Option<String>,
}

impl Who {
    /// Adds `user`, `chat` and `ref` to an element of the call.
    pub fn describe(&self, element: &mut Value) {
        let mut user = Map::from_iter([("id".to_owned(), json!(self.id)), ("name".to_owned(), json!(self.name))]);
        let optional =
            [("last_name", &self.last_name), ("email", &self.email), ("phone", &self.phone), ("url", &self.site)];
        user.extend(optional.iter().filter_map(|(name, value)| Some(((*name).to_owned(), json!(value.as_ref()?)))));
        if self.phone.is_some() {
            user.insert("skip_phone_validate".to_owned(), json!("Y"));
        }
        element["user"] = Value::Object(user);
        element["chat"] = json!({"id": self.id, "name": self.title});
        if let Some(page) = &self.page {
            element["chat"]["url"] = json!(page);
        }
        if let Some(source) = &self.source {
            element["ref"] = json!({"source": source});
        }
    }
}

/// `imconnector.chat.name.set`: another title for a chat that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetTitle {
    pub line: LineId,
    /// The visitor's, which is the chat's too.
    pub id: String,
    pub title: String,
}

impl Serialize for SetTitle {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json!({
            "CONNECTOR": CONNECTOR, "LINE": self.line, "CHAT_ID": self.id, "NAME": self.title, "USER_ID": self.id,
        })
        .serialize(to)
    }
}

impl Method for SetTitle {
    const NAME: &'static str = "imconnector.chat.name.set";
    type Reply = ();

    fn reply(result: Value) -> Result<(), PortalError> {
        succeeded::<Self>(&result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::fixtures::{json, result};

    #[test]
    fn a_visitor_is_told_whole() {
        let recorded = json("imconnector.send.messages.request.json")["MESSAGES"][0].clone();
        let text = |part: &str, name: &str| recorded[part][name].as_str().map(str::to_owned);
        let who = Who {
            id: "v-5f0c2a7e4b".to_owned(),
            name: "Иван".to_owned(),
            last_name: text("user", "last_name"),
            email: text("user", "email"),
            phone: text("user", "phone"),
            site: text("user", "url"),
            page: text("chat", "url"),
            title: "Иван Смирнов".to_owned(),
            source: Some("utm_source=ya".to_owned()),
        };
        let mut element = json!({"message": recorded["message"]});
        who.describe(&mut element);
        assert_eq!(element["ref"].take(), json!({"source": "utm_source=ya"}));
        let mut wanted = recorded;
        for not_ours in ["picture", "gender"] {
            wanted["user"].as_object_mut().map(|user| user.remove(not_ours));
        }
        assert_eq!((&element["user"], &element["chat"]), (&wanted["user"], &wanted["chat"]));
        let mut bare = json!({});
        Who { id: "v-1".to_owned(), name: "Visitor 1".to_owned(), title: "Visitor 1".to_owned(), ..Who::default() }
            .describe(&mut bare);
        assert_eq!(
            bare,
            json!({"user": {"id": "v-1", "name": "Visitor 1"}, "chat": {"id": "v-1", "name": "Visitor 1"}})
        );
    }

    #[test]
    fn a_title_is_set_as_recorded() {
        let recorded = json("imconnector.chat.name.set.request.json");
        let (id, title) = ("v-5f0c2a7e4b".to_owned(), "Иван Смирнов, Казань".to_owned());
        let written = serde_json::to_value(SetTitle { line: LineId(107), id, title }).unwrap();
        for name in ["LINE", "CHAT_ID", "NAME", "USER_ID"] {
            assert_eq!(written[name], recorded[name], "{name}");
        }
        SetTitle::reply(result("imconnector.chat.name.set.response.json")).unwrap();
    }
}

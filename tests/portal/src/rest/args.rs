//! A call's arguments as the portal reads them: loose about case, numbers and text, strict about what must be there.

use serde_json::{Map, Value};

use super::RestError;
use crate::{
    ids::{ChatId, LineId},
    php,
};

/// The arguments of one call. Names are matched whatever their case, but for `imopenlines.*`, which wants capitals.
pub(crate) struct Args {
    members: Map<String, Value>,
}

impl Args {
    pub fn new(method: &str, args: Value) -> Self {
        let exact = method.starts_with("imopenlines.");
        let members = match args {
            Value::Object(members) if exact => members,
            Value::Object(members) => members.into_iter().map(|(name, value)| (name.to_uppercase(), value)).collect(),
            _ => Map::new(),
        };
        Self { members }
    }

    /// The value under an upper-case name; `null` counts as absent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(php::text)
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name).and_then(php::number)
    }

    /// What may not be missing, `null` or empty. Zero is not empty here.
    pub fn required(&self, name: &'static str) -> Result<&Value, RestError> {
        let empty = |value: &&Value| matches!(value, Value::String(text) if text.is_empty()) || is_bare(value);
        self.get(name).filter(|value| !empty(value)).ok_or_else(|| RestError::argument(name))
    }

    pub fn required_text(&self, name: &'static str) -> Result<String, RestError> {
        php::text(self.required(name)?).ok_or_else(|| RestError::argument(name))
    }

    /// `CONNECTOR`: the portal keeps ids in lower case.
    pub fn connector(&self) -> Result<String, RestError> {
        Ok(self.required_text("CONNECTOR")?.to_lowercase())
    }

    pub fn line(&self) -> Result<LineId, RestError> {
        php::number(self.required("LINE")?).map(LineId).ok_or_else(|| RestError::argument("LINE"))
    }

    /// `CHAT_ID` of `imopenlines.*`, whose absence has an error of its own.
    pub fn chat(&self) -> Result<ChatId, RestError> {
        self.number("CHAT_ID").map(ChatId).ok_or_else(|| RestError::new(400, "CHAT_ID", "Chat ID can't be empty"))
    }

    /// `MESSAGES`: a list whose keys, at any depth, the portal makes lower-case.
    pub fn messages(&self) -> Result<Vec<Value>, RestError> {
        match self.required("MESSAGES")? {
            Value::Array(items) => Ok(items.iter().map(lower_keys).collect()),
            // PHP takes an object for an array too.
            Value::Object(items) => Ok(items.values().map(lower_keys).collect()),
            _ => Err(RestError::argument("MESSAGES")),
        }
    }
}

fn is_bare(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_)) && php::is_empty(value)
}

fn lower_keys(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, member)| (name.to_lowercase(), lower_keys(member))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(lower_keys).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_matched_in_any_case_and_messages_are_lowered_throughout() {
        let args = Args::new(
            "imconnector.send.messages",
            json!({"Connector": "Otklik", "line": "107", "MESSAGES": [{"USER": {"Id": "v-1"}}]}),
        );
        assert_eq!(args.connector().expect("there"), "otklik");
        assert_eq!(args.line().expect("there"), LineId(107));
        assert_eq!(args.messages().expect("there"), [json!({"user": {"id": "v-1"}})]);
    }

    #[test]
    fn open_lines_want_capitals() {
        assert!(Args::new("imopenlines.dialog.get", json!({"chat_id": 5})).chat().is_err());
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = Args::new("imconnector.status", json!({"CONNECTOR": ""})).connector().expect_err("it is empty");
        assert_eq!(error.body()["argument"], "CONNECTOR");
    }
}

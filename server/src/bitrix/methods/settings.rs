//! `imopenlines.config.get` once more, for what visitors are to know of a line: its hours, whether anybody is there, whose
//! names it shows (`api-reference/imopenlines/openlines/imopenlines-config-get.md`).

use super::Method;
use crate::bitrix::error::PortalError;
use crate::bitrix::hours::Hours;
use crate::bitrix::value::{get, text_at, truth};
use crate::ids::LineId;
use serde::Serialize;
use serde_json::Value;

/// What an open line shows of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct LineSettings {
    pub hours: Hours,
    /// Whether an operator of its queue is online; `None` where the portal does not say.
    pub online: Option<bool>,
    pub names: Names,
}

/// Whose names a line puts before operators' words: `OPERATOR_DATA`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// Those of the employees' profiles.
    Profile,
    /// Those the queue gives its operators.
    Queue,
    /// None, or this one for all of them.
    Hidden(Option<String>),
    #[default]
    Unknown,
}

impl LineSettings {
    fn read(line: &Value) -> Option<Self> {
        get(line, "ID")?;
        let names = match text_at(line, &["OPERATOR_DATA"]).as_deref() {
            Some("profile") => Names::Profile,
            Some("queue") => Names::Queue,
            Some("hide") => Names::Hidden(text_at(line, &["DEFAULT_OPERATOR_DATA", "NAME"])),
            _ => Names::Unknown,
        };
        Some(Self { hours: Hours::read(line), online: get(line, "QUEUE_ONLINE").map(truth), names })
    }
}

/// One line's settings, or `None` where there is no such line.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct GetSettings {
    pub config_id: LineId,
    /// `Y`: whether the queue is online is told with it.
    with_queue: &'static str,
}

impl GetSettings {
    pub fn new(line: LineId) -> Self {
        Self { config_id: line, with_queue: "Y" }
    }
}

impl Method for GetSettings {
    const NAME: &'static str = "imopenlines.config.get";
    type Reply = Option<LineSettings>;

    fn reply(result: Value) -> Result<Option<LineSettings>, PortalError> {
        Ok(LineSettings::read(&result))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_lines_settings_are_read() {
        let line = json!({"ID": "107", "WORKTIME_ENABLE": "N", "QUEUE_ONLINE": "N", "OPERATOR_DATA": "hide",
            "DEFAULT_OPERATOR_DATA": {"NAME": "Поддержка", "AVATAR": "", "AVATAR_ID": "0"}});
        let names = Names::Hidden(Some("Поддержка".to_owned()));
        let read = GetSettings::reply(line).unwrap();
        assert_eq!(read, Some(LineSettings { hours: Hours::Always, online: Some(false), names }));
        let bare = GetSettings::reply(json!({"ID": 107, "DEFAULT_OPERATOR_DATA": []})).unwrap();
        assert_eq!(bare, Some(LineSettings { hours: Hours::Unknown, online: None, names: Names::Unknown }));
        assert_eq!(GetSettings::reply(json!(false)).unwrap(), None);
        let asked = serde_json::to_value(GetSettings::new(LineId(107))).unwrap();
        assert_eq!(asked, json!({"CONFIG_ID": 107, "WITH_QUEUE": "Y"}));
    }
}

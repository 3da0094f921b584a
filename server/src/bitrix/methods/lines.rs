//! `imopenlines.config.get`, `.list.get`: the open lines of a portal (`api-reference/imopenlines/openlines/`).

use super::Method;
use crate::bitrix::error::PortalError;
use crate::bitrix::value::{get, items, number_at, text_at, truth};
use crate::ids::LineId;
use serde::Serialize;
use serde_json::Value;

/// An open line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub id: LineId,
    pub name: String,
    pub active: bool,
    /// `ru`, `en`…: the language of the line's own texts.
    pub language: Option<String>,
}

impl Line {
    fn read(line: &Value) -> Option<Self> {
        Some(Self {
            id: LineId(number_at(line, &["ID"])?),
            name: text_at(line, &["LINE_NAME"]).unwrap_or_default(),
            active: get(line, "ACTIVE").is_none_or(truth),
            language: text_at(line, &["LANGUAGE_ID"]),
        })
    }
}

/// `imopenlines.config.get`: one line, or `None` where there is none of this number.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct GetLine {
    pub config_id: LineId,
    /// `N`: the operators are not of interest.
    with_queue: &'static str,
}

impl GetLine {
    pub fn new(line: LineId) -> Self {
        Self { config_id: line, with_queue: "N" }
    }
}

impl Method for GetLine {
    const NAME: &'static str = "imopenlines.config.get";
    type Reply = Option<Line>;

    fn reply(result: Value) -> Result<Option<Line>, PortalError> {
        Ok(Line::read(&result))
    }
}

/// `imopenlines.config.list.get`: up to 200 lines, by number.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListLines;

impl Serialize for ListLines {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({
            "PARAMS": {"select": ["ID", "LINE_NAME", "ACTIVE", "LANGUAGE_ID"], "order": {"ID": "ASC"}, "limit": 200},
            "OPTIONS": {"QUEUE": "N"},
        })
        .serialize(to)
    }
}

impl Method for ListLines {
    const NAME: &'static str = "imopenlines.config.list.get";
    type Reply = Vec<Line>;

    fn reply(result: Value) -> Result<Vec<Line>, PortalError> {
        Ok(items(&result).into_iter().filter_map(Line::read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::fixtures::{json, result};

    #[test]
    fn lines_are_listed() {
        let lines = ListLines::reply(result("imopenlines.config.list.get.response.json")).unwrap();
        assert_eq!(lines[1], Line { id: LineId(107), name: "Сайт".to_owned(), active: true, language: None });
        let (ours, recorded) =
            (serde_json::to_value(ListLines).unwrap(), json("imopenlines.config.list.get.request.json"));
        assert_eq!((&ours["PARAMS"]["order"], &ours["OPTIONS"]), (&recorded["PARAMS"]["order"], &recorded["OPTIONS"]));
    }

    #[test]
    fn a_line_that_is_not_there_is_none() {
        assert_eq!(GetLine::reply(Value::Bool(false)).unwrap(), None);
        let line = serde_json::json!({"ID": "107", "LINE_NAME": "Сайт", "ACTIVE": "N", "LANGUAGE_ID": "ru"});
        assert!(!GetLine::reply(line).unwrap().unwrap().active);
        let written = serde_json::to_value(GetLine::new(LineId(107))).unwrap();
        assert_eq!(written, serde_json::json!({"CONFIG_ID": 107, "WITH_QUEUE": "N"}));
    }
}

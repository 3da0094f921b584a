//! `imopenlines.config.get` and `config.list.get`: the open lines.

use serde_json::{Map, Value, json};

use super::{Answer, RestError, args::Args};
use crate::{
    ids::LineId,
    options::{Line, WorkTime},
    php,
    tokens::Caller,
    world::World,
};

const PARAMS: &[&str] = &["select", "order", "filter", "limit", "offset"];
const MOST: usize = 200;

pub(super) fn get(world: &mut World, _: Caller, args: &Args) -> Answer {
    let id = args.number("CONFIG_ID").ok_or_else(|| RestError::new(400, "CONFIG_ID_EMPTY", "Config ID is empty"))?;
    if !world.options.build.line_settings {
        return Err(RestError::new(403, "CONFIG_WRONG_USER_PERMISSION", "Permission denied"));
    }
    let Some(line) = world.line(LineId(id)) else { return Ok(json!(false).into()) };
    let (mut shown, online) = (fields(line), line.online);
    if args.text("WITH_QUEUE").is_none_or(|wanted| wanted != "N") {
        let queue: Vec<String> = world.options.employees.iter().map(|one| one.id.to_string()).collect();
        shown.insert("QUEUE".to_owned(), json!(queue));
        shown.insert("QUEUE_ONLINE".to_owned(), json!(flag(online)));
    }
    Ok(Value::Object(shown).into())
}

fn flag(on: bool) -> &'static str {
    if on { "Y" } else { "N" }
}

/// Values are text, flags `Y` or `N`.
fn fields(line: &Line) -> Map<String, Value> {
    let work = line.work_time.clone().unwrap_or_else(|| WorkTime::new("9", "18.30", "Europe/Moscow"));
    // A list without members holds an empty text.
    let list = |members: Vec<String>| if members.is_empty() { vec![String::new()] } else { members };
    let fields = json!({
        "ID": line.id.to_string(),
        "LINE_NAME": line.name,
        "ACTIVE": flag(line.active),
        "LANGUAGE_ID": "ru",
        "QUEUE_TYPE": "all",
        "WELCOME_MESSAGE": flag(line.greeting.is_some()),
        "WELCOME_MESSAGE_TEXT": line.greeting,
        "OPERATOR_DATA": line.operator_data,
        "DEFAULT_OPERATOR_DATA": {"NAME": line.default_name.clone().unwrap_or_default(), "AVATAR": "", "AVATAR_ID": "0"},
        "CLOSE_RULE": if line.closing.is_some() { "text" } else { "none" },
        "CLOSE_TEXT": line.closing,
        "FULL_CLOSE_TIME": (line.full_close.as_secs() / 60).to_string(),
        "WORKTIME_ENABLE": flag(line.work_time.is_some()),
        "WORKTIME_FROM": work.from,
        "WORKTIME_TO": work.to,
        "WORKTIME_TIMEZONE": work.zone,
        "WORKTIME_HOLIDAYS": list(work.holidays),
        "WORKTIME_DAYOFF": list(work.days_off),
        "WORKTIME_DAYOFF_RULE": "none",
        "WORKTIME_DAYOFF_TEXT": "",
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

pub(super) fn list(world: &mut World, _: Caller, args: &Args) -> Answer {
    let params = args.get("PARAMS").cloned().unwrap_or_else(|| json!({}));
    let params = lowered(&params)?;
    let select: Vec<String> = match params.get("select") {
        None => Vec::new(),
        Some(Value::Array(names)) => names.iter().filter_map(php::text).collect(),
        Some(_) => return Err(invalid()),
    };
    let mut lines: Vec<Map<String, Value>> = world.options.lines.iter().map(fields).collect();
    lines.retain(|line| fits(line, params.get("filter")));
    if params.get("order").is_some_and(|order| order["ID"].as_str() == Some("DESC")) {
        lines.reverse();
    }
    let skip = params.get("offset").and_then(php::number).unwrap_or(0);
    let most =
        params.get("limit").and_then(php::number).map_or(MOST, |most| MOST.min(usize::try_from(most).unwrap_or(MOST)));
    let page = lines.into_iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(most);
    let shown = page.map(|mut line| {
        line.retain(|name, _| select.is_empty() || select.contains(name));
        Value::Object(line)
    });
    Ok(Value::Array(shown.collect()).into())
}

fn lowered(params: &Value) -> Result<Map<String, Value>, RestError> {
    let Value::Object(params) = params else {
        return if php::is_empty(params) { Ok(Map::new()) } else { Err(invalid()) };
    };
    let lowered: Map<String, Value> = params.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
    if lowered.keys().any(|name| !PARAMS.contains(&name.as_str())) {
        return Err(invalid());
    }
    Ok(lowered)
}

fn fits(line: &Map<String, Value>, filter: Option<&Value>) -> bool {
    let Some(Value::Object(filter)) = filter else { return true };
    filter.iter().all(|(name, wanted)| line.get(name.trim_start_matches('=')).and_then(php::text) == php::text(wanted))
}

fn invalid() -> RestError {
    RestError::new(400, "INVALID_FORMAT", "A wrong format for the PARAMS field is passed")
}

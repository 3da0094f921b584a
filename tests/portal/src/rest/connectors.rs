//! `imconnector.register`, `unregister`, `activate`, `status`, `connector.data.set`, `list`.

use serde_json::{Map, Value, json};

use super::{Answer, RestError, args::Args};
use crate::{
    connectors::{Capabilities, Connector},
    ids::LineId,
    php,
    tokens::Caller,
    world::World,
};

/// Registers or renews a connector. Always HTTP 200: what is wrong stands inside the result.
pub(super) fn register(world: &mut World, _: Caller, args: &Args) -> Answer {
    Ok(match read(args) {
        Ok(connector) => {
            world.connectors.insert(connector.id.clone(), connector);
            json!({"result": true})
        }
        Err((code, text)) => json!({"result": false, "error": code, "error_description": text}),
    }
    .into())
}

type Fault = (&'static str, &'static str);

fn read(args: &Args) -> Result<Connector, Fault> {
    let text = |name: &str| args.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("ID").ok_or(("CONNECTOR_ID_REQUIRED", "Не указан ID коннектора"))?.to_lowercase();
    if id.contains('.') {
        return Err(("APPLICATION_REGISTRATION_ERROR_POINT", "В ID коннектора не может быть точки"));
    }
    let name = text("NAME").ok_or(("NAME_REQUIRED", "Не указано название коннектора"))?;
    let icon = args.get("ICON").ok_or(("ICON_REQUIRED", "Не указана иконка коннектора"))?;
    let image = image(icon).ok_or(("ICON_REQUIRED", "Не указана иконка коннектора"))?;
    let handler = text("PLACEMENT_HANDLER").ok_or(("NO_PLACEMENT_HANDLER", "Не указан обработчик настроек"))?;
    if !url::Url::parse(handler).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err(("APPLICATION_REGISTRATION_ERROR", "Не удалось сохранить коннектор"));
    }
    Ok(Connector {
        id,
        name: name.chars().take(255).collect(),
        handler: handler.to_owned(),
        color: icon.get("COLOR").and_then(Value::as_str).unwrap_or("#90be00").to_owned(),
        image,
        image_disabled: args.get("ICON_DISABLED").and_then(self::image),
        may: Capabilities {
            delete_external: flag(args, "DEL_EXTERNAL_MESSAGES", true),
            edit_internal: flag(args, "EDIT_INTERNAL_MESSAGES", true),
            delete_internal: flag(args, "DEL_INTERNAL_MESSAGES", true),
            newsletter: flag(args, "NEWSLETTER", true),
            system_messages: flag(args, "NEED_SYSTEM_MESSAGES", true),
            signature: flag(args, "NEED_SIGNATURE", true),
            chat_group: flag(args, "CHAT_GROUP", false),
        },
    })
}

fn image(icon: &Value) -> Option<String> {
    icon.get("DATA_IMAGE").and_then(Value::as_str).filter(|data| data.starts_with("data:")).map(str::to_owned)
}

/// A JSON boolean, or `Y`/`N` of a form.
fn flag(args: &Args, name: &str, default: bool) -> bool {
    match args.get(name) {
        None => default,
        Some(Value::String(letter)) => letter == "Y",
        Some(other) => !php::is_empty(other),
    }
}

pub(super) fn unregister(world: &mut World, caller: Caller, args: &Args) -> Answer {
    let id = args.text("ID").unwrap_or_default().to_lowercase();
    Ok(if world.unregister(&id, Some(caller.user)) {
        json!({"result": true})
    } else {
        json!({
            "result": false,
            "error": "APPLICATION_UNREGISTRATION_ERROR",
            "error_description": "Не удалось удалить коннектор",
        })
    }
    .into())
}

/// Neither line nor connector is checked for existence, and `ACTIVE` is whatever PHP takes for true.
pub(super) fn activate(world: &mut World, caller: Caller, args: &Args) -> Answer {
    let connector = args.connector()?;
    let line = args.line()?;
    let active = args.get("ACTIVE").ok_or_else(|| RestError::argument("ACTIVE"))?;
    if php::is_empty(active) {
        return Ok(json!(world.switch_off(&connector, line, Some(caller.user))).into());
    }
    world.switch_on(&connector, line);
    Ok(json!(true).into())
}

pub(super) fn status(world: &mut World, _: Caller, args: &Args) -> Answer {
    let connector = args.connector()?;
    let line = LineId(args.number("LINE").unwrap_or(0));
    let channel = world.channel(&connector, line);
    Ok(json!({
        "LINE": line,
        "CONNECTOR": connector,
        "ERROR": channel.is_some_and(|channel| channel.error),
        "CONFIGURED": channel.is_some_and(|channel| channel.connected && channel.registered),
        "STATUS": channel.is_some_and(|channel| channel.usable()) && world.connectors.contains_key(&connector),
    })
    .into())
}

/// What the portal shows of the channel. Values that are given replace, others stay.
pub(super) fn set_data(world: &mut World, _: Caller, args: &Args) -> Answer {
    let connector = args.connector()?;
    let line = args.line()?;
    let Value::Object(data) = args.required("DATA")? else { return Err(RestError::argument("DATA")) };
    let channel = world.channels.entry((connector, line)).or_default();
    for name in ["ID", "URL", "URL_IM", "NAME"] {
        let given = data.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| php::text(value));
        if let Some(text) = given.filter(|text| !text.is_empty()) {
            channel.data.insert(name.to_owned(), text);
        }
    }
    channel.connected = true;
    channel.registered = true;
    Ok(json!(true).into())
}

pub(super) fn set_error(world: &mut World, _: Caller, args: &Args) -> Answer {
    let connector = args.connector()?;
    let line = args.line()?;
    if let Some(channel) = world.channels.get_mut(&(connector, line)) {
        channel.error = true;
    }
    Ok(json!({"SUCCESS": true, "DATA": []}).into())
}

pub(super) fn list(world: &mut World, caller: Caller, _: &Args) -> Answer {
    if !world.is_admin(caller.user) {
        return Err(RestError::new(400, "ACCESS_DENIED", "Access denied"));
    }
    let built_in = [("livechat", "Онлайн-чат"), ("network", "Битрикс24.Network"), ("telegrambot", "Telegram")];
    let mut names: Map<String, Value> = built_in.into_iter().map(|(id, name)| (id.to_owned(), json!(name))).collect();
    names.extend(world.connectors.values().map(|connector| (connector.id.clone(), json!(connector.name))));
    Ok(Value::Object(names).into())
}

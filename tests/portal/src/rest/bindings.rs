//! `event.bind`, `event.get`, `event.unbind`, `event.test`, `events`.

use serde_json::{Value, json};
use url::{Host, Url};

use super::{Answer, RestError, args::Args};
use crate::{
    events::{Binding, KNOWN, Way},
    tokens::Caller,
    world::World,
};

pub(super) fn bind(world: &mut World, caller: Caller, args: &Args) -> Answer {
    let event = event(world, args)?;
    let auth_type = args.number("AUTH_TYPE").unwrap_or(0);
    let admin = world.is_admin(caller.user);
    let way = if is_offline(args) {
        if !admin || !world.options.build.offline_queue {
            return Err(RestError::access_denied());
        }
        Way::Offline(args.text("AUTH_CONNECTOR").unwrap_or_default())
    } else {
        let handler = args.required_text("HANDLER")?;
        check_handler(&handler)?;
        if !admin && auth_type != caller.user.0 {
            return Err(RestError::access_denied());
        }
        Way::Online(handler)
    };
    let twin = |one: &Binding| one.event == event && one.way == way && one.auth_type == auth_type;
    if world.bindings.iter().any(twin) {
        return Err(RestError::new(400, "ERROR_CORE", "Unable to set event handler: Handler already binded"));
    }
    let no = world.numbers.handler();
    world.bindings.push(Binding { no, event, auth_type, way });
    Ok(json!(true).into())
}

/// The event's name in capitals, if there is such an event and the application was granted it.
fn event(world: &World, args: &Args) -> Result<String, RestError> {
    let event = args.required_text("EVENT")?.to_uppercase();
    let scope = match event.as_str() {
        name if name.starts_with("ONIMCONNECTOR") => Some("imconnector"),
        name if name.starts_with("ONOPENLINE") || name.starts_with("ONSESSION") => Some("imopenlines"),
        _ => None,
    };
    if KNOWN.contains(&event.as_str()) && scope.is_none_or(|scope| world.app.has_scope(scope)) {
        return Ok(event);
    }
    Err(RestError::new(400, "ERROR_EVENT_NOT_FOUND", "Event not found"))
}

fn is_offline(args: &Args) -> bool {
    args.text("EVENT_TYPE").is_some_and(|kind| kind.eq_ignore_ascii_case("offline"))
}

fn check_handler(handler: &str) -> Result<(), RestError> {
    let wrong = || RestError::new(400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL");
    let url = Url::parse(handler).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(RestError::new(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol"));
    }
    match url.host() {
        Some(Host::Ipv4(_)) => Ok(()),
        Some(Host::Domain(name)) if name.contains('.') => Ok(()),
        _ => Err(wrong()),
    }
}

pub(super) fn list(world: &mut World, _: Caller, _: &Args) -> Answer {
    let shown = |binding: &Binding| match &binding.way {
        Way::Online(handler) => json!({
            "event": binding.event, "handler": handler, "auth_type": binding.auth_type.to_string(), "offline": 0,
        }),
        Way::Offline(connector) => json!({"event": binding.event, "connector_id": connector, "offline": 1}),
    };
    Ok(Value::Array(world.bindings.iter().map(shown).collect()).into())
}

pub(super) fn unbind(world: &mut World, _: Caller, args: &Args) -> Answer {
    let event = args.required_text("EVENT")?.to_uppercase();
    let way = if is_offline(args) {
        Way::Offline(args.text("AUTH_CONNECTOR").unwrap_or_default())
    } else {
        Way::Online(args.required_text("HANDLER")?)
    };
    let auth_type = args.number("AUTH_TYPE");
    let before = world.bindings.len();
    world
        .bindings
        .retain(|one| one.event != event || one.way != way || auth_type.is_some_and(|wanted| wanted != one.auth_type));
    Ok(json!({"count": before - world.bindings.len()}).into())
}

pub(super) fn test(world: &mut World, caller: Caller, args: &Args) -> Answer {
    let probe = args.get("ANY").cloned().unwrap_or_else(|| json!({"probe": "1"}));
    world.raise("ONAPPTEST", &json!({"QUERY": probe}), Some(caller.user));
    Ok(json!(true).into())
}

pub(super) fn known(_: &mut World, _: Caller, _: &Args) -> Answer {
    Ok(json!(KNOWN).into())
}

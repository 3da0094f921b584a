//! The REST methods: one table of names, and for each a function from arguments to a result or an error.
//! Knows nothing of HTTP but the status an error carries; `door` stands before it.

pub(crate) mod args;
pub(crate) mod door;
mod error;

mod app;
mod batch;
mod bindings;
mod connectors;
mod delivery;
mod dialogs;
mod downloads;
mod history;
mod lines;
mod messages;
mod queue;
pub(crate) mod users;

use serde_json::Value;

use self::args::Args;
pub(crate) use self::downloads::Downloaded;
pub(crate) use self::error::RestError;
use crate::{tokens::Caller, world::World};

/// A successful answer: `result`, and for lists their `total`.
#[derive(Debug)]
pub(crate) struct Reply {
    pub result: Value,
    pub total: Option<usize>,
}

impl From<Value> for Reply {
    fn from(result: Value) -> Self {
        Self { result, total: None }
    }
}

pub(crate) type Answer = Result<Reply, RestError>;

/// A method of the portal.
pub(crate) struct Method {
    /// Lower-case.
    pub name: &'static str,
    /// What the application must have been granted; none for what everyone may ask.
    scope: Option<&'static str>,
    run: fn(&mut World, Caller, &Args) -> Answer,
}

const fn method(
    name: &'static str,
    scope: Option<&'static str>,
    run: fn(&mut World, Caller, &Args) -> Answer,
) -> Method {
    Method { name, scope, run }
}

const LINES: Option<&str> = Some("imopenlines");
const IM: Option<&str> = Some("im");

static METHODS: &[Method] = &[
    method("app.info", None, app::info),
    method("batch", None, batch::run),
    method("event.bind", None, bindings::bind),
    method("event.get", None, bindings::list),
    method("event.offline.clear", None, queue::clear),
    method("event.offline.get", None, queue::get),
    method("event.offline.list", None, queue::list),
    method("event.test", None, bindings::test),
    method("event.unbind", None, bindings::unbind),
    method("events", None, bindings::known),
    method("im.user.get", IM, users::get),
    method("im.v2.File.download", IM, history::file),
    method("imconnector.activate", LINES, connectors::activate),
    method("imconnector.chat.name.set", LINES, messages::rename),
    method("imconnector.connector.data.set", LINES, connectors::set_data),
    method("imconnector.delete.messages", LINES, messages::delete),
    method("imconnector.list", LINES, connectors::list),
    method("imconnector.register", LINES, connectors::register),
    method("imconnector.send.messages", LINES, messages::send),
    method("imconnector.send.status.delivery", LINES, delivery::confirm),
    method("imconnector.send.status.reading", LINES, delivery::reading),
    method("imconnector.set.error", LINES, connectors::set_error),
    method("imconnector.status", LINES, connectors::status),
    method("imconnector.unregister", LINES, connectors::unregister),
    method("imconnector.update.messages", LINES, messages::update),
    method("imopenlines.config.get", LINES, lines::get),
    method("imopenlines.config.list.get", LINES, lines::list),
    method("imopenlines.dialog.get", LINES, dialogs::get),
    method("imopenlines.operator.another.finish", LINES, dialogs::finish),
    method("imopenlines.session.history.get", LINES, history::get),
    method("method.get", None, app::method),
    method("profile", None, users::profile),
    method("scope", None, app::scope),
    method("server.time", None, app::time),
    method("user.admin", None, users::admin),
];

pub(crate) fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name.eq_ignore_ascii_case(name))
}

/// Runs a method as the portal would: known, granted, then with its arguments.
pub(crate) fn run(world: &mut World, name: &str, caller: Caller, args: Value) -> Answer {
    let lacks = world.lacks.iter().any(|one| one.eq_ignore_ascii_case(name));
    let method = find(name).filter(|_| !lacks).ok_or_else(RestError::no_method)?;
    if method.scope.is_some_and(|scope| !world.app.has_scope(scope)) {
        return Err(RestError::system("insufficient_scope"));
    }
    let now = world.clock.now();
    let work = world.options.work;
    if work.granted.is_some_and(|granted| world.operating.spent(name, now) > granted) {
        return Err(RestError::system("OPERATION_TIME_LIMIT"));
    }
    world.operating.add(name, work.call + work.waited(method.name, &args), now);
    let args = Args::new(method.name, args);
    world.muted = caller.from_event;
    world.raised_by = args.text("AUTH_CONNECTOR");
    let answer = (method.run)(world, caller, &args);
    world.muted = false;
    world.raised_by = None;
    answer
}

//! `app.info`, `method.get`, `scope`, `server.time`: what the portal says of the application and of itself.

use serde_json::json;

use super::{Answer, args::Args, find};
use crate::{tokens::Caller, world::World};

pub(super) fn info(world: &mut World, _: Caller, _: &Args) -> Answer {
    Ok(world.app_info().into())
}

pub(super) fn method(world: &mut World, _: Caller, args: &Args) -> Answer {
    let known = find(&args.required_text("NAME")?);
    let granted = known.is_some_and(|method| method.scope.is_none_or(|scope| world.app.has_scope(scope)));
    Ok(json!({"isExisting": known.is_some(), "isAvailable": granted}).into())
}

pub(super) fn scope(world: &mut World, _: Caller, _: &Args) -> Answer {
    Ok(json!(world.app.scopes.split(',').collect::<Vec<_>>()).into())
}

pub(super) fn time(world: &mut World, _: Caller, _: &Args) -> Answer {
    Ok(json!(world.clock.now().iso()).into())
}

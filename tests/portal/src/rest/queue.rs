//! `event.offline.list`, `get`, `clear`: fetching what waits in the offline queue. Administrators only.

use serde_json::{Value, json};

use super::{Answer, Reply, RestError, args::Args};
use crate::{offline::Record, php, tokens::Caller, tokens::random_hex, world::World};

const PAGE: usize = 50;

/// The first fifty, and nothing is taken away.
pub(super) fn list(world: &mut World, caller: Caller, args: &Args) -> Answer {
    admin(world, caller)?;
    let found = chosen(world, args);
    let total = found.len();
    let shown = found.iter().take(PAGE).filter_map(|id| world.offline.iter().find(|one| one.id == *id)).map(|one| {
        let mut record = one.shown();
        record["PROCESS_ID"] = json!(one.process.clone().unwrap_or_default());
        record["ERROR"] = json!("0");
        record
    });
    Ok(Reply { result: Value::Array(shown.collect()), total: Some(total) })
}

/// Returns records and, unless `clear` is 0, forgets them: an answer that is lost on the way takes them along.
pub(super) fn get(world: &mut World, caller: Caller, args: &Args) -> Answer {
    admin(world, caller)?;
    let limit = args.number("LIMIT").map_or(PAGE, |most| PAGE.min(usize::try_from(most).unwrap_or(PAGE)));
    let mut ids = chosen(world, args);
    ids.truncate(limit);
    let events: Vec<Value> =
        ids.iter().filter_map(|id| world.offline.iter().find(|one| one.id == *id)).map(Record::shown).collect();
    let clear = args.get("CLEAR").is_none_or(|clear| !php::is_empty(clear));
    let process = (!clear).then(|| random_hex(16));
    if clear {
        world.offline.retain(|one| !ids.contains(&one.id));
    } else {
        for one in world.offline.iter_mut().filter(|one| ids.contains(&one.id)) {
            one.process.clone_from(&process);
        }
    }
    Ok(json!({"process_id": process, "events": events}).into())
}

/// Forgets what `get` with `clear=0` reserved.
pub(super) fn clear(world: &mut World, caller: Caller, args: &Args) -> Answer {
    admin(world, caller)?;
    let process = args.required_text("PROCESS_ID")?;
    world.offline.retain(|one| one.process.as_ref() != Some(&process));
    Ok(json!(true).into())
}

fn admin(world: &World, caller: Caller) -> Result<(), RestError> {
    if !world.options.build.offline_queue {
        return Err(RestError::system("ERROR_METHOD_NOT_FOUND"));
    }
    if world.is_admin(caller.user) { Ok(()) } else { Err(RestError::access_denied()) }
}

/// Numbers of the records that the call's filter names, in its order, reserved ones left out.
fn chosen(world: &World, args: &Args) -> Vec<u64> {
    let connector = args.text("AUTH_CONNECTOR").unwrap_or_default();
    let fits = |one: &&Record| one.connector == connector && one.process.is_none() && passes(one, args.get("FILTER"));
    let mut ids: Vec<u64> = world.offline.iter().filter(fits).map(|one| one.id).collect();
    let descending = args.get("ORDER").and_then(|order| php::text(&order["ID"])).is_some_and(|way| way == "DESC");
    ids.sort_unstable();
    if descending {
        ids.reverse();
    }
    ids
}

fn passes(record: &Record, filter: Option<&Value>) -> bool {
    let Some(Value::Object(filter)) = filter else { return true };
    filter.iter().all(|(name, wanted)| {
        let number = php::number(wanted).unwrap_or(0);
        match name.as_str() {
            "<=ID" => record.id <= number,
            "<ID" => record.id < number,
            ">=ID" => record.id >= number,
            ">ID" => record.id > number,
            "ID" | "=ID" => record.id == number,
            "EVENT_NAME" | "=EVENT_NAME" => {
                php::text(wanted).is_some_and(|name| record.event.eq_ignore_ascii_case(&name))
            }
            _ => true,
        }
    })
}

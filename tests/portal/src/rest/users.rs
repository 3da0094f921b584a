//! `user.admin`, `profile`, `im.user.get`: who the people of the portal are.

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Answer, RestError, args::Args};
use crate::{ids::UserId, portal::Shared, tokens::Caller, world::World};

pub(super) fn admin(world: &mut World, caller: Caller, _: &Args) -> Answer {
    Ok(json!(world.is_admin(caller.user)).into())
}

pub(super) fn profile(world: &mut World, caller: Caller, _: &Args) -> Answer {
    let who = world.employee(caller.user).ok_or_else(|| RestError::system("user_access_error"))?;
    Ok(json!({
        "ID": who.id.to_string(),
        "ADMIN": who.admin,
        "NAME": who.name,
        "LAST_NAME": who.last_name,
        "PERSONAL_GENDER": "",
        "TIME_ZONE": "Europe/Moscow",
        "TIME_ZONE_OFFSET": 0,
    })
    .into())
}

pub(super) fn get(world: &mut World, caller: Caller, args: &Args) -> Answer {
    let id = match args.get("ID") {
        None => caller.user,
        Some(_) => UserId(args.number("ID").ok_or_else(|| RestError::new(400, "ID_EMPTY", "User ID can't be empty"))?),
    };
    user(world, id).map(Into::into).ok_or_else(|| RestError::new(400, "USER_NOT_EXISTS", "User does not exist"))
}

/// A person as `im.user.get` shows them: an employee, or the user behind a visitor.
fn user(world: &World, id: UserId) -> Option<Value> {
    let employee = world.employee(id);
    // Each upload is a file of its own, whose address is another.
    let mark = |photo: &[u8]| photo.iter().fold(7_u32, |mark, byte| mark.wrapping_mul(31).wrapping_add((*byte).into()));
    let photo = employee.and_then(|who| who.photo).map(mark);
    let avatar = photo.map(|mark| format!("http://{}/upload/main/{mark:x}/{id}.png", world.name())).unwrap_or_default();
    let (name, last_name, position, connector) = match employee {
        Some(who) => (who.name.clone(), who.last_name.clone(), who.position.clone(), false),
        None => {
            let profile = &world.visitors.get(&id)?.profile;
            (profile.name.clone(), profile.last_name.clone(), String::new(), true)
        }
    };
    Some(json!({
        "id": id,
        "active": true,
        "name": format!("{name} {last_name}").trim(),
        "first_name": name,
        "last_name": last_name,
        "work_position": position,
        "color": "#4ba984",
        "avatar": avatar,
        "avatar_hr": avatar,
        "gender": "F",
        "birthday": "",
        "extranet": connector,
        "network": false,
        "bot": employee.is_some_and(|who| who.bot),
        "connector": connector,
        "external_auth_id": if connector { "imconnector" } else { "socservices" },
        "status": "online",
        "idle": false,
        "last_activity_date": world.clock.now().iso(),
        "mobile_last_date": false,
        "desktop_last_date": false,
        "absent": false,
        "departments": if connector { json!([]) } else { json!([1]) },
        "phones": false,
        "bot_data": null,
        "type": if connector { "extranet" } else { "user" },
        "website": "",
        "email": "",
    }))
}

/// `GET /upload/main/MARK/NUMBER.png`: an employee's photo.
pub(crate) async fn photo(State(shared): State<Shared>, Path((_, file)): Path<(String, String)>) -> Response {
    let id = file.trim_end_matches(".png").parse().map(UserId);
    let photo = id.ok().and_then(|id| shared.look(|world| world.employee(id)?.photo));
    match photo {
        Some(photo) => ([(header::CONTENT_TYPE, "image/png")], photo).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

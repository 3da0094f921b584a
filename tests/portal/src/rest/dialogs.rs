//! `imopenlines.dialog.get` and `operator.another.finish`.

use serde_json::{Value, json};

use super::{Answer, RestError, args::Args};
use crate::{
    chats::Chat,
    ids::{ChatId, SessionId},
    php,
    tokens::Caller,
    world::World,
};

pub(super) fn get(world: &mut World, caller: Caller, args: &Args) -> Answer {
    let chat = named(world, args)?;
    if !may_see(world, caller, chat) {
        return Err(RestError::new(400, "ACCESS_DENIED", "You do not have access to this chat"));
    }
    Ok(shown(world, chat).into())
}

/// The chat by its number, its dialogue, one of its sessions, or the visitor's code.
fn named<'world>(world: &'world World, args: &Args) -> Result<&'world Chat, RestError> {
    let missing = || RestError::new(400, "CHAT_ID", "Chat ID can't be empty");
    let dialog = args.text("DIALOG_ID").and_then(|id| id.strip_prefix("chat")?.parse().ok());
    if let Some(id) = args.get("CHAT_ID").and_then(php::number).or(dialog) {
        return world.chats.get(&ChatId(id)).ok_or_else(missing);
    }
    if let Some(session) = args.number("SESSION_ID").map(SessionId) {
        return world.chats.values().find(|chat| chat.sessions.iter().any(|one| one.id == session)).ok_or_else(missing);
    }
    let code = args.text("USER_CODE").ok_or_else(missing)?;
    let code = code.strip_prefix("imol|").unwrap_or(&code).to_owned();
    world.chats.values().find(|chat| chat.user_code() == code).ok_or_else(missing)
}

/// Administrators see every talk, others their own.
pub(super) fn may_see(world: &World, caller: Caller, chat: &Chat) -> bool {
    world.is_admin(caller.user) || chat.owner == Some(caller.user)
}

/// The `|`-list of `entity_data_1`: CRM, pause, wait, then the session and its beginning, and the line it was handed to.
pub(super) fn entity_data(chat: &Chat) -> String {
    let session = chat.session();
    let id = session.map_or(0, |session| session.id.0);
    let opened = session.map_or(0, |session| session.opened_at.seconds());
    let moved = chat.moved.map_or(0, |line| line.0);
    format!("N|NONE|0|N|N|{id}|{opened}|{moved}|0|0")
}

fn shown(world: &World, chat: &Chat) -> Value {
    let last = chat.messages.last().map(|message| message.id);
    let visitor = world.visitors.get(&chat.visitor).map(|visitor| visitor.profile.full_name());
    json!({
        "id": chat.id,
        "parent_chat_id": 0,
        "parent_message_id": 0,
        "name": chat.title,
        "description": chat.description,
        "owner": chat.owner.map_or(0, |owner| owner.0),
        "extranet": true,
        "avatar": "",
        "color": "#58cc47",
        "type": "lines",
        "counter": 0,
        "user_counter": 2,
        "message_count": chat.messages.len(),
        "unread_id": 0,
        "restrictions": {
            "avatar": true, "rename": true, "extend": true, "call": true, "mute": true, "leave": true,
            "leave_owner": true, "send": true, "user_list": true,
        },
        "last_message_id": last,
        "last_id": last,
        "marked_id": 0,
        "disk_folder_id": 0,
        "entity_type": "LINES",
        "entity_id": chat.user_code(),
        "entity_data_1": entity_data(chat),
        "entity_data_2": "LEAD|0|COMPANY|0|CONTACT|0|DEAL|0",
        "entity_data_3": "N",
        "mute_list": [],
        "date_create": chat.created_at.iso(),
        "message_type": "L",
        "public": "",
        "role": "owner",
        "entity_link": {"type": "LINES", "url": "", "id": chat.user_code()},
        "text_field_enabled": true,
        "background_id": null,
        "permissions": {
            "manage_users_add": "member", "manage_users_delete": "manager", "manage_ui": "member",
            "manage_settings": "owner", "manage_messages": "member", "can_post": "member",
        },
        "is_new": false,
        "readed_list": [{"user_id": chat.visitor, "user_name": visitor, "message_id": last, "date": null}],
        "manager_list": chat.owner.into_iter().collect::<Vec<_>>(),
        "last_message_views": {"message_id": last, "first_viewers": [], "count_of_viewers": 0},
        "dialog_id": format!("chat{}", chat.id),
    })
}

pub(super) fn finish(world: &mut World, caller: Caller, args: &Args) -> Answer {
    let id = args.chat()?;
    let chat = world.chats.get(&id).ok_or_else(|| RestError::new(400, "CHAT_ID", "Chat ID is incorrect"))?;
    if !may_see(world, caller, chat) {
        return Err(RestError::new(400, "ACCESS_DENIED", "You do not have access to this chat"));
    }
    // A chat that is finished already answers true as well.
    let _already = world.finish(id, caller.user).is_err();
    Ok(json!(true).into())
}

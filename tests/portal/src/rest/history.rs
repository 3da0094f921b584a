//! `imopenlines.session.history.get`: one session with everything in it, whispers and technical lines included.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Answer, RestError, args::Args, dialogs::entity_data};
use crate::{
    chats::{Author, Chat, Kind, Message},
    clock::Millis,
    faults::{Fault, Place},
    ids::{ChatId, SessionId, UserId},
    options::Build,
    php,
    tokens::{Caller, random_hex},
    world::World,
};

pub(super) fn get(world: &mut World, caller: Caller, args: &Args) -> Answer {
    match world.faults.take(Place::History, "imopenlines.session.history.get") {
        Some(Fault::HistoryEmpty) => return Ok(json!([]).into()),
        Some(_) => return Err(denied()),
        None => {}
    }
    if !world.options.build.history {
        return Err(denied());
    }
    let (chat, session) = named(world, args)?;
    let own = chat.owner == Some(caller.user);
    if !world.is_admin(caller.user) && !own {
        return Err(denied());
    }
    let (id, shown) = (chat.id, shown(world, chat, session));
    world.read.insert(id);
    Ok(shown.into())
}

/// `im.v2.File.download`: whoever has read the history of a chat may have its files.
pub(super) fn file(world: &mut World, _: Caller, args: &Args) -> Answer {
    let missing = || RestError::new(400, "FILE_NOT_FOUND", "File not found");
    let dialog = args.required_text("DIALOGID")?;
    let chat = dialog.strip_prefix("chat").and_then(|id| id.parse().ok()).map(ChatId).ok_or_else(missing)?;
    let id = args.number("FILEID").ok_or_else(missing)?;
    let chat = world.chats.get(&chat).ok_or_else(missing)?;
    if !world.read.contains(&chat.id) {
        return Err(denied());
    }
    let is_there = chat.messages.iter().flat_map(|message| &message.files).any(|file| file.id == id);
    let address = format!("http://{}/rest/download.json?token=im%7C{}%7C{id}", world.name(), random_hex(8));
    if is_there { Ok(json!({"downloadUrl": address}).into()) } else { Err(missing()) }
}

fn denied() -> RestError {
    RestError::new(400, "ACCESS_DENIED", "Вы не можете открыть этот диалог, так как у вас недостаточно прав.")
}

fn named<'world>(world: &'world World, args: &Args) -> Result<(&'world Chat, SessionId), RestError> {
    let knows = world.options.build.knows_sessions;
    let or_denied = |error: RestError| if knows { error } else { denied() };
    let invalid = || or_denied(RestError::new(400, "INVALID_SESSION_ID", "Session ID is incorrect"));
    if let Some(id) = args.number("SESSION_ID").map(SessionId) {
        let chat = world.chats.values().find(|chat| chat.sessions.iter().any(|one| one.id == id));
        return chat.map(|chat| (chat, id)).ok_or_else(invalid);
    }
    let missing = || or_denied(RestError::new(400, "MISSING_REQUIRED_PARAM", "SESSION_ID or CHAT_ID is required"));
    let id = args.number("CHAT_ID").filter(|_| knows).map(ChatId).ok_or_else(missing)?;
    let chat = world.chats.get(&id).ok_or_else(invalid)?;
    Ok((chat, chat.session().ok_or_else(invalid)?.id))
}

fn shown(world: &World, chat: &Chat, session: SessionId) -> Value {
    let dialog = format!("chat{}", chat.id);
    let messages: Vec<&Message> = chat.messages.iter().filter(|message| message.session == session).collect();
    let newest_first: Vec<String> = messages.iter().rev().map(|message| message.id.to_string()).collect();
    let people: BTreeSet<UserId> = messages.iter().map(|message| message.author.user()).chain([chat.visitor]).collect();
    let keyed = |key: String, value: Value| Value::Object(Map::from_iter([(key, value)]));
    json!({
        "chatId": chat.id,
        "canJoin": "Y",
        "canVoteHead": "Y",
        "sessionId": session,
        "sessionVoteHead": 0,
        "sessionCommentHead": null,
        "userId": dialog,
        "message": php::map(messages.iter().map(|one| (one.id.to_string(), message(one, &dialog, world.options.build))).collect()),
        "usersMessage": keyed(dialog.clone(), json!(newest_first)),
        "users": php::map(people.iter().filter_map(|id| Some((id.to_string(), user(world, *id)?))).collect()),
        "openlines": {"canvoteashead": keyed(chat.line.to_string(), json!(true))},
        "userInGroup": [],
        "woUserInGroup": [],
        "chat": keyed(chat.id.to_string(), summary(chat)),
        "userBlockChat": keyed(chat.id.to_string(), keyed(chat.visitor.to_string(), json!(false))),
        "userInChat": keyed(chat.id.to_string(), json!(chat.owner.into_iter().chain([chat.visitor]).collect::<Vec<_>>())),
        "files": php::map(messages.iter().flat_map(|one| &one.files).map(|one| (one.id.to_string(), one.shown())).collect()),
    })
}

fn message(message: &Message, dialog: &str, build: Build) -> Value {
    let text =
        if message.deleted { "Это сообщение было удалено" } else { message.text.as_str() };
    let mut shown = json!({
        "id": message.id.to_string(),
        "chatid": dialog.trim_start_matches("chat"),
        "senderid": message.author.user().to_string(),
        "recipientid": dialog,
        "date": message.at.iso(),
        "text": if build.plain_texts { text.to_owned() } else { legacy(text) },
        "params": params(message, build),
    });
    if build.plain_texts {
        shown["textlegacy"] = json!(legacy(text));
    }
    shown
}

/// Parameter names in camel case, as history writes them; `[]` when there is none.
fn params(message: &Message, build: Build) -> Value {
    let mut params = Map::new();
    let mut put = |name: &str, value: Value| params.insert(name.to_owned(), value);
    if !message.mids.is_empty() {
        put("connectorMid", json!(message.mids));
    }
    if !message.files.is_empty() {
        put("fileId", json!(message.files.iter().map(|file| file.id).collect::<Vec<_>>()));
    }
    if !message.attach.is_empty() {
        put("attach", json!(message.attach));
    }
    if let Some(class) = message.kind.class() {
        put("class", json!(class));
    }
    if let Kind::Vote { session, until, vote } = &message.kind {
        put("imolVote", json!(session));
        put("imolVoteText", json!(vote.text));
        put("imolVoteLike", json!(vote.like));
        put("imolVoteDislike", json!(vote.dislike));
        put("imolDateCloseVote", json!(until.map_or(String::new(), Millis::iso)));
        put("imolTimeLimitVote", json!(vote.limit.as_secs()));
    }
    match &message.kind {
        Kind::Automatic(_) | Kind::Vote { .. } => {
            let form = if let Kind::Automatic(form) = &message.kind { form } else { "like" };
            put("imolForm", json!(form));
            put("type", json!("lines"));
            put("componentId", json!("bx-imopenlines-message"));
        }
        Kind::Whisper => {
            put("componentId", json!("HiddenMessage"));
        }
        Kind::Said | Kind::Started | Kind::Ended | Kind::Note => {}
    }
    if let Some(since) = message.sending.filter(|_| build.marks_sending) {
        put("sending", json!("Y"));
        put("sendingTs", json!(since.seconds()));
    }
    if message.edited {
        put("isEdited", json!("Y"));
    }
    if message.deleted {
        put("isDeleted", json!("Y"));
    }
    php::map(params)
}

/// `textlegacy`: the same as HTML.
fn legacy(text: &str) -> String {
    let mut html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br />");
    for tag in ["b", "i", "u", "s"] {
        html =
            html.replace(&format!("[{tag}]"), &format!("<{tag}>")).replace(&format!("[/{tag}]"), &format!("</{tag}>"));
    }
    html
}

fn user(world: &World, id: UserId) -> Option<Value> {
    let employee = world.employee(id);
    let (name, last_name, position, connector) = match employee {
        Some(who) => (&who.name, &who.last_name, who.position.as_str(), false),
        None => {
            let profile = &world.visitors.get(&id)?.profile;
            (&profile.name, &profile.last_name, "", true)
        }
    };
    Some(json!({
        "id": id.to_string(),
        "name": format!("{name} {last_name}").trim(),
        "active": true,
        "firstName": name,
        "lastName": last_name,
        "workPosition": position,
        "avatar": "",
        "gender": "M",
        "extranet": connector,
        "bot": employee.is_some_and(|who| who.bot),
        "connector": connector,
        "status": "online",
        "lastActivityDate": if connector { json!(false) } else { json!(world.clock.now().iso()) },
        "departments": if connector { json!([]) } else { json!([1]) },
        "type": if connector { "extranet" } else { "user" },
    }))
}

fn summary(chat: &Chat) -> Value {
    json!({
        "id": chat.id.to_string(),
        "name": chat.title,
        "owner": chat.owner.map_or(0, |owner| owner.0).to_string(),
        "entityType": "LINES",
        "entityId": chat.user_code(),
        "entityData1": entity_data(chat),
        "entityData2": "LEAD|0|COMPANY|0|CONTACT|0|DEAL|0",
        "entityData3": "",
        "messageCount": chat.said().filter(|one| one.author != Author::Portal).count(),
        "type": "lines",
        "messageType": "L",
    })
}

//! `imconnector.send.messages`, `update.messages`, `delete.messages`, `chat.name.set`: what visitors do.

use serde_json::{Map, Value, json};

use super::{Answer, Reply, RestError, args::Args, downloads::Downloaded};
use crate::{
    chats::{Author, Profile},
    clock::Millis,
    drive::File,
    faults::{Fault, Place},
    ids::{ChatId, LineId, MessageId},
    php,
    talk::Incoming,
    tokens::Caller,
    world::World,
};

pub(super) const SEND: &str = "imconnector.send.messages";
/// Messages older than this are not changed any more, and nobody is told (`im`, the author's three days).
const EDIT_DAYS: u64 = 3;

pub(super) fn send(world: &mut World, caller: Caller, args: &Args) -> Answer {
    let (connector, line, elements) = match envelope(world, args) {
        Err(error) => return untaken(world, error),
        Ok(read) => read,
    };
    match world.faults.take(Place::Send, SEND) {
        Some(Fault::OuterFailure) => return Ok(outer_failure()),
        Some(Fault::LineOff) => return untaken(world, not_active()),
        _ => {}
    }
    let mut results = Vec::new();
    let breaks_at = breaks_at(world, &elements);
    for (nth, element) in elements.iter().enumerate() {
        let before = world.pending_mids.len();
        results.push(send_one(world, caller, &connector, line, (nth, element)));
        if breaks_at == Some(nth) {
            world.pending_mids.truncate(before);
            break;
        }
    }
    Ok(json!({"SUCCESS": true, "DATA": {"RESULT": results}}).into())
}

/// Checks what the three methods have in common: the arguments, the connector, the line.
fn envelope(world: &World, args: &Args) -> Result<(String, LineId, Vec<Value>), RestError> {
    let connector = args.connector()?;
    let line = args.line()?;
    let elements = args.messages()?;
    let whole = |element: &&Value| ["user", "message", "chat"].iter().all(|part| element[part].is_object());
    if elements.iter().any(|element| !whole(&element)) {
        return Err(RestError::argument("MESSAGES"));
    }
    if !world.connectors.contains_key(&connector) {
        let code = "IMCONNECTOR_NOT_SPECIFIED_CORRECT_CONNECTOR";
        return Err(RestError::new(400, code, "Не удалось определить корректный коннектор"));
    }
    if !world.is_open(&connector, line) {
        return Err(not_active());
    }
    Ok((connector, line, elements))
}

/// Where in a call the portal breaks down, if it does.
fn breaks_at(world: &World, elements: &[Value]) -> Option<usize> {
    world.breaks_at.map(|nth| nth.min(elements.len().saturating_sub(1)))
}

/// A call whose connector or line does not take it. Builds before 2023 throw no such error.
fn untaken(world: &World, error: RestError) -> Answer {
    let is_of_channel = error.argument.is_none() && !world.options.build.throws_line_errors;
    if is_of_channel { Ok(outer_failure()) } else { Err(error) }
}

fn outer_failure() -> Reply {
    json!({"SUCCESS": false, "DATA": []}).into()
}

fn not_active() -> RestError {
    RestError::new(400, "NOT_ACTIVE_LINE", "The line with this ID is inactive or does not exist")
}

fn send_one(
    world: &mut World,
    caller: Caller,
    connector: &str,
    line: LineId,
    (nth, element): (usize, &Value),
) -> Value {
    let fault = world.faults.take(Place::Element, SEND).or_else(|| world.faults.met(Place::Element, element));
    let Some(incoming) = incoming(connector, line, element).filter(|_| fault != Some(Fault::ElementFailure)) else {
        return failed();
    };
    let downloaded = world.downloaded.get_mut(nth).map(std::mem::take).unwrap_or_default();
    let no_room = downloaded.iter().any(|file| matches!(file, Downloaded::NoRoom));
    let kept: Vec<(usize, File)> = downloaded
        .into_iter()
        .enumerate()
        .filter_map(|(place, file)| match file {
            Downloaded::Here(file) => Some((place, world.keep_file(file))),
            Downloaded::NoRoom | Downloaded::Dropped => None,
        })
        .collect();
    let mut incoming = incoming;
    if no_room {
        incoming.text = [incoming.text.as_str(), "[FILE]"].join(" ").trim().to_owned();
    }
    if incoming.text.is_empty() && kept.is_empty() {
        return failed();
    }
    incoming.files = kept.iter().map(|(_, file)| file.clone()).collect();
    if fault == Some(Fault::LostSession) {
        let user = world.visitor(&incoming);
        return echo(&incoming, user.to_string(), None);
    }
    let received = world.receive(incoming.clone(), caller.user);
    let chat = &world.chats[&received.chat];
    let user = chat.visitor.to_string();
    let description = chat.description.clone();
    let mut answer = echo(&incoming, user, description);
    if let Some(extra) = extra(element) {
        answer["extra"] = extra;
    }
    answer["message"]["files"] = numbered(&kept);
    if let Some(session) = received.session.filter(|_| world.options.build.tells_sessions) {
        answer["session"] = json!({"ID": session.to_string(), "CHAT_ID": received.chat.to_string()});
    }
    answer
}

/// As PHP writes what it has by place: a list where none is missing before another, else an object.
fn numbered(kept: &[(usize, File)]) -> Value {
    if kept.iter().enumerate().all(|(nth, (place, _))| nth == *place) {
        return kept.iter().map(|(_, file)| file.id).collect();
    }
    kept.iter().map(|(place, file)| (place.to_string(), json!(file.id))).collect::<Map<_, _>>().into()
}

fn failed() -> Value {
    json!({"SUCCESS": false, "ERRORS": ["Переданы не все необходимые данные"]})
}

/// The element back, with the portal's own number of the visitor.
fn echo(incoming: &Incoming, user: String, description: Option<String>) -> Value {
    let mut chat = json!({"id": incoming.chat_id, "name": incoming.chat_name});
    if let Some(text) = description {
        chat["description"] = json!(text);
    }
    json!({
        "user": user,
        "message": {"id": incoming.message_id, "date": {}, "text": incoming.text, "files": []},
        "chat": chat,
        "SUCCESS": true,
    })
}

/// Switches of the element that the portal repeats.
fn extra(element: &Value) -> Option<Value> {
    let switches = [
        ("skip_phone_validate", &element["user"]["skip_phone_validate"]),
        ("disable_tracker", &element["message"]["disable_crm"]),
    ];
    let on: Map<String, Value> = switches
        .into_iter()
        .filter(|(_, value)| *value == "Y")
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    (!on.is_empty()).then_some(Value::Object(on))
}

/// An element read; `None` where an id is missing or carries the `|` that would split the visitor's code.
fn incoming(connector: &str, line: LineId, element: &Value) -> Option<Incoming> {
    let text = |part: &str, name: &str| php::text(&element[part][name]).unwrap_or_default();
    let id = |part: &str| Some(text(part, "id")).filter(|id| !id.is_empty() && !id.contains('|'));
    Some(Incoming {
        connector: connector.to_owned(),
        line,
        user_id: id("user")?,
        profile: profile(&element["user"]),
        message_id: Some(text("message", "id")).filter(|id| !id.is_empty()),
        text: text("message", "text"),
        files: Vec::new(),
        chat_id: id("chat")?,
        chat_name: text("chat", "name"),
        chat_url: text("chat", "url"),
        source: text("ref", "source"),
    })
}

/// A name of exactly two words without a last name is split; without any name the visitor is a guest.
fn profile(user: &Value) -> Profile {
    let text = |name: &str| php::text(&user[name]).unwrap_or_default().trim().to_owned();
    let (mut name, mut last_name) = (text("name"), text("last_name"));
    if let (true, [first, second]) = (last_name.is_empty(), name.split_whitespace().collect::<Vec<_>>().as_slice()) {
        (name, last_name) = ((*first).to_owned(), (*second).to_owned());
    }
    if name.is_empty() && last_name.is_empty() {
        "Гость".clone_into(&mut name);
    }
    Profile { name, last_name, email: text("email"), phone: text("phone"), url: text("url") }
}

/// Replaces the text of every message with this `CONNECTOR_MID`. What is not found is a success too.
pub(super) fn update(world: &mut World, _: Caller, args: &Args) -> Answer {
    change(world, args, |world, incoming| {
        if incoming.text.is_empty() {
            return None;
        }
        let oldest = Millis(world.clock.now().0.saturating_sub(EDIT_DAYS * 24 * 3_600_000));
        for (chat, id) in found(world, incoming) {
            let message = world.chats.get_mut(&chat).and_then(|chat| chat.message_mut(id));
            if let Some(message) = message.filter(|message| message.at >= oldest && !message.deleted) {
                incoming.text.clone_into(&mut message.text);
                message.edited = true;
            }
        }
        Some(json!({"id": incoming.message_id, "date": {}, "text": incoming.text}))
    })
}

pub(super) fn delete(world: &mut World, _: Caller, args: &Args) -> Answer {
    change(world, args, |world, incoming| {
        for (chat, id) in found(world, incoming) {
            if let Some(message) = world.chats.get_mut(&chat).and_then(|chat| chat.message_mut(id)) {
                message.deleted = true;
            }
        }
        Some(json!({"id": incoming.message_id}))
    })
}

/// Runs a change over each element; it answers the element's `message`, or nothing where data are missing.
fn change(world: &mut World, args: &Args, act: impl Fn(&mut World, &Incoming) -> Option<Value>) -> Answer {
    let (connector, line, elements) = match envelope(world, args) {
        Err(error) => return untaken(world, error),
        Ok(read) => read,
    };
    let mut results = Vec::new();
    let most = breaks_at(world, &elements).map_or(elements.len(), |nth| nth + 1);
    for element in elements.iter().take(most) {
        let incoming = incoming(&connector, line, element).filter(|read| read.message_id.is_some());
        let message = incoming.as_ref().and_then(|incoming| act(world, incoming));
        results.push(match (incoming, message) {
            (Some(incoming), Some(message)) => {
                let user = world.visitor(&incoming).to_string();
                let mut chat = Map::from_iter([("id".to_owned(), json!(incoming.chat_id))]);
                if !incoming.chat_name.is_empty() {
                    chat.insert("name".to_owned(), json!(incoming.chat_name));
                }
                json!({"user": user, "message": message, "chat": chat, "SUCCESS": true})
            }
            _ => failed(),
        });
    }
    Ok(json!({"SUCCESS": true, "DATA": {"RESULT": results}}).into())
}

/// The visitor's messages of the dialogue that carry the element's id.
fn found(world: &World, incoming: &Incoming) -> Vec<(ChatId, MessageId)> {
    let Some(chat) = world.find_chat(&incoming.connector, incoming.line, &incoming.chat_id) else {
        return Vec::new();
    };
    let carries = |mids: &[String]| incoming.message_id.as_ref().is_some_and(|id| mids.contains(id));
    world.chats[&chat]
        .messages
        .iter()
        .filter(|message| matches!(message.author, Author::Visitor(_)) && carries(&message.mids))
        .map(|message| (chat, message.id))
        .collect()
}

pub(super) fn rename(world: &mut World, _: Caller, args: &Args) -> Answer {
    let connector = args.connector()?;
    let line = args.line()?;
    let external = args.required_text("CHAT_ID")?;
    let name = args.required_text("NAME")?;
    args.required_text("USER_ID")?;
    if !world.is_open(&connector, line) {
        return Err(not_active());
    }
    let chat = world
        .find_chat(&connector, line, &external)
        .and_then(|id| world.chats.get_mut(&id))
        .ok_or_else(|| RestError::new(400, "CHAT_RENAMING_FAILED", "Не удалось переименовать чат"))?;
    chat.title = name;
    Ok(json!({"SUCCESS": true, "DATA": {"RESULT": {}}}).into())
}

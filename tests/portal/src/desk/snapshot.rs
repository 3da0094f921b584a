//! The picture the desk draws: everything it shows, as JSON, made anew after each change.

use serde_json::{Value, json};

use crate::{
    chats::{Author, Chat, Due, Kind, Message},
    clock::Millis,
    connectors::Channel,
    ids::ChatId,
    options::Line,
    world::World,
};

/// Everything but messages, and the messages of one chat.
pub(super) fn of(world: &World, chat: Option<ChatId>) -> Value {
    let mut chats: Vec<&Chat> = world.chats.values().collect();
    chats.sort_by_key(|chat| std::cmp::Reverse(chat.messages.last().map(|message| message.id)));
    json!({
        "host": world.address.portal,
        "shop": world.surroundings.shop,
        "operators": operators(world),
        "dialogues": chats.iter().map(|chat| row(world, chat)).collect::<Vec<_>>(),
        "talk": chat.and_then(|id| world.chats.get(&id)).map(|chat| talk(world, chat)),
        "channels": channels(world),
        "app": {
            "client_id": world.app.client_id,
            "client_secret": world.app.client_secret,
            "oauth_url": format!("http://{}", world.address.side),
            "install_url": world.app.install_url,
            "installed": world.app.installed,
            "deleted": world.app.deleted,
        },
        "mood": world.mood,
        "faults": world.faults.waiting(),
        "delivered": delivered_today(world),
        "waiting": world.surroundings.waiting,
    })
}

/// Those who can answer at the desk: operators first, the administrator last.
fn operators(world: &World) -> Vec<Value> {
    let mut people: Vec<_> = world.options.employees.iter().collect();
    people.sort_by_key(|one| one.admin);
    people.iter().map(|one| json!({"id": one.id, "name": one.full_name()})).collect()
}

fn visitor_name(world: &World, chat: &Chat) -> String {
    world.visitors.get(&chat.visitor).map(|visitor| visitor.profile.full_name()).unwrap_or_default()
}

fn row(world: &World, chat: &Chat) -> Value {
    let last = chat.said().last();
    let unanswered =
        chat.said().collect::<Vec<_>>().iter().rev().take_while(|one| matches!(one.author, Author::Visitor(_))).count();
    let open = chat.open_session().is_some();
    json!({
        "chat": chat.id,
        "name": visitor_name(world, chat),
        "line": world.line(chat.line).map(|line| &line.name),
        "text": last.map(|message| &message.text),
        "at": last.map(|message| message.at.0),
        "unanswered": if open { unanswered } else { 0 },
        "open": open,
    })
}

fn talk(world: &World, chat: &Chat) -> Value {
    let profile = world.visitors.get(&chat.visitor).map(|visitor| &visitor.profile);
    let may = world.connectors.get(&chat.connector).map(|connector| connector.may);
    json!({
        "chat": chat.id,
        "name": visitor_name(world, chat),
        "title": chat.title,
        "description": chat.description,
        "source": chat.source,
        "line": world.line(chat.line).map(|line| &line.name),
        "external": chat.external,
        "session": chat.session().map(|session| session.id),
        "open": chat.open_session().is_some(),
        "closing": world.alarms.iter().any(|alarm| alarm.chat == chat.id && matches!(alarm.what, Due::Close(_))),
        "owner": chat.owner,
        "reachable": world.is_open(&chat.connector, chat.line),
        "may_edit": may.is_some_and(|may| may.edit_internal),
        "may_delete": may.is_some_and(|may| may.delete_internal && may.edit_internal),
        "email": profile.map(|profile| &profile.email),
        "phone": profile.map(|profile| &profile.phone),
        "url": profile.map(|profile| &profile.url),
        "messages": chat.messages.iter().map(|one| message(world, one)).collect::<Vec<_>>(),
    })
}

fn message(world: &World, message: &Message) -> Value {
    let (from, author) = match (&message.kind, message.author) {
        (Kind::Started | Kind::Ended, _) => ("technical", None),
        (Kind::Automatic(_) | Kind::Vote { .. }, _) => ("automatic", None),
        (_, Author::Visitor(_)) => ("visitor", None),
        (_, Author::Operator(id)) => ("operator", world.employee(id).map(|one| one.full_name())),
        (_, Author::Portal) => ("automatic", None),
    };
    let state = match (from, message.unsent, message.sending) {
        ("visitor" | "technical", ..) => None,
        (_, true, _) => Some("unsent"),
        (_, _, Some(_)) => Some("sending"),
        _ => Some("delivered"),
    };
    json!({
        "id": message.id,
        "from": from,
        "kind": kind(&message.kind),
        "session": message.session,
        "author": author,
        "text": if message.deleted { "" } else { message.text.as_str() },
        "files": if message.deleted { Vec::new() } else { super::files::of(message) },
        "at": message.at.0,
        "state": state,
        "edited": message.edited,
        "deleted": message.deleted,
    })
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Said => "said",
        Kind::Automatic(_) | Kind::Vote { .. } => "automatic",
        Kind::Started => "started",
        Kind::Ended => "ended",
        Kind::Whisper | Kind::Note => "whisper",
    }
}

/// Each line with each registered connector, and what the portal says of the pair.
fn channels(world: &World) -> Vec<Value> {
    let pairs = world.options.lines.iter().flat_map(|line| world.connectors.values().map(move |one| (line, one)));
    pairs
        .map(|(line, connector)| {
            let channel = world.channel(&connector.id, line.id);
            json!({
                "line": line.id,
                "line_name": line.name,
                "attendance": match line {
                    Line { work_time: Some(_), .. } => "closed",
                    Line { online: false, .. } => "away",
                    Line { .. } => "online",
                },
                "connector": connector.id,
                "connector_name": connector.name,
                "on": channel.is_some_and(Channel::usable),
                "error": channel.is_some_and(|channel| channel.error),
                "shown_as": channel.and_then(|channel| channel.data.get("NAME")),
                "settings": crate::pages::settings_path(&connector.id, line.id, ""),
            })
        })
        .collect()
}

/// Visitors' messages that came today, and operators' that the chat confirmed.
fn delivered_today(world: &World) -> usize {
    const DAY: u64 = 86_400_000;
    /// Moscow is three hours ahead.
    const ZONE: u64 = 3 * 3_600_000;
    let day = |moment: Millis| (moment.0 + ZONE) / DAY;
    let today = day(world.clock.now());
    let arrived = |message: &&Message| day(message.at) == today && message.sending.is_none() && !message.unsent;
    world.chats.values().flat_map(Chat::said).filter(arrived).count()
}

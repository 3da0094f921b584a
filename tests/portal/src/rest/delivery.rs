//! `imconnector.send.status.delivery`: the connector has an operator's message. And `…reading`, which does nothing.

use serde_json::{Value, json};

use super::{Answer, RestError, args::Args};
use crate::{
    ids::{ChatId, MessageId},
    php,
    tokens::Caller,
    world::World,
};

/// Takes the `SENDING` mark off and keeps the external ids. Only the first confirmation counts, but on builds of
/// 2021 each, an unknown message is a success too, and without an id the message is confirmed but its edits and deletes will not be told.
pub(super) fn confirm(world: &mut World, _: Caller, args: &Args) -> Answer {
    let overwrites = world.options.build.overwrites_mids;
    for element in elements(world, args)? {
        let chat = php::number(&element["im"]["chat_id"]).map(ChatId);
        let id = php::number(&element["im"]["message_id"]).map(MessageId);
        let message = chat
            .and_then(|chat| world.chats.get_mut(&chat))
            .and_then(|chat| id.and_then(|id| chat.message_mut(id)))
            .filter(|message| message.sending.is_some() || overwrites);
        if let Some(message) = message {
            message.sending = None;
            message.mids = external_ids(&element["message"]["id"]);
        }
    }
    Ok(json!({"SUCCESS": true, "DATA": []}).into())
}

pub(super) fn reading(world: &mut World, _: Caller, args: &Args) -> Answer {
    elements(world, args)?;
    Ok(json!({"SUCCESS": true, "DATA": []}).into())
}

fn elements(world: &World, args: &Args) -> Result<Vec<Value>, RestError> {
    let connector = args.connector()?;
    args.line()?;
    let elements = args.messages()?;
    if !world.connectors.contains_key(&connector) {
        let code = "IMCONNECTOR_NO_CORRECT_PROVIDER";
        return Err(RestError::new(400, code, "Не удалось найти подходящего провайдера для коннектора"));
    }
    if elements.iter().any(|element| !element["im"].is_object()) {
        return Err(RestError::argument("MESSAGES"));
    }
    Ok(elements)
}

fn external_ids(id: &Value) -> Vec<String> {
    match id {
        Value::Array(ids) => ids.iter().filter_map(php::text).collect(),
        one => php::text(one).into_iter().filter(|id| !id.is_empty()).collect(),
    }
}

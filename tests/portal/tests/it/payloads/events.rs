//! Events: same members, same values, same encoding.

use std::collections::BTreeSet;

use otklik_portal::{Chat, LineId, MessageId, OperatorData, Portal};
use serde_json::{Value, json};

use super::{options, recorded, recorded_form};
use crate::relay::{CONNECTOR, LINE, OPERATOR, Relay};

const VISITOR: &str = "v-5f0c2a7e4b";

/// A relay whose visitor has written, as in the recordings.
async fn talking() -> (Relay, Chat) {
    let relay = Relay::ready(options()).await;
    let element = crate::relay::element(VISITOR, "m-1001", "Добрый день!");
    let args = json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": [element]});
    relay.call("imconnector.send.messages", args).await;
    let chat = relay.portal.chat_of(VISITOR).unwrap();
    (relay, chat)
}

async fn confirm(relay: &Relay, chat: &Chat, message: MessageId, mid: &str) {
    let args = json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": [
        {"im": {"chat_id": chat.id, "message_id": message}, "message": {"id": [mid], "date": 1}, "chat": {"id": VISITOR}},
    ]});
    relay.call("imconnector.send.status.delivery", args).await;
}

/// The last event of this name, byte for byte.
fn sent(portal: &Portal, event: &str) -> String {
    portal.deliveries().into_iter().rfind(|one| one.event == event).unwrap_or_else(|| panic!("no {event}")).body
}

/// The `data` fields of a body, still encoded, without the portal's number of the message.
fn data_fields(body: &str) -> BTreeSet<String> {
    body.trim()
        .split('&')
        .filter(|field| field.starts_with("data") && !field.contains("message_id%5D=") && !field.contains("COLOR"))
        .map(str::to_owned)
        .collect()
}

/// Our last event of a name is the recorded one: `data` to the byte, and the same members in `auth`.
fn same(portal: &Portal, name: &str) {
    let event = name.split('.').nth(1).unwrap();
    let (ours, theirs) = (sent(portal, event), recorded(name));
    assert_eq!(data_fields(&ours), data_fields(&theirs), "{name}");
    let members = |body: &str| -> Vec<String> {
        let tree = otklik_portal::php::parse_form(body.trim().as_bytes());
        let auth = tree["auth"].as_object().unwrap().keys().map(|name| format!("auth.{name}"));
        auth.chain(tree.as_object().unwrap().keys().cloned()).collect()
    };
    assert_eq!(members(&ours), members(&theirs), "{name}");
}

#[tokio::test]
async fn operators_words_go_out_as_recorded() {
    let (relay, chat) = talking().await;
    for name in ["event.ONIMCONNECTORMESSAGEADD.text-ru.form", "event.ONIMCONNECTORMESSAGEADD.bbcode.form"] {
        let recording = recorded_form(name);
        let text = recording["data"]["MESSAGES"][0]["message"]["text"].as_str().unwrap().to_owned();
        let words = text.strip_prefix("[b]Анна Петрова:[/b] [br]").unwrap();
        relay.portal.operator_says(chat.id, OPERATOR, words).unwrap();
        relay.portal.wait_sent().await;
        same(&relay.portal, name);
    }
}

#[tokio::test]
async fn a_line_that_hides_its_operators_signs_nothing() {
    let (relay, chat) = talking().await;
    let mut line = options().lines.remove(1);
    line.operator_data = OperatorData::Hide;
    relay.portal.set_line(line);
    let recording = recorded_form("event.ONIMCONNECTORMESSAGEADD.text-en-nosignature.form");
    let text = recording["data"]["MESSAGES"][0]["message"]["text"].as_str().unwrap().to_owned();
    relay.portal.operator_says(chat.id, OPERATOR, &text).unwrap();
    relay.portal.wait_sent().await;
    same(&relay.portal, "event.ONIMCONNECTORMESSAGEADD.text-en-nosignature.form");
}

#[tokio::test]
async fn automatic_texts_go_out_as_recorded() {
    let (relay, chat) = talking().await;
    let welcome = "Здравствуйте! Спасибо за обращение, оператор ответит в ближайшее время.";
    relay.portal.system_says(chat.id, welcome).unwrap();
    relay.portal.wait_sent().await;
    same(&relay.portal, "event.ONIMCONNECTORMESSAGEADD.system-notoken.form");
    relay.portal.set_line(options().lines.remove(1).closing("Спасибо за обращение! Диалог завершён."));
    relay.portal.finish(chat.id, OPERATOR).unwrap();
    relay.portal.wait_sent().await;
    same(&relay.portal, "event.ONIMCONNECTORMESSAGEADD.closing-text.form");
}

#[tokio::test]
async fn edits_and_deletes_go_out_as_recorded() {
    let (relay, chat) = talking().await;
    let message = relay.portal.operator_says(chat.id, OPERATOR, "Здравствуйте! Чем могу помочь?").unwrap();
    confirm(&relay, &chat, message, "01HV8QZ3M5T6").await;
    relay.portal.edit(chat.id, message, "Здравствуйте! Чем я могу вам помочь?").unwrap();
    relay.portal.delete(chat.id, message).unwrap();
    relay.portal.wait_sent().await;
    same(&relay.portal, "event.ONIMCONNECTORMESSAGEUPDATE.form");
    same(&relay.portal, "event.ONIMCONNECTORMESSAGEDELETE.form");
}

#[tokio::test]
async fn sessions_and_lines_go_out_as_recorded() {
    let (relay, chat) = talking().await;
    relay.portal.wait_sent().await;
    same(&relay.portal, "event.ONIMCONNECTORDIALOGSTART.form");
    relay.portal.finish(chat.id, OPERATOR).unwrap();
    relay.portal.disconnect_line(CONNECTOR, LINE);
    relay.portal.delete_line(LineId(107));
    relay.portal.wait_sent().await;
    for name in [
        "event.ONIMCONNECTORDIALOGFINISH.form",
        "event.ONIMCONNECTORSTATUSDELETE.form",
        "event.ONIMCONNECTORLINEDELETE.form",
    ] {
        same(&relay.portal, name);
    }
}

#[tokio::test]
async fn the_life_of_an_application_goes_out_as_recorded() {
    let relay = Relay::ready(options()).await;
    same(&relay.portal, "event.ONAPPINSTALL.form");
    for event in ["OnAppTest", "OnAppUninstall"] {
        let bind = json!({"event": event, "handler": format!("{}/bitrix24/events", relay.url)});
        relay.call("event.bind", bind).await;
    }
    relay.call("event.test", json!({"any": {"probe": "relay-1"}})).await;
    relay.portal.uninstall(true);
    relay.portal.wait_sent().await;
    same(&relay.portal, "event.ONAPPTEST.form");
    same(&relay.portal, "event.ONAPPUNINSTALL.form");
}

#[tokio::test]
async fn the_settings_page_is_opened_as_recorded() {
    let (relay, _) = talking().await;
    let frame = relay.portal.open_settings(LINE, "ru");
    let fields = |form: &Value| form.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let query = otklik_portal::php::parse_form(frame.url.split_once('?').unwrap().1.as_bytes());
    assert_eq!(fields(&query), fields(&recorded_form("placement.SETTING_CONNECTOR.query.form")));
    let body = otklik_portal::php::parse_form(frame.body.as_bytes());
    let theirs = recorded_form("placement.SETTING_CONNECTOR.body.form");
    assert_eq!(fields(&body), fields(&theirs));
    let options =
        |form: &Value| -> Value { serde_json::from_str(form["PLACEMENT_OPTIONS"].as_str().unwrap()).unwrap() };
    assert_eq!(fields(&options(&body)), fields(&options(&theirs)));
}

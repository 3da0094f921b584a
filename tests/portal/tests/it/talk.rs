//! A visitor and an operator talk through the stand-in.

use std::time::Duration;

use otklik_portal::{ChatId, Line, MessageId, Options, UserId, Vote};
use serde_json::{Value, json};

use crate::relay::{ADMIN, CONNECTOR, LINE, OPERATOR, Relay, element, registration};

async fn delivered(relay: &Relay, chat: ChatId, message: MessageId, mid: &str) {
    let args = json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": [{
        "im": {"chat_id": chat, "message_id": message},
        "message": {"id": [mid], "date": 1},
        "chat": {"id": "v-1"},
    }]});
    assert_eq!(relay.call("imconnector.send.status.delivery", args).await["result"]["SUCCESS"], true);
}

#[tokio::test]
async fn a_first_word_opens_a_session_and_every_repeat_is_stored_again() {
    let relay = Relay::ready(Options::default()).await;
    let answer = relay.send(&[("m-1", "Добрый день"), ("m-1", "Добрый день")]).await;
    let results = answer["result"]["DATA"]["RESULT"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert_eq!(results[0]["session"], results[1]["session"]);
    let start = relay.event("ONIMCONNECTORDIALOGSTART").await;
    assert_eq!(start["data"]["DATA"][0]["session"]["id"], results[0]["session"]["ID"]);
    assert_eq!(start["data"]["DATA"][0]["chat"]["id"], "v-1");
    let chat = relay.portal.chat_of("v-1").unwrap();
    assert_eq!(chat.texts(), ["Добрый день", "Добрый день"]);
    assert!(chat.said().all(|message| message.mids == ["m-1"]));
}

#[tokio::test]
async fn keys_of_messages_are_lowered_and_forms_are_taken_too() {
    let relay = Relay::ready(Options::default()).await;
    let args = json!({"connector": "Site_Widget", "Line": "107", "messages": [
        {"USER": {"ID": "v-1", "NAME": "Иван Смирнов"}, "MESSAGE": {"Id": "m-1", "TEXT": "Есть?"}, "Chat": {"ID": "v-1"}},
    ]});
    let answer = relay.call("imconnector.send.messages", args).await;
    assert_eq!(answer["result"]["DATA"]["RESULT"][0]["SUCCESS"], true);
    let chat = relay.portal.chat_of("v-1").unwrap();
    let profile = relay.portal.visitor(chat.visitor).unwrap().profile;
    assert_eq!((profile.name.as_str(), profile.last_name.as_str()), ("Иван", "Смирнов"));
}

#[tokio::test]
async fn an_operators_words_come_signed_and_their_edits_only_after_delivery_was_confirmed() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let chat = relay.portal.chat_of("v-1").unwrap().id;
    let first = relay.portal.operator_says(chat, OPERATOR, "Есть!").unwrap();
    let added = relay.event("ONIMCONNECTORMESSAGEADD").await;
    let message = &added["data"]["MESSAGES"][0];
    assert_eq!(message["message"]["text"], "[b]Анна Петрова:[/b] [br]Есть!");
    assert_eq!(message["message"]["user_id"], "27");
    assert_eq!(message["message"].get("files"), None);
    assert_eq!(added["auth"]["user_id"], "27");

    relay.portal.edit(chat, first, "Есть одна").unwrap();
    delivered(&relay, chat, first, "ours-1").await;
    delivered(&relay, chat, first, "ours-2").await;
    relay.portal.edit(chat, first, "Есть две").unwrap();
    let updated = relay.event("ONIMCONNECTORMESSAGEUPDATE").await;
    let message = &updated["data"]["MESSAGES"][0]["message"];
    assert_eq!(message, &json!({"id": ["ours-1"], "text": "[b]Анна Петрова:[/b][br] Есть две"}));

    relay.portal.delete(chat, first).unwrap();
    let deleted = relay.event("ONIMCONNECTORMESSAGEDELETE").await;
    assert_eq!(deleted["data"]["MESSAGES"][0]["message"]["id"], "ours-1");
    assert_eq!(relay.events_so_far("ONIMCONNECTORMESSAGEUPDATE").len(), 1);
}

#[tokio::test]
async fn automatic_texts_are_known_by_their_class_and_a_closing_text_puts_the_close_off() {
    let line = Line::new(LINE, "Сайт").greeting("Здравствуйте!").closing("Спасибо за обращение");
    let relay = Relay::ready(Options { lines: vec![line], ..Options::default() }).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let chat = relay.portal.chat_of("v-1").unwrap().id;
    relay.portal.operator_says(chat, OPERATOR, "Есть").unwrap();
    relay.portal.finish(chat, OPERATOR).unwrap();
    let texts = relay.events("ONIMCONNECTORMESSAGEADD", 3).await;
    let of = |at: usize| texts[at]["data"]["MESSAGES"][0]["message"].clone();
    let class = "bx-messenger-content-item-ol-output";
    assert_eq!((of(0)["user_id"].clone(), of(0)["params"]["CLASS"].clone()), (json!("0"), json!(class)));
    assert_eq!((of(2)["user_id"].clone(), of(2)["params"]["CLASS"].clone()), (json!("27"), json!(class)));
    assert_eq!(of(2)["text"], "Спасибо за обращение");
    assert_eq!(texts[2]["auth"].get("access_token"), None);
    assert!(relay.events_so_far("ONIMCONNECTORDIALOGFINISH").is_empty());
    relay.portal.advance(Duration::from_secs(24 * 3600));
    let finish = relay.event("ONIMCONNECTORDIALOGFINISH").await;
    assert_eq!(finish["data"]["DATA"][0]["session"]["closed"], "Y");
}

#[tokio::test]
async fn after_a_finish_the_next_word_opens_another_session_in_the_same_chat() {
    let relay = Relay::ready(Options::default()).await;
    let first = relay.send(&[("m-1", "Есть?")]).await["result"]["DATA"]["RESULT"][0]["session"].clone();
    let chat = relay.portal.chat_of("v-1").unwrap().id;
    relay.portal.finish(chat, OPERATOR).unwrap();
    let second = relay.send(&[("m-2", "А ещё?")]).await["result"]["DATA"]["RESULT"][0]["session"].clone();
    assert_eq!(first["CHAT_ID"], second["CHAT_ID"]);
    assert_ne!(first["ID"], second["ID"]);
}

#[tokio::test]
async fn history_shows_one_session_with_all_that_recovery_must_tell_apart() {
    let relay = Relay::ready(Options::default()).await;
    let session = relay.send(&[("m-1", "Есть?")]).await["result"]["DATA"]["RESULT"][0]["session"]["ID"].clone();
    let chat = relay.portal.chat_of("v-1").unwrap().id;
    let known = relay.portal.operator_says(chat, OPERATOR, "Есть").unwrap();
    delivered(&relay, chat, known, "ours-1").await;
    relay.portal.operator_whispers(chat, OPERATOR, "Скидку не давать").unwrap();
    relay.portal.operator_says(chat, OPERATOR, "Берёте?").unwrap();
    let answer = relay.call("imopenlines.session.history.get", json!({"SESSION_ID": session})).await;
    let messages = answer["result"]["message"].as_object().unwrap();
    let of = |text: &str| messages.values().find(|one| one["text"] == text).unwrap()["params"].clone();
    assert_eq!(of("Есть?")["connectorMid"], json!(["m-1"]));
    assert_eq!(of("Есть")["connectorMid"], json!(["ours-1"]));
    assert_eq!(of("Скидку не давать")["componentId"], "HiddenMessage");
    assert_eq!(of("Берёте?")["sending"], "Y");
    let users = &answer["result"]["users"];
    assert_eq!((users["27"]["connector"].clone(), users["585"]["connector"].clone()), (json!(false), json!(true)));
}

#[tokio::test]
async fn a_visitors_edits_and_deletes_change_what_they_name_and_succeed_where_there_is_nothing() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?"), ("m-2", "Нет?")]).await;
    let args =
        |id: &str, text: &str| json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": [element("v-1", id, text)]});
    let success = |answer: Value| answer["result"]["DATA"]["RESULT"][0]["SUCCESS"] == true;
    assert!(success(relay.call("imconnector.update.messages", args("m-1", "Есть ли?")).await));
    assert!(success(relay.call("imconnector.delete.messages", args("m-2", "")).await));
    assert!(success(relay.call("imconnector.update.messages", args("m-9", "Кто?")).await));
    assert!(!success(relay.call("imconnector.update.messages", args("m-1", "")).await));
    assert_eq!(relay.portal.chat_of("v-1").unwrap().texts(), ["Есть ли?"]);
}

#[tokio::test]
async fn the_offline_queue_keeps_what_the_online_handler_got_until_it_is_fetched() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let chat = relay.portal.chat_of("v-1").unwrap().id;
    relay.portal.operator_says(chat, OPERATOR, "Есть").unwrap();
    let filter = json!({"auth_connector": "relay_offline", "order": {"ID": "ASC"}});
    let listed = relay.call("event.offline.list", filter.clone()).await;
    assert_eq!(listed["total"], 2);
    let last = listed["result"][1].clone();
    assert_eq!(last["EVENT_NAME"], "ONIMCONNECTORMESSAGEADD");
    assert_eq!(last["EVENT_DATA"]["MESSAGES"][0]["message"]["files"], json!([]));
    let fetch =
        json!({"auth_connector": "relay_offline", "filter": {"<=ID": last["ID"]}, "order": {"ID": "ASC"}, "limit": 50});
    let fetched = relay.call("event.offline.get", fetch).await;
    assert_eq!(fetched["result"]["events"].as_array().unwrap().len(), 2);
    assert_eq!(relay.call("event.offline.list", filter).await["result"], json!([]));
}

#[tokio::test]
async fn what_a_call_raises_is_not_queued_for_the_auth_connector_it_names() {
    let relay = Relay::ready(Options::default()).await;
    let off = json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "ACTIVE": 0, "auth_connector": "relay_offline"});
    relay.call("imconnector.activate", off).await;
    relay.event("ONIMCONNECTORSTATUSDELETE").await;
    assert!(relay.portal.offline().is_empty());
}

#[tokio::test]
async fn a_dialogue_is_found_by_any_of_its_names() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let chat = relay.portal.chat_of("v-1").unwrap();
    let by_code =
        relay.call("imopenlines.dialog.get", json!({"USER_CODE": format!("imol|{}", chat.user_code())})).await;
    assert_eq!(by_code["result"]["dialog_id"], format!("chat{}", chat.id));
    let by_session = relay.call("imopenlines.dialog.get", json!({"SESSION_ID": chat.session().unwrap().id})).await;
    assert_eq!(by_session["result"], by_code["result"]);
    assert_eq!(by_code["result"]["entity_data_1"].as_str().unwrap().split('|').nth(5), Some("3282"));
    assert_eq!(relay.call("imopenlines.operator.another.finish", json!({"CHAT_ID": chat.id})).await["result"], true);
    relay.event("ONIMCONNECTORDIALOGFINISH").await;
    relay.use_token(&relay.portal.token_of(OPERATOR));
    assert_eq!(relay.call("imopenlines.dialog.get", json!({"CHAT_ID": chat.id})).await["error"], "ACCESS_DENIED");
    relay.use_token(&relay.portal.token_of(ADMIN));
}

#[tokio::test]
async fn with_chat_group_visitors_who_name_one_chat_read_each_other() {
    let relay = Relay::ready(Options::default()).await;
    let both = || async {
        let mut second = element("v-2", "m-2", "Это личное");
        second["chat"]["id"] = json!("shared");
        let mut first = element("v-1", "m-1", "Добрый день");
        first["chat"]["id"] = json!("shared");
        let args = json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": [first, second]});
        relay.call("imconnector.send.messages", args).await;
    };
    both().await;
    assert_eq!(relay.portal.chats().len(), 2, "each visitor has a chat of their own");
    let mut grouped = registration(&relay.url);
    grouped["CHAT_GROUP"] = json!(true);
    relay.call("imconnector.register", grouped).await;
    both().await;
    let chats = relay.portal.chats();
    let shared: Vec<_> = chats.iter().filter(|chat| chat.visitor == UserId(0)).collect();
    assert_eq!((chats.len(), shared.len()), (3, 1));
    assert_eq!(shared[0].texts(), ["Добрый день", "Это личное"], "both in one");
}

#[tokio::test]
async fn a_double_and_a_dismissal_close_a_session_and_nobody_is_told() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let chat = relay.portal.chat_of("v-1").unwrap().id;
    relay.portal.double_session(chat).unwrap();
    relay.portal.operator_says(chat, OPERATOR, "Есть").unwrap();
    relay.portal.dismiss(OPERATOR);
    relay.portal.wait_sent().await;
    let sessions = relay.portal.chat(chat).unwrap().sessions;
    assert_eq!(sessions.iter().map(|one| one.closed).collect::<Vec<_>>(), [true, true]);
    assert_eq!(relay.events_so_far("ONIMCONNECTORDIALOGSTART").len(), 2);
    assert!(relay.events_so_far("ONIMCONNECTORDIALOGFINISH").is_empty());
}

#[tokio::test]
async fn a_vote_opens_a_closed_session_again_without_a_word_and_it_is_finished_twice() {
    let vote = Vote { reopened: Duration::from_secs(60), ..Vote::default() };
    let full_close = Duration::from_secs(60);
    let line = Line { vote: Some(vote), full_close, ..Line::new(LINE, "Сайт") };
    let relay = Relay::ready(Options { lines: vec![line], ..Options::default() }).await;
    let first = relay.send(&[("m-1", "Есть?")]).await["result"]["DATA"]["RESULT"][0]["session"].clone();
    relay.portal.finish(relay.portal.chat_of("v-1").unwrap().id, OPERATOR).unwrap();
    relay.portal.advance(Duration::from_secs(61));
    relay.event("ONIMCONNECTORDIALOGFINISH").await;
    let voted = relay.send(&[("m-2", "1")]).await["result"]["DATA"]["RESULT"][0]["session"].clone();
    let next = relay.send(&[("m-3", "Ещё")]).await["result"]["DATA"]["RESULT"][0]["session"].clone();
    assert_eq!((&voted, &next), (&first, &first));
    relay.portal.finish(relay.portal.chat_of("v-1").unwrap().id, OPERATOR).unwrap();
    relay.portal.advance(Duration::from_secs(61));
    assert_eq!(relay.events("ONIMCONNECTORDIALOGFINISH", 2).await[1]["data"]["DATA"][0]["session"]["id"], first["ID"]);
    assert_eq!(relay.events_so_far("ONIMCONNECTORDIALOGSTART").len(), 1);
}

#[tokio::test]
async fn old_builds_say_less_of_what_is_wrong() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    relay.portal.set_build(|build| {
        (build.throws_line_errors, build.knows_sessions, build.overwrites_mids) = (false, false, true);
    });
    let chat = relay.portal.chat_of("v-1").unwrap().id;
    let history = "imopenlines.session.history.get";
    for args in [json!({"SESSION_ID": 1}), json!({"CHAT_ID": chat}), json!({})] {
        assert_eq!(relay.call(history, args).await["error"], "ACCESS_DENIED");
    }
    let message = relay.portal.operator_says(chat, OPERATOR, "Есть").unwrap();
    delivered(&relay, chat, message, "ours-1").await;
    delivered(&relay, chat, message, "ours-2").await;
    assert_eq!(relay.portal.chat(chat).unwrap().message(message).unwrap().mids, ["ours-2"]);
    relay.portal.disconnect_line(CONNECTOR, LINE);
    let (status, answer) = relay
        .call_for_status(
            "imconnector.send.messages",
            json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": [element("v-1", "m-2", "Нет?")]}),
        )
        .await;
    assert_eq!((status, answer["result"].clone()), (200, json!({"SUCCESS": false, "DATA": []})));
    assert_eq!(relay.portal.chat_of("v-1").unwrap().visitor_texts(), ["Есть?"]);
}

//! The messages' calls and their answers, whole and partly failed, against the recorded bodies.

use super::*;
use crate::bitrix::error::Advice;
use crate::bitrix::fixtures::{bytes, json, result};
use crate::bitrix::form;

fn taken(name: &str) -> Vec<Taken> {
    Send::reply(result(name)).unwrap()
}

#[test]
fn a_message_carries_its_visitor_whole() {
    let message = Outgoing {
        who: Who { id: "v-5f0c2a7e4b".to_owned(), name: "Посетитель 3".to_owned(), ..Who::default() },
        id: "m-1001".to_owned(),
        text: "Добрый день! Есть ли доставка в Казань?".to_owned(),
        files: Vec::new(),
        sent_at: 1_773_759_161_512,
    };
    let written = serde_json::to_value(Send { line: LineId(107), messages: vec![message] }).unwrap();
    let recorded = json("imconnector.send.messages.request.json");
    let (ours, theirs) = (&written["MESSAGES"][0], &recorded["MESSAGES"][0]);
    assert_eq!(ours["message"], theirs["message"]);
    assert_eq!((&ours["user"]["id"], &ours["chat"]["id"]), (&theirs["user"]["id"], &theirs["chat"]["id"]));
    assert_eq!(ours["user"]["name"], "Посетитель 3");
    assert_eq!((&written["LINE"], &written["CONNECTOR"]), (&recorded["LINE"], &Value::from(CONNECTOR)));
    let as_form = form::parse(&bytes("imconnector.send.messages.request.form")).unwrap();
    assert_eq!(as_form["MESSAGES"]["0"]["message"]["date"], theirs["message"]["date"].to_string());
}

#[test]
fn files_are_named_with_their_addresses() {
    let file = |path: &str, name: &str, mime| OutgoingFile {
        url: format!("https://relay.example.com/f/{path}/{name}"),
        name: name.to_owned(),
        mime: Some(mime),
    };
    let (id, text) = ("m-1002".to_owned(), "Вот фото".to_owned());
    let photo = file("0d9f6a2c7e", "IMG_2041.jpg", "image/jpeg");
    let files = vec![photo, file("77aa10b2c3", "spec.pdf", "application/pdf")];
    let message = Outgoing { who: Who::default(), id, text, files, sent_at: 1_773_759_181_000 };
    let recorded = json("imconnector.send.messages.file.request.json");
    assert_eq!(serde_json::to_value(message).unwrap()["message"], recorded["MESSAGES"][0]["message"]);
}

#[test]
fn each_message_has_its_own_outcome() {
    let session = Some(LineSession { id: 3282, chat: 1807 });
    let good = Taken { success: true, errors: Vec::new(), session, user: Some(585), files: Vec::new() };
    assert_eq!(taken("imconnector.send.messages.response.json"), std::slice::from_ref(&good));
    let without_first = Taken { files: vec![1], ..good.clone() };
    assert_eq!(taken("imconnector.send.messages.file-lost.response.json"), [without_first]);
    assert_eq!(taken("imconnector.send.messages.no-session.response.json"), [Taken { session: None, ..good.clone() }]);
    let [first, second] = taken("imconnector.send.messages.partial-failure.response.json").try_into().unwrap();
    assert_eq!(first, good);
    assert_eq!((second.success, second.errors.len(), second.session), (false, 1, None));
}

#[test]
fn older_portals_say_by_one_word_that_the_line_is_off() {
    let error = Send::reply(result("imconnector.send.messages.old-build-failure.response.json")).unwrap_err();
    assert_eq!(error.advice(), Advice::LineOff);
    assert_eq!(Send::reply(serde_json::json!({"SUCCESS": true})).unwrap_err().advice(), Advice::FindOut);
}

#[test]
fn a_confirmation_names_both_ids() {
    let delivered = Delivered {
        im: ImId { chat: 1807, message: 86497 },
        chat: "v-5f0c2a7e4b".to_owned(),
        id: "01HV8QZ3M5T6".to_owned(),
        at: 1_773_759_162_000,
    };
    let written = serde_json::to_value(Confirm { line: LineId(107), messages: vec![delivered] }).unwrap();
    assert_eq!(written["MESSAGES"], json("imconnector.send.status.delivery.request.json")["MESSAGES"]);
    Confirm::reply(result("imconnector.send.status.delivery.response.json")).unwrap();
}

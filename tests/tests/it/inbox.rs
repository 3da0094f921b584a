//! What the portal tells on its way to the visitors: kept, done once, confirmed once.

use otklik_tests::{
    portal::{Chat, Fault},
    stage::{ANNA, CONNECTOR, SALES, Stage},
    visitor::{Visitor, message_id},
    wait::until,
};
use shared::{MessageState, Refusal, ToServer, ToWidget};
use std::time::Duration;

const CONFIRM: &str = "imconnector.send.status.delivery";
const ADD: &str = "ONIMCONNECTORMESSAGEADD";
const UPDATE: &str = "ONIMCONNECTORMESSAGEUPDATE";

async fn begun_on(stage: Stage) -> (Stage, Visitor, Chat) {
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    (stage, visitor, chat)
}

/// A conversation that has begun.
async fn begun() -> (Stage, Visitor, Chat) {
    begun_on(Stage::start().await).await
}

#[tokio::test]
async fn each_answer_is_confirmed_once() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.fault_on(ADD, Fault::EventTwice, 3);
    let mut said = Vec::new();
    for text in ["раз", "два", "три"] {
        said.push(stage.portal.operator_says(chat.id, ANNA, text).expect("Anna may answer"));
    }
    visitor.hear("три").await;
    for message in said {
        stage.portal.wait_delivered(chat.id, message).await;
    }
    stage.portal.wait_sent().await;
    let calls = stage.portal.calls(CONFIRM);
    let confirmed: usize = calls.iter().filter_map(|call| call.args["MESSAGES"].as_array().map(Vec::len)).sum();
    assert_eq!(confirmed, 3, "{calls:?}");
}

#[tokio::test]
async fn a_confirmation_that_failed_is_made_again() {
    let (stage, mut visitor, chat) = begun_on(Stage::by_hand().await).await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(CONFIRM, Fault::HtmlPage, 1);
    let answer = stage.portal.operator_says(chat.id, ANNA, "раз").expect("Anna may answer");
    visitor.hear("раз").await;
    stage.portal.wait_delivered(chat.id, answer).await;
    assert_eq!(stage.portal.calls(CONFIRM).len(), 2);
}

#[tokio::test]
async fn words_changed_and_changed_back_end_as_they_are_at_the_portal() {
    let (stage, mut visitor, chat) = begun().await;
    let answer = stage.portal.operator_says(chat.id, ANNA, "а").expect("Anna may answer");
    visitor.hear("а").await;
    stage.portal.wait_delivered(chat.id, answer).await;
    for text in ["б", "а", "б"] {
        stage.portal.edit(chat.id, answer, text).expect("Anna may edit");
        visitor.hear(text).await;
    }
    assert_eq!(visitor.texts(), ["один", "б"]);
}

#[tokio::test]
async fn answers_that_overtook_each_other_long_ago_stand_in_order() {
    let (stage, mut visitor, chat) = begun_on(Stage::by_hand().await).await;
    let _hurry = stage.hurry();
    for late in [40, 20] {
        stage.portal.fault_on(ADD, Fault::EventDelayed(Duration::from_secs(late)), 1);
    }
    for text in ["раз", "два", "три"] {
        stage.portal.operator_says(chat.id, ANNA, text).expect("Anna may answer");
    }
    visitor.wait_until(|seen| seen.len() == 4).await;
    assert_eq!(visitor.texts(), ["один", "раз", "два", "три"]);
}

#[tokio::test]
async fn answers_that_many_workers_bring_side_by_side_stand_in_order() {
    let (stage, mut visitor, chat) = begun_on(Stage::crowded(8).await).await;
    let texts: Vec<String> = (1..=40).map(|n| format!("ответ {n}")).collect();
    for text in &texts {
        stage.portal.operator_says(chat.id, ANNA, text).expect("Anna may answer");
    }
    visitor.wait_until(|seen| seen.len() == 41).await;
    assert_eq!(visitor.texts()[1..], texts);
}

/// Both edits carry the same second, and come the wrong way round: the history tells which holds.
#[tokio::test]
async fn edits_too_close_to_tell_apart_end_as_they_are_at_the_portal() {
    let (stage, mut visitor, chat) = begun_on(Stage::by_hand().await).await;
    let answer = stage.portal.operator_says(chat.id, ANNA, "а").expect("Anna may answer");
    let hurry = stage.hurry();
    visitor.hear("а").await;
    stage.portal.wait_delivered(chat.id, answer).await;
    drop(hurry);
    stage.portal.fault_on(UPDATE, Fault::EventsSwapped, 1);
    stage.portal.edit(chat.id, answer, "б").expect("Anna may edit");
    stage.portal.edit(chat.id, answer, "в").expect("Anna may edit");
    stage.portal.wait_sent().await;
    let _hurry = stage.hurry();
    stage.portal.wait_calls("batch", 2).await;
    visitor.wait_until(|seen| seen[1].text.as_deref() == Some("в")).await;
}

#[tokio::test]
async fn an_edit_whose_event_was_lost_is_fetched() {
    let (stage, mut visitor, chat) = begun_on(Stage::by_hand().await).await;
    let _hurry = stage.hurry();
    let answer = stage.portal.operator_says(chat.id, ANNA, "было").expect("Anna may answer");
    visitor.hear("было").await;
    stage.portal.wait_delivered(chat.id, answer).await;
    stage.portal.fault_on(UPDATE, Fault::EventLost, 1);
    stage.portal.edit(chat.id, answer, "стало").expect("Anna may edit");
    visitor.hear("стало").await;
    assert_eq!(visitor.texts(), ["один", "стало"]);
}

#[tokio::test]
async fn more_than_a_page_of_missed_answers_is_fetched_in_order() {
    let (stage, mut visitor, chat) = begun_on(Stage::by_hand().await).await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 120);
    let texts: Vec<String> = (1..=120).map(|n| format!("ответ {n}")).collect();
    for text in &texts {
        stage.portal.operator_says(chat.id, ANNA, text).expect("Anna may answer");
    }
    visitor.hear("ответ 120").await;
    assert_eq!(visitor.texts()[1..], texts);
    let emptied = async || stage.portal.offline().iter().all(|record| record.event != ADD).then_some(());
    until("the queue to be empty", emptied).await;
}

#[tokio::test]
async fn a_line_switched_off_and_on_again_at_once_stays_on() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.disconnect_line(CONNECTOR, SALES);
    stage.portal.connect_line(CONNECTOR, SALES);
    stage.portal.wait_sent().await;
    stage.portal.wait_calls("imconnector.status", 1).await;
    let id = visitor.say("два").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

#[tokio::test]
async fn without_the_application_visitors_are_told_that_nobody_reads() {
    let (stage, mut visitor, _) = begun().await;
    stage.portal.uninstall(true);
    stage.portal.wait_sent().await;
    loop {
        visitor
            .send(&ToServer::Say {
                id: message_id(), text: "есть кто?".to_owned(), reply_to: None, files: Vec::new()
            })
            .await;
        let answer = |frame: &ToWidget| matches!(frame, ToWidget::Accepted { .. } | ToWidget::Refused { .. });
        if matches!(visitor.wait_for(answer).await, ToWidget::Refused { code: Refusal::SiteClosed, .. }) {
            break; // as soon as the event is worked off
        }
    }
}

#[tokio::test]
async fn what_was_taken_before_a_kill_is_worked_off_after_it() {
    let mut stage = Stage::with_process().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    for n in 0..5 {
        stage.portal.operator_says(chat.id, ANNA, &format!("ответ {n}")).expect("Anna may answer");
    }
    stage.kill().await;
    stage.start_process().await;
    let mut back = visitor.resume().await;
    back.hear("ответ 4").await;
    back.wait_until(|seen| seen.len() == 6).await;
    let mut texts = back.texts();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 6, "each once: {texts:?}");
}

//! Everything that can go wrong between relay and portal: no word is lost, none arrives twice, order holds.

use otklik_tests::{
    portal::{Chat, Fault, Mood},
    stage::{ANNA, CONNECTOR, SALES, Stage},
    visitor::Visitor,
};
use shared::MessageState;
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";

/// A conversation that has begun: the first word is with the operator.
async fn begun() -> (Stage, Visitor, Chat) {
    begun_on(Stage::start().await).await
}

async fn begun_on(stage: Stage) -> (Stage, Visitor, Chat) {
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    (stage, visitor, chat)
}

/// Two words are said while `fault` waits; both reach the operator once and in order.
async fn survives(fault: Fault) {
    let (stage, mut visitor, chat) = begun_on(Stage::by_hand().await).await;
    let _hurry = stage.hurry(); // what became of a lost call is asked again and again, for minutes
    stage.portal.fault_on(SEND, fault.clone(), 1);
    let second = visitor.say("два").await;
    let third = visitor.say("три").await;
    for id in [&second, &third] {
        visitor.wait_for_state(id, MessageState::Delivered).await;
    }
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() >= 3).await;
    assert_eq!(chat.visitor_texts(), ["один", "два", "три"], "{fault:?}");
    assert!(stage.portal.faults_waiting().is_empty(), "{fault:?} was met");
}

#[tokio::test]
async fn a_call_cut_before_it_worked() {
    survives(Fault::CutBefore).await;
}

#[tokio::test]
async fn a_call_cut_after_it_worked() {
    survives(Fault::CutAfter).await;
}

#[tokio::test]
async fn a_portal_at_its_limit() {
    survives(Fault::Limit).await;
}

#[tokio::test]
async fn a_portal_that_answers_with_a_page() {
    survives(Fault::HtmlPage).await;
}

#[tokio::test]
async fn a_token_that_ended_early() {
    survives(Fault::ExpiredToken).await;
}

#[tokio::test]
async fn a_message_refused_inside_a_good_answer() {
    survives(Fault::ElementFailure).await;
}

#[tokio::test]
async fn a_session_lost_inside_a_good_answer() {
    survives(Fault::LostSession).await;
}

#[tokio::test]
async fn an_old_portal_that_fails_as_a_whole() {
    survives(Fault::OuterFailure).await;
}

#[tokio::test]
async fn a_portal_overloaded() {
    survives(Fault::Refuse("OVERLOAD_LIMIT".to_owned())).await;
}

#[tokio::test]
async fn a_portal_that_broke_inside() {
    survives(Fault::Refuse("INTERNAL_SERVER_ERROR".to_owned())).await;
}

/// The portal stored the message and broke before it could be told apart: nobody can know, and the visitor is told so.
#[tokio::test]
async fn a_message_whose_fate_cannot_be_found_out() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.fault_on(SEND, Fault::CutAt(0), 1);
    let second = visitor.say("два").await;
    let settled = |seen: &[otklik_tests::visitor::Seen]| seen.iter().any(|one| one.id == second && one.state.is_some());
    visitor.wait_until(settled).await;
    visitor.say("три").await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().last() == Some(&"три")).await;
    assert_eq!(chat.visitor_texts(), ["один", "два", "три"], "it is never sent twice");
}

#[tokio::test]
async fn messages_outlive_a_portal_outage() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    for text in ["два", "три", "четыре"] {
        visitor.say(text).await;
    }
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    stage.portal.wait_texts(&chat.external, &["один", "два", "три", "четыре"]).await;
}

#[tokio::test]
async fn many_visitors_wait_out_an_outage_in_few_calls() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    stage.portal.set_mood(Mood::Busy).await.expect("a mood");
    let mut visitors = Vec::new();
    for n in 0..30 {
        let mut visitor = stage.visitor(&site).await;
        visitor.say(&format!("я {n}")).await;
        visitors.push(visitor);
    }
    let before = stage.portal.calls(SEND).len();
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    for n in 0..30 {
        let text = format!("я {n}");
        stage.portal.wait_any_chat(|chat| chat.visitor_texts() == [text.as_str()]).await;
    }
    let calls = stage.portal.calls(SEND).len() - before;
    assert!(calls <= 10, "{calls} calls for thirty visitors");
}

#[tokio::test]
async fn an_event_sent_twice_is_one_message() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.fault_on("ONIMCONNECTORMESSAGEADD", Fault::EventTwice, 1);
    stage.portal.operator_says(chat.id, ANNA, "раз").expect("Anna may answer");
    stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
    visitor.hear("два").await;
    assert_eq!(visitor.texts(), ["один", "раз", "два"]);
}

#[tokio::test]
async fn an_event_that_never_comes_is_fetched() {
    let (stage, mut visitor, chat) = begun_on(Stage::by_hand().await).await;
    let _hurry = stage.hurry(); // the queue is looked into once a minute
    stage.portal.fault_on("ONIMCONNECTORMESSAGEADD", Fault::EventLost, 1);
    stage.portal.operator_says(chat.id, ANNA, "потерянное").expect("Anna may answer");
    visitor.hear("потерянное").await;
    assert_eq!(visitor.texts(), ["один", "потерянное"]);
}

#[tokio::test]
async fn an_edit_before_its_message_shows_the_new_words_once() {
    let (stage, mut visitor, chat) = begun().await;
    let answer = stage.portal.operator_says(chat.id, ANNA, "было").expect("Anna may answer");
    visitor.hear("было").await;
    stage.portal.wait_delivered(chat.id, answer).await;
    stage.portal.edit(chat.id, answer, "стало").expect("Anna may edit");
    visitor.hear("стало").await;
    assert_eq!(visitor.texts(), ["один", "стало"]);
}

#[tokio::test]
async fn events_swapped_end_in_order() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.fault_on("ONIMCONNECTORMESSAGEADD", Fault::EventsSwapped, 1);
    stage.portal.operator_says(chat.id, ANNA, "раз").expect("Anna may answer");
    stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
    let both = |seen: &[otklik_tests::visitor::Seen]| seen.len() == 3;
    visitor.wait_until(both).await;
    assert_eq!(visitor.texts(), ["один", "раз", "два"]);
}

#[tokio::test]
async fn a_line_or_connector_that_is_off_holds_messages_until_it_is_on_again() {
    let codes = [
        "IMCONNECTOR_NO_CORRECT_PROVIDER",
        "IMCONNECTOR_NOT_SPECIFIED_CORRECT_COMMAND",
        "IMCONNECTOR_NOT_SPECIFIED_CORRECT_CONNECTOR",
    ];
    for fault in codes.map(|code| Fault::Refuse(code.to_owned())).into_iter().chain([Fault::LineOff]) {
        let (stage, mut visitor, chat) = begun().await;
        stage.portal.fault_on(SEND, fault, 1);
        let id = visitor.say("два").await;
        stage.portal.wait_calls(SEND, 2).await;
        stage.connect(SALES, &["https://shop.example"]).await;
        assert!(stage.portal.channel(CONNECTOR, SALES).is_some_and(|channel| channel.usable()));
        visitor.wait_for_state(&id, MessageState::Delivered).await;
        stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
    }
}

#[tokio::test]
async fn a_slow_portal_delays_one_and_loses_none() {
    survives(Fault::Slow(Duration::from_secs(1))).await;
}

//! Visitors' words on their way to the portal: what is called, how often, and what a visitor is told.

use otklik_server::clock::Clock;
use otklik_tests::{
    portal::{Chat, Fault, Mood},
    stage::{SALES, SUPPORT, Stage},
    visitor::{Seen, Visitor},
    wait::until,
};
use shared::{MessageId, MessageState};
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";
const HISTORY: &str = "imopenlines.session.history.get";
const QUEUE: &str = "event.offline.list";
/// The line repeats what it stored.
const WITNESS: &str = "ONOPENLINEMESSAGEADD";
const START: &str = "ONIMCONNECTORDIALOGSTART";

/// A conversation that has begun, by a clock that stands still.
async fn begun() -> (Stage, Visitor, Chat) {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    (stage, visitor, chat)
}

fn is_settled(id: &MessageId) -> impl Fn(&[Seen]) -> bool + use<> {
    let id = id.clone();
    move |seen| seen.iter().any(|one| one.id == id && one.state.is_some())
}

#[tokio::test]
async fn a_visitor_is_named_by_number_and_always_the_same() {
    let (stage, mut visitor, chat) = begun().await;
    visitor.say("два").await;
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
    let calls = stage.portal.calls(SEND);
    let users: Vec<_> = calls.iter().map(|call| call.args["MESSAGES"][0]["user"].to_string()).collect();
    assert!(users[0].contains("\"name\":\"Посетитель\""), "{}", users[0]);
    assert!(chat.title.starts_with("Посетитель 1"), "{}", chat.title);
    assert!(users.iter().all(|user| user == &users[0]), "{users:?}");
    assert!(!calls.iter().any(|call| call.args.to_string().contains("picture")));
}

/// A conversation that has begun at a portal that shows no histories.
async fn unseen() -> (Stage, Visitor, Chat) {
    let begun = begun().await;
    begun.0.portal.set_build(|build| build.history = false);
    begun
}

#[tokio::test]
async fn without_history_the_lines_own_event_tells_that_a_message_arrived() {
    for one_message in [false, true] {
        let (stage, mut visitor, chat) = unseen().await;
        stage.portal.set_build(|build| build.one_message = one_message);
        let _hurry = stage.hurry();
        stage.portal.fault_on(SEND, Fault::CutAfter, 1);
        let second = visitor.say("два").await;
        let third = visitor.say("три").await;
        visitor.wait_for_state(&second, MessageState::Delivered).await;
        visitor.wait_for_state(&third, MessageState::Delivered).await;
        stage.portal.wait_texts(&chat.external, &["один", "два", "три"]).await;
    }
}

/// The relay dies with the call under way, where histories are refused: the queue kept what the line told.
#[tokio::test]
async fn without_history_a_message_under_way_in_a_crash_has_its_witness_in_the_queue() {
    let (mut stage, mut visitor, chat) = unseen().await;
    let hurry = stage.hurry();
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    let second = visitor.say("два").await; // so the relay learns that histories are refused
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    let kept = async || stage.portal.bindings().iter().filter(|one| one.event == WITNESS).nth(1).map(|_| ());
    until("the line's events to be kept", kept).await;
    drop(hurry);
    let mut visitor = visitor.resume().await;
    stage.portal.fault_on(SEND, Fault::Slow(Duration::from_secs(3)), 1);
    stage.portal.fault_on(WITNESS, Fault::EventLost, 1);
    let third = visitor.say("три").await;
    stage.portal.wait_texts(&chat.external, &["один", "два", "три"]).await;
    stage.kill().await;
    stage.start_here().await;
    let _hurry = stage.hurry();
    let mut back = visitor.resume().await;
    back.wait_for_state(&third, MessageState::Delivered).await;
    assert_eq!(stage.portal.calls(SEND).len(), 3);
}

/// Those behind it have waited long enough and gone; then it is known to be nowhere.
#[tokio::test]
async fn what_others_overtook_is_not_sent_behind_them_after_a_restart() {
    let (mut stage, mut visitor, chat) = unseen().await;
    let hurry = stage.hurry();
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    let second = visitor.say("два").await; // so the relay learns that histories are refused
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    stage.portal.fault_on(QUEUE, Fault::CutBefore, u32::MAX); // it may hold a word of the third
    stage.portal.fault_on(SEND, Fault::CutBefore, 1);
    let third = visitor.say("три").await;
    let fourth = visitor.say("четыре").await;
    visitor.wait_for_state(&fourth, MessageState::Delivered).await;
    drop(hurry);
    stage.portal.clear_faults();
    stage.portal.set_build(|build| build.history = true);
    stage.restart().await;
    let _hurry = stage.hurry();
    let mut visitor = visitor.resume().await;
    visitor.wait_for_state(&third, MessageState::Unconfirmed).await;
    stage.portal.wait_texts(&chat.external, &["один", "два", "четыре"]).await;
    assert_eq!(stage.portal.calls(SEND).len(), 4, "the visitor may send it again");
}

#[tokio::test]
async fn a_long_outage_of_sending_alone_gives_nothing_up() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(SEND, Fault::CutBefore, 9);
    let second = visitor.say("два").await;
    let third = visitor.say("три").await;
    for calls in 2..=10 {
        stage.portal.wait_calls(SEND, calls).await;
        stage.advance(Duration::from_secs(60)); // so long a call may still take effect
    }
    let mut visitor = visitor.resume().await;
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    visitor.wait_for_state(&third, MessageState::Delivered).await;
    assert!(stage.portal.faults_waiting().is_empty(), "it took nine calls in vain");
    stage.portal.wait_texts(&chat.external, &["один", "два", "три"]).await;
}

/// Of the second nothing tells but the portal's word that it took it, which was not enough when it came.
#[tokio::test]
async fn two_first_words_at_once_teach_that_an_old_portal_names_no_sessions_and_neither_is_repeated() {
    let mut stage = Stage::empty(Clock::by_hand(Clock::real().now()), "").await;
    stage.portal.set_build(|build| (build.tells_sessions, build.offline_queue) = (false, false));
    stage.start_here().await;
    stage.install().await;
    let site = stage.site().await;
    let (mut one, mut other) = (stage.visitor(&site).await, stage.visitor(&site).await);
    one.say("один").await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    stage.portal.wait_sent().await;
    for event in [START, WITNESS] {
        stage.portal.fault_on(event, Fault::EventLost, 99);
    }
    let first = other.say("раз").await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["раз"]).await;
    let (_hurry, said_at) = (stage.hurry(), stage.clock.now());
    other.wait_for_state(&first, MessageState::Delivered).await;
    assert!(stage.clock.now() - said_at < 60_000, "as soon as it is known of the other");
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    let second = other.say("два").await;
    other.wait_for_state(&second, MessageState::Unconfirmed).await; // it is no first word any more
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["раз", "два"]).await;
}

/// Builds before 2023 name no session: that a message arrived is found out once, then the portal's word is enough.
#[tokio::test]
async fn an_old_portal_that_names_no_sessions_gets_everything_once() {
    let stage = Stage::by_hand().await;
    stage.portal.set_build(|build| build.tells_sessions = false);
    stage.portal.fault_on(WITNESS, Fault::EventLost, 9);
    let _hurry = stage.hurry();
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    for text in ["один", "два", "три"] {
        let id = visitor.say(text).await;
        visitor.wait_for_state(&id, MessageState::Delivered).await;
    }
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один", "два", "три"]).await;
    assert_eq!(stage.portal.calls(SEND).len(), 3);
}

#[tokio::test]
async fn a_history_that_is_never_told_holds_up_nothing_for_longer_than_one_that_is_refused() {
    let (stage, mut visitor, _) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    stage.portal.fault_on(WITNESS, Fault::EventLost, 1);
    stage.portal.fault_on(HISTORY, Fault::HistoryEmpty, u32::MAX);
    let (lost, said_at) = (visitor.say("два").await, stage.clock.now());
    let next = visitor.say("три").await;
    visitor.wait_for_state(&next, MessageState::Delivered).await;
    assert!(stage.clock.now() - said_at < 180_000, "as long as a call may take effect, and not much longer");
    visitor.wait_for_state(&lost, MessageState::Unconfirmed).await;
}

/// Nor is such a history asked for again and again.
#[tokio::test]
async fn a_history_that_is_never_told_is_asked_for_ever_rarer() {
    let (stage, _, _) = begun().await;
    stage.portal.fault_on(HISTORY, Fault::HistoryEmpty, u32::MAX);
    let hurry = stage.hurry_by(Duration::from_secs(2));
    let looks = || {
        let calls = stage.portal.calls("batch");
        calls.iter().filter(|call| call.args.to_string().contains(HISTORY)).count()
    };
    let mut asked = vec![looks()];
    for _ in 0..2 {
        let end = stage.clock.now() + 30 * 60_000;
        until("half an hour to pass", async || (stage.clock.now() > end).then_some(())).await;
        asked.push(looks());
    }
    drop(hurry);
    assert!(asked[1] > asked[0] && asked[2] - asked[1] <= 2, "{asked:?}");
}

#[tokio::test]
async fn a_first_word_whose_answer_was_lost_is_found_by_the_session_that_began() {
    let stage = Stage::by_hand().await;
    let _hurry = stage.hurry();
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    let first = visitor.say("один").await;
    visitor.wait_for_state(&first, MessageState::Delivered).await;
    assert_eq!(stage.portal.calls(SEND).len(), 1);
}

/// The relay dies while the portal works, and misses the event that tells of the session: the offline queue has it.
#[tokio::test]
async fn a_first_word_under_way_in_a_crash_is_found_and_not_repeated() {
    let mut stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    stage.portal.fault_on(SEND, Fault::Slow(Duration::from_secs(3)), 1);
    stage.portal.fault_on(START, Fault::EventLost, 1);
    let first = visitor.say("один").await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    stage.kill().await;
    stage.advance(Duration::from_secs(600));
    stage.start_here().await;
    let _hurry = stage.hurry();
    let mut back = visitor.resume().await;
    back.wait_for_state(&first, MessageState::Delivered).await;
    assert_eq!(stage.portal.calls(SEND).len(), 1);
}

#[tokio::test]
async fn a_first_word_that_left_no_trace_is_sent_once_more() {
    let stage = Stage::by_hand().await;
    let _hurry = stage.hurry();
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    stage.portal.fault_on(SEND, Fault::CutBefore, 1);
    let first = visitor.say("один").await;
    let second = visitor.say("два").await;
    for id in [&first, &second] {
        visitor.wait_for_state(id, MessageState::Delivered).await;
    }
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один", "два"]).await;
}

#[tokio::test]
async fn a_first_word_is_not_repeated_for_ever_where_nothing_can_be_known() {
    let stage = Stage::by_hand().await;
    let _hurry = stage.hurry();
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    stage.portal.fault_on(SEND, Fault::CutBefore, 3); // nobody hears of it, so nothing is told of it
    let first = visitor.say("один").await;
    visitor.wait_for_state(&first, MessageState::Unconfirmed).await;
    assert_eq!(stage.portal.calls(SEND).len(), 2, "one blind repeat");
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_no_reason_to_repeat() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(SEND, Fault::CutAt(0), 1);
    let second = visitor.say("два").await;
    visitor.wait_until(is_settled(&second)).await;
    let third = visitor.say("два").await;
    visitor.wait_for_state(&third, MessageState::Delivered).await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() >= 3).await;
    assert_eq!(chat.visitor_texts(), ["один", "два", "два"]);
}

#[tokio::test]
async fn one_visitors_lost_answer_keeps_no_other_waiting() {
    let stage = Stage::start().await; // in real time: the wait for the other would be a minute
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let mut other = stage.visitor(&site).await;
    stage.portal.fault_on(SEND, Fault::CutBefore, 1);
    visitor.say("один").await;
    stage.portal.wait_calls(SEND, 1).await;
    let id = other.say("я другой").await;
    other.wait_for_state(&id, MessageState::Delivered).await;
}

#[tokio::test]
async fn one_call_takes_many_visitors_of_one_line_and_no_other() {
    let stage = Stage::by_hand().await;
    let _hurry = stage.hurry();
    let here = stage.connect(SALES, &["https://shop.example"]).await.key;
    let there = stage.connect(SUPPORT, &["https://other.example"]).await.key;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    for n in 0..12 {
        let mut visitor = stage.visitor(if n % 3 == 0 { &there } else { &here }).await;
        visitor.say(&format!("я {n}")).await;
    }
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    for n in 0..12 {
        let text = format!("я {n}");
        stage.portal.wait_any_chat(|chat| chat.visitor_texts() == [text.as_str()]).await;
    }
    let sizes: Vec<usize> =
        stage.portal.calls(SEND).iter().filter_map(|call| call.args["MESSAGES"].as_array().map(Vec::len)).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 12, "{sizes:?}");
    assert!(sizes.len() <= 4, "few calls: {sizes:?}");
}

#[tokio::test]
async fn words_that_a_firewall_refuses_hold_up_nobody_else() {
    let (stage, mut visitor, _) = begun().await;
    let mut other = stage.visitor(&stage.site().await).await;
    let id = other.say("раз").await;
    other.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["раз"]).await;
    let _hurry = stage.hurry();
    stage.portal.forbid("union select");
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    visitor.say("1 union select 2").await;
    let id = other.say("два").await; // both go in one call
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    other.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["раз", "два"]).await;
}

#[tokio::test]
async fn messages_wait_out_a_removed_application_and_go_when_it_is_back() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.fault_on(SEND, Fault::Refuse("APPLICATION_NOT_FOUND".to_owned()), 1);
    let second = visitor.say("два").await;
    stage.portal.wait_calls(SEND, 2).await;
    stage.install().await; // the portal has forgotten connector and channels
    stage.connect(SALES, &["https://shop.example"]).await;
    let waited = stage.clock.now();
    let _hurry = stage.hurry();
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    assert!(stage.clock.now() - waited < 600_000, "the installation ends the wait");
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

#[tokio::test]
async fn a_silent_portal_is_asked_what_it_has() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(SEND, Fault::Silent, 1);
    let second = visitor.say("два").await;
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

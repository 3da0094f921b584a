//! Which histories are asked for, and what becomes of the others where the portal fails at one.

use crate::doubts::{begun_at, without_sessions};
use otklik_tests::{
    portal::{Call, Chat, Fault, Mood, SessionId},
    stage::{ANNA, CONNECTOR, SALES, Stage},
    visitor::{Seen, Visitor},
    wait::{DEADLINE, until, until_within},
};
use shared::MessageState;
use std::time::Duration;

const ADD: &str = "ONIMCONNECTORMESSAGEADD";
const START: &str = "ONIMCONNECTORDIALOGSTART";
/// The line repeats what it stored.
const WITNESS: &str = "ONOPENLINEMESSAGEADD";
const UPDATE: &str = "ONIMCONNECTORMESSAGEUPDATE";
const SEND: &str = "imconnector.send.messages";
const QUEUE: &str = "event.offline.list";
const HISTORY: &str = "imopenlines.session.history.get";

/// A conversation that has begun, at a portal without an offline queue, by a clock that stands still.
async fn begun() -> (Stage, Visitor, Chat) {
    begun_at(|build| build.offline_queue = false).await
}

/// How a call asks for a history.
fn asked_for(session: SessionId) -> String {
    format!("{HISTORY}?SESSION%5FID={session}")
}

/// Which of two edits came last only the history of their own conversation tells, though another has begun since.
#[tokio::test]
async fn of_two_edits_the_newer_holds_also_in_a_conversation_that_is_over() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    let answer = stage.portal.operator_says(chat.id, ANNA, "раз").expect("Anna may answer");
    visitor.hear("раз").await;
    stage.portal.wait_delivered(chat.id, answer).await;
    stage.portal.finish(chat.id, ANNA).expect("a session is open");
    let second = visitor.say("ещё").await;
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    let sessions = stage.portal.chat(chat.id).expect("it is there").sessions;
    let [old, new] = [0, 1].map(|nth: usize| asked_for(sessions[nth].id));
    let reads = |call: &Call| (call.args.to_string().contains(&old), call.args.to_string().contains(&new));
    let is_left = async || stage.portal.calls("batch").iter().any(|call| reads(call) == (false, true)).then_some(());
    until("the first conversation to be read no more", is_left).await;
    let mut visitor = visitor.resume().await; // who reads nothing while time flies is taken for dead
    stage.portal.fault_on(UPDATE, Fault::EventDelayed(Duration::from_secs(20)), 1);
    for text in ["два", "три"] {
        stage.portal.edit(chat.id, answer, text).expect("Anna may edit");
    }
    let versions =
        |seen: &Seen| seen.versions.iter().map(String::as_str).collect::<Vec<_>>() == ["раз", "три", "два", "три"];
    visitor.wait_until(|seen| seen.iter().any(versions)).await;
}

/// Too much for the portal: it breaks down over all that is asked for with it.
#[tokio::test]
async fn a_conversation_that_the_portal_fails_at_keeps_no_other_from_its_answers() {
    let (mut stage, visitor, chat) = begun().await;
    let mut other = stage.visitor(visitor.site()).await;
    let id = other.say("я другой").await;
    other.wait_for_state(&id, MessageState::Delivered).await;
    let others = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["я другой"]).await;
    stage.kill().await;
    stage.portal.shun(&asked_for(chat.sessions[0].id), Fault::HtmlPage);
    stage.portal.operator_says(others.id, ANNA, "ответ").expect("Anna may answer");
    stage.portal.wait_sent().await;
    stage.start_here().await;
    let _hurry = stage.hurry();
    other.resume().await.hear("ответ").await;
}

/// The same within one dialogue: what it fails at is asked for alone, and is not asked for without end.
#[tokio::test]
async fn a_conversation_that_the_portal_fails_at_keeps_no_later_one_from_its_answers() {
    let (mut stage, mut visitor, chat) = begun().await;
    let hurry = stage.hurry();
    stage.portal.finish(chat.id, ANNA).expect("a session is open");
    let second = visitor.say("ещё").await;
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    drop(hurry);
    stage.kill().await;
    let huge = asked_for(chat.sessions[0].id);
    stage.portal.shun(&huge, Fault::HtmlPage);
    stage.portal.operator_says(chat.id, ANNA, "ответ").expect("Anna may answer");
    stage.portal.wait_sent().await;
    stage.start_here().await;
    let _hurry = stage.hurry();
    visitor.resume().await.hear("ответ").await;
    let alone =
        |call: &Call| call.args.to_string().matches(HISTORY).count() == 1 && call.args.to_string().contains(&huge);
    assert_eq!(stage.portal.calls("batch").iter().filter(|call| alone(call)).count(), 5);
}

/// The portal breaks down over the history of one of two conversations, and over all that is asked for with it.
#[tokio::test]
async fn a_conversation_that_the_portal_fails_at_keeps_no_others_word_in_doubt() {
    let (stage, mut visitor, chat) = begun().await;
    let mut other = stage.visitor(visitor.site()).await;
    let first = other.say("я другой").await;
    other.wait_for_state(&first, MessageState::Delivered).await;
    let before = stage.portal.calls(SEND).len() + 1;
    stage.portal.set_mood(Mood::Busy).await.expect("a mood");
    let lost = visitor.say("два").await;
    stage.portal.wait_calls(SEND, before).await; // now it rests, by a clock that stands still
    let second = other.say("и ещё").await;
    stage.portal.shun(&asked_for(chat.sessions[0].id), Fault::HtmlPage);
    stage.portal.fault_on(SEND, Fault::CutBefore, 1);
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    let _hurry = stage.hurry();
    let both = stage.portal.wait_calls(SEND, before + 1).await.split_off(before);
    assert_eq!(both[0].args["MESSAGES"].as_array().map(Vec::len), Some(2), "they go together");
    other.resume().await.wait_for_state(&second, MessageState::Delivered).await;
    visitor.resume().await.wait_for_state(&lost, MessageState::Unconfirmed).await;
}

/// The portal names neither chat nor session, and no event does: but it named the visitor.
#[tokio::test]
async fn where_nothing_names_the_chat_it_is_asked_for_by_the_visitor() {
    let (stage, site, _other, _hurry) = without_sessions().await;
    for event in [START, WITNESS] {
        stage.portal.fault_on(event, Fault::EventLost, 99);
    }
    let mut visitor = stage.visitor(&site).await;
    let first = visitor.say("раз").await;
    visitor.wait_for_state(&first, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["раз"]).await;
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    stage.portal.operator_says(chat.id, ANNA, "ответ").expect("Anna may answer");
    visitor.hear("ответ").await;
}

/// As above, of the line's own word, which names the chat: it is heard though nobody doubts that the message arrived.
#[tokio::test]
async fn the_lines_own_word_tells_where_a_conversation_is() {
    let (stage, site, _other, _hurry) = without_sessions().await;
    stage.portal.fault_on(START, Fault::EventLost, 1);
    stage.portal.fault_on(WITNESS, Fault::EventDelayed(Duration::from_secs(5)), 1);
    let mut visitor = stage.visitor(&site).await;
    let first = visitor.say("раз").await;
    visitor.wait_for_state(&first, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["раз"]).await;
    let number = format!("CHAT%5FID={}", chat.id);
    let is_asked =
        async || stage.portal.calls("batch").iter().any(|call| call.args.to_string().contains(&number)).then_some(());
    until("the chat to be asked for by its number", is_asked).await;
}

/// An administrator installs the application again at a portal that showed nothing to whoever had installed it.
#[tokio::test]
async fn after_an_installation_what_was_refused_is_asked_for_at_once() {
    let (stage, mut visitor, chat) = begun().await;
    stage.portal.set_build(|build| build.history = false);
    let _hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
    let is_refused =
        async || stage.portal.calls("batch").iter().any(|call| call.args.to_string().contains(HISTORY)).then_some(());
    until("the history to be asked for", is_refused).await;
    visitor = visitor.resume().await; // who reads nothing while time flies is taken for dead
    stage.portal.set_build(|build| build.history = true);
    stage.install().await;
    visitor.hear("два").await;
}

#[tokio::test]
async fn after_an_installation_a_queue_that_was_refused_is_read_at_once() {
    let (stage, visitor, chat) = begun().await;
    stage.portal.set_build(|build| build.history = false);
    let _hurry = stage.hurry();
    stage.portal.wait_calls(QUEUE, 1).await;
    stage.portal.set_build(|build| build.offline_queue = true);
    let asked = stage.portal.calls(QUEUE).len();
    stage.install().await;
    // The relay's own pace is by real time, and an installation takes many calls.
    let is_read = async || (stage.portal.calls(QUEUE).len() > asked).then_some(());
    until_within(DEADLINE * 2, "the queue to be read", is_read).await;
    let mut visitor = visitor.resume().await;
    stage.portal.connect_line(CONNECTOR, SALES); // the portal forgot that, too
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
    visitor.hear("два").await;
}

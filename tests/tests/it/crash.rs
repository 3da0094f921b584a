//! `kill -9` of the real relay between any two steps.

use otklik_tests::{
    portal::{Fault, Mood},
    stage::{ANNA, Stage},
};
use shared::MessageState;

#[tokio::test]
async fn a_word_accepted_before_the_kill_reaches_the_operator_after_it() {
    let mut stage = Stage::with_process().await;
    let site = stage.site().await;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    let mut visitor = stage.visitor(&site).await;
    visitor.say("до").await;
    stage.kill().await;
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    stage.start_process().await;
    let chat = stage.wait_for_texts(&["до"]).await;
    let mut back = visitor.resume().await;
    back.say("после").await;
    stage.portal.wait_texts(&chat.external, &["до", "после"]).await;
}

#[tokio::test]
async fn a_kill_while_the_portal_holds_the_call_repeats_nothing() {
    let mut stage = Stage::with_process().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let first = visitor.say("раз").await;
    visitor.wait_for_state(&first, MessageState::Delivered).await;
    stage.portal.fault_on("imconnector.send.messages", Fault::Slow(std::time::Duration::from_secs(3)), 1);
    let second = visitor.say("два").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["раз", "два"]).await;
    stage.kill().await; // the portal has it, the relay was never told
    stage.start_process().await;
    let mut back = visitor.resume().await;
    let settled = |seen: &[otklik_tests::visitor::Seen]| seen.iter().any(|one| one.id == second && one.state.is_some());
    back.wait_until(settled).await;
    back.say("три").await;
    stage.portal.wait_texts(&chat.external, &["раз", "два", "три"]).await;
}

#[tokio::test]
async fn an_answer_given_while_the_relay_was_dead_is_fetched() {
    let mut stage = Stage::with_process().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let first = visitor.say("Алло").await;
    visitor.wait_for_state(&first, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Алло"]).await;
    stage.kill().await;
    stage.portal.operator_says(chat.id, ANNA, "Слушаю").expect("Anna may answer");
    stage.portal.wait_sent().await;
    stage.start_process().await;
    let mut back = visitor.resume().await;
    back.hear("Слушаю").await;
    assert_eq!(back.texts(), ["Алло", "Слушаю"]);
}

/// The relay dies with the call under way and never hears what became of it: no word twice, none lost.
#[tokio::test]
async fn crashes_again_and_again_lose_and_double_nothing() {
    let mut stage = Stage::by_hand().await;
    let site = stage.site().await;
    let hurry = stage.hurry();
    let mut visitor = stage.visitor(&site).await;
    let mut said = Vec::new();
    for round in 0..5 {
        let text = format!("круг {round}");
        visitor.say(&text).await;
        said.push(text);
        stage.kill().await;
        stage.start_here().await;
        visitor = visitor.resume().await;
    }
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts().len() >= said.len()).await;
    assert_eq!(chat.visitor_texts(), said);
    let mut visitor = visitor.resume().await; // who reads nothing while time flies is taken for dead
    visitor = visitor.resume().await; // while nobody read, a minute of silence may have flown by
    let settled = |seen: &[otklik_tests::visitor::Seen]| seen.len() == 5 && seen.iter().all(|one| one.state.is_some());
    visitor.wait_until(settled).await;
    assert_eq!(visitor.texts(), said);
    drop(hurry);
}

/// The same with the real process, while the portal is away: nothing is in doubt, everything is on the disk.
#[tokio::test]
async fn kills_again_and_again_lose_and_double_nothing() {
    let mut stage = Stage::with_process().await;
    let site = stage.site().await;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    let mut visitor = stage.visitor(&site).await;
    let mut said = Vec::new();
    for round in 0..5 {
        let text = format!("круг {round}");
        visitor.say(&text).await;
        said.push(text);
        stage.kill().await;
        stage.start_process().await;
        visitor = visitor.resume().await;
    }
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    stage.wait_for_texts(&said.iter().map(String::as_str).collect::<Vec<_>>()).await;
    visitor.wait_until(|seen| seen.len() == said.len()).await;
    assert_eq!(visitor.texts(), said);
}

#[tokio::test]
async fn the_process_stops_in_order_when_asked() {
    let mut stage = Stage::with_process().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    visitor.say("Раз").await;
    stage.restart().await;
    stage.wait_for_texts(&["Раз"]).await;
}

//! `kill -9` of the relay between any two steps of a conversation.

use otklik_tests::{
    portal::{ChatId, Fault, Mood},
    shop::{Scene, Visit},
    stage::ANNA,
    wait::until,
};
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";

/// Between which steps the relay dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dies {
    /// The chat is open, nothing is said.
    BeforeTheFirstWord,
    /// The relay has the word on its disk, the portal has not.
    BeforeThePortalHasIt,
    /// The portal has the word, the relay was not told.
    BeforeItIsToldSo,
    /// The operator answers and nobody is there.
    BeforeTheAnswer,
    /// The answer has just been sent.
    AfterTheAnswer,
    BeforeTheThirdWord,
}

/// A whole conversation in which the relay dies once; both sides end up with all of it, once and in order.
async fn conversation(dies: Dies) {
    let mut scene = Scene::with_process().await;
    let visit = scene.shop.visit(&scene.browser).await;
    visit.open().await;
    die(&mut scene, dies == Dies::BeforeTheFirstWord).await;
    visit.say("One").await;
    visit.until_state("One", "delivered").await;
    scene.stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["One"]).await;
    second_word(&mut scene, &visit, dies).await;
    let chat = scene.stage.wait_for_texts(&["One", "Two"]).await;
    answer(&mut scene, chat.id, dies).await;
    visit.until_shows(&[("visitor", "One"), ("visitor", "Two"), ("operator", "Three")]).await;
    die(&mut scene, dies == Dies::BeforeTheThirdWord).await;
    visit.say("Four").await;
    scene.stage.portal.wait_texts(&chat.external, &["One", "Two", "Four"]).await;
    ends_well(&visit).await;
}

async fn second_word(scene: &mut Scene, visit: &Visit, dies: Dies) {
    match dies {
        Dies::BeforeThePortalHasIt => {
            scene.stage.portal.set_mood(Mood::Busy).await.expect("a mood");
            let before = scene.stage.portal.calls(SEND).len();
            visit.say("Two").await;
            visit.until_state("Two", "sent").await;
            // Killed with a call under way, the relay would look for the message for a minute and a half.
            let calls = || async { scene.stage.portal.calls(SEND).get(before)?.status };
            until("the portal's refusal", calls).await;
            scene.stage.kill().await;
            scene.stage.portal.set_mood(Mood::Answers).await.expect("a mood");
            scene.stage.start_process().await;
        }
        Dies::BeforeItIsToldSo => {
            scene.stage.portal.fault_on(SEND, Fault::Slow(Duration::from_secs(5)), 1);
            visit.say("Two").await;
            scene.stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["One", "Two"]).await;
            die(scene, true).await;
        }
        _ => visit.say("Two").await,
    }
}

async fn answer(scene: &mut Scene, chat: ChatId, dies: Dies) {
    if dies == Dies::BeforeTheAnswer {
        scene.stage.kill().await;
    }
    scene.stage.portal.operator_says(chat, ANNA, "Three").expect("Anna may answer");
    match dies {
        Dies::BeforeTheAnswer => {
            scene.stage.portal.wait_sent().await; // and nobody was there
            scene.stage.start_process().await;
        }
        Dies::AfterTheAnswer => {
            scene.stage.portal.wait_sent().await;
            die(scene, true).await;
        }
        _ => {}
    }
}

async fn die(scene: &mut Scene, now: bool) {
    if now {
        scene.stage.kill().await;
        scene.stage.start_process().await;
    }
}

/// A reload shows the same: nothing of it was in the page alone.
async fn ends_well(visit: &Visit) {
    let all = [("visitor", "One"), ("visitor", "Two"), ("operator", "Three"), ("visitor", "Four")];
    visit.until_state("Four", "delivered").await;
    visit.until_shows(&all).await;
    visit.reload().await;
    visit.until_shows(&all).await;
}

#[tokio::test]
async fn a_kill_before_the_first_word() {
    conversation(Dies::BeforeTheFirstWord).await;
}

#[tokio::test]
async fn a_kill_before_the_portal_has_the_word() {
    conversation(Dies::BeforeThePortalHasIt).await;
}

#[tokio::test]
async fn a_kill_before_the_relay_knows_that_the_portal_has_it() {
    conversation(Dies::BeforeItIsToldSo).await;
}

#[tokio::test]
async fn a_kill_before_the_answer() {
    conversation(Dies::BeforeTheAnswer).await;
}

#[tokio::test]
async fn a_kill_after_the_answer() {
    conversation(Dies::AfterTheAnswer).await;
}

#[tokio::test]
async fn a_kill_before_the_third_word() {
    conversation(Dies::BeforeTheThirdWord).await;
}

//! Messages whose answer was lost while one conversation ends and another begins: a message may be in any of them.

use super::doubts::{begun, spoil_next};
use otklik_tests::{
    portal::{Chat, Fault},
    stage::{ANNA, Stage},
};
use shared::MessageState;

const SEND: &str = "imconnector.send.messages";
const WITNESS: &str = "ONOPENLINEMESSAGEADD";
const START: &str = "ONIMCONNECTORDIALOGSTART";

/// Waits until the chat has so many sessions.
async fn wait_sessions(stage: &Stage, chat: &Chat, count: usize) {
    stage.portal.wait_chat(&chat.external, |chat| chat.sessions.len() == count).await;
}

/// The portal began a conversation with it, its operator ended that and wrote again, all while the relay was down: neither
/// the last one known before nor the one that is open has it.
#[tokio::test]
async fn a_message_is_found_in_a_conversation_between_the_last_known_and_the_open_one() {
    let (mut stage, mut visitor, chat) = begun().await;
    stage.portal.finish(chat.id, ANNA).expect("the talk is open");
    spoil_next(&stage);
    let second = visitor.say("два").await;
    wait_sessions(&stage, &chat, 2).await;
    stage.kill().await;
    stage.portal.finish(chat.id, ANNA).expect("the talk is open");
    stage.portal.operator_says(chat.id, ANNA, "Ещё вопрос?").expect("Anna may write");
    wait_sessions(&stage, &chat, 3).await;
    stage.start_here().await;
    let _hurry = stage.hurry();
    let mut visitor = visitor.resume().await;
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    let third = visitor.say("три").await;
    visitor.wait_for_state(&third, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два", "три"]).await;
}

#[tokio::test]
async fn a_message_that_opened_a_conversation_itself_is_found_there_though_nothing_told_of_it() {
    for fault in [Fault::CutAt(0), Fault::CutAfter] {
        let (stage, mut visitor, chat) = begun().await;
        let _hurry = stage.hurry();
        stage.portal.finish(chat.id, ANNA).expect("the talk is open");
        stage.portal.fault_on(SEND, fault.clone(), 1);
        for event in [START, WITNESS] {
            stage.portal.fault_on(event, Fault::EventLost, 1);
        }
        let second = visitor.say("два").await;
        visitor.wait_for_state(&second, MessageState::Delivered).await;
        let third = visitor.say("три").await;
        visitor.wait_for_state(&third, MessageState::Delivered).await;
        let chat = stage.portal.wait_texts(&chat.external, &["один", "два", "три"]).await;
        assert_eq!(chat.sessions.len(), 2, "{fault:?}");
    }
}

/// The line's own word tells of a message, and not in which conversation it is.
#[tokio::test]
async fn the_same_words_in_an_earlier_conversation_stand_for_none_in_this_one() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.set_build(|build| build.history = false);
    stage.portal.fault_on(SEND, Fault::CutAt(0), 1);
    let yes = visitor.say("да").await; // stored without its id
    visitor.wait_for_state(&yes, MessageState::Delivered).await;
    stage.portal.set_build(|build| build.history = true);
    stage.portal.finish(chat.id, ANNA).expect("the talk is open");
    let other = visitor.say("два").await;
    visitor.wait_for_state(&other, MessageState::Delivered).await;
    spoil_next(&stage);
    let again = visitor.say("да").await;
    visitor.wait_for_state(&again, MessageState::Delivered).await;
    let last = visitor.say("три").await;
    visitor.wait_for_state(&last, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "да", "два", "да", "три"]).await;
}

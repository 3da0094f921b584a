//! Visitors change and take back what they said.

use otklik_tests::{
    portal::{Fault, Mood},
    stage::{ANNA, Stage},
    visitor::{Visitor, message_id},
};
use shared::{Author, Happening, MessageId, MessageState, Refusal, Seq, ToServer, ToWidget};
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";
const UPDATE: &str = "imconnector.update.messages";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

async fn edit(visitor: &mut Visitor, of: &MessageId, text: &str) -> ToWidget {
    visitor.act(|id| ToServer::Edit { id, of: of.clone(), text: text.to_owned() }).await
}

async fn delete(visitor: &mut Visitor, of: &MessageId) -> ToWidget {
    visitor.act(|id| ToServer::Delete { id, of: of.clone() }).await
}

/// Reads until the act that is entry `seq` has become so.
async fn wait_for_done(visitor: &mut Visitor, seq: Seq, wanted: MessageState) {
    let is_done = |what: &Happening| matches!(what, Happening::Done { entry, state, .. } if *entry == Some(seq) && *state == wanted);
    while !visitor.log.iter().any(|entry| is_done(&entry.what)) {
        visitor.read().await.expect("the relay keeps the connection");
    }
}

fn refusal(answer: &ToWidget) -> Option<Refusal> {
    match answer {
        ToWidget::Refused { code, .. } => Some(*code),
        _ => None,
    }
}

#[tokio::test]
async fn the_operator_sees_what_a_visitor_changed() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let first = visitor.say("Мне синию").await;
    let second = visitor.say("и карту 4444").await;
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    assert_eq!(refusal(&edit(&mut visitor, &first, "Мне [b]синюю[/b]").await), None);
    assert_eq!(refusal(&delete(&mut visitor, &second).await), None);
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Мне [\u{2060}b]синюю[\u{2060}/b]"]).await;
    assert!(chat.messages.iter().any(|message| message.edited), "marked as edited");
    visitor.wait_until(|messages| messages.len() == 2 && messages[1].text.is_none()).await;
    assert_eq!(visitor.texts(), ["Мне [b]синюю[/b]", ""]);
    let profile = stage.portal.visitor(chat.visitor).expect("the portal knows the visitor").profile;
    assert_eq!(profile.full_name(), "Посетитель", "the profile stays whole");
    assert!(chat.title.starts_with("Посетитель 1"), "{}", chat.title);
}

#[tokio::test]
async fn what_never_went_is_changed_before_it_goes() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    let kept = visitor.say("Первое").await;
    let taken_back = visitor.say("Пароль").await;
    edit(&mut visitor, &kept, "Первое, верно").await;
    delete(&mut visitor, &taken_back).await;
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    let _hurry = stage.hurry();
    visitor.wait_for_state(&kept, MessageState::Delivered).await;
    visitor.say("Второе").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts().last() == Some(&"Второе")).await;
    let texts: Vec<_> = chat.messages.iter().map(|message| message.text.as_str()).collect();
    assert!(!texts.contains(&"Пароль") && !texts.contains(&"Первое"), "the portal never had them: {texts:?}");
    assert_eq!(chat.visitor_texts(), ["Первое, верно", "Второе"]);
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_made_again() {
    let stage = Stage::by_hand().await;
    let _hurry = stage.hurry();
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("Раз").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.fault_on(UPDATE, Fault::CutAfter, 1);
    stage.portal.fault_on(UPDATE, Fault::CutBefore, 1);
    edit(&mut visitor, &id, "Два").await;
    edit(&mut visitor, &id, "Три").await;
    let third = visitor.say("Четыре").await;
    visitor.wait_for_state(&third, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Три", "Четыре"]).await;
    assert_eq!(chat.messages.iter().filter(|message| message.edited).count(), 1);
}

/// The portal may still work for a minute on a call whose answer was lost: repeated sooner, it would end after a newer
/// edit and bring the old words back.
#[tokio::test]
async fn a_change_whose_answer_was_lost_waits_until_it_can_have_no_effect_any_more() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("Раз").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.fault_on(UPDATE, Fault::Late(Duration::from_secs(50)), 1);
    edit(&mut visitor, &id, "Два").await;
    edit(&mut visitor, &id, "Три").await;
    let next = visitor.say("Четыре").await;
    let _hurry = stage.hurry();
    visitor.wait_for_state(&next, MessageState::Delivered).await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Три", "Четыре"]).await;
    let calls = stage.portal.calls(UPDATE);
    assert_eq!(calls.len(), 3, "{calls:?}");
    assert!(calls[1].at.since(calls[0].at) >= Duration::from_secs(60), "{:?}", calls[1].at.since(calls[0].at));
}

/// The portal would call it a success and leave the old words.
#[tokio::test]
async fn an_edit_that_waited_until_its_message_was_too_old_is_told_to_have_failed() {
    let stage = Stage::by_hand().await;
    let (site, hurry) = (stage.site().await, stage.hurry());
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("Раз").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    drop(hurry);
    stage.advance(DAY * 3 - HOUR);
    let mut visitor = visitor.resume().await;
    stage.portal.set_mood(Mood::Busy).await.expect("its own port is free");
    let ToWidget::Accepted { seq, .. } = edit(&mut visitor, &id, "Два").await else { panic!("it is taken") };
    stage.advance(HOUR * 2);
    stage.portal.set_mood(Mood::Answers).await.expect("its own port is free");
    let _hurry = stage.hurry();
    let mut visitor = visitor.resume().await;
    wait_for_done(&mut visitor, seq, MessageState::Failed).await;
    let next = visitor.say("Три").await;
    visitor.wait_for_state(&next, MessageState::Delivered).await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Раз", "Три"]).await;
}

/// The portal stores a message at once and its id in a second step; its line tells of it between the two, and a change of
/// what it does not find it calls a success.
#[tokio::test]
async fn a_change_waits_until_the_portal_knows_the_message_by_its_id() {
    for is_edit in [true, false] {
        let stage = Stage::by_hand().await;
        let _hurry = stage.hurry();
        let site = stage.site().await;
        let mut visitor = stage.visitor(&site).await;
        let file = visitor.upload("a.pdf", "%PDF").await;
        stage.portal.fault_on(SEND, Fault::Slow(Duration::from_secs(50)), 1);
        let id = visitor.send_files("Раз", &[&file]).await;
        visitor.wait_for_state(&id, MessageState::Delivered).await;
        match is_edit {
            true => edit(&mut visitor, &id, "Два").await,
            false => delete(&mut visitor, &id).await,
        };
        let next = visitor.say("Три").await;
        visitor.wait_for_state(&next, MessageState::Delivered).await;
        let texts: &[&str] = if is_edit { &["Два", "Три"] } else { &["Три"] };
        stage.portal.wait_any_chat(|chat| chat.visitor_texts() == texts).await;
    }
}

#[tokio::test]
async fn a_change_of_a_message_under_way_in_a_crash_waits_too() {
    let mut stage = Stage::by_hand().await;
    let hurry = stage.hurry();
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    stage.portal.fault_on(SEND, Fault::Slow(Duration::from_secs(50)), 1);
    let id = visitor.say("Раз").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    drop(hurry);
    edit(&mut visitor, &id, "Два").await;
    stage.kill().await;
    stage.start_here().await;
    let _hurry = stage.hurry();
    let mut visitor = visitor.resume().await;
    let next = visitor.say("Три").await;
    visitor.wait_for_state(&next, MessageState::Delivered).await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Два", "Три"]).await;
}

#[tokio::test]
async fn a_change_that_the_portal_refuses_is_told_with_its_entry() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let of = visitor.say("Раз").await;
    visitor.wait_for_state(&of, MessageState::Delivered).await;
    stage.portal.fault_on(UPDATE, Fault::Refuse("ERROR_METHOD_NOT_FOUND".to_owned()), 1);
    let ToWidget::Accepted { seq, .. } = edit(&mut visitor, &of, "Два").await else { panic!("it is taken") };
    wait_for_done(&mut visitor, seq, MessageState::Failed).await;
}

#[tokio::test]
async fn a_repeated_change_is_taken_once() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let of = visitor.say("Раз").await;
    let act = message_id();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let (act, of) = (act.clone(), of.clone());
        answers.push(visitor.act(|_| ToServer::Edit { id: act, of, text: "Два".to_owned() }).await);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn what_cannot_be_changed_is_refused_with_its_reason() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let own = visitor.say("Раз").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Раз"]).await;
    stage.portal.operator_says(chat.id, ANNA, "Два").expect("Anna may answer");
    let hurry = stage.hurry();
    visitor.hear("Два").await;
    drop(hurry);
    let theirs = visitor.messages().iter().find(|one| one.from == Author::Operator).expect("Anna's").id.clone();
    assert_eq!(refusal(&edit(&mut visitor, &theirs, "Три").await), Some(Refusal::NotYours));
    assert_eq!(refusal(&delete(&mut visitor, &message_id()).await), Some(Refusal::NotYours));
    assert_eq!(refusal(&edit(&mut visitor, &own, " \n").await), Some(Refusal::Empty));
    assert_eq!(refusal(&edit(&mut visitor, &own, &"я".repeat(10_001)).await), Some(Refusal::TooLong));
    stage.clock.advance(DAY * 3 + Duration::from_secs(60));
    let mut visitor = visitor.resume().await;
    assert_eq!(refusal(&edit(&mut visitor, &own, "Три").await), Some(Refusal::TooLate));
    assert_eq!(refusal(&delete(&mut visitor, &own).await), None, "taken back at any time");
    assert_eq!(refusal(&edit(&mut visitor, &own, "Три").await), Some(Refusal::TooLate), "it is gone");
}

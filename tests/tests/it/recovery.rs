//! What operators said and no event told: fetched from the histories, where that is the only net, and nothing else of
//! them.

use otklik_server::clock::Clock;
use otklik_tests::{
    portal::{Chat, ChatId, Download, Fault, Line, Link, OperatorData, Upload},
    stage::{ANNA, CONNECTOR, SALES, SUPPORT, Stage},
    visitor::{Seen, Visitor},
};
use shared::{Author, MessageState};
use std::time::Duration;

const ADD: &str = "ONIMCONNECTORMESSAGEADD";
const UPDATE: &str = "ONIMCONNECTORMESSAGEUPDATE";
const DELETE: &str = "ONIMCONNECTORMESSAGEDELETE";
const FINISH: &str = "ONIMCONNECTORDIALOGFINISH";
const START: &str = "ONIMCONNECTORDIALOGSTART";
const SEND: &str = "imconnector.send.messages";
const HISTORY: &str = "imopenlines.session.history.get";

/// A conversation that has begun, at a portal without an offline queue, by a clock that stands still.
async fn begun() -> (Stage, Visitor, Chat) {
    begun_at(|portal| portal.set_build(|build| build.offline_queue = false)).await
}

async fn begun_at(set_up: impl FnOnce(&otklik_tests::portal::Portal)) -> (Stage, Visitor, Chat) {
    let mut stage = Stage::empty(Clock::by_hand(Clock::real().now()), "").await;
    set_up(&stage.portal);
    stage.start_here().await;
    stage.install().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    (stage, visitor, chat)
}

/// What is said in a chat for the visitor, and around it for nobody but colleagues.
fn talk(stage: &Stage, chat: ChatId) {
    stage.portal.operator_whispers(chat, ANNA, "шёпот").expect("a chat");
    stage.portal.operator_says(chat, ANNA, "два").expect("Anna may answer");
    stage.portal.notes(chat, "заметка").expect("a chat");
    stage.portal.system_says(chat, "автоматически").expect("a chat");
    stage.portal.operator_says(chat, ANNA, "три").expect("Anna may answer");
}

const TALK: [&str; 4] = ["один", "два", "автоматически", "три"];

#[tokio::test]
async fn without_a_queue_lost_answers_come_from_the_history_and_no_whisper_with_them() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 3);
    talk(&stage, chat.id);
    visitor.hear("три").await;
    assert_eq!(visitor.texts(), TALK);
    let authors: Vec<Author> = visitor.messages().iter().map(|message| message.from).collect();
    assert_eq!(authors, [Author::Visitor, Author::Operator, Author::System, Author::Operator]);
    assert_eq!(visitor.messages()[1].name.as_deref(), Some("Анна Петрова"));
}

#[tokio::test]
async fn a_portal_that_marks_nothing_gives_its_answers_all_the_same() {
    let (stage, mut visitor, chat) = begun_at(|portal| {
        portal.set_build(|build| (build.offline_queue, build.marks_sending) = (false, false));
    })
    .await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 3);
    talk(&stage, chat.id);
    visitor.hear("три").await;
    assert_eq!(visitor.texts(), TALK);
}

#[tokio::test]
async fn an_old_portals_answers_come_as_words() {
    let (stage, mut visitor, chat) = begun_at(|portal| {
        portal.set_build(|build| (build.offline_queue, build.marks_sending, build.plain_texts) = (false, false, false));
    })
    .await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    stage.portal.operator_says(chat.id, ANNA, "Да, [b]два[/b] & три\nШтуки").expect("Anna may answer");
    visitor.hear("Да, два & три\nШтуки").await;
}

/// Once a portal was seen to mark what its connector has not confirmed, nothing without the mark is shown, for good.
#[tokio::test]
async fn a_portal_that_marks_is_taken_at_its_word() {
    let (mut stage, mut visitor, chat) = begun().await;
    let hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
    visitor.hear("два").await;
    stage.restart().await;
    let mut visitor = visitor.resume().await;
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    stage.portal.set_build(|build| build.marks_sending = false);
    stage.portal.operator_says(chat.id, ANNA, "без знака").expect("Anna may answer");
    stage.portal.wait_sent().await;
    stage.portal.operator_says(chat.id, ANNA, "три").expect("Anna may answer");
    visitor.hear("три").await;
    let looks = stage.portal.calls("batch").len();
    stage.portal.wait_calls("batch", looks + 4).await;
    drop(hurry);
    assert_eq!(visitor.resume().await.texts(), ["один", "два", "три"]);
}

#[tokio::test]
async fn what_was_said_while_the_relay_was_away_is_there_when_it_is_back() {
    let (mut stage, visitor, chat) = begun().await;
    stage.kill().await;
    talk(&stage, chat.id);
    stage.portal.finish(chat.id, ANNA).expect("a session is open");
    stage.portal.operator_says(chat.id, ANNA, "и ещё").expect("Anna may answer");
    stage.portal.wait_sent().await;
    stage.start_here().await;
    let _hurry = stage.hurry();
    let mut back = visitor.resume().await;
    back.hear("и ещё").await;
    assert_eq!(back.texts(), ["один", "два", "автоматически", "три", "и ещё"], "of both sessions");
}

#[tokio::test]
async fn a_file_that_no_event_told_is_had_through_the_history() {
    let (stage, mut visitor, chat) = begun().await;
    let hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    let upload =
        Upload { download: Download::None, link: Link::Page, ..Upload::new("a.pdf", "application/pdf", "bytes") };
    stage.portal.operator_sends(chat.id, ANNA, "вот", vec![upload]).expect("Anna may answer");
    let is_here = |message: &Seen| message.files.iter().any(|file| file.state.is_none());
    visitor.wait_until(|seen| seen.iter().any(is_here)).await;
    assert_eq!(visitor.messages()[1].files[0].name, "a.pdf");
    drop(hurry);
}

#[tokio::test]
async fn a_recovered_answer_is_confirmed_and_can_be_edited_and_deleted() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    let answer = stage.portal.operator_says(chat.id, ANNA, "было").expect("Anna may answer");
    visitor.hear("было").await;
    stage.portal.wait_delivered(chat.id, answer).await;
    stage.portal.edit(chat.id, answer, "стало").expect("Anna may edit");
    visitor.hear("стало").await;
    stage.portal.delete(chat.id, answer).expect("Anna may delete");
    visitor.wait_until(|seen| seen.len() == 2 && seen[1].text.is_none()).await;
}

#[tokio::test]
async fn edits_and_deletions_that_no_event_told_are_in_the_history() {
    let (stage, mut visitor, chat) = begun().await;
    let hurry = stage.hurry();
    let mut said = Vec::new();
    for text in ["раз", "два"] {
        said.push(stage.portal.operator_says(chat.id, ANNA, text).expect("Anna may answer"));
        visitor.hear(text).await;
        stage.portal.wait_delivered(chat.id, *said.last().expect("one was said")).await;
    }
    stage.portal.fault_on(UPDATE, Fault::EventLost, 1);
    stage.portal.fault_on(DELETE, Fault::EventLost, 1);
    stage.portal.edit(chat.id, said[0], "раз и ещё").expect("Anna may edit");
    stage.portal.delete(chat.id, said[1]).expect("Anna may delete");
    visitor.wait_until(|seen| seen[1].text.as_deref() == Some("раз и ещё") && seen[2].text.is_none()).await;
    drop(hurry);
}

#[tokio::test]
async fn an_end_that_no_event_told_is_in_the_history() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(FINISH, Fault::EventLost, 1);
    stage.portal.finish(chat.id, ANNA).expect("a session is open");
    let is_end = |entry: &shared::Entry| matches!(entry.what, shared::Happening::Finished);
    while !visitor.log.iter().any(is_end) {
        visitor.read().await.expect("the relay keeps the connection");
    }
}

/// How many conversations the portal is known to have opened.
fn starts(visitor: &Visitor) -> usize {
    visitor.log.iter().filter(|entry| matches!(entry.what, shared::Happening::Started)).count()
}

/// The answer to the message that began the second conversation is lost, and so is the event of its beginning; the line's
/// own word tells that the message arrived, and not where. The third one begins before the next look is due.
#[tokio::test]
async fn a_conversation_that_nothing_named_is_asked_after_at_once_and_its_answers_are_read() {
    let (stage, mut visitor, chat) = begun().await;
    let hurry = stage.hurry();
    stage.portal.finish(chat.id, ANNA).expect("a session is open");
    let is_end = |entry: &shared::Entry| matches!(entry.what, shared::Happening::Finished);
    while !visitor.log.iter().any(is_end) {
        visitor.read().await.expect("the relay keeps the connection");
    }
    drop(hurry);
    let slowly = stage.hurry_by(Duration::from_millis(20));
    stage.portal.fault_on(START, Fault::EventLost, 1);
    stage.portal.fault_on(SEND, Fault::CutAfter, 1);
    let (second, before) = (visitor.say("два").await, starts(&visitor));
    visitor.wait_for_state(&second, MessageState::Delivered).await;
    let settled_at = stage.clock.now();
    while starts(&visitor) == before {
        visitor.read().await.expect("the relay keeps the connection");
    }
    let seconds = (stage.clock.now() - settled_at) / 1_000;
    assert!(seconds < 30, "a dialogue is looked at after a minute: {seconds}");
    for event in [ADD, FINISH] {
        stage.portal.fault_on(event, Fault::EventLost, 1);
    }
    stage.portal.operator_says(chat.id, ANNA, "ответ").expect("Anna may answer");
    stage.portal.finish(chat.id, ANNA).expect("a session is open");
    let third = visitor.say("три").await;
    visitor.wait_for_state(&third, MessageState::Delivered).await;
    drop(slowly);
    let _hurry = stage.hurry();
    visitor.hear("ответ").await;
}

#[tokio::test]
async fn a_request_for_a_rating_that_no_event_told_can_be_answered() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    stage.portal.ask_for_rating(chat.id, ANNA).expect("they talked");
    visitor.hear("Пожалуйста, оцените качество обслуживания.").await;
    let is_request = |entry: &shared::Entry| matches!(entry.what, shared::Happening::Said { rating: true, .. });
    assert!(visitor.log.iter().any(is_request), "with its buttons");
    visitor.accepted(|id| shared::ToServer::Rate { id, like: true }).await;
    visitor.hear("Спасибо за оценку!").await;
}

#[tokio::test]
async fn an_old_portals_edits_and_deletions_are_in_its_history_too() {
    let (stage, mut visitor, chat) = begun_at(|portal| {
        portal.set_build(|build| (build.offline_queue, build.marks_sending, build.plain_texts) = (false, false, false));
    })
    .await;
    let hurry = stage.hurry();
    let mut said = Vec::new();
    for text in ["[b]раз[/b]", "[i]два[/i]", "три"] {
        said.push(stage.portal.operator_says(chat.id, ANNA, text).expect("Anna may answer"));
    }
    visitor.hear("три").await;
    for message in &said {
        stage.portal.wait_delivered(chat.id, *message).await;
    }
    stage.portal.edit(chat.id, said[1], "[i]два[/i] с половиной").expect("Anna may edit");
    visitor.hear("два с половиной").await;
    stage.portal.fault_on(UPDATE, Fault::EventLost, 1);
    stage.portal.fault_on(DELETE, Fault::EventLost, 1);
    stage.portal.edit(chat.id, said[0], "[b]раз[/b] и ещё").expect("Anna may edit");
    stage.portal.delete(chat.id, said[2]).expect("Anna may delete");
    visitor.wait_until(|seen| seen[1].text.as_deref() == Some("раз и ещё") && seen[3].text.is_none()).await;
    drop(hurry);
    let edits = visitor.log.iter().filter(|entry| matches!(entry.what, shared::Happening::Edited { .. })).count();
    assert_eq!(edits, 2, "what came by its event keeps its italics");
}

#[tokio::test]
async fn a_visitors_message_that_somebody_deleted_is_gone_though_no_event_told() {
    let (stage, mut visitor, chat) = begun().await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(DELETE, Fault::EventLost, 1);
    let first =
        stage.portal.chat(chat.id).and_then(|chat| chat.said().next().map(|said| said.id)).expect("it is there");
    stage.portal.delete_visitors(chat.id, first, otklik_tests::portal::UserId(1)).expect("an administrator may");
    visitor.wait_until(|seen| seen[0].text.is_none()).await;
}

/// Who said the last thing, by name.
fn last_name(visitor: &Visitor) -> Option<String> {
    visitor.messages().last().and_then(|message| message.name.clone())
}

#[tokio::test]
async fn a_line_that_hides_its_operators_hides_them_in_the_history_of_what_was_handed_to_it() {
    let (stage, mut visitor, chat) = begun_at(|portal| {
        portal.set_build(|build| build.offline_queue = false);
        portal.set_line(Line::new(SUPPORT, "Поддержка").named(OperatorData::Hide, Some("Поддержка")));
    })
    .await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 2);
    stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
    visitor.hear("два").await;
    assert_eq!(last_name(&visitor).as_deref(), Some("Анна Петрова"), "her line shows her");
    stage.portal.connect_line(CONNECTOR, SUPPORT);
    stage.portal.hand_over(chat.id, SUPPORT).expect("it is there");
    stage.portal.operator_says(chat.id, ANNA, "три").expect("Anna may answer");
    visitor.hear("три").await;
    assert_eq!(last_name(&visitor).as_deref(), Some("Поддержка"));
}

#[tokio::test]
async fn nobody_is_named_from_the_history_of_a_line_that_is_not_known_to_show_names() {
    let (mut stage, visitor, chat) = begun().await;
    stage.kill().await;
    stage.portal.set_build(|build| build.line_settings = false);
    stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
    stage.portal.wait_sent().await;
    stage.start_here().await;
    let _hurry = stage.hurry();
    let mut back = visitor.resume().await;
    back.hear("два").await;
    assert_eq!(last_name(&back), None);
}

#[tokio::test]
async fn what_the_queue_could_not_hold_comes_from_the_history_soon() {
    let (stage, mut visitor, chat) = begun_at(|_| {}).await;
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    stage.portal.operator_says(chat.id, ANNA, "очень длинно").expect("Anna may answer");
    stage.portal.cut_queue();
    let began = stage.clock.now();
    let _hurry = stage.hurry();
    visitor.hear("очень длинно").await;
    let minutes = (stage.clock.now() - began) / 60_000;
    assert!(minutes < 9, "below a queue that works a history is looked at after ten minutes: {minutes}");
}

/// The queue alone is enough, and the administrator can be told why the other net is missing.
#[tokio::test]
async fn with_histories_refused_the_queue_brings_everything() {
    let (mut stage, visitor, chat) = begun_at(|portal| portal.set_build(|build| build.history = false)).await;
    stage.kill().await;
    talk(&stage, chat.id);
    stage.portal.wait_sent().await;
    stage.start_here().await;
    let _hurry = stage.hurry();
    let mut back = visitor.resume().await;
    back.hear("три").await;
    assert_eq!(back.texts(), TALK);
    stage.portal.wait_calls("batch", 2).await;
    assert!(stage.portal.calls(HISTORY).is_empty(), "they are asked for in batches only");
    stage.portal.wait_channel("otklik", SALES, true).await;
}

//! A visitor and an operator talk.

use otklik_tests::{
    portal::{Chat, LineId},
    stage::{ANNA, SALES, SUPPORT, Stage},
    visitor::Visitor,
};
use shared::{Author, MessageState};

/// A visitor who has written `text`, and the portal's chat that has it.
pub async fn begun(stage: &Stage, text: &str) -> (Visitor, Chat) {
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say(text).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == [text]).await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    (visitor, chat)
}

#[tokio::test]
async fn a_message_reaches_the_operator_and_the_answer_the_visitor() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Есть в наличии?").await;
    assert_eq!(chat.line, SALES);
    let answer = stage.portal.operator_says(chat.id, ANNA, "Есть, [b]две[/b] штуки").expect("Anna may answer");
    visitor.hear("Есть, две штуки").await;
    let seen = visitor.messages();
    let heard = seen.last().expect("there is an answer");
    assert_eq!(heard.from, Author::Operator);
    assert_eq!(heard.name.as_deref(), Some("Анна Петрова"), "signed as the portal signs it");
    stage.portal.wait_delivered(chat.id, answer).await;
}

#[tokio::test]
async fn an_operator_edits_and_deletes() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Сколько стоит?").await;
    let answer = stage.portal.operator_says(chat.id, ANNA, "Сто").expect("Anna may answer");
    visitor.hear("Сто").await;
    stage.portal.wait_delivered(chat.id, answer).await;
    stage.portal.edit(chat.id, answer, "Сто десять").expect("Anna may edit");
    visitor.hear("Сто десять").await;
    assert_eq!(visitor.texts(), ["Сколько стоит?", "Сто десять"], "edited in its place");
    stage.portal.delete(chat.id, answer).expect("Anna may delete");
    visitor.wait_until(|messages| messages.last().is_some_and(|last| last.text.is_none())).await;
    assert_eq!(visitor.messages().len(), 2, "a deleted message stays, without its words");
}

#[tokio::test]
async fn automatic_texts_are_told_from_people() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Алло").await;
    stage.portal.system_says(chat.id, "Мы ответим через минуту").expect("the chat is there");
    visitor.hear("Мы ответим через минуту").await;
    assert_eq!(visitor.messages()[1].from, Author::System);
}

#[tokio::test]
async fn a_whisper_stays_among_operators() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Алло").await;
    stage.portal.operator_whispers(chat.id, ANNA, "Опять он").expect("the chat is there");
    stage.portal.operator_says(chat.id, ANNA, "Слушаю вас").expect("Anna may answer");
    visitor.hear("Слушаю вас").await;
    assert_eq!(visitor.texts(), ["Алло", "Слушаю вас"]);
}

#[tokio::test]
async fn every_page_of_a_visitor_shows_the_same() {
    let stage = Stage::start().await;
    let (mut first, chat) = begun(&stage, "Раз").await;
    let mut second = first.resume().await;
    second.say("Два").await;
    first.hear("Два").await;
    stage.portal.operator_says(chat.id, ANNA, "Три").expect("Anna may answer");
    first.hear("Три").await;
    second.hear("Три").await;
    assert_eq!(first.texts(), ["Раз", "Два", "Три"]);
    assert_eq!(second.texts(), first.texts());
}

#[tokio::test]
async fn nobody_sees_anothers_words() {
    let stage = Stage::start().await;
    let here = stage.connect(SALES, &["https://shop.example"]).await.key;
    let there = stage.connect(SUPPORT, &["https://other.example"]).await.key;
    let mut visitors = [stage.visitor(&here).await, stage.visitor(&here).await, stage.visitor(&there).await];
    let names = ["первый", "второй", "третий"];
    for (visitor, name) in visitors.iter_mut().zip(names) {
        visitor.say(&format!("Я {name}")).await;
    }
    for name in names {
        let wanted = format!("Я {name}");
        let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == [wanted.as_str()]).await;
        let line: LineId = if name == "третий" { SUPPORT } else { SALES };
        assert_eq!(chat.line, line);
        stage.portal.operator_says(chat.id, ANNA, &format!("Здравствуйте, {name}")).expect("Anna may answer");
    }
    for (visitor, name) in visitors.iter_mut().zip(names) {
        visitor.hear(&format!("Здравствуйте, {name}")).await;
        assert_eq!(visitor.texts(), [format!("Я {name}"), format!("Здравствуйте, {name}")]);
    }
}

#[tokio::test]
async fn many_words_at_once_arrive_once_and_in_order() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let texts: Vec<String> = (1..=20).map(|n| format!("слово {n}")).collect();
    for text in &texts {
        visitor.say(text).await;
    }
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts().len() >= texts.len()).await;
    assert_eq!(chat.visitor_texts(), texts);
}

#[tokio::test]
async fn a_finished_talk_begins_again_when_the_visitor_writes() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Раз").await;
    stage.portal.operator_says(chat.id, ANNA, "Два").expect("Anna may answer");
    visitor.hear("Два").await;
    stage.portal.finish(chat.id, ANNA).expect("a session is open");
    let finished = |frame: &shared::ToWidget| match frame {
        shared::ToWidget::Entries { list } => list.iter().any(|entry| entry.what == shared::Happening::Finished),
        _ => false,
    };
    visitor.wait_for(finished).await;
    visitor.say("Ещё вопрос").await;
    let again = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts() == ["Раз", "Ещё вопрос"]).await;
    assert_eq!(again.sessions.len(), 2, "the portal opens a new session in the same chat");
}

#[tokio::test]
async fn what_a_visitor_types_is_no_markup_at_the_operators() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    visitor.say("[b]жирно[/b] [USER=1]Ольга[/USER]").await;
    let chat = stage.portal.wait_any_chat(|chat| !chat.visitor_texts().is_empty()).await;
    let text = chat.visitor_texts()[0].to_owned();
    assert!(!text.contains("[b]") && !text.contains("[USER"), "{text}");
    visitor.hear("[b]жирно[/b] [USER=1]Ольга[/USER]").await; // the visitor sees what they typed
}

#[tokio::test]
async fn a_conversation_outlives_a_restart_of_the_relay() {
    let mut stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Раз").await;
    stage.restart().await;
    let mut back = visitor.resume().await;
    stage.portal.operator_says(chat.id, ANNA, "Два").expect("Anna may answer");
    back.hear("Два").await;
    back.say("Три").await;
    stage.portal.wait_texts(&chat.external, &["Раз", "Три"]).await;
    back.hear("Три").await;
    assert_eq!(back.texts(), ["Раз", "Два", "Три"]);
    while visitor.read().await.is_some() {} // the old connection is closed
}

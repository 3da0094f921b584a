//! What the page tells of its visitor, as the operator sees it.

use otklik_tests::{
    portal::{Chat, Profile},
    stage::Stage,
    visitor::Visitor,
    wait::until,
};
use serde_json::{Value, json};
use shared::{About, ToServer, ToWidget};

async fn tell(visitor: &mut Visitor, about: Value) {
    let about: About = serde_json::from_value(about).expect("what a page may tell");
    visitor.send(&ToServer::About(Box::new(about))).await;
    visitor.wait_for(|frame| *frame == ToWidget::Pong).await;
}

fn profile(stage: &Stage, chat: &Chat) -> Profile {
    stage.portal.visitor(chat.visitor).expect("every chat is somebody's").profile
}

fn anna() -> Value {
    json!({
        "name": "Анна Смирнова-О’Нил 3", "email": "anna@shop.example", "phone": "+7 999 000-00-00",
        "page": "https://shop.example/lamps?utm_source=ya", "title": "Лампы", "language": "ru-RU",
        "utm": {"source": "ya", "medium": "cpc"}, "attributes": {"plan": "[url=http://evil.example]pro[/url]"},
    })
}

#[tokio::test]
async fn what_the_page_knows_stands_before_the_operator_with_the_first_word() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    tell(&mut visitor, anna()).await;
    visitor.say("Есть лампы?").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Есть лампы?"]).await;
    let known = profile(&stage, &chat);
    assert_eq!((known.name.as_str(), known.last_name.as_str()), ("Анна", "Смирнова-О'Нил"));
    assert_eq!((known.email.as_str(), known.phone.as_str()), ("anna@shop.example", "+7 999 000-00-00"));
    assert_eq!(known.url, "https://shop.example/");
    assert!(chat.title.starts_with("Анна Смирнова-О'Нил"), "{}", chat.title);
    assert!(chat.description.is_some_and(|text| text.ends_with("https://shop.example/lamps?utm_source=ya")));
    assert_eq!(chat.source.as_deref(), Some("utm_source=ya&utm_medium=cpc"));
    let calls = stage.portal.calls("imconnector.send.messages");
    assert!(calls.iter().all(|call| !format!("{call:?}").contains("disable_crm")), "the tracker is left to work");
}

#[tokio::test]
async fn a_profile_is_told_whole_and_a_chat_is_called_as_its_visitor_is_now() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    visitor.say("Раз").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Раз"]).await;
    assert!(chat.title.starts_with("Посетитель 1"), "{}", chat.title);
    tell(&mut visitor, anna()).await;
    visitor.say("Два").await;
    let named = || async {
        Some(stage.portal.chat(chat.id)?).filter(|chat| chat.title == "Анна Смирнова-О'Нил")
    };
    until("the chat is called by the visitor's name", named).await;
    assert_eq!(profile(&stage, &chat).email, "anna@shop.example");
    tell(&mut visitor, json!({"name": "Анна"})).await;
    visitor.say("Три").await;
    stage.portal.wait_texts(&chat.external, &["Раз", "Два", "Три"]).await;
    let known = profile(&stage, &chat);
    assert_eq!((known.name.as_str(), known.email.as_str(), known.phone.as_str()), ("Анна", "", ""));
    let again = || async { Some(stage.portal.chat(chat.id)?).filter(|chat| chat.title == "Анна") };
    until("the chat is called otherwise", again).await;
}

#[tokio::test]
async fn what_is_told_too_often_goes_with_the_next_message() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    for n in 0..40 {
        tell(&mut visitor, json!({"name": "Анна", "phone": format!("12345{n}")})).await;
    }
    visitor.say("Перезвоните").await;
    let _hurry = stage.hurry();
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Перезвоните"]).await;
    assert_eq!(profile(&stage, &chat).phone, "1234539");
}

//! What the page tells of its visitor, as the operator sees it.

use otklik_tests::{
    admin::Page,
    portal::{Chat, Profile},
    stage::{SALES, Stage},
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
        "utm": {"source": "ya", "medium": "cpc"}, "attributes": {"plan": "[url=http://evil.example]pro[/url]"}, "consent": "granted",
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

#[tokio::test]
async fn a_page_is_no_markup_and_of_the_site_or_not_told() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    for (page, told) in [
        ("https://shop.example/[url=http://evil.example]a[/url]", Some("https://shop.example/")),
        ("https://evil.example/login", None),
    ] {
        let mut visitor = stage.visitor(&site).await;
        tell(&mut visitor, json!({"page": page})).await;
        let text = if told.is_some() { "Отсюда" } else { "Не отсюда" };
        visitor.say(text).await;
        let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == [text]).await;
        let calls = stage.portal.calls("imconnector.send.messages");
        let sent = &calls.last().expect("it was sent").args["MESSAGES"][0];
        assert_eq!(sent["user"]["url"].as_str(), told, "{sent}");
        let described = sent["chat"]["url"].as_str();
        assert_eq!(described.is_some(), told.is_some());
        assert!(!described.unwrap_or_default().contains(['[', ']']), "{sent}");
        assert!(!chat.description.unwrap_or_default().contains('['));
    }
}

/// The administrator saves the first line's settings as they are, but for this.
async fn switch_notes(stage: &Stage, on: bool) {
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    let look = page.start["state"]["site"]["look"].clone();
    let saved = json!({"sites": "https://shop.example", "look": look, "notes": on, "lang": "ru"});
    let answer = page.ask("save", saved).await;
    assert_eq!(answer["state"]["site"]["notes"], on, "{answer}");
}

#[tokio::test]
async fn what_the_portal_has_no_field_for_comes_as_a_message_where_the_owner_wants_it() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    tell(&mut visitor, anna()).await;
    visitor.say("Раз").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Раз"]).await;
    switch_notes(&stage, true).await;
    visitor.say("Два").await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() == 3).await;
    let note = chat.visitor_texts()[2].to_owned();
    let neutral = "[\u{2060}url=http://evil.example]pro[\u{2060}/url]";
    assert_eq!(
        note.lines().collect::<Vec<_>>(),
        [
            "ℹ️ Данные со страницы сайта: не слова посетителя и не проверены",
            "Страница: Лампы, https://shop.example/lamps?utm_source=ya",
            "Источник: utm_source=ya&utm_medium=cpc",
            "Язык: ru-RU",
            "Согласие на обработку данных: дано",
            &format!("• plan: {neutral}"),
        ]
    );
    visitor.say("Три").await;
    let mut about = anna();
    about["events"] = json!([{"name": "cart", "data": "lamp", "at": 1}]);
    tell(&mut visitor, about).await;
    visitor.say("Четыре").await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() == 6).await;
    let texts = chat.visitor_texts();
    assert_eq!((texts[3], texts[4]), ("Три", "Четыре"), "told once");
    assert!(texts[5].ends_with("\nДействия на сайте: cart (lamp)"), "{}", texts[5]);
    visitor.hear("Четыре").await;
    assert_eq!(visitor.texts(), ["Раз", "Два", "Три", "Четыре"], "the visitor sees no notes");
    switch_notes(&stage, false).await;
    tell(&mut visitor, json!({"attributes": {"plan": "basic"}})).await;
    visitor.say("Пять").await;
    visitor.say("Шесть").await;
    let chat = stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().contains(&"Шесть")).await;
    assert_eq!(chat.visitor_texts()[6..], ["Пять", "Шесть"]);
}

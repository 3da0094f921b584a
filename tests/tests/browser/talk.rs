//! The whole conversation, as a visitor sees it.

use otklik_tests::{
    browser::{Browser, Key, Window},
    shop::{Scene, Shop},
    stage::{ANNA, SALES, SUPPORT, Stage},
};

#[tokio::test]
async fn a_visitor_asks_and_reads_the_answer() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit(&scene.browser).await;
    let tab = &visit.tab;
    assert_eq!(
        tab.host().eval::<Vec<String>>("[...document.documentElement.children].map(one => one.localName)").await,
        ["head", "body", "otklik-widget"],
        "one added element"
    );
    assert!(tab.host().find_now("Iframe", "Chat").await.is_none(), "no frame before intent");
    visit.open().await;
    tab.host().find("Iframe", "Chat").await;
    visit.say("Is it in stock?").await;
    let chat = scene.stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Is it in stock?"]).await;
    visit.until_state("Is it in stock?", "delivered").await;
    let answer = scene.stage.portal.operator_says(chat.id, ANNA, "Two are left, [b]red[/b] ones");
    let answer = answer.expect("Anna may answer");
    visit.until_shows(&[("visitor", "Is it in stock?"), ("operator", "Two are left, red ones")]).await;
    visit
        .chat()
        .until("document.querySelector('[data-from=operator] strong, [data-from=operator] b')?.textContent === 'red'")
        .await;
    let outline = visit.chat().outline().await;
    assert!(outline.iter().any(|(_, name)| name.contains("Анна Петрова")), "the operator's name: {outline:?}");
    assert!(outline.iter().any(|(role, name)| role == "log" && name == "Messages"), "{outline:?}");
    scene.stage.portal.wait_delivered(chat.id, answer).await;
    tab.shot("conversation").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn an_operator_edits_and_deletes_before_the_visitors_eyes() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("How much is it?").await;
    let portal = &scene.stage.portal;
    let answer = portal.operator_says(chat.id, ANNA, "A hundred").expect("Anna may answer");
    visit.until_shows(&[("visitor", "How much is it?"), ("operator", "A hundred")]).await;
    portal.wait_delivered(chat.id, answer).await;
    portal.edit(chat.id, answer, "A hundred and ten").expect("Anna may edit");
    visit.until_shows(&[("visitor", "How much is it?"), ("operator", "A hundred and ten")]).await;
    portal.delete(chat.id, answer).expect("Anna may delete");
    visit.until_shows(&[("visitor", "How much is it?"), ("operator", "Message deleted")]).await;
    visit.tab.shot("deleted").await;
}

#[tokio::test]
async fn a_message_that_cannot_be_shown_is_said_to_be_there() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("How much is it?").await;
    let odd = serde_json::json!({"BLOCKS": [{"HOLOGRAM": "?"}]});
    scene.stage.portal.operator_attaches(chat.id, ANNA, "", odd).expect("Anna may answer");
    let words = "This message cannot be shown here. Ask the operator about it";
    visit.until_shows(&[("visitor", "How much is it?"), ("operator", words)]).await;
    visit.tab.shot("unsupported").await;
}

#[tokio::test]
async fn history_is_there_after_a_reload() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("One").await;
    scene.stage.portal.operator_says(chat.id, ANNA, "Two").expect("Anna may answer");
    visit.until_shows(&[("visitor", "One"), ("operator", "Two")]).await;
    visit.reload().await;
    visit.until_shows(&[("visitor", "One"), ("operator", "Two")]).await;
    visit.say("Three").await;
    scene.stage.portal.wait_texts(&chat.external, &["One", "Three"]).await;
}

#[tokio::test]
async fn typed_text_survives_a_reload() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit(&scene.browser).await;
    visit.open().await;
    visit.chat().find("textbox", "Message").await.type_text("Half a thou").await;
    visit.reload().await;
    visit.chat().until_eq::<String, _>("document.querySelector('textarea').value", "Half a thou").await;
    assert!(scene.stage.portal.chats().is_empty(), "a draft is nobody's business");
}

#[tokio::test]
async fn two_visitors_and_two_sites_never_meet() {
    let stage = Stage::start().await;
    let browser = Browser::start().await;
    let (here, there) = (Shop::open(&stage, "shop", SALES).await, Shop::open(&stage, "other", SUPPORT).await);
    let visits = [here.visit(&browser).await, here.visit(&browser).await, there.visit(&browser).await];
    for (n, visit) in visits.iter().enumerate() {
        visit.open().await;
        visit.say(&format!("I am {n}")).await;
        let text = format!("I am {n}");
        let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == [text.as_str()]).await;
        assert_eq!(chat.line, if n == 2 { SUPPORT } else { SALES });
        stage.portal.operator_says(chat.id, ANNA, &format!("Hello, {n}")).expect("Anna may answer");
    }
    for (n, visit) in visits.iter().enumerate() {
        visit.until_shows(&[("visitor", &format!("I am {n}")), ("operator", &format!("Hello, {n}"))]).await;
    }
}

#[tokio::test]
async fn one_visitor_on_two_sites_is_two() {
    let stage = Stage::start().await;
    let browser = Browser::start().await;
    let (here, there) = (Shop::open(&stage, "shop", SALES).await, Shop::open(&stage, "other", SUPPORT).await);
    let visit = here.visit(&browser).await;
    visit.open().await;
    visit.say("Here").await;
    visit.until_state("Here", "delivered").await;
    visit.tab.go(&there.site.origin).await;
    visit.open().await;
    visit.until_shows(&[]).await;
    visit.say("There").await;
    visit.until_state("There", "delivered").await;
    visit.until_shows(&[("visitor", "There")]).await;
    assert_eq!(stage.portal.chats().len(), 2);
}

#[tokio::test]
async fn a_phone_gives_the_chat_the_whole_screen() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit_with(&scene.browser, Window::PHONE.dark()).await;
    visit.open().await;
    visit.chat().until("innerWidth === 390 && innerHeight === 844").await;
    let field = visit.chat().find("textbox", "Message").await;
    field.press().await;
    visit.tab.type_text("From the bus").await;
    visit.tab.press(Key::Enter).await;
    visit.chat().find("button", "Send").await.press().await; // on a phone Enter is a new line
    visit.until_state("From the bus", "delivered").await;
    visit.tab.shot("phone-dark").await;
    visit.chat().find("button", "Close chat").await.press().await;
    visit.tab.host().find("button", "Open chat").await;
}

#[tokio::test]
async fn the_bubble_counts_what_came_while_it_was_closed() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("Call me").await;
    visit.chat().find("button", "Close chat").await.press().await;
    let portal = &scene.stage.portal;
    portal.operator_says(chat.id, ANNA, "One").expect("Anna may answer");
    portal.operator_says(chat.id, ANNA, "Two").expect("Anna may answer");
    let bubble = visit.tab.host().find("button", "Open chat, 2 unread").await;
    visit.tab.shot("unread").await;
    bubble.press().await;
    visit.until_shows(&[("visitor", "Call me"), ("operator", "One"), ("operator", "Two")]).await;
    visit.chat().find("button", "Close chat").await.press().await;
    visit.tab.host().find("button", "Open chat").await;
}

#[tokio::test]
async fn words_of_the_page_are_russian_on_a_russian_page() {
    let scene = Scene::start().await;
    scene.shop.site.carry(&scene.shop.chat.snippet, "ru");
    let tab = scene.browser.window(Window::WIDE).await;
    tab.go(&scene.shop.site.origin).await;
    tab.host().find("button", "Открыть чат").await.press().await;
    tab.host().find("Iframe", "Чат").await;
    let chat = tab.chat();
    chat.find("log", "Сообщения").await;
    chat.find("textbox", "Сообщение").await;
    chat.find("button", "Отправить").await;
    chat.find("button", "Закрыть чат").await;
    tab.host().find("button", "Закрыть чат").await;
    tab.shot("russian").await;
}

#[tokio::test]
async fn markup_is_words_in_both_directions() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit(&scene.browser).await;
    visit.open().await;
    let words = "<img src=x onerror=alert(1)> [b]bold[/b]";
    visit.say(words).await;
    visit.until_state(words, "delivered").await;
    let chat = scene.stage.portal.wait_any_chat(|chat| !chat.visitor_texts().is_empty()).await;
    assert!(!chat.visitor_texts()[0].contains("[b]"), "neutralised for the operator");
    let portal = &scene.stage.portal;
    portal.operator_says(chat.id, ANNA, "<script>alert(1)</script>[url=javascript:alert(1)]press[/url]").expect("said");
    visit.chat().until("document.querySelectorAll('[data-from=operator]').length === 1").await;
    let markup = "[role=log] script, [role=log] img:not([src^=\"/photos/\"]), [role=log] a[href^=javascript]";
    visit.chat().until(&format!("!document.querySelector('{markup}')")).await;
    assert!(visit.messages().await[1].text.contains("<script>alert(1)</script>"));
}

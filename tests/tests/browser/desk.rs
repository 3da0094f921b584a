//! The operator's desk, worked as a newcomer works it: by what a screen reader finds.

use otklik_portal::{Chat, LineId, Options, Portal, UserId};
use otklik_tests::browser::{Browser, Key, Tab, Window};
use serde_json::{Value, json};

const ADMIN: UserId = UserId(1);
const HOSTILE: &str = "<img src=x onerror=\"document.title='taken'\"> [b]bold[/b] [url=javascript:alert(1)]press[/url]";

/// A portal with a connected line, and what one call answers.
async fn call(portal: &Portal, method: &str, mut args: Value) -> Value {
    args["auth"] = json!(portal.token_of(ADMIN));
    let url = format!("http://{}/rest/{method}", portal.host());
    let answer = otklik_tests::http().post(url).json(&args).send().await.expect("the portal answers");
    answer.json().await.expect("in JSON")
}

/// A portal whose visitor has written `text`.
async fn visited(text: &str) -> (Portal, Chat) {
    let portal = Portal::start(Options::default()).await.expect("a portal starts");
    let icon = json!({"DATA_IMAGE": "data:image/svg+xml,x"});
    let connector =
        json!({"ID": "otklik", "NAME": "Chat", "ICON": icon, "PLACEMENT_HANDLER": "https://relay.example/s"});
    call(&portal, "imconnector.register", connector).await;
    portal.connect_line("otklik", LineId(107));
    write(&portal, text).await;
    let chat = portal.chat_of("v-1").expect("the visitor wrote");
    (portal, chat)
}

async fn write(portal: &Portal, text: &str) {
    let element =
        json!({"user": {"id": "v-1", "name": "Anna"}, "message": {"id": "m", "text": text}, "chat": {"id": "v-1"}});
    let args = json!({"CONNECTOR": "otklik", "LINE": 107, "MESSAGES": [element]});
    call(portal, "imconnector.send.messages", args).await;
}

async fn open(portal: &Portal, window: Window) -> (Browser, Tab) {
    let browser = Browser::start().await;
    let tab = browser.window(window).await;
    tab.go(&format!("{}?lang=en", portal.desk_url())).await;
    tab.host().until("document.querySelector('#dialogues button') !== null").await;
    tab.host().eval::<()>("document.querySelector('#dialogues button').click()").await;
    tab.host().find("textbox", "Answer to the visitor").await;
    (browser, tab)
}

#[tokio::test]
async fn an_operator_answers_edits_deletes_and_finishes() {
    let (portal, chat) = visited("Is it in stock?").await;
    let (_browser, tab) = open(&portal, Window::WIDE).await;
    let desk = tab.host();
    desk.until("document.querySelector('[data-from=visitor]').innerText === 'Is it in stock?'").await;
    desk.find("textbox", "Answer to the visitor").await.press().await;
    tab.type_text("Yes").await;
    tab.press(Key::Enter).await;
    portal.wait_chat("v-1", |chat| chat.texts() == ["Is it in stock?", "Yes"]).await;

    desk.find("button", "Edit").await.press().await;
    tab.type_text(", two").await;
    tab.press(Key::Enter).await;
    portal.wait_chat("v-1", |chat| chat.texts() == ["Is it in stock?", "Yes, two"]).await;
    write(&portal, "Good").await;
    desk.until("document.querySelectorAll('[data-from=visitor]').length === 2").await;
    tab.shot("desk").await;

    desk.find("button", "Delete").await.press().await;
    portal.wait_chat("v-1", |chat| chat.texts() == ["Is it in stock?", "Good"]).await;
    desk.find("button", "Finish").await.press().await;
    portal.wait_chat("v-1", |chat| chat.open_session().is_none()).await;
    desk.until_gone("button", "Finish").await;
    assert_eq!(portal.chat(chat.id).unwrap().sessions.len(), 1);
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
}

#[tokio::test]
async fn what_a_visitor_writes_is_never_markup() {
    let (portal, _) = visited(HOSTILE).await;
    let (_browser, tab) = open(&portal, Window::WIDE).await;
    let desk = tab.host();
    desk.until("document.querySelector('.bubble b') !== null").await;
    let seen: String = desk.eval("document.querySelector('.bubble').innerText").await;
    assert_eq!(seen, "<img src=x onerror=\"document.title='taken'\"> bold press");
    assert_eq!(desk.eval::<usize>("document.querySelectorAll('.bubble img, .bubble a[href]').length").await, 0);
    assert_eq!(desk.eval::<String>("document.title").await, "(1) Operator’s practice desk");
}

#[tokio::test]
async fn the_desk_says_what_it_is_and_stays_when_the_portal_is_off() {
    let (portal, _) = visited("Is it in stock?").await;
    let (_browser, tab) = open(&portal, Window::PHONE).await;
    let desk = tab.host();
    desk.until("document.querySelector('.demo').innerText.startsWith('Practice desk.')").await;
    desk.find("button", "Portal and visitor").await.press().await;
    for (name, opens) in [("off", false), ("answers", true)] {
        desk.eval::<()>(&format!("document.querySelector('[name=mood][value={name}]').click()")).await;
        otklik_tests::wait::until_eq(opens, || async {
            Some(tokio::net::TcpStream::connect(portal.host()).await.is_ok())
        })
        .await;
        desk.until(&format!("document.querySelector('[name=mood][value={name}]').checked")).await;
    }
    desk.find("button", "Рус").await.press().await;
    desk.until("document.querySelector('.demo').innerText.startsWith('Учебный стол оператора.')").await;
    tab.shot("desk-phone").await;
}

#[tokio::test]
async fn an_operator_sees_what_a_visitor_answers_and_their_mark() {
    let fence = "-".repeat(54);
    let (portal, _) = visited(&format!("{fence}\nAnna [14:05] #chat1/2\nIs it [b]red[/b]?\n{fence}\nYes [like]")).await;
    let (_browser, tab) = open(&portal, Window::WIDE).await;
    let quote = "document.querySelector('[data-from=visitor] blockquote')";
    tab.host().until_eq::<String, _>(&format!("{quote}?.textContent"), "Anna [14:05]Is it red?").await;
    tab.host().until(&format!("{quote}.parentElement.textContent.endsWith('Yes 👍')")).await;
    tab.shot("desk-quote").await;
}

//! What a site's page and its scripts see of the launcher and the host part.

use otklik_tests::{
    browser::{Key, Window},
    shop::Scene,
    stage::ANNA,
};

/// The shadow root that holds all that the host page gets.
const ROOT: &str = "document.querySelector('otklik-widget').shadowRoot";

#[tokio::test]
async fn a_page_that_swaps_its_body_or_loses_the_element_keeps_the_talk() {
    let scene = Scene::start().await;
    let (visit, _) = scene.talk("Still there?").await;
    let host = visit.tab.host();
    host.eval_in_page::<()>(
        "document.body.replaceWith(document.createElement('body'));\
         document.querySelector('otklik-widget').remove(); null",
    )
    .await;
    visit.until_shows(&[("visitor", "Still there?")]).await;
    host.find("button", "Close chat").await;
    let widgets: i64 = host.eval("document.querySelectorAll('otklik-widget').length").await;
    assert_eq!(widgets, 1);
}

#[tokio::test]
async fn an_open_chat_stays_open_over_a_page_change_and_takes_no_focus() {
    let scene = Scene::start().await;
    let (visit, _) = scene.talk("One moment").await;
    visit.tab.go(&format!("{}/next", scene.shop.site.origin)).await;
    visit.until_shows(&[("visitor", "One moment")]).await;
    let focused: String = visit.tab.host().eval("document.activeElement.localName").await;
    assert_eq!(focused, "body", "nobody pressed anything on this page");
    visit.chat().find("button", "Close chat").await.press().await;
    visit.tab.host().find("button", "Open chat").await;
    visit.tab.go(&format!("{}/third", scene.shop.site.origin)).await;
    visit.tab.host().find("button", "Open chat").await;
}

/// An answer comes while the visitor reads another page and touches nothing: the badge tells, the app is not fetched.
#[tokio::test]
async fn who_wrote_lately_sees_what_came_on_every_page() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("Call me").await;
    visit.chat().find("button", "Close chat").await.press().await;
    let asked = || visit.tab.requests_to(&scene.stage.url());
    visit.tab.host().find("button", "Open chat").await;
    let before = asked().len();
    visit.tab.go(&format!("{}/next", scene.shop.site.origin)).await;
    scene.stage.portal.operator_says(chat.id, ANNA, "We called").expect("Anna may answer");
    let bubble = visit.tab.host().find("button", "Open chat, 1 unread").await;
    let asked: Vec<_> = asked().into_iter().skip(before).collect();
    assert_eq!(asked.len(), 3, "launcher, host part, document: {asked:?}");
    bubble.press().await;
    visit.until_shows(&[("visitor", "Call me"), ("operator", "We called")]).await;
    visit.chat().find("button", "Close chat").await.press().await;
    visit.tab.host().find("button", "Open chat").await;
}

#[tokio::test]
async fn the_tags_attributes_are_stronger_than_the_settings() {
    let scene = Scene::start().await;
    let attributes = "data-lang=ru data-launcher=label data-position=left data-theme=dark data-color=#ffdd2d data-z=77";
    let snippet = scene.shop.chat.snippet.replace("<script ", &format!("<script {attributes} "));
    scene.shop.site.carry(&snippet, "en");
    let visit = scene.shop.visit(&scene.browser).await;
    let host = visit.tab.host();
    let bubble = host.find("button", "Открыть чат").await;
    let words: String = bubble.ask("function () { return this.innerText.trim() }").await;
    assert_eq!(words, "Спросить");
    host.until(&format!("{ROOT}.querySelector('button').getBoundingClientRect().left === 20")).await;
    host.until("getComputedStyle(document.querySelector('otklik-widget')).zIndex === '77'").await;
    bubble.press().await;
    visit.chat().find("textbox", "Сообщение").await;
    visit.chat().until("document.documentElement.dataset.theme === 'dark'").await;
    visit.chat().until("getComputedStyle(document.documentElement).getPropertyValue('--accent') === '#ffdd2d'").await;
    visit.tab.shot("attributes").await;
}

#[tokio::test]
async fn the_pages_own_button_opens_the_chat_and_gets_the_focus_back() {
    let scene = Scene::start().await;
    let snippet = scene.shop.chat.snippet.replace("<script ", "<script data-launcher=none data-open-on=#ask ");
    scene.shop.site.set(
        format!("<!doctype html><html lang=en><title>A shop</title><a id=ask href=/contacts>Ask</a>{snippet}"),
        None,
    );
    let visit = scene.shop.visit(&scene.browser).await;
    let host = visit.tab.host();
    host.until("!!window.document.querySelector('otklik-widget')").await;
    assert!(host.find_now("button", "Open chat").await.is_none(), "the page has a button of its own");
    host.find("link", "Ask").await.press().await;
    visit.chat().find("textbox", "Message").await;
    visit.chat().until("document.activeElement.id === 'field'").await;
    visit.tab.press(Key::Escape).await;
    host.until("document.activeElement.id === 'ask'").await;
}

#[tokio::test]
async fn scripts_drive_the_chat_and_a_wrong_word_breaks_nothing() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit(&scene.browser).await;
    let host = visit.tab.host();
    host.find("button", "Open chat").await;
    host.eval_in_page::<()>("otklik('fly', 1).then(() => otklik('prefill', 'About the lamp')).then(() => null)").await;
    host.eval_in_page::<()>("otklik('toggle').then(() => null)").await;
    let field = visit.chat().find("textbox", "Message").await;
    visit.chat().until("document.getElementById('field').value === 'About the lamp'").await;
    let too_long = "new Promise(heard => { otklik('once', 'message:failed', () => heard(null)); otklik('send', 'x'.repeat(10001)) })";
    host.eval_in_page::<()>(too_long).await;
    host.eval_in_page::<()>("otklik('lang', 'ru').then(() => null)").await;
    drop(field); // the document is another one now, and the draft is in it
    visit.chat().find("textbox", "Сообщение").await;
    visit.chat().until("document.getElementById('field').value === 'About the lamp'").await;
    host.find("button", "Закрыть чат").await;
    let facts: serde_json::Value =
        host.eval_in_page("Promise.all(['open', 'unread'].map(name => otklik('get', name)))").await;
    assert_eq!(facts, serde_json::json!([true, 0]));
    host.eval_in_page::<()>("otklik('shutdown').then(() => null)").await;
    host.until("!document.querySelector('otklik-widget')").await;
    host.eval_in_page::<()>("otklik('boot').then(() => null)").await;
    host.find("button", "Открыть чат").await;
}

#[tokio::test]
async fn on_a_phone_back_closes_the_chat_and_stays_on_the_page() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit_with(&scene.browser, Window::PHONE).await;
    visit.open().await;
    visit.chat().until("history.state?.otklik === 1").await;
    let host = visit.tab.host();
    host.until(&format!("{ROOT}.querySelector('dialog').matches(':modal')")).await;
    host.eval_in_page::<()>("history.back(); null").await;
    host.find("button", "Open chat").await;
    let here: String = host.eval("location.href").await;
    assert_eq!(here, format!("{}/", scene.shop.site.origin));
}

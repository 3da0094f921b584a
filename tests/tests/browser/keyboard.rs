//! The chat by keyboard alone.

use otklik_tests::{browser::Key, shop::Scene};

#[tokio::test]
async fn the_keyboard_alone_is_enough() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit(&scene.browser).await;
    visit.tab.host().find("button", "Open chat").await.focus().await;
    visit.tab.press(Key::Enter).await;
    visit.chat().until("document.activeElement?.matches('textarea')").await;
    visit.tab.type_text("First line").await;
    visit.tab.press_with_shift(Key::Enter).await;
    visit.tab.type_text("second line").await;
    visit.tab.press(Key::Enter).await;
    visit.until_state("First line\nsecond line", "delivered").await;
    visit.chat().until_eq::<String, _>("document.querySelector('textarea').value", "").await;
    visit.tab.press(Key::Escape).await;
    visit.tab.host().find("button", "Open chat").await;
    visit.tab.host().until("document.querySelector('otklik-widget').shadowRoot.activeElement?.matches('button')").await;
}

//! The harness itself: what it finds, presses and types on pages that have nothing to do with the chat.

use otklik_tests::{
    browser::{Browser, Key, Window},
    site::Site,
    wait::until,
};

#[tokio::test]
async fn the_harness_finds_presses_and_types() {
    let site = Site::start("shop").await;
    let inner = Site::start("inner").await;
    inner.set("<p>inside</p><input aria-label=Field>".into(), None);
    let page = format!(
        "<meta name=viewport content=\"width=device-width\">\
         <button onclick=\"this.textContent='Pressed'\">Press</button><div id=h></div>\
         <iframe src='{}/chat?site=x' style='margin:40px'></iframe>\
         <script>h.attachShadow({{mode:'open'}}).innerHTML='<button>Deep</button>'</script>",
        inner.origin
    );
    site.set(page, None);
    let browser = Browser::start().await;
    for window in [Window::WIDE, Window::PHONE] {
        let tab = browser.window(window).await;
        tab.go(&site.origin).await;
        tab.host().find("button", "Press").await.press().await;
        tab.host().find("button", "Pressed").await;
        tab.host().find("button", "Deep").await;
        let field = tab.chat().find("textbox", "Field").await;
        field.press().await;
        tab.type_text("Привет").await;
        tab.press(Key::Enter).await;
        assert_eq!(field.value().await, "Привет");
        tab.host().until_eq::<i64, i64>("document.documentElement.clientWidth", window.width.into()).await;
        assert!(tab.shot("harness").await.is_file());
        tab.host().eval_in_page::<()>("console.error('bad')").await;
        until("a complaint", || async { tab.complaints().pop() }).await;
    }
}

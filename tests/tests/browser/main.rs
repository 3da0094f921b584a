//! The chat in a real Chromium.

mod settings;

use otklik_tests::{
    browser::{Browser, Key, Window},
    site::Site,
};

#[tokio::test]
async fn the_harness_finds_presses_and_types() {
    let site = Site::start("shop").await;
    let inner = Site::start("inner").await;
    inner.set("<p>inside</p><input aria-label=Field>".into(), None);
    site.set(
        format!(
            "<meta name=viewport content=\"width=device-width\"><button onclick=\"this.textContent='Pressed'\">Press</button><div id=h></div>\
             <iframe src='{}/chat?site=x' style='margin:40px'></iframe><script>h.attachShadow({{mode:'open'}}).innerHTML='<button>Deep</button>'</script>",
            inner.origin
        ),
        None,
    );
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
        tab.chat().until("document.activeElement.value === 'Привет'").await;
        tab.host().until_eq::<i64, i64>("document.documentElement.clientWidth", window.width.into()).await;
        tab.shot("harness").await;
        tab.host().eval_in_page::<()>("console.error('bad')").await;
        otklik_tests::wait::until("a complaint", || async { tab.complaints().pop() }).await;
    }
}

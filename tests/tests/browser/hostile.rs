//! Pages that make it hard: strict policies, hostile styles, origins that are not on the list.

use otklik_tests::{
    browser::Window,
    shop::{Scene, Visit},
    site::Site,
    stage::ANNA,
};

#[tokio::test]
async fn the_strictest_policy_lets_a_whole_conversation_through() {
    let scene = Scene::start().await;
    scene.shop.site.carry_strictly(&scene.shop.chat.snippet, "en", &scene.stage.url());
    let (visit, chat) = scene.talk("Through the eye of a needle").await;
    scene.stage.portal.operator_says(chat.id, ANNA, "And back").expect("Anna may answer");
    visit.until_shows(&[("visitor", "Through the eye of a needle"), ("operator", "And back")]).await;
    visit.tab.shot("strict").await;
    // A policy's refusal would be on the console, Trusted Types included.
    assert_eq!(visit.tab.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_page_that_is_not_on_the_list_gets_no_chat() {
    let scene = Scene::start().await;
    let stranger = Site::start("stranger").await;
    stranger.carry(&scene.shop.chat.snippet.replace("<script ", "<script data-debug "), "en");
    let tab = scene.browser.window(Window::WIDE).await;
    tab.go(&stranger.origin).await;
    tab.host().find("button", "Open chat").await.press().await;
    tab.host()
        .until("document.querySelector('otklik-widget').shadowRoot.textContent.includes('The chat did not open')")
        .await;
    tab.shot("forbidden").await;
    assert!(tab.chat().find_now("textbox", "Message").await.is_none());
    assert!(scene.stage.portal.chats().is_empty());
}

#[tokio::test]
async fn hostile_styles_do_not_reach_the_chat() {
    let scene = Scene::start().await;
    let snippet = &scene.shop.chat.snippet;
    scene.shop.site.set(
        format!(
            "<!doctype html><html lang=en><style>*{{all:unset!important}}body{{transform:rotate(3deg)}}\
             button,iframe,dialog{{display:none!important}}</style><body>{snippet}{snippet}<p>Twice, and in the body</p>"
        ),
        None,
    );
    let (visit, _) = scene.talk("Still here").await;
    let widgets: i64 = visit.tab.host().eval("document.querySelectorAll('otklik-widget').length").await;
    assert_eq!(widgets, 1, "pasted twice, there once");
    visit.tab.shot("hostile").await;
}

#[tokio::test]
async fn commands_may_come_before_the_launcher() {
    let scene = Scene::start().await;
    let snippet = &scene.shop.chat.snippet;
    let early = "<script>window.otklik=window.otklik||function(){(otklik.q=otklik.q||[]).push(arguments)};\
         window.told=[];otklik('on','message:sent',detail=>told.push(detail));otklik('open')</script>";
    scene.shop.site.set(format!("<!doctype html><html lang=en><head>{early}{snippet}</head><body>A shop</body>"), None);
    let visit = scene.shop.visit(&scene.browser).await;
    visit.chat().find("textbox", "Message").await;
    visit.say("Hello").await;
    visit.until_state("Hello", "delivered").await;
    let told: serde_json::Value = visit.tab.host().eval_in_page("told").await;
    assert_eq!(told, serde_json::json!([{"first": true}]), "of what was sent, but never what it says");
    visit.tab.host().eval_in_page::<()>("otklik('close').then(() => null)").await;
    visit.tab.host().find("button", "Open chat").await;
}

#[tokio::test]
async fn an_address_that_ends_in_otklik_opens_the_chat() {
    let scene = Scene::start().await;
    let tab = scene.browser.window(Window::WIDE).await;
    tab.go(&format!("{}/#otklik", scene.shop.site.origin)).await;
    let visit = Visit { tab };
    visit.chat().find("textbox", "Message").await;
    visit.tab.host().find("button", "Close chat").await;
}

#[tokio::test]
async fn before_intent_nothing_is_asked_for_or_written() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit(&scene.browser).await;
    visit.tab.host().find("button", "Open chat").await;
    assert_eq!(visit.tab.requests_to(&scene.stage.url()).len(), 1, "the launcher alone");
    let written: i64 =
        visit.tab.host().eval("localStorage.length + sessionStorage.length + document.cookie.length").await;
    assert_eq!(written, 0);
}

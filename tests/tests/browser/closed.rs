//! A chat that takes nothing any more: who has words there can read them, to everybody else nothing shows.

use otklik_tests::{
    browser::{Frame, Window},
    shop::Scene,
    stage::ANNA,
    wait::until,
};

/// The browser asks for the launcher anew, as it does a minute later.
async fn a_minute_later(host: &Frame) {
    let anew = "fetch(document.querySelector('script[src*=\"/widget/\"]').src, \
                { cache: 'reload', mode: 'no-cors', credentials: 'include' }).then(() => null)";
    host.eval_in_page::<()>(anew).await;
}

#[tokio::test]
async fn a_closed_chat_is_read_by_who_wrote_there_and_seen_by_nobody_else() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("Is it in stock?").await;
    let portal = &scene.stage.portal;
    portal.operator_says(chat.id, ANNA, "It is").expect("Anna may answer");
    visit.until_heard("It is").await;
    portal.uninstall(false);
    let launcher = format!("{}/widget/{}.js", scene.stage.url(), scene.shop.chat.key);
    until("the chat to be closed", || async {
        let script = otklik_tests::http().get(&launcher).send().await.ok()?.text().await.ok()?;
        script.contains("\"closed\":true").then_some(())
    })
    .await;
    a_minute_later(&visit.tab.host()).await;
    visit.tab.host().eval_in_page::<()>("(sessionStorage.clear(), null)").await;
    visit.tab.reload().await;
    visit.tab.host().find("button", "Open chat").await.press().await;
    visit.until_shows(&[("visitor", "Is it in stock?"), ("operator", "It is")]).await;
    let card = "document.querySelector('.comp.closed')?.textContent";
    visit.chat().until_eq::<String, _>(card, "This chat no longer takes messages").await;
    assert!(visit.chat().find_now("textbox", "Message").await.is_none(), "nothing can be written");
    visit.chat().until("document.querySelector('#face').dataset.dot === 'off'").await;
    let newest = "([...document.querySelectorAll('[data-from=visitor]')].at(-1).focus(), null)";
    visit.chat().eval::<Option<bool>>(newest).await;
    visit.chat().find("button", "Message actions").await.press().await;
    visit.chat().find("menuitem", "Copy").await;
    assert!(visit.chat().find_now("menuitem", "Delete").await.is_none(), "nor taken back");
    visit.tab.shot("closed-site").await;
    visit.tab.host().eval_in_page::<Option<bool>>("(otklik('lang', 'ru'), otklik('theme', 'dark'), null)").await;
    visit.chat().until_eq::<String, _>(card, "Этот чат больше не принимает сообщения").await;
    visit.until_shows(&[("visitor", "Is it in stock?"), ("operator", "It is")]).await;
    let notes = "document.querySelectorAll('.sys').length";
    assert_eq!(visit.chat().eval::<usize>(notes).await, 0, "nothing is promised");
    visit.tab.shot("closed-site-ru-dark").await;
    assert_eq!(visit.tab.complaints(), Vec::<String>::new());

    let other = scene.shop.visit_with(&scene.browser, Window::PHONE).await;
    other.tab.settled().await;
    let host = other.tab.host();
    host.until("document.readyState === 'complete'").await;
    assert!(!host.eval::<bool>("!!document.querySelector('otklik-widget')").await, "nothing shows");
    assert_eq!(other.tab.requests_to(&scene.stage.url()).len(), 1, "one request");
    assert_eq!(host.eval::<usize>("localStorage.length + sessionStorage.length").await, 0, "nothing is written");
}

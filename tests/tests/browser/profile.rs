//! What a shop's scripts tell of the visitor, from the first line of the page to the operator's desk.

use otklik_tests::{browser::Frame, shop::Scene, wait::until};

#[tokio::test]
async fn what_a_page_tells_before_the_chat_is_there_goes_with_the_first_word() {
    let scene = Scene::start().await;
    let early = "<script>window.otklik=window.otklik||function(){(otklik.q=otklik.q||[]).push(arguments)};\
        otklik('set',{name:'Anna Lind',email:'anna@shop.example',shoe:41,attributes:{plan:'pro',list:[1]}});\
        otklik('track','cart',{lamp:2});otklik('set',7);</script>";
    scene.shop.site.carry(&format!("{early}{}", scene.shop.chat.snippet), "en");
    let visit = scene.shop.visit(&scene.browser).await;
    visit.tab.go(&format!("{}/lamps?utm_source=news", scene.shop.site.origin)).await;
    visit.tab.host().find("button", "Open chat").await;
    let before = visit.tab.requests_to(&scene.stage.url());
    visit.open().await;
    assert!(before.iter().all(|address| address.contains("/widget/")), "the launcher alone before intent: {before:?}");
    visit.say("Hello").await;
    let chat = scene.stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Hello"]).await;
    let known = scene.stage.portal.visitor(chat.visitor).expect("somebody wrote").profile;
    assert_eq!((known.full_name().as_str(), known.email.as_str()), ("Anna Lind", "anna@shop.example"));
    assert!(chat.description.is_some_and(|text| text.ends_with("/lamps?utm_source=news")));
    assert_eq!(chat.source.as_deref(), Some("utm_source=news"));
    visit.tab.host().eval_in_page::<()>("otklik('set', {name: 'Anna Berg', email: null}).then(() => null)").await;
    visit.say("Are you there?").await;
    let renamed = || async { Some(scene.stage.portal.chat(chat.id)?).filter(|chat| chat.title == "Anna Berg") };
    until("the chat has the new name", renamed).await;
    let known = scene.stage.portal.visitor(chat.visitor).expect("somebody wrote").profile;
    assert_eq!((known.full_name().as_str(), known.email.as_str()), ("Anna Berg", ""));
}

#[tokio::test]
async fn what_a_visitor_agreed_to_is_told_with_their_words() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit(&scene.browser).await;
    let host = visit.tab.host();
    host.find("button", "Open chat").await;
    let listening = "(() => {
        Object.assign(window, { heard: [], warned: [], told: [] });
        console.warn = (text) => warned.push(text);
        otklik('on', 'consent', (given) => heard.push(given));
        const post = MessagePort.prototype.postMessage;
        MessagePort.prototype.postMessage = function (order) {
          if (order.do === 'about') told.push(JSON.parse(order.text).consent);
          return post.apply(this, arguments);
        };
        return null;
    })()";
    host.eval_in_page::<Option<bool>>(listening).await;
    let told = "otklik('consent', 'perhaps').then(() => otklik('consent', 'granted')).then(() => null)";
    host.eval_in_page::<()>(told).await;
    assert_eq!(visit.tab.requests_to(&scene.stage.url()).len(), 1, "it waits until there is a frame");
    visit.open().await;
    until_true(&host, "told.at(-1) === 'granted' && heard.join() === 'granted'").await;
    until_true(&host, "warned.join().includes('“granted” or “denied”')").await;
    host.eval_in_page::<()>("otklik('consent', 'denied').then(() => null)").await;
    until_true(&host, "told.at(-1) === 'denied'").await;
    visit.say("Hello").await;
    visit.until_state("Hello", "delivered").await;
}

/// Waits until `script` is true for the page's own scripts.
async fn until_true(host: &Frame, script: &str) {
    until(script, || async { host.eval_in_page::<bool>(script).await.then_some(()) }).await;
}

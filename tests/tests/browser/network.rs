//! A bad network between the browser and the relay.

use otklik_tests::{shop::Scene, stage::ANNA};

#[tokio::test]
async fn what_is_written_offline_waits_and_goes_in_order() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("One").await;
    visit.tab.set_offline(true).await;
    scene.stage.front.cut_visitors();
    for text in ["Two", "Three", "Four"] {
        visit.say(text).await;
        visit.until_state(text, "queued").await;
    }
    visit.tab.shot("offline").await;
    scene.stage.portal.operator_says(chat.id, ANNA, "Are you there?").expect("Anna may answer");
    scene.stage.front.restore();
    visit.tab.set_offline(false).await;
    for text in ["Two", "Three", "Four"] {
        visit.until_state(text, "delivered").await;
    }
    scene.stage.portal.wait_texts(&chat.external, &["One", "Two", "Three", "Four"]).await;
    visit.until_heard("Are you there?").await;
    let heard = visit.messages().await.into_iter().filter(|one| one.text == "Are you there?").count();
    assert_eq!(heard, 1);
}

#[tokio::test]
async fn a_queue_outlives_a_closed_tab() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("One").await;
    scene.stage.front.cut_visitors();
    visit.say("Two").await;
    visit.until_state("Two", "queued").await;
    let tab = scene.browser.tab_beside(&visit.tab).await;
    visit.tab.clone().close().await;
    scene.stage.front.restore();
    tab.go(&scene.shop.site.origin).await;
    let back = otklik_tests::shop::Visit { tab };
    back.open().await;
    back.until_state("Two", "delivered").await;
    scene.stage.portal.wait_texts(&chat.external, &["One", "Two"]).await;
}

#[tokio::test]
async fn a_connection_that_died_silently_is_found_out() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("One").await;
    scene.stage.front.swallow_visitors();
    visit.say("Two").await;
    visit.until_state("Two", "queued").await;
    scene.stage.front.restore();
    visit.until_state("Two", "delivered").await;
    scene.stage.portal.operator_says(chat.id, ANNA, "Three").expect("Anna may answer");
    visit.until_shows(&[("visitor", "One"), ("visitor", "Two"), ("operator", "Three")]).await;
}

#[tokio::test]
async fn what_is_sent_before_the_app_lives_is_sent() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit(&scene.browser).await;
    visit.open().await; // the composer is the shell's: it is there before the app
    visit.say("Early").await;
    visit.until_state("Early", "delivered").await;
    visit.until_shows(&[("visitor", "Early")]).await;
}

/// The frame that counts answers has a composer and no app: what is sent there stays in memory until the app comes.
#[tokio::test]
async fn what_is_sent_early_beside_a_full_storage_is_sent() {
    let scene = Scene::start().await;
    let (visit, chat) = scene.talk("One").await;
    visit.chat().find("button", "Close chat").await.press().await;
    visit.tab.host().find("button", "Open chat").await;
    visit.tab.go(&format!("{}/next", scene.shop.site.origin)).await;
    let frame = visit.chat();
    frame.until("!!document.getElementById('field')?.style.height").await;
    let id: String = frame.eval(SEND_INTO_FULL_STORAGE).await;
    visit.tab.host().find("button", "Open chat").await.press().await;
    visit.until_state("Two", "delivered").await;
    frame.until(&format!("document.querySelectorAll('[data-id=\"{id}\"]').length === 1")).await;
    scene.stage.portal.wait_texts(&chat.external, &["One", "Two"]).await;
}

/// Fills the storage to its last character and sends “Two”: the name that the waiting message has.
const SEND_INTO_FULL_STORAGE: &str = r#"(() => {
    let part = "x".repeat(2 ** 20);
    for (let n = 0; part; n++)
        try { localStorage[`fill${n}`] = part } catch { part = part.slice(part.length >> 1 || 1) }
    const field = document.getElementById("field");
    field.value = "Two";
    field.dispatchEvent(new Event("input"));
    document.getElementById("send").click();
    return document.querySelector("[data-state=queued]").dataset.id;
})()"#;

#[tokio::test]
async fn a_relay_that_is_away_is_told_in_our_own_words() {
    let scene = Scene::start().await;
    let visit = scene.shop.visit(&scene.browser).await;
    scene.stage.front.cut_visitors();
    visit.tab.host().find("button", "Open chat").await.press().await;
    visit.tab.host().find("button", "The chat did not open").await;
    visit.tab.shot("relay-away").await;
    scene.stage.front.restore();
    visit.tab.host().find("button", "The chat did not open").await.press().await;
    visit.chat().find("textbox", "Message").await;
}

//! One visitor, several tabs.

use otklik_tests::{
    shop::{Scene, Visit},
    stage::ANNA,
};

/// Another tab of the same person, with the chat open.
async fn beside(scene: &Scene, visit: &Visit) -> Visit {
    let tab = scene.browser.tab_beside(&visit.tab).await;
    tab.go(&scene.shop.site.origin).await;
    let visit = Visit { tab };
    visit.open().await;
    visit
}

#[tokio::test]
async fn both_tabs_show_the_same_talk() {
    let scene = Scene::start().await;
    let (first, chat) = scene.talk("One").await;
    let second = beside(&scene, &first).await;
    second.until_shows(&[("visitor", "One")]).await;
    second.say("Two").await;
    second.until_state("Two", "delivered").await;
    scene.stage.portal.operator_says(chat.id, ANNA, "Three").expect("Anna may answer");
    for visit in [&first, &second] {
        visit.until_shows(&[("visitor", "One"), ("visitor", "Two"), ("operator", "Three")]).await;
    }
    let chat = scene.stage.portal.wait_texts(&chat.external, &["One", "Two"]).await;
    assert_eq!(scene.stage.portal.chats().len(), 1, "one dialogue: {chat:?}");
}

#[tokio::test]
async fn a_tab_that_closes_leaves_the_other_at_work() {
    let scene = Scene::start().await;
    let (first, chat) = scene.talk("One").await;
    let second = beside(&scene, &first).await;
    second.until_shows(&[("visitor", "One")]).await;
    first.tab.close().await;
    scene.stage.portal.operator_says(chat.id, ANNA, "Two").expect("Anna may answer");
    second.until_shows(&[("visitor", "One"), ("operator", "Two")]).await;
    second.say("Three").await;
    scene.stage.portal.wait_texts(&chat.external, &["One", "Three"]).await;
}

#[tokio::test]
async fn what_one_tab_wrote_without_a_link_goes_once() {
    let scene = Scene::start().await;
    let (first, chat) = scene.talk("One").await;
    let second = beside(&scene, &first).await;
    second.until_shows(&[("visitor", "One")]).await;
    scene.stage.front.cut_visitors();
    first.say("Two").await;
    second.say("Three").await;
    for text in ["Two", "Three"] {
        first.until_state(text, "queued").await;
    }
    scene.stage.front.restore();
    for visit in [&first, &second] {
        for text in ["Two", "Three"] {
            visit.until_state(text, "delivered").await;
        }
    }
    let chat = scene.stage.portal.wait_chat(&chat.external, |chat| chat.visitor_texts().len() >= 3).await;
    let mut texts = chat.visitor_texts();
    texts.sort_unstable();
    assert_eq!(texts, ["One", "Three", "Two"], "each once");
}

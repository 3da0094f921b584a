//! What the connector may do at a portal, as an administrator chose it: each choice makes a difference that people see.

use otklik_server::clock::Clock;
use otklik_tests::{
    admin::Page,
    portal::{Chat, Fault},
    stage::{ANNA, CONNECTOR, SALES, Stage},
    visitor::Visitor,
};
use serde_json::{Value, json};
use shared::{Author, MessageState};

/// A conversation that has begun, and its line's settings page.
async fn begun(stage: &Stage) -> (Visitor, Chat, Page) {
    let site = stage.site().await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    (visitor, chat, page)
}

/// Switches `flag` on the page, and saves. What the page shows then.
pub async fn choose(page: &Page, flag: &str, on: bool) -> Value {
    let state = page.ask("state", json!({})).await["state"].clone();
    let (mut flags, look) = (state["flags"].clone(), state["site"]["look"].clone());
    flags[flag] = json!(on);
    let answer = page.ask("save", json!({"sites": "https://shop.example", "look": look, "flags": flags})).await;
    assert_eq!(answer["state"]["flags"], flags, "{answer}");
    answer
}

#[tokio::test]
async fn without_signatures_an_operators_own_bold_words_stay() {
    let stage = Stage::start().await;
    let (mut visitor, chat, page) = begun(&stage).await;
    stage.portal.operator_says(chat.id, ANNA, "С подписью").expect("Anna may answer");
    visitor.hear("С подписью").await;
    choose(&page, "signature", false).await;
    assert!(!stage.portal.connector(CONNECTOR).expect("it is registered").may.signature);
    stage.portal.operator_says(chat.id, ANNA, "[b]Итого:[/b] 500 рублей").expect("Anna may answer");
    visitor.hear("Итого: 500 рублей").await;
}

#[tokio::test]
async fn automatic_texts_come_only_where_they_are_wanted() {
    let stage = Stage::start().await;
    let (mut visitor, chat, page) = begun(&stage).await;
    stage.portal.system_says(chat.id, "Мы на обеде").expect("the chat is there");
    visitor.hear("Мы на обеде").await;
    choose(&page, "system_texts", false).await;
    stage.portal.system_says(chat.id, "Оцените нас").expect("the chat is there");
    stage.portal.operator_says(chat.id, ANNA, "Слушаю").expect("Anna may answer");
    visitor.hear("Слушаю").await;
    assert_eq!(visitor.texts(), ["один", "Мы на обеде", "Слушаю"]);
}

/// The portal that keeps them to itself has them in its history all the same, and does not mark what it handed over.
#[tokio::test]
async fn automatic_texts_that_are_not_wanted_do_not_come_from_the_history_either() {
    let mut stage = Stage::empty(Clock::by_hand(Clock::real().now()), "").await;
    stage.portal.set_build(|build| (build.offline_queue, build.marks_sending) = (false, false));
    stage.start_here().await;
    stage.install().await;
    let (mut visitor, chat, page) = begun(&stage).await;
    choose(&page, "system_texts", false).await;
    let _hurry = stage.hurry();
    stage.portal.fault_on("ONIMCONNECTORMESSAGEADD", Fault::EventLost, 1);
    stage.portal.system_says(chat.id, "Мы на обеде").expect("the chat is there");
    stage.portal.operator_says(chat.id, ANNA, "Слушаю").expect("Anna may answer");
    visitor.hear("Слушаю").await;
    assert_eq!(visitor.texts(), ["один", "Слушаю"]);
}

#[tokio::test]
async fn operators_change_their_words_only_where_they_may() {
    let stage = Stage::start().await;
    let (mut visitor, chat, page) = begun(&stage).await;
    let said = stage.portal.operator_says(chat.id, ANNA, "Завтра").expect("Anna may answer");
    visitor.hear("Завтра").await;
    stage.portal.wait_delivered(chat.id, said).await;
    choose(&page, "change_own", false).await;
    let may = stage.portal.connector(CONNECTOR).expect("it is registered").may;
    assert_eq!((may.edit_internal, may.delete_internal), (false, false), "always the same");
    assert!(stage.portal.edit(chat.id, said, "Послезавтра").is_err() && stage.portal.delete(chat.id, said).is_err());
    choose(&page, "change_own", true).await;
    stage.portal.edit(chat.id, said, "Послезавтра").expect("Anna may change it again");
    visitor.hear("Послезавтра").await;
}

#[tokio::test]
async fn a_visitors_words_that_an_operator_deletes_go_from_the_visitor_too() {
    let stage = Stage::start().await;
    let (mut visitor, chat, page) = begun(&stage).await;
    let first = chat.said().next().expect("the visitor's word").id;
    assert!(stage.portal.delete_visitors(chat.id, first, ANNA).is_err(), "at first nobody but an administrator may");
    choose(&page, "delete_visitors", true).await;
    stage.portal.delete_visitors(chat.id, first, ANNA).expect("Anna may now");
    visitor.wait_until(|seen| seen[0].text.is_none()).await;
}

#[tokio::test]
async fn mailings_come_only_where_they_are_wanted() {
    let stage = Stage::start().await;
    let (mut visitor, chat, page) = begun(&stage).await;
    assert!(stage.portal.mail(chat.id, "Скидки").is_err());
    choose(&page, "newsletter", true).await;
    stage.portal.mail(chat.id, "Скидки").expect("the CRM may mail now");
    visitor.hear("Скидки").await;
    assert_eq!(visitor.messages().last().map(|said| said.from), Some(Author::System), "no person said it");
}

#[tokio::test]
async fn a_choice_outlives_a_restart_and_a_portal_that_was_away() {
    let mut stage = Stage::start().await;
    let (.., page) = begun(&stage).await;
    stage.portal.fault_on("imconnector.register", Fault::HtmlPage, 1);
    choose(&page, "newsletter", true).await;
    let registered = || async {
        let connector = stage.portal.connector(CONNECTOR)?;
        connector.may.newsletter.then_some(())
    };
    otklik_tests::wait::until("the choice to reach the portal", registered).await;
    let asked = stage.portal.calls("imconnector.register").len();
    stage.restart().await;
    stage.portal.wait_calls("imconnector.register", asked + 1).await;
    assert!(stage.portal.connector(CONNECTOR).expect("it is registered").may.newsletter);
    assert!(!stage.portal.connector(CONNECTOR).expect("it is registered").may.chat_group, "never");
}

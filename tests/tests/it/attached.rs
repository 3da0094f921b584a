//! What bots and applications attach to a message in blocks is told in words: nothing that was sent stays behind.

use crate::talk::begun;
use otklik_server::clock::Clock;
use otklik_tests::{
    portal::Fault,
    stage::{ANNA, Stage},
    visitor::Visitor,
};
use serde_json::{Value, json};
use shared::{Happening, Piece};

const ADD: &str = "ONIMCONNECTORMESSAGEADD";

/// An order, as a bot of the shop sends it.
fn order() -> Value {
    json!({"ID": 1, "COLOR": "#29619b", "BLOCKS": [
        {"MESSAGE": "Заказ [b]№1542[/b]"},
        {"GRID": [{"DISPLAY": "LINE", "NAME": "Сумма", "VALUE": "4 500 ₽"}]},
        {"LINK": [{"NAME": "Оплатить", "LINK": "https://example.com/pay/1542"}]},
    ]})
}

const ORDER: &str = "Заказ №1542\nСумма: 4 500 ₽\nОплатить";

fn leads_to(visitor: &Visitor, address: &str) -> bool {
    let is_it = |piece: &Piece| matches!(piece, Piece::Link(link) if link.href == address);
    visitor.log.iter().any(|entry| match &entry.what {
        Happening::Said { body, .. } | Happening::Edited { body, .. } => body.iter().any(is_it),
        _ => false,
    })
}

#[tokio::test]
async fn blocks_beside_the_words_are_told_with_them_and_outlive_an_edit() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Где заказ?").await;
    let said = stage.portal.operator_attaches(chat.id, ANNA, "Ваш заказ", order()).expect("Anna may answer");
    visitor.hear(&format!("Ваш заказ\n{ORDER}")).await;
    assert!(leads_to(&visitor, "https://example.com/pay/1542"));
    stage.portal.wait_delivered(chat.id, said).await;
    stage.portal.edit(chat.id, said, "Вот он").expect("Anna may edit");
    visitor.hear(&format!("Вот он\n{ORDER}")).await;
}

#[tokio::test]
async fn blocks_without_any_words_are_a_message() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Где заказ?").await;
    let said = stage.portal.operator_attaches(chat.id, ANNA, "", order()).expect("Anna may answer");
    visitor.hear(ORDER).await;
    assert_eq!(visitor.messages()[1].name.as_deref(), Some("Анна Петрова"));
    stage.portal.wait_delivered(chat.id, said).await;
}

#[tokio::test]
async fn blocks_that_no_event_told_come_from_the_history() {
    let mut stage = Stage::empty(Clock::by_hand(Clock::real().now()), "").await;
    stage.portal.set_build(|build| build.offline_queue = false);
    stage.start_here().await;
    stage.install().await;
    let (mut visitor, chat) = begun(&stage, "Где заказ?").await;
    let _hurry = stage.hurry();
    stage.portal.fault_on(ADD, Fault::EventLost, 1);
    stage.portal.operator_attaches(chat.id, ANNA, "", order()).expect("Anna may answer");
    visitor.hear(ORDER).await;
}

/// The visitor is told that there is something, and the operator that it arrived.
#[tokio::test]
async fn a_message_that_cannot_be_shown_is_there_all_the_same() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage, "Алло").await;
    let odd = json!({"BLOCKS": [{"HOLOGRAM": "?"}]});
    let said = stage.portal.operator_attaches(chat.id, ANNA, "", odd).expect("Anna may answer");
    visitor.hear("").await;
    stage.portal.wait_delivered(chat.id, said).await;
}

//! When messages cannot be delivered: they are taken and kept, everybody is told why, and they go by themselves as soon
//! as they can.

use otklik_server::clock::Clock;
use otklik_tests::{
    admin::Page,
    doctor::{findings, told_of},
    http,
    portal::{Chat, Fault, Mood},
    stage::{CONNECTOR, SALES, SUPPORT, Stage},
    visitor::Visitor,
    wait::until,
};
use serde_json::{Value, json};
use shared::{MessageState, Refusal, ToServer, ToWidget};
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";

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

/// What the settings page says keeps messages, once it is `word`.
async fn wait_for_obstacle(page: &Page, word: &str) -> Value {
    until(&format!("the page to say {word}"), || async {
        let obstacle = page.ask("state", json!({})).await["state"]["obstacle"].clone();
        (obstacle["word"] == word).then_some(obstacle)
    })
    .await
}

/// A message that is taken while `mood` lasts is kept, named by the page as `word` and by the doctor with `remedy`, and
/// goes when the portal answers again.
async fn outlives(mood: Mood, word: &str, remedy: &str) {
    let stage = Stage::by_hand().await;
    let (mut visitor, chat, page) = begun(&stage).await;
    stage.portal.set_mood(mood).await.expect("a mood");
    let id = visitor.say("два").await;
    wait_for_obstacle(&page, word).await;
    let told = findings(&stage).await;
    assert!(told_of(&told, "tokens").contains(remedy), "{told:?}");
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    // The pause after the first call that met it: by then the portal was asked again.
    stage.advance(Duration::from_secs(61 * 60));
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

#[tokio::test]
async fn a_plan_that_is_over_holds_messages_until_it_is_paid() {
    outlives(Mood::Unpaid, "unpaid", "plan is over").await;
}

#[tokio::test]
async fn a_portal_that_was_closed_holds_messages_in_case_it_opens_again() {
    outlives(Mood::Deleted, "deleted", "was closed").await;
}

#[tokio::test]
async fn a_channel_switched_off_in_the_portal_holds_messages_and_resumes_by_itself() {
    let stage = Stage::by_hand().await;
    let (mut visitor, chat, page) = begun(&stage).await;
    stage.portal.disconnect_line(CONNECTOR, SALES);
    wait_for_obstacle(&page, "off").await;
    let sent = stage.portal.calls(SEND).len();
    let id = visitor.say("два").await;
    let told = findings(&stage).await;
    assert!(told_of(&told, "line 107").contains("1 messages wait"), "{told:?}");
    let launcher = http().get(format!("{}/widget/{}.js", stage.url(), site_of(&page))).send().await.expect("an answer");
    assert!(launcher.text().await.expect("a script").len() > 1_000, "the chat stays on the site");
    stage.portal.connect_line(CONNECTOR, SALES);
    stage.advance(Duration::from_secs(6 * 60));
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
    assert_eq!(stage.portal.calls(SEND).len(), sent + 1, "nothing was sent where nothing is taken");
}

fn site_of(page: &Page) -> String {
    let snippet = page.start["state"]["site"]["snippet"].as_str().expect("the line is connected");
    snippet.split("/widget/").nth(1).and_then(|rest| rest.split(".js").next()).expect("a key").to_owned()
}

#[tokio::test]
async fn a_line_that_sleeps_is_told_from_a_channel_that_is_off() {
    let stage = Stage::by_hand().await;
    let (mut visitor, chat, page) = begun(&stage).await;
    let line = |active| {
        stage.portal.lines().into_iter().find(|line| line.id == SALES).map(|mut line| {
            line.active = active;
            line
        })
    };
    stage.portal.set_line(line(false).expect("the line is there"));
    let id = visitor.say("два").await;
    wait_for_obstacle(&page, "line_off").await;
    let told = findings(&stage).await;
    assert!(told_of(&told, "line 107").contains("switched off in the portal"), "{told:?}");
    stage.portal.set_line(line(true).expect("the line is there"));
    stage.advance(Duration::from_secs(6 * 60));
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

#[tokio::test]
async fn what_the_portal_refuses_of_us_is_shown_in_the_portal_too_and_tried_again() {
    let stage = Stage::by_hand().await;
    let (mut visitor, chat, page) = begun(&stage).await;
    stage.portal.fault_on(SEND, Fault::Refuse("insufficient_scope".to_owned()), 2);
    let id = visitor.say("два").await;
    let obstacle = wait_for_obstacle(&page, "refused").await;
    assert_eq!(obstacle["code"], "insufficient_scope");
    until("the portal to show the channel as faulty", || async {
        stage.portal.channel(CONNECTOR, SALES).is_some_and(|channel| channel.error).then_some(())
    })
    .await;
    let told = findings(&stage).await;
    assert!(told_of(&told, "line 107").contains("tick the missing scopes"), "{told:?}");
    let _hurry = stage.hurry();
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
    assert!(
        stage.portal.channel(CONNECTOR, SALES).is_some_and(|channel| channel.usable()),
        "it shows nothing any more"
    );
}

#[tokio::test]
async fn one_line_that_is_off_holds_up_no_other() {
    let stage = Stage::start().await;
    let (mut visitor, _, page) = begun(&stage).await;
    let other = stage.connect(SUPPORT, &["https://shop.example"]).await;
    stage.portal.disconnect_line(CONNECTOR, SALES);
    wait_for_obstacle(&page, "off").await;
    visitor.say("два").await;
    let mut elsewhere = stage.visitor(&other.key).await;
    let id = elsewhere.say("Поддержка?").await;
    elsewhere.wait_for_state(&id, MessageState::Delivered).await;
}

#[tokio::test]
async fn a_chat_whose_portal_left_the_settings_says_that_it_is_closed() {
    let mut stage = Stage::start().await;
    let (mut visitor, ..) = begun(&stage).await;
    stage.kill().await;
    stage.start_without_portal().await;
    let mut back = visitor.resume().await;
    assert_eq!(back.texts(), ["один"], "what was said can still be read");
    let say = |id| ToServer::Say { id, text: "два".to_owned(), reply_to: None, files: Vec::new() };
    let answer = back.act(say).await;
    assert!(matches!(answer, ToWidget::Refused { code: Refusal::SiteClosed, .. }), "{answer:?}");
    let chat =
        http().get(format!("{}/chat?site={}&lang=ru", stage.url(), back.site())).send().await.expect("an answer");
    assert!(chat.text().await.expect("a document").contains("Этот чат больше не принимает сообщения"));
    stage.kill().await;
    stage.start_here().await;
    visitor = back.resume().await;
    let id = visitor.say("два").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
}

#[tokio::test]
async fn a_relay_that_starts_asks_how_its_lines_are() {
    let mut stage = Stage::by_hand().await;
    let (visitor, ..) = begun(&stage).await;
    stage.kill().await;
    stage.portal.disconnect_line(CONNECTOR, SALES);
    stage.portal.fault_on("event.offline.list", Fault::Refuse("ACCESS_DENIED".to_owned()), 9);
    let asked = stage.portal.calls("imconnector.status").len();
    stage.start_here().await;
    stage.portal.wait_calls("imconnector.status", asked + 1).await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    wait_for_obstacle(&page, "off").await;
    visitor.resume().await.say("два").await;
}

#[tokio::test]
async fn a_channel_is_looked_at_every_so_often() {
    let stage = Stage::start_with(Clock::by_hand(Clock::real().now()), "").await;
    let (_, _, page) = begun(&stage).await;
    let asked = stage.portal.calls("imconnector.status").len();
    stage.portal.fault_on("ONIMCONNECTORSTATUSDELETE", Fault::EventLost, 2);
    stage.portal.fault_on("event.offline.list", Fault::Refuse("ACCESS_DENIED".to_owned()), 99);
    stage.portal.disconnect_line(CONNECTOR, SALES);
    stage.advance(Duration::from_secs(10 * 60));
    stage.portal.wait_calls("imconnector.status", asked + 1).await;
    wait_for_obstacle(&page, "off").await;
}

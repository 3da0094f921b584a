//! What visitors are told of those who answer.

use otklik_portal::{Line, Mood, WorkTime};
use otklik_server::clock::Clock;
use otklik_tests::{
    http,
    stage::{ANNA, CONNECTOR, SALES, Stage},
    visitor::Visitor,
};
use serde_json::{Value, json};
use shared::{Attendance, Millis, Presence, SiteKey, ToWidget};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Noon of Friday, the 20th of November 2026, in Moscow.
const NOON: Millis = 1_795_165_200_000;

fn sales() -> Line {
    Line::new(SALES, "Отдел продаж")
}

/// Reads until the visitor is told something of those who answer that is as `wanted` says.
async fn wait_for(visitor: &mut Visitor, wanted: impl Fn(&Presence) -> bool) -> Presence {
    let is_it = |frame: &ToWidget| matches!(frame, ToWidget::Presence(presence) if wanted(presence));
    match visitor.wait_for(is_it).await {
        ToWidget::Presence(presence) => presence,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_visitor_sees_when_somebody_comes_and_goes() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let seen = wait_for(&mut visitor, |seen| seen.state.is_some()).await;
    assert_eq!(
        seen,
        Presence { state: Some(Attendance::Online), ..Presence::default() },
        "and nothing that is unknown"
    );
    stage.portal.set_line(sales().deserted());
    stage.advance(MINUTE);
    wait_for(&mut visitor, |seen| seen.state == Some(Attendance::Away)).await;
    stage.portal.set_line(sales());
    stage.advance(MINUTE);
    wait_for(&mut visitor, |seen| seen.state == Some(Attendance::Online)).await;
}

#[tokio::test]
async fn a_closed_line_tells_when_it_opens_and_opens_then() {
    let stage = Stage::start_with(Clock::by_hand(NOON), "").await;
    stage.portal.set_line(sales().open(WorkTime::new("9", "18.30", "Europe/Moscow").holiday("20.11")));
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let seen = wait_for(&mut visitor, |seen| seen.state == Some(Attendance::Closed)).await;
    assert_eq!(seen.opens_at, Some(NOON + 21 * 3_600_000), "at nine on the next day");
    stage.clock.advance(21 * HOUR);
    let seen = wait_for(&mut visitor, |seen| seen.state == Some(Attendance::Online)).await;
    assert_eq!(seen.opens_at, None);
}

#[tokio::test]
async fn who_only_looks_is_told_without_a_session() {
    let stage = Stage::start().await;
    stage.portal.set_line(sales().deserted());
    let site = stage.site().await;
    assert_eq!(look(&stage, &site).await, (200, json!({"frames": [{"type": "presence", "state": "away"}]})));
    let nobody = SiteKey::try_from("nobody".to_owned()).expect("a key");
    assert_eq!(look(&stage, &nobody).await, (422, json!({"type": "refused", "code": "site_unknown"})));
}

async fn look(stage: &Stage, site: &SiteKey) -> (u16, Value) {
    let body = json!({"frames": [{"type": "look", "site": site}]});
    let request = http().post(format!("{}/v1/poll", stage.url())).header("origin", stage.url());
    let request = request.header("content-type", "application/json").body(body.to_string());
    let answer = request.send().await.expect("the relay answers");
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON"))
}

#[tokio::test]
async fn how_soon_operators_answer_is_told_from_twenty_answers_on() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut last = stage.visitor(&site).await;
    for nth in 0..20 {
        let mut visitor = stage.visitor(&site).await;
        let text = format!("вопрос {nth}");
        visitor.say(&text).await;
        let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == [text.as_str()]).await;
        let (_, seen) = look(&stage, &site).await;
        assert_eq!(seen["frames"][0].get("answer_seconds"), None, "{nth} answers tell nothing");
        stage.portal.operator_says(chat.id, ANNA, "ответ").expect("Anna may answer");
        visitor.hear("ответ").await;
    }
    let seen = wait_for(&mut last, |seen| seen.answer_seconds.is_some()).await;
    assert!(seen.answer_seconds < Some(60), "{seen:?}");
}

#[tokio::test]
async fn while_nothing_can_be_delivered_visitors_are_told_so() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    wait_for(&mut visitor, |seen| !seen.held).await;
    stage.portal.disconnect_line(CONNECTOR, SALES);
    let _time_flies = stage.hurry();
    wait_for(&mut visitor, |seen| seen.held).await;
    stage.connect(SALES, &["https://shop.example"]).await;
    wait_for(&mut visitor, |seen| !seen.held).await;
    stage.portal.set_mood(Mood::Off).await.expect("the port closes");
    visitor.say("Алло").await;
    wait_for(&mut visitor, |seen| seen.held).await;
    stage.portal.set_mood(Mood::Answers).await.expect("the port opens");
    wait_for(&mut visitor, |seen| !seen.held).await;
    stage.wait_for_texts(&["Алло"]).await;
}

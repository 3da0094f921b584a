//! What a visitor may not do, and what they are told then.

use otklik_server::clock::Clock;
use otklik_tests::{
    stage::Stage,
    visitor::{Visitor, message_id},
};
use shared::{Refusal, SiteKey, ToServer, ToWidget};
use std::time::Duration;

fn say(text: &str) -> ToServer {
    ToServer::Say { id: message_id(), text: text.to_owned(), reply_to: None, files: Vec::new() }
}

/// The relay's answer to a text: a refusal's code, or nothing when it is accepted.
async fn refusal(visitor: &mut Visitor, text: &str) -> Option<(Refusal, Option<u32>)> {
    visitor.send(&say(text)).await;
    let answer = visitor.wait_for(|frame| matches!(frame, ToWidget::Accepted { .. } | ToWidget::Refused { .. })).await;
    match answer {
        ToWidget::Refused { id, code, retry_after } => {
            assert!(id.is_some(), "the refusal names its message");
            Some((code, retry_after))
        }
        _ => None,
    }
}

#[tokio::test]
async fn texts_too_long_or_empty_are_refused_by_name() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    assert_eq!(refusal(&mut visitor, &"ё".repeat(10_000)).await, None, "as many as are allowed");
    assert_eq!(refusal(&mut visitor, &"ё".repeat(10_001)).await, Some((Refusal::TooLong, None)));
    assert_eq!(refusal(&mut visitor, " \n ").await, Some((Refusal::Empty, None)));
    assert_eq!(refusal(&mut visitor, "Ещё здесь").await, None, "none of this ends the connection");
}

#[tokio::test]
async fn haste_is_refused_for_a_time_and_not_for_good() {
    let stage = Stage::by_hand().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let mut taken = 0;
    let (code, wait) = loop {
        match refusal(&mut visitor, "раз").await {
            None => taken += 1,
            Some(refused) => break refused,
        }
    };
    assert_eq!((taken, code), (20, Refusal::TooFast), "20 messages at once");
    let wait = wait.expect("the refusal says for how long");
    stage.clock.advance(Duration::from_secs(wait.into()));
    assert_eq!(refusal(&mut visitor, "два").await, None);
}

#[tokio::test]
async fn frames_that_are_none_are_told_so() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    for stray in ["", "{}", "[1]", "{\"type\":\"fly\"}", "{\"type\":\"say\",\"id\":\"|\",\"text\":\"x\"}"] {
        visitor.send_raw(stray).await;
        let answer = visitor.wait_for(|frame| !matches!(frame, ToWidget::Presence(_))).await;
        assert!(matches!(answer, ToWidget::Refused { code: Refusal::BadFrame, .. }), "{stray}: {answer:?}");
    }
    visitor.send_raw(&format!("{{\"type\":\"say\",\"pad\":\"{}\"}}", "x".repeat(65_536))).await;
    let answer = visitor.wait_for(|frame| !matches!(frame, ToWidget::Presence(_))).await;
    assert!(matches!(answer, ToWidget::Refused { code: Refusal::TooLarge, .. }), "{answer:?}");
    assert_eq!(refusal(&mut visitor, "Ещё здесь").await, None);
}

#[tokio::test]
async fn only_the_chats_own_page_is_let_in() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    for stranger in ["https://shop.example", "null", "http://127.0.0.1:1"] {
        let refused = Visitor::connect(&stage.url(), stranger, &site).await;
        assert_eq!(refused.err(), Some(403), "{stranger}");
        let answer = otklik_tests::http().post(format!("{}/v1/poll", stage.url())).header("origin", stranger);
        let answer = answer.json(&serde_json::json!({"frames": []})).send().await.expect("the relay answers");
        assert_eq!(answer.status(), 403, "{stranger}");
    }
}

#[tokio::test]
async fn unknown_sites_and_sessions_are_told_so() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let nowhere = SiteKey::try_from("nosuchsite".to_owned()).expect("a key");
    for (site, session, expected) in
        [(nowhere, None, Refusal::SiteUnknown), (site.clone(), Some("AAAA".to_owned()), Refusal::SessionUnknown)]
    {
        let mut visitor = Visitor::connect(&stage.url(), &stage.url(), &site).await.expect("our own origin");
        let hello = shared::Hello { version: shared::PROTOCOL_VERSION, site, session, seen: 0, identity: None };
        visitor.send(&ToServer::Hello(hello)).await;
        let answer = visitor.read().await;
        assert!(matches!(answer, Some(ToWidget::Refused { code, .. }) if code == expected), "{answer:?}");
    }
}

#[tokio::test]
async fn the_limits_are_the_settings() {
    let stage = Stage::start_with(Clock::real(), "[limits]\ntext_chars = 5\n").await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    assert_eq!(refusal(&mut visitor, "пять!").await, None);
    assert_eq!(refusal(&mut visitor, "шесть!").await, Some((Refusal::TooLong, None)));
}

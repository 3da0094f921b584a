//! What the portal bears: calls in its bucket, operating time of a method, and a block by hand.

use std::time::{Duration, Instant};

use otklik_portal::{Mood, Options, Work};
use serde_json::json;

use crate::relay::{CONNECTOR, LINE, Relay};

#[tokio::test]
async fn sixty_calls_at_once_are_too_many() {
    let relay = Relay::ready(Options::default()).await;
    let mut refused = 0;
    for _ in 0..60 {
        refused += u32::from(relay.call_for_status("app.info", json!({})).await.0 == 503);
    }
    assert!(refused > 10, "{refused}");
    relay.portal.advance(Duration::from_secs(60));
    assert_eq!(relay.call_for_status("app.info", json!({})).await.0, 200);
}

#[tokio::test]
async fn a_batch_of_fifty_is_one_call_and_each_command_counts_its_time() {
    let relay = Relay::ready(Options::default()).await;
    let status = format!("imconnector.status?CONNECTOR={CONNECTOR}&LINE={LINE}");
    let commands: Vec<_> = (0..50).map(|_| status.clone()).collect();
    let batch = relay.call("batch", json!({"halt": 0, "cmd": commands})).await;
    assert_eq!(batch["result"]["result"].as_array().map(Vec::len), Some(50));
    let time = &batch["result"]["result_time"][49];
    assert_eq!((&time["duration"], &time["operating"]), (&json!(0.04), &json!(2.0)), "{time}");
    for _ in 0..20 {
        assert_eq!(relay.call_for_status("app.info", json!({})).await.0, 200, "the bucket has room");
    }
}

#[tokio::test]
async fn a_method_whose_time_is_spent_is_refused_until_some_of_it_comes_back() {
    let work = Work { call: Duration::from_secs(1), granted: Some(Duration::from_secs(20)), ..Work::default() };
    let relay = Relay::ready(Options { work, ..Options::default() }).await;
    relay.portal.advance(Duration::from_secs(600));
    for spent in 1..=21 {
        let time = &relay.call("app.info", json!({})).await["time"];
        assert_eq!(time["operating"], f64::from(spent));
        assert!(time["operating_reset_at"].as_f64() > time["finish"].as_f64(), "{time}");
    }
    let refused = relay.call_for_status("app.info", json!({})).await;
    assert_eq!((refused.0, &refused.1["error"]), (429, &json!("OPERATION_TIME_LIMIT")));
    assert_eq!(relay.call_for_status("profile", json!({})).await.0, 200, "another method has its own");
    relay.portal.advance(Duration::from_secs(600));
    assert_eq!(relay.call_for_status("app.info", json!({})).await.0, 200);
}

#[tokio::test]
async fn a_self_hosted_portal_counts_no_time() {
    let work = Work { call: Duration::from_secs(1_000), granted: None, ..Work::default() };
    let relay = Relay::ready(Options { work, ..Options::default() }).await;
    for _ in 0..3 {
        assert_eq!(relay.call_for_status("app.info", json!({})).await.0, 200);
    }
}

#[tokio::test]
async fn each_message_takes_its_time() {
    let work = Work { message: Duration::from_millis(30), ..Work::default() };
    let relay = Relay::ready(Options { work, ..Options::default() }).await;
    let began = Instant::now();
    relay.send(&[("m-1", "раз"), ("m-2", "два"), ("m-3", "три")]).await;
    assert!(began.elapsed() >= Duration::from_millis(90));
}

#[tokio::test]
async fn a_block_by_hand_refuses_everything() {
    let relay = Relay::ready(Options::default()).await;
    relay.portal.set_mood(Mood::Blocked).await.unwrap();
    let refused = relay.call_for_status("app.info", json!({})).await;
    assert_eq!((refused.0, &refused.1["error"]), (503, &json!("OVERLOAD_LIMIT")));
    relay.portal.set_mood(Mood::Answers).await.unwrap();
    assert_eq!(relay.call_for_status("app.info", json!({})).await.0, 200);
}

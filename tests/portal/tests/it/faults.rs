//! Each fault by its name, as a relay meets it.

use std::{io::ErrorKind, time::Duration};

use otklik_portal::{Fault, Mood, Options, Work};
use serde_json::json;
use tokio::net::TcpStream;

use crate::relay::{ADMIN, CONNECTOR, LINE, OPERATOR, Relay, element};

const SEND: &str = "imconnector.send.messages";

fn message() -> serde_json::Value {
    json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": [element("v-1", "m-1", "Есть?")]})
}

#[tokio::test]
async fn a_call_can_be_cut_before_it_did_anything_and_after() {
    let relay = Relay::ready(Options::default()).await;
    relay.portal.fault_on(SEND, Fault::CutBefore, 1);
    assert!(relay.try_call(SEND, message()).await.is_err());
    assert!(relay.portal.chats().is_empty());
    relay.portal.fault_on(SEND, Fault::CutAfter, 1);
    assert!(relay.try_call(SEND, message()).await.is_err());
    assert_eq!(relay.portal.chat_of("v-1").unwrap().messages[1].mids, ["m-1"]);
    relay.portal.fault_on(SEND, Fault::CutAt(0), 1);
    assert!(relay.try_call(SEND, message()).await.is_err());
    assert!(relay.portal.chat_of("v-1").unwrap().messages[2].mids.is_empty());
    assert!(relay.portal.calls(SEND).iter().all(|call| call.status.is_none()));
}

#[tokio::test]
async fn a_slow_call_works_at_once_and_a_silent_one_never() {
    let relay = Relay::ready(Options::default()).await;
    relay.portal.fault_on(SEND, Fault::Slow(Duration::from_secs(30)), 1);
    let (answer, ()) = tokio::join!(relay.send(&[("m-1", "Есть?")]), async {
        relay.portal.wait_texts("v-1", &["Есть?"]).await;
        relay.portal.advance(Duration::from_secs(31));
    });
    assert_eq!(answer["result"]["SUCCESS"], true);
    relay.portal.fault_on(SEND, Fault::Silent, 1);
    let ((status, _), ()) = tokio::join!(relay.call_for_status(SEND, message()), async {
        relay.portal.wait_calls(SEND, 2).await;
        relay.portal.advance(Duration::from_secs(61));
    });
    assert_eq!(status, 504);
    assert_eq!(relay.portal.chat_of("v-1").unwrap().texts(), ["Есть?"]);
}

/// As PHP works: who asked may be gone.
#[tokio::test]
async fn a_call_is_done_to_its_end_though_nobody_waits_for_it_any_more() {
    let work = Work { message: Duration::from_secs(20), ..Work::default() };
    let relay = Relay::ready(Options { work, ..Options::default() }).await;
    tokio::select! {
        answer = relay.try_call(SEND, message()) => panic!("answered before its time: {answer:?}"),
        _ = relay.portal.wait_calls(SEND, 1) => {}
    }
    assert!(relay.portal.chats().is_empty(), "the portal is still at work");
    relay.portal.advance(Duration::from_secs(21));
    relay.portal.wait_texts("v-1", &["Есть?"]).await;
}

#[tokio::test]
async fn a_cut_call_can_still_do_its_work_a_minute_later() {
    let relay = Relay::ready(Options::default()).await;
    relay.portal.fault_on(SEND, Fault::Late(Duration::from_secs(50)), 1);
    assert!(relay.try_call(SEND, message()).await.is_err());
    relay.portal.advance(Duration::from_secs(49));
    assert!(relay.portal.chats().is_empty());
    relay.portal.advance(Duration::from_secs(2));
    let chat = relay.portal.wait_texts("v-1", &["Есть?"]).await;
    relay.portal.fault_on("imopenlines.operator.another.finish", Fault::Late(Duration::from_secs(5)), 1);
    assert!(relay.try_call("imopenlines.operator.another.finish", json!({"CHAT_ID": chat.id})).await.is_err());
    relay.portal.advance(Duration::from_secs(6));
    relay.portal.wait_chat("v-1", |chat| chat.open_session().is_none()).await;
}

#[tokio::test]
async fn a_breakdown_in_a_call_of_many_leaves_one_half_done_and_the_rest_undone() {
    let relay = Relay::ready(Options::default()).await;
    let elements: Vec<_> = ["v-1", "v-2", "v-3"].iter().map(|who| element(who, &format!("m-{who}"), "Есть?")).collect();
    let args = json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": elements});
    relay.portal.fault_on(SEND, Fault::CutAt(1), 1);
    assert!(relay.try_call(SEND, args).await.is_err());
    let mids = |who: &str| relay.portal.chat_of(who).map(|chat| chat.said().map(|one| one.mids.len()).sum::<usize>());
    assert_eq!((mids("v-1"), mids("v-2"), mids("v-3")), (Some(1), Some(0), None));
}

#[tokio::test]
async fn two_calls_of_one_dialogue_at_once_are_noted_and_of_two_dialogues_are_not() {
    let relay = Relay::ready(Options::default()).await;
    let other = json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": [element("v-2", "m-2", "Есть?")]});
    let update = json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": [element("v-1", "m-1", "Нет?")]});
    relay.portal.fault_on(SEND, Fault::Late(Duration::from_secs(50)), 1);
    assert!(relay.try_call(SEND, message()).await.is_err());
    relay.call(SEND, other).await;
    assert!(relay.portal.overlaps().is_empty());
    relay.call("imconnector.update.messages", update).await;
    assert!(relay.portal.overlaps().is_empty(), "a change only repeats itself");
    relay.call(SEND, message()).await;
    assert_eq!(relay.portal.overlaps().len(), 1, "the first is still to come");
    relay.portal.advance(Duration::from_secs(51));
    relay.portal.wait_texts("v-1", &["Есть?", "Есть?"]).await;
    relay.call(SEND, message()).await;
    assert_eq!(relay.portal.overlaps().len(), 1);
}

#[tokio::test]
async fn a_command_of_a_batch_is_refused_by_its_name_alone() {
    let relay = Relay::ready(Options::default()).await;
    let batch = json!({"cmd": {"one": "app.info", "two": "server.time"}, "halt": 0});
    relay.portal.fault_on("server.time", Fault::Refuse("OPERATION_TIME_LIMIT".to_owned()), 1);
    let answer = relay.call("batch", batch.clone()).await["result"].clone();
    assert_eq!(answer["result_error"]["two"]["error"], "OPERATION_TIME_LIMIT");
    assert!(answer["result"]["one"].is_object());
    relay.portal.fault(Fault::Limit, 1);
    assert_eq!(relay.call_for_status("batch", batch.clone()).await.0, 503, "what names nothing befalls the whole call");
    assert_eq!(relay.call("batch", batch).await["result"]["result_error"], json!([]));
}

#[tokio::test]
async fn an_event_tells_when_it_was_sent_and_not_when_it_was_raised() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let chat = relay.portal.chat_of("v-1").unwrap().id;
    let add = "ONIMCONNECTORMESSAGEADD";
    relay.portal.fault_on(add, Fault::EventDelayed(Duration::from_secs(60)), 1);
    relay.portal.operator_says(chat, OPERATOR, "раньше").unwrap();
    relay.portal.operator_says(chat, OPERATOR, "позже").unwrap();
    relay.events(add, 1).await;
    relay.portal.advance(Duration::from_secs(61));
    let ts: Vec<u64> =
        relay.events(add, 2).await.iter().map(|event| event["ts"].as_str().unwrap().parse().unwrap()).collect();
    assert!(ts[1] >= ts[0] + 60, "the earlier one was sent later: {ts:?}");
}

#[tokio::test]
async fn refusals_come_with_their_status() {
    let relay = Relay::ready(Options::default()).await;
    for (fault, status, code) in [
        (Fault::Limit, 503, "QUERY_LIMIT_EXCEEDED"),
        (Fault::ExpiredToken, 401, "expired_token"),
        (Fault::Refuse("OPERATION_TIME_LIMIT".to_owned()), 429, "OPERATION_TIME_LIMIT"),
        (Fault::LineOff, 400, "NOT_ACTIVE_LINE"),
    ] {
        relay.portal.fault(fault, 1);
        let (got, error) = relay.call_for_status(SEND, message()).await;
        assert_eq!((got, error["error"].clone()), (status, json!(code)));
    }
    relay.portal.fault(Fault::HtmlPage, 1);
    let answer = relay.try_call(SEND, message()).await.unwrap();
    assert_eq!(answer.status(), 500);
    assert!(answer.text().await.unwrap().starts_with("<html>"));
}

#[tokio::test]
async fn elements_fail_inside_a_success() {
    let relay = Relay::ready(Options::default()).await;
    relay.portal.fault(Fault::ElementFailure, 1);
    relay.portal.fault(Fault::LostSession, 1);
    let answer = relay.send(&[("m-1", "раз"), ("m-2", "два"), ("m-3", "три")]).await;
    assert_eq!(answer["result"]["SUCCESS"], true);
    let results = &answer["result"]["DATA"]["RESULT"];
    assert_eq!((results[0]["SUCCESS"].clone(), results[0].get("message")), (json!(false), None));
    assert_eq!((results[1]["SUCCESS"].clone(), results[1].get("session")), (json!(true), None));
    assert_eq!(results[2]["session"]["ID"], "3282");
    assert_eq!(relay.portal.chat_of("v-1").unwrap().texts(), ["три"]);
    relay.portal.fault(Fault::OuterFailure, 1);
    assert_eq!(relay.send(&[("m-4", "четыре")]).await["result"], json!({"SUCCESS": false, "DATA": []}));
}

#[tokio::test]
async fn events_are_lost_doubled_delayed_and_swapped() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let chat = relay.portal.chat_of("v-1").unwrap().id;
    let add = "ONIMCONNECTORMESSAGEADD";
    relay.portal.fault_on(add, Fault::EventLost, 1);
    relay.portal.fault_on(add, Fault::EventTwice, 1);
    relay.portal.fault_on(add, Fault::EventsSwapped, 1);
    relay.portal.fault_on(add, Fault::EventDelayed(Duration::from_secs(60)), 1);
    for text in ["потеряно", "дважды", "позже", "через минуту", "сразу"] {
        relay.portal.operator_says(chat, OPERATOR, text).unwrap();
    }
    relay.events(add, 4).await;
    relay.portal.advance(Duration::from_secs(61));
    let texts: Vec<String> = relay
        .events(add, 5)
        .await
        .iter()
        .map(|event| {
            event["data"]["MESSAGES"][0]["message"]["text"].as_str().unwrap().rsplit(']').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(texts, ["дважды", "дважды", "позже", "сразу", "через минуту"]);
    assert_eq!(relay.portal.offline().iter().filter(|one| one.event == add).count(), 5);
}

#[tokio::test]
async fn an_event_that_is_not_taken_is_never_repeated() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let bind = json!({"event": "OnImConnectorMessageAdd", "handler": format!("{}/nowhere", relay.url)});
    relay.call("event.bind", bind).await;
    relay.portal.operator_says(relay.portal.chat_of("v-1").unwrap().id, OPERATOR, "Есть").unwrap();
    relay.portal.wait_sent().await;
    let lost: Vec<_> = relay.portal.deliveries().into_iter().filter(|one| one.handler.ends_with("/nowhere")).collect();
    assert_eq!(lost.iter().map(|one| one.status).collect::<Vec<_>>(), [Some(404)]);
}

#[tokio::test]
async fn history_can_be_refused() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    relay.portal.fault(Fault::HistoryRefused, 1);
    let args = json!({"SESSION_ID": 3282});
    assert_eq!(relay.call("imopenlines.session.history.get", args.clone()).await["error"], "ACCESS_DENIED");
    assert_eq!(relay.call("imopenlines.session.history.get", args.clone()).await["result"]["sessionId"], 3282);
    relay.portal.set_admin(ADMIN, false);
    assert_eq!(relay.call("imopenlines.session.history.get", args).await["error"], "ACCESS_DENIED");
}

#[tokio::test]
async fn a_portal_that_is_off_refuses_connections_and_comes_back_on_its_port() {
    let relay = Relay::ready(Options::default()).await;
    relay.portal.set_mood(Mood::Off).await.unwrap();
    let refused = TcpStream::connect(relay.portal.host()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    relay.portal.set_mood(Mood::Busy).await.unwrap();
    assert_eq!(relay.call_for_status("app.info", json!({})).await.0, 503);
    relay.portal.set_mood(Mood::Answers).await.unwrap();
    assert_eq!(relay.call_for_status("app.info", json!({})).await.0, 200);
}

#[tokio::test]
async fn what_is_done_with_an_events_token_is_seen_and_raises_nothing() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let event = relay.event("ONIMCONNECTORDIALOGSTART").await;
    relay.use_token(event["auth"]["access_token"].as_str().unwrap());
    let off = json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "ACTIVE": 0});
    assert_eq!(relay.call("imconnector.activate", off).await["result"], true);
    relay.portal.wait_sent().await;
    assert!(relay.events_so_far("ONIMCONNECTORSTATUSDELETE").is_empty());
    assert!(relay.portal.calls("imconnector.activate").last().unwrap().with_event_token);
}

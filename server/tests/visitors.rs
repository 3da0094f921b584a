//! The visitors' protocol over real sockets and requests: a relay on a port of its own, with its own file and clock.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test's own scene, which ends with it")]

mod relay;

use otklik_server::store::Store;
use relay::{Relay, Socket, hello, say};
use serde_json::{Value, json};
use std::time::Duration;

fn kinds(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_visitor_begins_speaks_and_comes_back() {
    let relay = Relay::start().await;
    let mut socket = relay.socket().await;
    socket.send(&hello(None, 0)).await;
    let welcome = socket.read().await;
    let token = welcome["session"].as_str().unwrap().to_owned();
    let visitor = welcome["visitor"].as_str().unwrap();
    let wanted = json!({"type": "welcome", "session": token, "last": 0, "reset": false, "text_chars": 10_000,
        "visitor": visitor});
    assert_eq!((&welcome, visitor.len()), (&wanted, 34));
    assert!(token.len() >= 43, "32 random bytes");
    socket.send(&say(1, "Hello")).await;
    let accepted = socket.read().await;
    assert_eq!((&accepted["type"], &accepted["seq"]), (&json!("accepted"), &json!(1)));
    let entries = socket.read().await;
    let said = json!({"seq": 1, "at": accepted["at"], "kind": "said", "id": accepted["id"], "from": "visitor",
        "body": [{"t": "text", "c": "Hello"}]});
    assert_eq!(entries, json!({"type": "entries", "list": [said]}));
    socket.close().await;

    let mut again = relay.socket().await;
    again.send(&hello(Some(&token), 0)).await;
    assert_eq!(again.read().await["session"], Value::Null);
    assert_eq!(again.read().await["list"], json!([said]));
    again.send(&say(1, "Hello")).await;
    assert_eq!(again.read().await, accepted, "a repeat gets the same answer and changes nothing");
    again.send(&json!({"type": "ping"})).await;
    assert_eq!(again.read().await, json!({"type": "pong"}));
    relay.stop().await;
}

#[tokio::test]
async fn two_pages_of_one_visitor_see_the_same_and_nobody_else_does() {
    let relay = Relay::start().await;
    let (mut one, token) = relay.visitor().await;
    let mut two = relay.socket().await;
    two.send(&hello(Some(&token), 0)).await;
    two.read().await;
    let (mut stranger, _) = relay.visitor().await;
    one.send(&say(1, "Hello")).await;
    assert_eq!(kinds(&[one.read().await, one.read().await]), ["accepted", "entries"]);
    assert_eq!(two.read().await["list"][0]["body"][0]["c"], "Hello");
    stranger.send(&json!({"type": "ping"})).await;
    assert_eq!(stranger.read().await, json!({"type": "pong"}));
    relay.stop().await;
}

#[tokio::test]
async fn what_outlived_the_relay_is_there_after_a_restart() {
    let relay = Relay::start().await;
    let (mut socket, token) = relay.visitor().await;
    for nth in 1..=150 {
        relay.clock.advance(Duration::from_secs(1));
        socket.send(&say(nth, "x")).await;
        while socket.read().await["type"] != "accepted" {}
    }
    let relay = relay.restart().await;
    let mut socket = relay.socket().await;
    socket.send(&hello(Some(&token), 10)).await;
    assert_eq!(socket.read().await["last"], 150);
    assert_eq!(socket.read().await["list"].as_array().unwrap().len(), 100, "a frame carries a hundred");
    assert_eq!(socket.read().await["list"].as_array().unwrap().len(), 40);
    let mut ahead = relay.socket().await;
    ahead.send(&hello(Some(&token), 999)).await;
    assert_eq!(ahead.read().await["reset"], true);
    assert_eq!(ahead.read().await["list"][0]["seq"], 1);
    relay.stop().await;
}

#[tokio::test]
async fn after_a_copy_was_put_back_all_is_read_anew() {
    let relay = Relay::start().await;
    let (mut socket, token) = relay.visitor().await;
    socket.send(&say(1, "in the copy")).await;
    socket.read().await;
    let folder = relay.stop().await;
    let (data, copy) = (folder.path().join("otklik.redb"), folder.path().join("copy.redb"));
    let store = Store::open(&data).unwrap();
    store.backup(copy.clone()).await.unwrap();
    store.close().await;
    let relay = Relay::on(folder).await;
    let mut socket = relay.greeted(&token, 0).await.0;
    socket.send(&say(2, "lost")).await;
    while socket.read().await["type"] != "accepted" {}
    let folder = relay.stop().await;
    Store::restore(&copy, &data, 1).await.unwrap();
    let relay = Relay::on(folder).await;
    let (mut socket, welcome) = relay.greeted(&token, 1).await;
    assert_eq!((&welcome["reset"], &welcome["last"]), (&json!(true), &json!(1)), "what it saw second may be another");
    assert_eq!(socket.read().await["list"][0]["seq"], 1);
    assert_eq!(relay.greeted(&token, 1).await.1["reset"], false, "once is enough");
    relay.stop().await;
}

#[tokio::test]
async fn a_frame_of_entries_is_never_far_over_its_size() {
    let relay = Relay::start().await;
    let (mut socket, token) = relay.visitor().await;
    for nth in 1..=8 {
        socket.send(&say(nth, &"ж".repeat(10_000))).await;
        while socket.read().await["type"] != "accepted" {}
    }
    let mut again = relay.socket().await;
    again.send(&hello(Some(&token), 0)).await;
    again.read().await;
    let mut counts = Vec::new();
    while counts.iter().sum::<usize>() < 8 {
        counts.push(again.read().await["list"].as_array().unwrap().len());
    }
    assert_eq!(counts, [3, 3, 2]);
    relay.stop().await;
}

#[tokio::test]
async fn each_limit_has_its_answer() {
    let relay = Relay::start().await;
    let (mut socket, _) = relay.visitor().await;
    let mut refused = async |frame: Value| {
        socket.send(&frame).await;
        loop {
            let answer = socket.read().await;
            if answer["type"] == "refused" {
                return (answer["code"].as_str().unwrap().to_owned(), answer["retry_after"].as_u64());
            }
        }
    };
    assert_eq!(refused(say(1, " \n ")).await, ("empty".to_owned(), None));
    assert_eq!(refused(say(1, &"x".repeat(10_001))).await, ("too_long".to_owned(), None));
    assert_eq!(refused(say(1, &"x".repeat(65_536))).await, ("too_large".to_owned(), None));
    assert_eq!(refused(json!({"type": "dance"})).await, ("bad_frame".to_owned(), None));
    assert_eq!(refused(hello(None, 0)).await, ("bad_frame".to_owned(), None), "hello comes once");
    assert_eq!(refused(json!({"type": "say", "id": "a|b45678", "text": "x"})).await.0, "bad_frame");
    for nth in 1..=20 {
        socket.send(&say(nth, "x")).await;
    }
    let mut last = Value::Null;
    while last["seq"] != 20 {
        let frame = socket.read().await;
        if frame["type"] == "accepted" {
            last = frame;
        }
    }
    socket.send(&say(21, "x")).await;
    let mut answer = socket.read().await;
    while answer["type"] == "entries" {
        answer = socket.read().await;
    }
    let id = say(21, "x")["id"].clone();
    assert_eq!(answer, json!({"type": "refused", "id": id, "code": "too_fast", "retry_after": 1}));
    relay.clock.advance(Duration::from_secs(1));
    socket.send(&say(21, "x")).await;
    assert_eq!(socket.read().await["type"], "accepted");
    relay.stop().await;
}

#[tokio::test]
async fn who_says_hello_wrongly_is_told_why() {
    let relay = Relay::start().await;
    let mut wrong = hello(None, 0);
    wrong["site"] = json!("nowhere");
    let mut old = hello(None, 0);
    old["version"] = json!(0);
    let mut elsewhere = hello(Some(&relay.visitor().await.1), 0);
    elsewhere["site"] = json!("other");
    let unknown = hello(Some("not a token"), 0);
    let early = say(1, "x");
    let mut off = hello(None, 0);
    off["site"] = json!("off");
    for (frame, code) in [
        (wrong, "site_unknown"),
        (old, "version"),
        (elsewhere, "session_unknown"),
        (unknown, "session_unknown"),
        (early, "bad_frame"),
        (off, "site_closed"),
    ] {
        let mut socket = relay.socket().await;
        socket.send(&frame).await;
        assert_eq!(socket.read().await["code"], code);
        assert!(socket.is_closed().await);
    }
    relay.stop().await;
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let relay = Relay::start().await;
    let mut mute = relay.socket().await;
    relay.advance_until(Duration::from_secs(10), mute.is_closed()).await;
    let (mut silent, _) = relay.visitor().await;
    silent.pongs = false;
    relay.advance_until(Duration::from_secs(35), silent.is_closed()).await;
    relay.stop().await;
}

#[tokio::test]
async fn only_our_own_pages_may_speak() {
    let relay = Relay::start().await;
    for origin in [None, Some("https://shop.example"), Some("null"), Some("http://localhost:1")] {
        assert_eq!(Socket::connect(relay.address, origin).await.err(), Some(403), "{origin:?}");
        let (status, answer) = relay.poll_from(origin, &json!({"frames": [hello(None, 0)]})).await;
        assert_eq!((status, answer["code"].as_str()), (403, Some("origin")));
    }
    relay.stop().await;
}

#[tokio::test]
async fn plain_requests_carry_the_same_talk() {
    let relay = Relay::start().await;
    let begun = relay.poll(&json!({"frames": [hello(None, 0), say(1, "Hello")], "wait": 25})).await;
    assert_eq!(kinds(&begun), ["welcome", "accepted", "entries"]);
    let token = begun[0]["session"].as_str().unwrap().to_owned();
    let again = relay.poll(&json!({"frames": [hello(Some(&token), 1), say(1, "Hello"), {"type": "ping"}]})).await;
    assert_eq!(kinds(&again), ["welcome", "accepted", "pong"]);

    let waiting = json!({"frames": [hello(Some(&token), 1)], "wait": 25});
    let (mut socket, held) = (relay.socket().await, relay.poll(&waiting));
    let speaks = async {
        socket.send(&hello(Some(&token), 1)).await;
        socket.read().await;
        socket.send(&say(2, "Anybody?")).await;
        socket.read().await
    };
    let (held, _) = tokio::join!(held, speaks);
    assert_eq!(held[1]["list"][0]["seq"], 2, "held until there was something to tell");
    let nothing = json!({"frames": [hello(Some(&token), 2)], "wait": 25});
    let quiet = relay.advance_until(Duration::from_secs(25), relay.poll(&nothing)).await;
    assert_eq!(kinds(&quiet), ["welcome"]);

    let (status, answer) = relay.post("text/plain", json!({"frames": []}).to_string()).await;
    assert_eq!((status, answer["code"].as_str()), (400, Some("bad_frame")));
    let (status, answer) = relay.post("application/json", " ".repeat(65_537)).await;
    assert_eq!((status, answer["code"].as_str()), (413, Some("too_large")));
    let (status, answer) = relay.post("application/json", json!({"frames": [{"type": "ping"}]}).to_string()).await;
    assert_eq!((status, answer["code"].as_str()), (400, Some("bad_frame")));
    relay.stop().await;
}

#[tokio::test]
async fn one_visitor_has_so_many_connections() {
    let relay = Relay::start().await;
    let (_first, token) = relay.visitor().await;
    let mut tabs = Vec::new();
    for _ in 1..20 {
        let mut socket = relay.socket().await;
        socket.send(&hello(Some(&token), 0)).await;
        assert_eq!(socket.read().await["type"], "welcome");
        tabs.push(socket);
    }
    let mut one_more = relay.socket().await;
    one_more.send(&hello(Some(&token), 0)).await;
    let refused = json!({"type": "refused", "code": "too_many_connections", "retry_after": 10});
    assert_eq!(one_more.read().await, refused);
    relay.stop().await;
}

#[tokio::test]
async fn a_relay_that_stops_says_goodbye() {
    let relay = Relay::start().await;
    let (mut socket, token) = relay.visitor().await;
    let waiting = json!({"frames": [hello(Some(&token), 0)], "wait": 25});
    let address = relay.address;
    let held = tokio::spawn(async move { relay::request(address, &waiting).await });
    socket.send(&json!({"type": "ping"})).await;
    socket.read().await;
    relay.shutdown.cancel();
    assert!(socket.is_closed().await);
    relay.stop().await;
    // Whether it was taken before or not: nobody waits for it any more.
    if let Ok((status, _)) = held.await.unwrap() {
        assert_eq!(status, 200);
    }
}

#[tokio::test]
async fn whoever_watches_the_relay_sees_counts_and_no_words() {
    let relay = Relay::start().await;
    let get = async |port: u16, path: &str| {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}{path}")).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let port = relay.address.port();
    assert_eq!(get(port, "/healthz").await.0, 200);
    assert_eq!(get(port, "/readyz").await.0, 200);
    let (mut socket, _) = relay.visitor().await;
    socket.send(&say(1, "a secret")).await;
    socket.read().await;
    let (status, counts) = get(relay.metrics, "/metrics").await;
    assert_eq!(status, 200);
    assert!(counts.contains("otklik_outbox_messages{portal=\"portal.example\"} 1"), "{counts}");
    assert!(counts.contains("otklik_messages_accepted_total"), "{counts}");
    assert!(!counts.contains("secret"));
    assert_eq!(get(port, "/metrics").await.0, 404);
    relay.stop().await;
}

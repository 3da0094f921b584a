//! The operator's desk and the portal's own pages, by what they answer. How they look is for a browser.

use otklik_portal::{Mood, Options, PATIENCE, http};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::relay::{CONNECTOR, LINE, Relay};

fn client() -> Client {
    http::client(PATIENCE)
}

async fn wish(relay: &Relay, wish: Value) -> (StatusCode, Value) {
    let url = format!("{}desk/do", relay.portal.desk_url());
    let answer = client().post(url).json(&wish).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// The pictures of a chat, as the page gets them.
struct Pictures {
    answer: Response,
    text: String,
}

impl Pictures {
    async fn of(relay: &Relay, chat: u64) -> Self {
        let url = format!("{}desk/live?chat={chat}", relay.portal.desk_url());
        Self { answer: client().get(url).send().await.unwrap(), text: String::new() }
    }

    /// The first picture that is as wanted.
    async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let looking = async {
            loop {
                while let Some((event, rest)) = self.text.split_once("\n\n") {
                    let picture = event.strip_prefix("data: ").map(|json| serde_json::from_str(json).unwrap());
                    self.text = rest.to_owned();
                    if let Some(picture) = picture.filter(&wanted) {
                        return picture;
                    }
                }
                let chunk = self.answer.chunk().await.unwrap().expect("the stream goes on");
                self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.expect("such a picture")
    }
}

#[tokio::test]
async fn the_desk_shows_what_comes_and_answers() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let mut pictures = Pictures::of(&relay, 1807).await;
    let first = pictures.until(|_| true).await;
    assert_eq!(first["dialogues"][0]["unanswered"], 1);
    assert_eq!((first["waiting"].clone(), first["shop"].clone()), (Value::Null, Value::Null));
    let (status, _) = wish(&relay, json!({"do": "say", "chat": 1807, "by": 27, "text": "Есть"})).await;
    assert_eq!(status, StatusCode::OK);
    let answered = pictures.until(|picture| picture["dialogues"][0]["unanswered"] == 0).await;
    let message = answered["talk"]["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((message["author"].clone(), message["state"].clone()), (json!("Анна Петрова"), json!("sending")));
    wish(&relay, json!({"do": "edit", "chat": 1807, "message": message["id"], "text": "Есть одна"})).await;
    wish(&relay, json!({"do": "finish", "chat": 1807, "by": 27})).await;
    let finished = pictures.until(|picture| picture["talk"]["open"] == false).await;
    assert_eq!(finished["talk"]["messages"].as_array().unwrap().last().unwrap()["kind"], "ended");
    let (status, answer) = wish(&relay, json!({"do": "finish", "chat": 1807, "by": 27})).await;
    assert_eq!((status, answer), (StatusCode::UNPROCESSABLE_ENTITY, json!({"error": "finished"})));
}

#[tokio::test]
async fn the_desk_turns_the_portal_off_and_on_and_stays() {
    let relay = Relay::ready(Options::default()).await;
    for (mood, opens) in [(Mood::Off, false), (Mood::Answers, true)] {
        assert_eq!(wish(&relay, json!({"do": "mood", "mood": mood})).await.0, StatusCode::OK);
        assert_eq!(TcpStream::connect(relay.portal.host()).await.is_ok(), opens);
    }
    wish(&relay, json!({"do": "fault", "fault": {"slow": {"secs": 20, "nanos": 0}}, "on": null, "times": 2})).await;
    assert_eq!(relay.portal.faults_waiting()[0].times, 2);
    wish(&relay, json!({"do": "clear_faults"})).await;
    assert!(relay.portal.faults_waiting().is_empty());
}

#[tokio::test]
async fn other_pages_on_the_same_machine_can_do_nothing() {
    let relay = Relay::ready(Options::default()).await;
    let desk = relay.portal.desk_url();
    let finish = json!({"do": "mood", "mood": "off"});
    let foreign = client().post(format!("{desk}desk/do")).header("origin", "https://evil.example").json(&finish);
    assert_eq!(foreign.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let renamed = client().get(format!("{desk}desk/live")).header("host", "rebound.example");
    assert_eq!(renamed.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let off = client().post(format!("http://{}/contact_center/disconnect/", relay.portal.host()));
    let off = off.header("origin", "https://evil.example").form(&[("ID", CONNECTOR), ("LINE", "107")]);
    assert_eq!(off.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    relay.portal.wait_channel(CONNECTOR, LINE, true).await;
}

#[tokio::test]
async fn every_file_the_page_names_is_there_under_a_policy() {
    let relay = Relay::start(Options::default()).await;
    let desk = relay.portal.desk_url();
    for file in [
        "",
        "desk/desk.css",
        "desk/main.js",
        "desk/list.js",
        "desk/talk.js",
        "desk/side.js",
        "desk/parts.js",
        "desk/bb.js",
        "desk/words.js",
    ] {
        let answer = client().get(format!("{desk}{file}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    }
}

#[tokio::test]
async fn the_portals_page_frames_the_settings_and_can_disconnect() {
    let relay = Relay::ready(Options::default()).await;
    let page = client().get(relay.portal.settings_page_url(CONNECTOR, LINE, "en")).send().await.unwrap();
    let html = page.text().await.unwrap();
    assert!(html.contains("Practice portal.") && html.contains("Disconnect the channel"), "{html}");
    assert!(html.contains(r#"name="PLACEMENT_OPTIONS" value="{&quot;"#) && html.contains("LANG=en&amp;"), "{html}");
    let host = relay.portal.host();
    let off = client().post(format!("http://{host}/contact_center/disconnect/"));
    let off = off.header("origin", format!("http://{host}")).form(&[("ID", CONNECTOR), ("LINE", "107")]);
    assert_eq!(off.send().await.unwrap().status(), StatusCode::SEE_OTHER);
    relay.event("ONIMCONNECTORSTATUSDELETE").await;
    let unknown = client().get(relay.portal.settings_page_url("nobody", LINE, "ru")).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_installation_page_is_finished_from_its_frame() {
    let relay = Relay::start(Options::default()).await;
    relay.portal.install_by_frame(&relay.url, "ru");
    let host = relay.portal.host();
    let page = client().get(format!("http://{host}/marketplace/app/?LANG=ru")).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("/bitrix24/install?DOMAIN="));
    let library = client().get(format!("http://{host}/api/v1/")).send().await.unwrap().text().await.unwrap();
    assert!(library.contains("installFinish"));
    let finish = client().post(format!("http://{host}/marketplace/installed/"));
    let finish = finish.header("origin", format!("http://{host}"));
    assert_eq!(finish.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    relay.use_token(&relay.portal.token_of(otklik_portal::UserId(1)));
    assert_eq!(relay.call("app.info", json!({})).await["result"]["INSTALLED"], true);
}

#[tokio::test]
async fn a_file_is_sent_from_the_desk_and_opened_there() {
    let relay = Relay::ready(Options::default()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let page = "<script>alert(1)</script>";
    let url = format!("{}desk/file?chat=1807&by=27&name=price.html&kind=text/html", relay.portal.desk_url());
    let sent = client().post(url).body(page).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::NO_CONTENT);
    let picture = Pictures::of(&relay, 1807).await.until(|_| true).await;
    let file = &picture["talk"]["messages"].as_array().unwrap().last().unwrap()["files"][0];
    assert_eq!((&file["name"], &file["image"]), (&json!("price.html"), &json!(false)));
    let opened = client().get(format!("{}desk/file/{}", relay.portal.desk_url(), file["id"])).send().await.unwrap();
    assert_eq!(opened.headers()["content-type"], "application/octet-stream", "whatever it is called");
    assert_eq!(opened.text().await.unwrap(), page);
}

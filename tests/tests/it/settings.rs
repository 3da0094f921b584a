//! The connector's settings page: who may open it, and what its buttons do.

use otklik_tests::{
    admin::{self, Page},
    portal::{Fault, Mood},
    stage::{ANNA, CONNECTOR, SALES, SUPPORT, Stage},
};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn connect_switches_the_line_on_and_tells_its_address() {
    let stage = Stage::start().await;
    let chat = stage.connect(SALES, &["https://shop.example", "https://www.shop.example"]).await;
    let channel = stage.portal.channel(CONNECTOR, SALES).expect("the channel is there");
    assert!(channel.usable());
    assert_eq!(channel.data.keys().collect::<Vec<_>>(), ["ID", "NAME", "URL", "URL_IM"], "all four fields");
    assert_eq!(channel.data["URL_IM"], "https://shop.example/#otklik", "the address that opens the chat");
    assert_eq!(chat.snippet, format!("<script async src=\"{}/widget/{}.js\"></script>", stage.url(), chat.key));
}

#[tokio::test]
async fn each_line_is_a_site_of_its_own_and_keeps_its_key() {
    let stage = Stage::start().await;
    let sales = stage.connect(SALES, &["https://shop.example"]).await;
    let support = stage.connect(SUPPORT, &["https://shop.example"]).await;
    assert_ne!(sales.key, support.key);
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "en")).await;
    let answer = page.ask("disconnect", json!({})).await;
    assert!(answer.get("error").is_none(), "{answer}");
    stage.portal.wait_channel(CONNECTOR, SALES, false).await;
    let again = stage.connect(SALES, &["https://shop.example"]).await;
    assert_eq!(again.key, sales.key, "the snippet on the site goes on working");
}

#[tokio::test]
async fn saved_looks_are_in_the_launcher() {
    let stage = Stage::start().await;
    let chat = stage.connect(SALES, &["https://shop.example"]).await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    let look = json!({"name": "Лампы", "color": "#2447c9", "theme": "dark", "corner": "left", "launcher": "label", "label": "Спросить", "greeting": "Чем помочь?"});
    let answer = page.ask("save", json!({"sites": "https://lamps.example", "look": look})).await;
    assert!(answer.get("error").is_none(), "{answer}");
    let launcher = otklik_tests::http().get(format!("{}/widget/{}.js", stage.url(), chat.key)).send().await;
    let launcher = launcher.expect("the relay answers").text().await.expect("a script");
    for part in ["Лампы", "#2447c9", "left", "Спросить"] {
        assert!(launcher.contains(part), "{part} is not in {launcher}");
    }
    let document = otklik_tests::http().get(format!("{}/chat?site={}&lang=ru", stage.url(), chat.key)).send().await;
    let document = document.expect("the relay answers");
    let policy = document.headers()["content-security-policy"].to_str().expect("a policy is text").to_owned();
    assert!(policy.contains("frame-ancestors https://lamps.example"), "{policy}");
    assert!(document.text().await.expect("a document").contains("Чем помочь?"));
}

#[tokio::test]
async fn what_is_no_origin_is_named() {
    let stage = Stage::start().await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    for stray in ["", "shop", "ftp://shop.example", "https://", "javascript:alert(1)"] {
        let answer = page.ask("connect", json!({"sites": stray})).await;
        assert!(answer["error"].is_string(), "{stray:?}: {answer}");
    }
    assert!(stage.portal.channel(CONNECTOR, SALES).is_none_or(|channel| !channel.usable()));
}

#[tokio::test]
async fn only_an_administrator_of_this_portal_gets_in() {
    let stage = Stage::start().await;
    let (status, page) = admin::open(&stage.portal.open_settings_as(SALES, "ru", ANNA)).await;
    assert_eq!(status, 403, "an operator is no administrator: {page}");
    let mut forged = stage.portal.open_settings(SALES, "ru");
    forged.body = forged.body.replace("AUTH_ID=", "AUTH_ID=f");
    assert_eq!(admin::open(&forged).await.0, 403, "a token that the portal does not know");
    let host = stage.portal.host().replace(':', "%3A");
    let mut foreign = stage.portal.open_settings(SALES, "ru");
    foreign.url = foreign.url.replace(&host, "evil.example").replace(&stage.portal.host(), "evil.example");
    assert_eq!(admin::open(&foreign).await.0, 403, "a portal that is not in the settings");
    assert_eq!(admin::ask(&stage.url(), "no-such-key", &json!({"do": "state"})).await.0, 403, "no page's key");
}

#[tokio::test]
async fn a_page_works_for_an_hour() {
    let stage = Stage::by_hand().await;
    let frame = stage.portal.open_settings(SALES, "ru");
    let page = Page::open(&stage.url(), &frame).await;
    assert!(page.ask("state", json!({})).await.get("error").is_none());
    stage.clock.advance(Duration::from_secs(3601));
    assert_eq!(page.ask("state", json!({})).await["error"], "expired");
    stage.portal.advance(Duration::from_secs(3601));
    assert_eq!(admin::open(&frame).await.0, 403, "nor does the portal's old form open it again");
}

#[tokio::test]
async fn who_is_no_administrator_any_more_is_shown_out() {
    let stage = Stage::start().await;
    let frame = stage.portal.open_settings(SALES, "ru");
    stage.portal.set_admin(otklik_tests::portal::UserId(1), false);
    assert_eq!(admin::open(&frame).await.0, 403);
}

#[tokio::test]
async fn a_portal_that_does_not_answer_is_named() {
    let stage = Stage::start().await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    let answer = page.ask("connect", json!({"sites": "https://shop.example"})).await;
    assert!(answer["error"].is_string(), "{answer}");
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    page.connect(&["https://shop.example"]).await;
}

#[tokio::test]
async fn a_reconnect_that_fails_closes_no_chat_that_works() {
    let stage = Stage::start().await;
    let chat = stage.connect(SALES, &["https://shop.example"]).await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    stage.portal.fault_on("imconnector.activate", Fault::Refuse("ACCESS_DENIED".to_owned()), 1);
    let answer = page.ask("connect", json!({"sites": "https://shop.example"})).await;
    assert!(answer["error"].is_string(), "{answer}");
    assert_eq!(page.ask("state", json!({})).await["state"]["site"]["connected"], true);
    stage.visitor(&chat.key).await.say("Раз").await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Раз"]).await;
}

#[tokio::test]
async fn a_line_switched_off_in_the_portal_closes_its_chat() {
    let stage = Stage::start().await;
    let chat = stage.connect(SALES, &["https://shop.example"]).await;
    stage.portal.disconnect_line(CONNECTOR, SALES);
    stage.portal.wait_sent().await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    assert_eq!(page.start["state"]["site"]["snippet"].as_str(), Some(chat.snippet.as_str()));
    stage.connect(SALES, &["https://shop.example"]).await;
}

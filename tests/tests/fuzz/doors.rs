//! The relay's own doors, knocked at with bent bodies over real HTTP: whatever comes is answered, never with our fault,
//! and the relay goes on.

use otklik_tests::{
    fuzz, http,
    stage::{SALES, Stage},
    visitor::Visitor,
};
use reqwest::Client;

const SEED: u64 = 20_260_821;
const KNOCKS: u32 = 60;

/// Bent bodies, as many as are knocked with.
fn bodies(name: &str) -> Vec<Vec<u8>> {
    fuzz::samples(name, SEED, KNOCKS)
}

async fn knock(client: &Client, address: &str, kind: &str, body: Vec<u8>) {
    let shown = body.escape_ascii().to_string();
    let answer = client.post(address).header("content-type", kind).body(body).send().await;
    let status = answer.unwrap_or_else(|error| panic!("{address} breaks off: {error}\n{shown}")).status();
    assert!(!status.is_server_error() || status == 503, "{address} answers {status} to {shown}");
}

async fn goes_on(stage: &Stage) {
    let mut visitor = stage.visitor(&stage.site().await).await;
    visitor.say("всё ещё здесь?").await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["всё ещё здесь?"]).await;
}

#[tokio::test]
async fn the_portals_doors_take_anything() {
    let stage = Stage::start().await;
    let (client, form) = (http(), "application/x-www-form-urlencoded");
    let portal = &stage.portal;
    for body in bodies("forms") {
        for door in ["events", "install", "settings"] {
            knock(&client, &format!("{}/bitrix24/{door}", stage.url()), form, body.clone()).await;
        }
        let auth =
            format!("auth[member_id]={}&auth[application_token]={}&", portal.member_id(), portal.application_token());
        let signed = [auth.as_bytes(), &body].concat();
        knock(&client, &format!("{}/bitrix24/events", stage.url()), form, signed).await;
    }
    // Who is behind the signature of a frame is asked of the portal each time, which allows few questions.
    let frame = portal.open_settings(SALES, "ru");
    for body in bodies("forms").into_iter().take(10) {
        knock(&client, &frame.url, form, [frame.body.as_bytes(), b"&", &body].concat()).await;
    }
    goes_on(&stage).await;
}

#[tokio::test]
async fn the_settings_page_may_be_told_anything() {
    let stage = Stage::start().await;
    let page = otklik_tests::admin::Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    let key = page.start["key"].as_str().expect("the page has a key").to_owned();
    for body in bodies("settings") {
        let shown = body.escape_ascii().to_string();
        let request = http().post(format!("{}/bitrix24/settings/api", stage.url())).header("x-otklik-page", &key);
        let request = request.header("origin", stage.url()).header("content-type", "application/json").body(body);
        let status = request.send().await.expect("the relay answers").status();
        assert!(!status.is_server_error() || status == 503, "{status} to {shown}");
    }
    goes_on(&stage).await;
}

#[tokio::test]
async fn the_visitors_doors_take_anything() {
    let stage = Stage::start().await;
    let (client, site) = (http(), stage.site().await);
    for body in bodies("frames") {
        let shown = body.escape_ascii().to_string();
        let request = client.post(format!("{}/v1/poll", stage.url())).header("origin", stage.url());
        let request = request.header("content-type", "application/json").body(body.clone());
        let status = request.send().await.expect("the relay answers").status();
        assert!(!status.is_server_error(), "{status} to {shown}");
        if let Ok(text) = String::from_utf8(body) {
            let mut stranger = Visitor::connect(&stage.url(), &stage.url(), &site).await.expect("its own origin");
            stranger.send_raw(&text).await;
        }
    }
    goes_on(&stage).await;
}

//! What relays log, at their most talkative: nobody's name, nobody's words, no token and no key. Every scene of these
//! tests ends with the same audit; here one walks by every door on purpose.

use otklik_tests::{
    admin::{self, Page},
    http, logs,
    portal::{Fault, Mood},
    stage::{ANNA, SALES, Stage},
};
use serde_json::json;
use shared::MessageState;
use std::time::Duration;

const SEND: &str = "imconnector.send.messages";

/// Words that stand nowhere else.
const SAID: &str = "не для чужих глаз 7f3a9c51";
const ANSWERED: &str = "и это тоже 0be6d2f8";
const SITE: &str = "https://shop-5d1c77e0.example";
const NAME: &str = "Вывеска 93b1a4f6";

#[test]
fn an_audit_finds_what_is_there() {
    let from = logs::end();
    logs::note("{\"message\":\"somebody said 4b8e02d7f1\"}");
    let told = logs::audit(from, ["4b8e02d7f1".to_owned(), "else".to_owned()]);
    assert!(matches!(&told[..], [line] if line.contains("4b8e02d7f1")), "{told:?}");
    assert!(logs::audit(from, ["9999999999".to_owned()]).is_empty());
}

#[tokio::test]
async fn a_log_of_everything_names_nobody_and_quotes_nothing() {
    let from = logs::end();
    let mut stage = Stage::with_process().await;
    let mut secrets = settings(&stage).await;
    let site = stage.connect(SALES, &[SITE]).await.key;
    let mut visitor = stage.visitor(&site).await;
    secrets.extend(visitor.session.clone());
    let first = visitor.say(SAID).await;
    visitor.wait_for_state(&first, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == [SAID]).await;
    for fault in [Fault::HtmlPage, Fault::ExpiredToken, Fault::ElementFailure, Fault::Limit, Fault::CutAfter] {
        stage.portal.fault_on(SEND, fault, 1);
    }
    stage.portal.fault_on("oauth.token", Fault::Refuse("invalid_grant".to_owned()), 1);
    visitor.say(&format!("{SAID} снова")).await;
    stage.portal.wait_calls(SEND, 2).await;
    stage.portal.operator_says(chat.id, ANNA, ANSWERED).expect("Anna may answer");
    stage.portal.operator_whispers(chat.id, ANNA, &format!("{ANSWERED} шёпотом")).expect("Anna may whisper");
    visitor.hear(ANSWERED).await;
    visitor.send_raw(&format!("{{\"type\":\"say\",\"text\":\"{SAID}\"")).await;
    strangers(&stage).await;
    stage.kill().await;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    stage.start_process().await;
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    stage.portal.clear_faults();
    visitor.resume().await;
    stage.restart().await;
    let words = [SAID, ANSWERED, SITE, NAME].map(str::to_owned);
    let leaks = logs::audit(from, secrets.into_iter().chain(words).chain(stage.portal.secrets()));
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    let told = logs::last(usize::MAX).join("\n");
    assert!(told.contains("serving") && told.contains("line connected"), "it does log something: {told}");
}

/// Everything the settings page can do; what of it no log may have.
async fn settings(stage: &Stage) -> Vec<String> {
    let frame = stage.portal.open_settings(SALES, "ru");
    let page = Page::open(&stage.url(), &frame).await;
    page.connect(&[SITE]).await;
    let look = json!({"name": NAME, "color": "#0a84ff", "theme": "auto", "corner": "right", "launcher": "bubble",
        "label": NAME, "greeting": NAME});
    page.ask("save", json!({"sites": SITE, "look": look})).await;
    page.ask("save", json!({"sites": format!("ftp://{NAME}"), "look": look})).await;
    page.ask("disconnect", json!({})).await;
    vec![page.start["key"].as_str().expect("the page has a key").to_owned()]
}

/// Who is none of ours comes by every door, with what is ours in their hands.
async fn strangers(stage: &Stage) {
    let token = stage.portal.application_token();
    let mut frame = stage.portal.open_settings(SALES, "ru");
    frame.body = frame.body.replace(&token, "0123456789abcdef0123456789abcdef");
    admin::open(&frame).await;
    let secret = stage.portal.client_secret();
    for door in ["events", "install", "settings"] {
        let form =
            format!("event=ONAPPINSTALL&auth[access_token]={token}&auth[refresh_token]={secret}&auth[member_id]=x");
        let request = http().post(format!("{}/bitrix24/{door}", stage.url()));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        request.send().await.expect("the relay answers");
    }
    for path in
        [format!("bitrix24/oauth?code={secret}&state={token}"), format!("files/{token}/{secret}"), token.clone()]
    {
        let request = http().get(format!("{}/{path}", stage.url())).timeout(Duration::from_secs(10));
        request.send().await.expect("the relay answers");
    }
}

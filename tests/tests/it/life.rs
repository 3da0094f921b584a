//! The application's life at a portal: tokens that die, an installer who leaves, a portal that is renamed or old, an
//! application that is removed and comes back.

use otklik_server::clock::Clock;
use otklik_tests::{
    admin::{self, Page},
    doctor::{findings, told_of},
    http,
    portal::{Chat, Fault, UserId},
    stage::{ANNA, CONNECTOR, SALES, Stage},
    visitor::Visitor,
    wait::until,
};
use serde_json::{Value, json};
use shared::{MessageState, Refusal, ToServer, ToWidget};
use std::time::Duration;

pub const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A conversation that has begun.
pub async fn begun(stage: &Stage) -> (Visitor, Chat) {
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    let id = visitor.say("один").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["один"]).await;
    (visitor, chat)
}

pub async fn wait_for_obstacle(page: &Page, word: &str) -> Value {
    until(&format!("the page to say {word}"), || async {
        let obstacle = page.ask("state", json!({})).await["state"]["obstacle"].clone();
        (obstacle["word"] == word).then_some(obstacle)
    })
    .await
}

/// An administrator's browser at `from`: to the portal, and back with a code. The relay's last answer.
pub async fn authorise(from: &str) -> u16 {
    let mut at = from.to_owned();
    loop {
        let answer = http().get(&at).send().await.expect("an answer");
        match answer.headers().get("location") {
            Some(to) => at = to.to_str().expect("an address is text").to_owned(),
            None => return answer.status().as_u16(),
        }
    }
}

#[tokio::test]
async fn dead_tokens_are_said_with_the_way_to_new_ones_and_messages_go_as_soon_as_there_are_some() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage).await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    stage.portal.spend_refresh_tokens();
    stage.portal.advance(2 * HOUR);
    let id = visitor.say("два").await;
    let obstacle = wait_for_obstacle(&page, "tokens").await;
    let told = findings(&stage).await;
    let way = obstacle["authorise"].as_str().expect("there is a way");
    assert!(told_of(&told, "tokens").contains(way), "{told:?}");
    assert_eq!(authorise(way).await, 200);
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
    // The same installation, so its events are signed as before.
    stage.portal.operator_says(chat.id, ANNA, "три").expect("Anna may answer");
    visitor.hear("три").await;
}

#[tokio::test]
async fn another_administrator_takes_over_from_an_installer_who_left() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage).await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    stage.portal.dismiss_installer();
    let id = visitor.say("два").await;
    let obstacle = wait_for_obstacle(&page, "installer").await;
    let told = findings(&stage).await;
    assert!(told_of(&told, "tokens").contains("another administrator"), "{told:?}");
    stage.portal.hire_administrator(UserId(2));
    assert_eq!(authorise(obstacle["authorise"].as_str().expect("there is a way")).await, 200);
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
}

#[tokio::test]
async fn an_idle_portals_tokens_are_renewed_in_time_and_no_sooner() {
    let stage = Stage::by_hand().await;
    let renewed = || stage.portal.calls("oauth.token").len();
    let before = renewed();
    for _ in 0..149 {
        stage.clock.advance(DAY);
    }
    Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    assert_eq!(renewed(), before, "nothing needed them");
    stage.clock.advance(2 * DAY); // the portal would take the old ones on
    stage.portal.wait_calls("oauth.token", before + 1).await;
}

#[tokio::test]
async fn a_crash_while_tokens_are_exchanged_leaves_the_old_pair_or_the_way_to_new_ones() {
    let mut stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage).await;
    stage.portal.advance(2 * HOUR);
    stage.portal.fault_on("oauth.token", Fault::CutBefore, 9);
    let asked = stage.portal.calls("oauth.token").len();
    Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await; // looks at the line with the kept pair
    stage.portal.wait_calls("oauth.token", asked + 1).await;
    stage.kill().await;
    stage.portal.clear_faults();
    stage.start_here().await;
    visitor = visitor.resume().await;
    let id = visitor.say("два").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    // The answer is lost on its way: the old pair is spent, the new one nobody has.
    stage.portal.advance(2 * HOUR);
    stage.portal.fault_on("oauth.token", Fault::CutAfter, 1);
    let mut back = visitor.resume().await;
    let id = back.say("три").await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    let obstacle = wait_for_obstacle(&page, "tokens").await;
    assert_eq!(authorise(obstacle["authorise"].as_str().expect("there is a way")).await, 200);
    back.wait_for_state(&id, MessageState::Delivered).await;
    stage.portal.wait_texts(&chat.external, &["один", "два", "три"]).await;
}

#[tokio::test]
async fn a_renamed_portal_is_followed_and_its_lines_work_on() {
    let mut stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage).await;
    stage.portal.rename();
    let id = visitor.say("два").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let frame = stage.portal.open_settings(SALES, "ru");
    let request = http().post(&frame.url).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(frame.body).send().await.expect("the relay answers");
    let policy = answer.headers()["content-security-policy"].to_str().expect("a policy is text").to_owned();
    assert!(policy.ends_with(&format!("frame-ancestors http://{}", stage.portal.address_now())), "{policy}");
    stage.restart().await;
    let mut back = visitor.resume().await;
    let id = back.say("три").await;
    back.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_texts(&chat.external, &["один", "два", "три"]).await;
    stage.portal.operator_says(chat.id, ANNA, "четыре").expect("Anna may answer");
    back.hear("четыре").await;
}

#[tokio::test]
async fn a_renamed_portal_is_installed_anew_under_the_name_of_the_settings() {
    let stage = Stage::start().await;
    let (mut visitor, _) = begun(&stage).await;
    stage.portal.rename();
    let id = visitor.say("два").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    stage.install().await; // “Reinstall” is told under the new name
    Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
}

#[tokio::test]
async fn a_portal_renamed_while_nobody_called_opens_its_settings() {
    let stage = Stage::by_hand().await;
    begun(&stage).await;
    stage.portal.rename();
    Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
}

#[tokio::test]
async fn an_application_removed_with_its_data_leaves_nothing() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage).await;
    stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
    visitor.hear("два").await;
    let launcher = format!("{}/widget/{}.js", stage.url(), visitor.site());
    stage.portal.uninstall(true);
    until("the site to be gone", || async {
        let script = http().get(&launcher).send().await.ok()?.text().await.ok()?;
        script.contains("no such site").then_some(())
    })
    .await;
    assert_eq!(visitor.knock().await, Some(shared::Refusal::SessionUnknown), "nobody knows the visitor any more");
    stage.install().await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    assert!(page.start["state"]["site"].is_null(), "the line begins anew: {}", page.start);
}

#[tokio::test]
async fn an_application_removed_without_its_data_keeps_what_was_said() {
    let stage = Stage::start().await;
    let (visitor, _) = begun(&stage).await;
    let launcher = format!("{}/widget/{}.js", stage.url(), visitor.site());
    stage.portal.uninstall(false);
    until("the bubble to leave the site", || async {
        let script = http().get(&launcher).send().await.ok()?.text().await.ok()?;
        script.contains("disconnected").then_some(())
    })
    .await;
    let script = http().get(&launcher).send().await.expect("an answer").text().await.expect("text");
    assert!(script.contains("\"closed\":true"), "who has written there still reads it: {script}");
    let mut visitor = visitor.resume().await;
    assert_eq!(visitor.texts(), ["один"]);
    let refused =
        visitor.act(|id| ToServer::Say { id, text: "два".to_owned(), reply_to: None, files: Vec::new() }).await;
    assert!(matches!(refused, ToWidget::Refused { code: Refusal::SiteClosed, .. }), "{refused:?}");
}

#[tokio::test]
async fn an_application_added_anew_with_other_keys_takes_its_place() {
    let mut stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage).await;
    stage.portal.uninstall(false);
    stage.portal.wait_sent().await;
    stage.portal.set_app(|app| {
        app.client_id = "local.0123456789abcd.87654321".to_owned();
        app.client_secret = "another".to_owned();
    });
    // The card is saved before anybody could copy its keys.
    assert!(stage.portal.install_into(&stage.url()).await.is_some());
    stage.restart().await;
    if !stage.portal.becomes_ready(CONNECTOR).await {
        stage.install().await; // “Reinstall”, once the keys are in the settings
    }
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    page.connect(&["https://shop.example"]).await;
    visitor = visitor.resume().await;
    let id = visitor.say("два").await;
    visitor.wait_for_state(&id, MessageState::Delivered).await;
    let chat = stage.portal.wait_texts(&chat.external, &["один", "два"]).await;
    stage.portal.operator_says(chat.id, ANNA, "три").expect("Anna may answer");
    visitor.hear("три").await;
}

#[tokio::test]
async fn a_signature_of_before_gives_way_to_the_one_an_administrator_brings() {
    let stage = Stage::start().await;
    begun(&stage).await;
    // Installed anew, and the event that tells so is lost; an administrator's browser brings tokens.
    stage.portal.fault_on("ONAPPINSTALL", Fault::EventLost, 1);
    stage.portal.save_card(&stage.url());
    assert_eq!(authorise(&format!("{}/bitrix24/oauth", stage.url())).await, 200);
    stage.portal.wait_ready(CONNECTOR).await;
    let site = stage.site().await; // the settings page brings the new signature
    let mut visitor = stage.visitor(&site).await;
    visitor.say("Алло").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Алло"]).await;
    stage.portal.operator_says(chat.id, ANNA, "Да").expect("Anna may answer");
    visitor.hear("Да").await;
    let mut forged = stage.portal.open_settings(SALES, "ru");
    forged.body = forged.body.replace(&stage.portal.application_token(), "0123456789abcdef0123456789abcdef");
    assert_eq!(admin::open(&forged).await.0, 403, "from then on only that one counts");
}

#[tokio::test]
async fn an_older_portal_serves_without_what_it_does_not_know() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.portal.lacks(&[
        "app.info",
        "event.offline.list",
        "event.offline.get",
        "imconnector.set.error",
        "imopenlines.dialog.get",
        "server.time",
    ]);
    stage.start_here().await;
    stage.install().await;
    let (mut visitor, chat) = begun(&stage).await;
    stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
    visitor.hear("два").await;
    let told = findings(&stage).await;
    let fails: Vec<_> = otklik_tests::doctor::failing(&told);
    assert!(fails.is_empty(), "{told:?}");
    stage.restart().await; // asks for the queue at once
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    until("the page to say what is worse there", || async {
        let hints = page.ask("state", json!({})).await["state"]["hints"].clone();
        (hints == json!(["queue"])).then_some(())
    })
    .await;
    assert!(
        told.iter().any(|finding| finding.what.ends_with("offline queue") && finding.told.contains("keeps no events"))
    );
}

//! What befalls an application and nobody tells: its handlers are dropped, its frames are not signed, it is removed, its line
//! is deleted, the disk fills up while its tokens are exchanged.

use crate::life::{HOUR, authorise, begun, wait_for_obstacle};
use otklik_server::clock::Clock;
use otklik_tests::{
    admin::{self, Page},
    doctor::{findings, told_of},
    http,
    portal::{Chat, Fault, Line, LineId},
    stage::{ANNA, CONNECTOR, SALES, SUPPORT, Stage},
    visitor::{Visitor, message_id},
    wait::until,
};
use serde_json::json;
use shared::{MessageState, Refusal, ToServer, ToWidget};

/// A line that is made later.
const SALES_ANEW: LineId = LineId(111);

/// The operator's answer reaches the visitor as it happens, not by a look into the past.
async fn answer_comes(stage: &Stage, visitor: &mut Visitor, chat: &Chat, text: &str) {
    let sent = stage.portal.deliveries().len();
    stage.portal.operator_says(chat.id, ANNA, text).expect("Anna may answer");
    visitor.hear(text).await;
    stage.portal.wait_sent().await;
    let told = stage.portal.deliveries().split_off(sent);
    let adds: Vec<_> = told.iter().filter(|one| one.event == "ONIMCONNECTORMESSAGEADD").collect();
    assert!(!adds.is_empty() && adds.iter().all(|one| one.status == Some(200)), "{adds:?}");
}

#[tokio::test]
async fn handlers_that_a_saved_card_dropped_are_bound_again_within_the_hour() {
    let stage = Stage::by_hand().await;
    let (visitor, chat) = begun(&stage).await;
    let before = stage.portal.bindings().len();
    stage.portal.resave_card();
    assert!(stage.portal.bindings().is_empty());
    stage.advance(HOUR);
    stage.portal.wait_ready(CONNECTOR).await;
    assert_eq!(stage.portal.bindings().len(), before, "online and in the offline queue");
    let mut visitor = visitor.resume().await;
    let _hurry = stage.hurry();
    answer_comes(&stage, &mut visitor, &chat, "два").await;
}

#[tokio::test]
async fn handlers_are_bound_at_once_where_the_portal_tells_of_its_card() {
    let stage = Stage::start().await;
    let (mut visitor, chat) = begun(&stage).await;
    stage.portal.update_card();
    stage.portal.wait_ready(CONNECTOR).await;
    answer_comes(&stage, &mut visitor, &chat, "два").await;
}

#[tokio::test]
async fn a_portal_whose_frames_are_not_signed_teaches_its_signature_by_an_event() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.portal.set_build(|build| build.signs_frames = false);
    stage.start_here().await;
    let (status, page) = admin::open(&stage.portal.install_by_frame(&stage.url(), "ru")).await;
    assert_eq!(status, 200, "{page}");
    stage.portal.finish_install();
    stage.portal.wait_ready(CONNECTOR).await;
    let (mut visitor, chat) = begun(&stage).await;
    answer_comes(&stage, &mut visitor, &chat, "два").await;
    let asked = stage.portal.calls("app.info").len();
    answer_comes(&stage, &mut visitor, &chat, "три").await;
    assert_eq!(stage.portal.calls("app.info").len(), asked, "once it is known nobody is asked");
}

#[tokio::test]
async fn tokens_of_an_administrators_visit_alone_are_enough_to_hear_an_older_portal() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.portal.set_build(|build| build.signs_frames = false);
    stage.start_here().await;
    stage.portal.fault_on("ONAPPINSTALL", Fault::EventLost, 1);
    stage.portal.save_card(&stage.url());
    assert_eq!(authorise(&format!("{}/bitrix24/oauth", stage.url())).await, 200);
    stage.portal.wait_ready(CONNECTOR).await;
    let (mut visitor, chat) = begun(&stage).await;
    answer_comes(&stage, &mut visitor, &chat, "два").await;
}

#[tokio::test]
async fn an_event_without_a_true_token_teaches_nothing() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.portal.set_build(|build| build.signs_frames = false);
    stage.start_here().await;
    admin::open(&stage.portal.install_by_frame(&stage.url(), "ru")).await;
    stage.portal.finish_install();
    stage.portal.wait_ready(CONNECTOR).await;
    let (mut visitor, chat) = begun(&stage).await;
    let asked = stage.portal.calls("app.info").len();
    for nth in 0..40 {
        let forged = [
            ("event", "ONAPPUNINSTALL".to_owned()),
            ("data[CLEAN]", "1".to_owned()),
            ("auth[member_id]", stage.portal.member_id()),
            ("auth[application_token]", "0123456789abcdef".to_owned()),
            ("auth[access_token]", format!("made-up-{nth}")),
        ];
        let posted = http().post(format!("{}/bitrix24/events", stage.url())).form(&forged).send().await;
        assert_eq!(posted.expect("the relay answers").status(), 403);
    }
    let asked = stage.portal.calls("app.info").len() - asked;
    assert!((1..20).contains(&asked), "the portal was asked {asked} times");
    // Whatever was made up: the portal's own word counts, as soon as there is room for a question.
    until("the portal to be heard", || async {
        let sent = stage.portal.deliveries().len();
        stage.portal.operator_says(chat.id, ANNA, "два").expect("Anna may answer");
        stage.portal.wait_sent().await;
        let told = stage.portal.deliveries().split_off(sent);
        told.iter().any(|one| one.status == Some(200)).then_some(())
    })
    .await;
    visitor.hear("два").await;
}

#[tokio::test]
async fn a_removal_that_nobody_told_of_closes_the_chats_after_a_day_and_access_opens_them() {
    let stage = Stage::by_hand().await;
    let (visitor, _) = begun(&stage).await;
    let launcher = format!("{}/widget/{}.js", stage.url(), visitor.site());
    let is_closed = || async {
        let script = http().get(&launcher).send().await.ok()?.text().await.ok()?;
        script.contains("\"closed\":true").then_some(())
    };
    stage.portal.spend_refresh_tokens(); // as good as removed: nobody renews
    stage.advance(2 * HOUR);
    let mut back = visitor.resume().await;
    let waits = back.say("два").await;
    {
        let _hurry = stage.hurry_by(HOUR / 6);
        until("the chat to be closed", is_closed).await;
    }
    let told = findings(&stage).await;
    assert!(told_of(&told, "portal").contains("refused the application's tokens for a day"), "{told:?}");
    let (status, page) = admin::open(&stage.portal.open_settings(SALES, "ru")).await;
    assert!(status == 403 && page.contains("Портал сутки не принимал доступ чата"), "{page}");
    assert_eq!(authorise(&format!("{}/bitrix24/oauth", stage.url())).await, 200);
    let mut back = back.resume().await;
    let _hurry = stage.hurry();
    back.wait_for_state(&waits, MessageState::Delivered).await;
    stage.wait_for_texts(&["один", "два"]).await;
    assert!(is_closed().await.is_none());
}

#[tokio::test]
async fn an_application_that_the_portal_does_not_find_is_removed_where_nobody_renews_its_tokens() {
    let stage = Stage::by_hand().await;
    let (mut visitor, _) = begun(&stage).await;
    let launcher = format!("{}/widget/{}.js", stage.url(), visitor.site());
    for method in ["app.info", "imconnector.send.messages"] {
        stage.portal.fault_on(method, Fault::Refuse("APPLICATION_NOT_FOUND".to_owned()), 1_000);
    }
    visitor.say("два").await;
    stage.portal.spend_refresh_tokens();
    let _hurry = stage.hurry_by(HOUR / 6);
    until("the chat to be closed", || async {
        let script = http().get(&launcher).send().await.ok()?.text().await.ok()?;
        script.contains("\"closed\":true").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_mistake_of_some_hours_closes_nothing() {
    let mut stage = Stage::by_hand().await;
    let (visitor, _) = begun(&stage).await;
    let right = stage.portal.client_secret();
    stage.portal.set_app(|app| app.client_secret = "another".to_owned());
    stage.advance(2 * HOUR);
    let mut back = visitor.resume().await;
    let waits = back.say("два").await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    wait_for_obstacle(&page, "keys").await;
    for _ in 0..20 {
        stage.advance(HOUR);
    }
    stage.portal.set_app(|app| app.client_secret = right);
    stage.restart().await;
    let mut back = back.resume().await;
    let _hurry = stage.hurry();
    back.wait_for_state(&waits, MessageState::Delivered).await;
}

#[tokio::test]
async fn a_deleted_lines_chat_goes_on_at_the_next_line_of_the_same_site() {
    let stage = Stage::start().await;
    let (mut visitor, _) = begun(&stage).await;
    stage.portal.fault_on("imconnector.send.messages", Fault::LineOff, 1_000);
    let waits = visitor.say("два").await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    stage.portal.delete_line(SALES);
    until("the page to say that the line is gone", || async {
        let state = page.ask("state", json!({})).await["state"].clone();
        (state["obstacle"]["word"] == "line_gone" && state["waiting"] == 1).then_some(())
    })
    .await;
    let told = findings(&stage).await;
    assert!(told_of(&told, "line 107").contains("1 messages wait"), "{told:?}");
    let refused =
        visitor.act(|id| ToServer::Say { id, text: "три".to_owned(), reply_to: None, files: Vec::new() }).await;
    assert!(matches!(refused, ToWidget::Refused { code: Refusal::SiteClosed, .. }), "{refused:?}");
    stage.portal.clear_faults();
    let next = stage.connect(SUPPORT, &["https://shop.example"]).await;
    assert_eq!(&next.key, visitor.site(), "the code on the site stays");
    visitor.wait_for_state(&waits, MessageState::Delivered).await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["два"]).await;
    stage.portal.operator_says(chat.id, ANNA, "Здесь").expect("Anna may answer");
    visitor.hear("Здесь").await;
    stage.portal.set_line(Line::new(SALES_ANEW, "Отдел продаж"));
    let other = stage.connect(SALES_ANEW, &["https://other.example"]).await;
    assert_ne!(&other.key, visitor.site());
}

#[tokio::test]
async fn a_line_that_is_gone_without_a_word_is_found_out_and_its_chat_goes_on_at_the_next() {
    let stage = Stage::start().await;
    let (mut visitor, _) = begun(&stage).await;
    for event in ["ONIMCONNECTORLINEDELETE", "ONIMCONNECTORSTATUSDELETE"] {
        stage.portal.fault_on(event, Fault::EventLost, 10);
    }
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    stage.portal.delete_line(SALES);
    let waits = visitor.say("два").await;
    wait_for_obstacle(&page, "line_gone").await;
    let next = stage.connect(SUPPORT, &["https://shop.example"]).await;
    assert_eq!(&next.key, visitor.site(), "the code on the site stays");
    visitor.wait_for_state(&waits, MessageState::Delivered).await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["два"]).await;
}

/// Whether the relay accepts one more message.
async fn takes(visitor: &Visitor, text: &str) -> bool {
    let hello = json!({"type": "hello", "version": 1, "site": visitor.site(), "session": visitor.session, "seen": 0});
    let frames = json!({"frames": [hello, {"type": "say", "id": message_id(), "text": text}]});
    let asked = http().post(format!("{}/v1/poll", visitor.relay())).header("origin", visitor.relay()).json(&frames);
    let Ok(answer) = asked.send().await else { return false };
    answer.text().await.is_ok_and(|text| text.contains("\"accepted\""))
}

#[tokio::test]
async fn a_disk_that_fills_up_while_tokens_are_exchanged_loses_no_access() {
    let limits = "[limits]\nsession_burst = 5000\naddress_burst = 5000\n";
    let mut stage = Stage::empty(Clock::real(), limits).await;
    stage.start_process().await;
    stage.install().await;
    let (visitor, _) = begun(&stage).await;
    stage.kill().await;
    let size = std::fs::metadata(stage.data()).expect("the data is there").len();
    stage.start_process_confined(size).await;
    let mut visitor = visitor.resume().await;
    let asked = stage.portal.calls("oauth.token").len();
    stage.portal.advance(2 * HOUR);
    stage.portal.fault_on("oauth.token", Fault::Slow(HOUR), 1);
    visitor.say("два").await;
    stage.portal.wait_calls("oauth.token", asked + 1).await;
    while takes(&visitor, &"ещё ".repeat(2_000)).await {}
    stage.portal.advance(2 * HOUR);
    stage.ended().await;
    stage.start_process().await;
    let mut back = visitor.resume().await;
    let id = back.say("три").await;
    back.wait_for_state(&id, MessageState::Delivered).await;
    assert_eq!(stage.portal.calls("oauth.token").len(), asked + 2, "the pair was good, and has its hour behind it");
}

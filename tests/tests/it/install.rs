//! The application and its connector: installed, parked, forged, registered.

use otklik_server::clock::Clock;
use otklik_tests::{
    admin,
    portal::{Fault, Mood, Way},
    stage::{ANNA, CONNECTOR, SALES, Stage},
};
use std::time::Duration;

/// Every event the relay wants, and how often it is to stand in the offline queue.
const EVENTS: [(&str, usize); 8] = [
    ("ONIMCONNECTORMESSAGEADD", 1),
    ("ONIMCONNECTORMESSAGEUPDATE", 1),
    ("ONIMCONNECTORMESSAGEDELETE", 1),
    ("ONIMCONNECTORDIALOGSTART", 1),
    ("ONIMCONNECTORDIALOGFINISH", 1),
    ("ONIMCONNECTORSTATUSDELETE", 1),
    ("ONIMCONNECTORLINEDELETE", 0),
    ("ONAPPUNINSTALL", 0),
];

#[tokio::test]
async fn an_installation_registers_connector_and_events() {
    let stage = Stage::start().await;
    let connector = stage.portal.connector(CONNECTOR).expect("it is registered");
    assert!(connector.image.starts_with("data:image/svg+xml") && connector.image_disabled.is_some(), "both icons");
    assert!(connector.may.edit_internal && connector.may.delete_internal, "operators may edit and delete");
    assert_eq!(connector.handler, format!("{}/bitrix24/settings", stage.url()));
    let bindings = stage.portal.bindings();
    for (event, kept) in EVENTS {
        let ways: Vec<_> = bindings.iter().filter(|one| one.event == event).map(|one| &one.way).collect();
        let online = ways
            .iter()
            .filter(|way| matches!(way, Way::Online(to) if *to == format!("{}/bitrix24/events", stage.url())));
        let offline = ways.iter().filter(|way| matches!(way, Way::Offline(_)));
        assert_eq!((online.count(), offline.count()), (1, kept), "{event} is bound once each way");
    }
}

#[tokio::test]
async fn an_installation_leaves_the_portals_calls_to_messages() {
    let stage = Stage::start().await;
    let calls = stage.portal.all_calls().into_iter().map(|call| call.method);
    let calls: Vec<String> = calls.filter(|method| method != "oauth.token").collect();
    assert!(calls.len() <= 8, "the portal's bucket holds 50: {calls:?}");
}

#[tokio::test]
async fn a_restart_binds_nothing_twice() {
    let mut stage = Stage::start().await;
    let before = stage.portal.bindings();
    let asked = stage.portal.calls("event.get").len();
    stage.restart().await;
    stage.portal.wait_calls("event.get", asked + 1).await;
    stage.portal.wait_calls("imconnector.register", 2).await;
    assert_eq!(stage.portal.bindings(), before);
}

#[tokio::test]
async fn an_installation_may_come_before_its_keys() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.start_without_portal().await;
    assert_eq!(stage.portal.install_into(&stage.url()).await, Some(200), "parked");
    assert!(stage.portal.all_calls().is_empty(), "nobody is called back who is not in the settings");
    stage.restart().await;
    stage.portal.wait_ready(CONNECTOR).await;
    let site = stage.site().await;
    stage.visitor(&site).await.say("Работает?").await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Работает?"]).await;
}

#[tokio::test]
async fn an_application_with_pages_is_installed_in_its_frame() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.start_here().await;
    let (status, page) = admin::open(&stage.portal.install_by_frame(&stage.url(), "ru")).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("BX24.installFinish"), "the page tells the portal that it is done");
    stage.portal.finish_install();
    stage.portal.wait_ready(CONNECTOR).await;
    stage.site().await;
}

#[tokio::test]
async fn a_forged_installation_changes_nothing() {
    let stage = Stage::start().await;
    let before = stage.portal.all_calls().len();
    let forged = [
        ("event", "ONAPPINSTALL"),
        ("auth[access_token]", "0123456789abcdef"),
        ("auth[refresh_token]", "0123456789abcdef"),
        ("auth[domain]", &stage.portal.host()),
        ("auth[member_id]", "00000000000000000000000000000000"),
        ("auth[application_token]", "forged"),
        ("auth[client_endpoint]", &format!("http://{}/rest/", stage.portal.host())),
        ("auth[status]", "L"),
    ];
    let posted = otklik_tests::http().post(format!("{}/bitrix24/install", stage.url())).form(&forged).send().await;
    assert!(posted.expect("the relay answers").status().as_u16() < 500);
    // What the portal sends with the true token still counts.
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    visitor.say("Алло").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Алло"]).await;
    stage.portal.operator_says(chat.id, ANNA, "Да").expect("Anna may answer");
    visitor.hear("Да").await;
    assert!(stage.portal.all_calls().len() > before);
}

#[tokio::test]
async fn forged_events_are_refused() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    visitor.say("Алло").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Алло"]).await;
    stage.portal.operator_says(chat.id, ANNA, "Да").expect("Anna may answer");
    visitor.hear("Да").await;
    let deliveries = stage.portal.deliveries();
    let true_one = deliveries.iter().find(|one| one.event == "ONIMCONNECTORMESSAGEADD").expect("it was sent");
    let forged = true_one.body.replace(&stage.portal.application_token(), "0123456789abcdef0123456789abcdef");
    assert_ne!(forged, true_one.body);
    let request =
        otklik_tests::http().post(&true_one.handler).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(forged.replace("%D0%94%D0%B0", "Forged")).send().await.expect("the relay answers");
    assert_eq!(answer.status(), 403);
    stage.portal.operator_says(chat.id, ANNA, "Слушаю").expect("Anna may answer");
    visitor.hear("Слушаю").await;
    assert_eq!(visitor.texts(), ["Алло", "Да", "Слушаю"]);
}

#[tokio::test]
async fn tokens_are_renewed_once_however_many_calls_meet_their_end() {
    let stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    visitor.say("Раз").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Раз"]).await;
    let renewed = stage.portal.calls("oauth.token").len();
    stage.portal.advance(Duration::from_secs(2 * 3600));
    visitor.say("Два").await;
    stage.portal.wait_texts(&chat.external, &["Раз", "Два"]).await;
    stage.portal.operator_says(chat.id, ANNA, "Три").expect("Anna may answer");
    visitor.hear("Три").await;
    assert_eq!(stage.portal.calls("oauth.token").len(), renewed + 1);
    assert!(stage.portal.all_calls().iter().all(|call| !call.with_event_token), "an event's token is not ours to use");
}

#[tokio::test]
async fn renewed_tokens_outlive_a_restart() {
    let mut stage = Stage::start().await;
    let site = stage.site().await;
    let mut visitor = stage.visitor(&site).await;
    stage.portal.advance(Duration::from_secs(2 * 3600));
    visitor.say("Раз").await;
    let chat = stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Раз"]).await;
    stage.restart().await;
    stage.portal.advance(Duration::from_secs(2 * 3600));
    let mut back = visitor.resume().await;
    back.say("Два").await;
    stage.portal.wait_texts(&chat.external, &["Раз", "Два"]).await;
}

#[tokio::test]
async fn a_portal_that_is_away_stops_no_start() {
    let mut stage = Stage::start().await;
    let site = stage.site().await;
    stage.portal.set_mood(Mood::Off).await.expect("a mood");
    stage.restart().await;
    let mut visitor = stage.visitor(&site).await;
    visitor.say("Раз").await;
    stage.portal.set_mood(Mood::Answers).await.expect("a mood");
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Раз"]).await;
}

#[tokio::test]
async fn a_registration_that_fails_is_tried_again() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.start_here().await;
    stage.portal.fault_on("imconnector.register", Fault::HtmlPage, 1);
    stage.portal.fault_on("batch", Fault::CutAfter, 1);
    stage.install().await;
    assert!(stage.portal.faults_waiting().is_empty());
    stage.connect(SALES, &["https://shop.example"]).await;
}

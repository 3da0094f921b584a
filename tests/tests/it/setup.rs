//! Getting to know a portal where something is odd: installs that have to wait or are not what they say, an application
//! that is removed, the way back by OAuth, two portals, an address of before.

use otklik_server::clock::Clock;
use otklik_tests::{
    admin::{self, Page},
    http,
    portal::{Fault, Options, Portal, UserId, Way},
    settings,
    stage::{ANNA, CONNECTOR, SALES, Stage},
};
use serde_json::json;

const ADMIN: UserId = UserId(1);

/// `ONAPPINSTALL` of a portal at `host`, whoever sends it.
async fn post_install(relay: &str, host: &str, member: &str, access: &str) -> u16 {
    let form = [
        ("event", "ONAPPINSTALL"),
        ("auth[access_token]", access),
        ("auth[refresh_token]", "0123456789abcdef"),
        ("auth[expires_in]", "3600"),
        ("auth[member_id]", member),
        ("auth[application_token]", "another"),
        ("auth[client_endpoint]", &format!("http://{host}/rest/")),
    ];
    let answer = http().post(format!("{relay}/bitrix24/install")).form(&form).send().await;
    answer.expect("the relay answers").status().as_u16()
}

#[tokio::test]
async fn an_employee_cannot_take_the_installation_over() {
    let stage = Stage::start().await;
    let (portal, token) = (&stage.portal, stage.portal.token_of(ANNA));
    let status = post_install(&stage.url(), &portal.host(), &portal.member_id(), &token).await;
    assert_eq!(status, 403, "her token is real, but she is no administrator");
    // The signature of the true installation still stands.
    Page::open(&stage.url(), &portal.open_settings(SALES, "ru")).await;
}

#[tokio::test]
async fn few_installs_wait_for_their_keys() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.start_without_portal().await;
    for nth in 0..8 {
        let (host, member) = (format!("127.0.0.1:{}", 2000 + nth), format!("{nth:032x}"));
        assert_eq!(post_install(&stage.url(), &host, &member, "x").await, 200, "the {nth}. waits");
    }
    assert_eq!(post_install(&stage.url(), "127.0.0.1:3000", &"f".repeat(32), "x").await, 200, "the first gives way");
    let again = post_install(&stage.url(), "127.0.0.1:2003", &format!("{:032x}", 3), "y").await;
    assert_eq!(again, 200, "a repeat takes the place it has");
    let stolen = post_install(&stage.url(), "127.0.0.1:3001", &format!("{:032x}", 3), "y").await;
    assert_eq!(stolen, 403, "nobody takes another's place");
    assert!(stage.portal.all_calls().is_empty());
}

#[tokio::test]
async fn wrong_keys_keep_an_install_waiting_for_the_right_ones() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.start_here().await;
    stage.portal.set_app(|app| app.client_secret = "another-one".to_owned());
    assert_eq!(stage.portal.install_into(&stage.url()).await, Some(200), "it waits");
    stage.restart().await;
    stage.portal.wait_ready(CONNECTOR).await;
    stage.site().await;
}

#[tokio::test]
async fn an_install_outlives_a_sick_oauth_server() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.start_here().await;
    stage.portal.fault_on("oauth.token", Fault::HtmlPage, 1);
    assert_eq!(stage.portal.install_into(&stage.url()).await, Some(200), "it waits");
    stage.portal.wait_ready(CONNECTOR).await;
    stage.site().await;
}

#[tokio::test]
async fn an_install_outlives_a_crash_after_its_token_was_spent() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.start_without_portal().await;
    assert_eq!(stage.portal.install_into(&stage.url()).await, Some(200), "it waits for its keys");
    stage.kill().await;
    stage.portal.fault_on("app.info", Fault::Silent, 1);
    stage.start_here().await;
    stage.portal.wait_calls("app.info", 1).await;
    stage.kill().await;
    assert_eq!(stage.portal.calls("oauth.token").len(), 1, "the token it came with is spent");
    stage.start_here().await;
    stage.portal.wait_ready(CONNECTOR).await;
    stage.site().await;
}

#[tokio::test]
async fn made_up_codes_cost_the_oauth_server_little() {
    let stage = Stage::start().await;
    let browser = http();
    let before = stage.portal.calls("oauth.token").len();
    for _ in 0..40 {
        let begun = browser.get(format!("{}/bitrix24/oauth", stage.url())).send().await.expect("an answer");
        let to = begun.headers()["location"].to_str().expect("an address is text");
        let (_, state) = to.split_once("state=").expect("it has a state");
        let made_up = format!("{}/bitrix24/oauth?code=made-up&state={state}", stage.url());
        assert_ne!(browser.get(made_up).send().await.expect("an answer").status(), 200);
    }
    let asked = stage.portal.calls("oauth.token").len() - before;
    assert!((1..20).contains(&asked), "the OAuth server was asked {asked} times");
}

#[tokio::test]
async fn a_removed_application_comes_back_with_its_sites() {
    let stage = Stage::start().await;
    let before = stage.connect(SALES, &["https://shop.example"]).await;
    let mut visitor = stage.visitor(&before.key).await;
    visitor.say("Раз").await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts() == ["Раз"]).await;
    let frame = stage.portal.open_settings(SALES, "ru");
    stage.portal.uninstall(false);
    stage.portal.wait_sent().await;
    // Asking at the settings instead would spend the portal's calls, which the new installation needs.
    let launcher = format!("{}/widget/{}.js", stage.url(), before.key);
    let leaves = || async {
        let script = http().get(&launcher).send().await.ok()?.text().await.ok()?;
        script.contains("disconnected").then_some(())
    };
    otklik_tests::wait::until("the bubble to leave the site", leaves).await;
    assert_eq!(admin::open(&frame).await.0, 403, "the settings are closed");
    stage.install().await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    assert_eq!(page.start["state"]["site"]["connected"], false, "the line has to be connected again");
    assert_eq!(page.connect(&["https://shop.example"]).await.key, before.key);
    let mut back = visitor.resume().await;
    back.say("Два").await;
    stage.portal.wait_any_chat(|chat| chat.visitor_texts().ends_with(&["Два"])).await;
}

#[tokio::test]
async fn an_administrators_browser_brings_tokens_where_the_install_was_lost() {
    let mut stage = Stage::empty(Clock::real(), "").await;
    stage.start_here().await;
    stage.portal.install_by_frame(&stage.url(), "ru"); // saves the card; the page is never opened
    stage.portal.finish_install();
    let location = |answer: reqwest::Response| {
        let to = answer.headers().get("location").expect("it leads somewhere");
        to.to_str().expect("an address is text").to_owned()
    };
    let get = |url: String| async move { http().get(url).send().await.expect("an answer") };
    let portal = location(get(format!("{}/bitrix24/oauth", stage.url())).await);
    assert!(portal.starts_with(&format!("http://{}/oauth/authorize/", stage.portal.host())), "{portal}");
    let back = location(get(portal).await);
    assert_eq!(get(back.clone()).await.status(), 200);
    stage.portal.wait_ready(CONNECTOR).await;
    assert_eq!(get(back).await.status(), 403, "a state is good once");
    // The first proven post brings the signature that this way does not: the portal's own events count from then on.
    let site = stage.site().await;
    assert!(!site.as_str().is_empty());
    let elsewhere = get(format!("{}/bitrix24/oauth?portal=evil.example", stage.url())).await;
    assert_eq!(elsewhere.status(), 403, "only portals of the settings");
}

#[tokio::test]
async fn a_wrong_signature_opens_nothing_and_says_so_in_the_readers_language() {
    let stage = Stage::start().await;
    let mut frame = stage.portal.open_settings(SALES, "ru");
    frame.body = frame.body.replace(&stage.portal.application_token(), "0123456789abcdef0123456789abcdef");
    let (status, page) = admin::open(&frame).await;
    assert_eq!(status, 403);
    assert!(page.contains("Этот запрос пришёл не из портала"), "{page}");
    frame.url = frame.url.replace("LANG=ru", "LANG=fr");
    assert!(admin::open(&frame).await.1.contains("This request did not come from the portal"));
}

#[tokio::test]
async fn only_the_portal_may_frame_the_settings() {
    let stage = Stage::start().await;
    let frame = stage.portal.open_settings(SALES, "ru");
    let request = http().post(&frame.url).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(frame.body).send().await.expect("the relay answers");
    assert!(!answer.headers().contains_key("x-frame-options"));
    assert!(!answer.headers().contains_key("set-cookie"));
    let policy = answer.headers()["content-security-policy"].to_str().expect("a policy is text");
    let ancestors = policy.split(';').find(|directive| directive.contains("frame-ancestors"));
    assert_eq!(ancestors.map(str::trim), Some(format!("frame-ancestors http://{}", stage.portal.host()).as_str()));
}

#[tokio::test]
async fn two_portals_have_lines_of_the_same_number_and_never_meet() {
    let other = Portal::start(Options::default()).await.expect("free ports on the loopback");
    let stage = Stage::start_with(Clock::real(), &settings::portal_section(&other)).await;
    assert_eq!(other.install_into(&stage.url()).await, Some(200));
    other.wait_ready(CONNECTOR).await;
    let here = stage.connect(SALES, &["https://shop.example"]).await;
    let page = Page::open(&stage.url(), &other.open_settings(SALES, "en")).await;
    assert!(page.start["state"]["site"].is_null(), "the other portal's line has no site yet");
    let there = page.connect(&["https://shop.example"]).await;
    assert_ne!(here.key, there.key);
    assert!(page.ask("disconnect", json!({})).await.get("error").is_none());
    assert!(stage.portal.channel(CONNECTOR, SALES).is_some_and(|channel| channel.usable()), "the first stays on");
}

#[tokio::test]
async fn an_address_of_before_is_unbound() {
    let mut stage = Stage::start().await;
    let before = "http://before.example/bitrix24/events";
    let bind = json!({"auth": stage.portal.token_of(ADMIN), "event": "OnImConnectorMessageAdd", "handler": before});
    let bound = http().post(format!("http://{}/rest/event.bind.json", stage.portal.host())).json(&bind).send().await;
    assert!(bound.expect("the portal answers").status().is_success());
    let is_bound = |stage: &Stage| stage.portal.bindings().iter().any(|one| one.way == Way::Online(before.to_owned()));
    assert!(is_bound(&stage));
    stage.restart().await;
    stage.portal.wait_calls("event.unbind", 1).await;
    otklik_tests::wait::until("the old address to go", || async { (!is_bound(&stage)).then_some(()) }).await;
}

#[tokio::test]
async fn a_line_that_is_gone_is_not_switched_on() {
    let stage = Stage::start().await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    stage.portal.delete_line(SALES);
    let answer = page.ask("connect", json!({"sites": "https://shop.example"})).await;
    assert_eq!(answer["error"], "line", "{answer}");
    assert!(stage.portal.calls("imconnector.activate").is_empty());
}

#[tokio::test]
async fn faults_name_their_line_and_what_was_meant() {
    let stage = Stage::start().await;
    let page = Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
    let sites = "https://shop.example\n\nshop.example/cafe\nhttps://кафе.example/";
    let answer = page.ask("connect", json!({"sites": sites})).await;
    let faults = json!([{"field": "sites", "why": "bad", "line": 3, "fix": "https://shop.example"}]);
    assert_eq!((&answer["error"], &answer["faults"]), (&json!("fields"), &faults));
    let connected = page.ask("connect", json!({"sites": "https://кафе.example"})).await;
    assert_eq!(connected["state"]["site"]["origins"], json!(["https://кафе.example"]), "as people read it");
    let channel = stage.portal.channel(CONNECTOR, SALES).expect("it is on");
    assert_eq!(channel.data["URL_IM"], "https://xn--80akn5b.example/#otklik", "as machines do");
    let look = json!({"name": "", "color": "#12", "theme": "auto", "corner": "right", "launcher": "bubble", "label": "", "greeting": "x".repeat(161)});
    let answer = page.ask("save", json!({"sites": "", "look": look})).await;
    let fields: Vec<_> = answer["faults"].as_array().expect("faults").iter().map(|fault| &fault["field"]).collect();
    assert_eq!(fields, ["sites", "color", "greeting"]);
}

#[tokio::test]
async fn a_flood_of_unsigned_requests_costs_the_portal_little() {
    let stage = Stage::start().await;
    let mut unsigned = stage.portal.open_settings(SALES, "ru");
    unsigned.body = unsigned.body.replace("APPLICATION_TOKEN=", "OTHER=").replace("AUTH_ID=", "AUTH_ID=f");
    let before = stage.portal.calls("app.info").len();
    for _ in 0..60 {
        assert_ne!(admin::open(&unsigned).await.0, 200);
    }
    let asked = stage.portal.calls("app.info").len() - before;
    assert!(asked < 30, "the portal was asked {asked} times");
    // Who is signed for is let in meanwhile.
    Page::open(&stage.url(), &stage.portal.open_settings(SALES, "ru")).await;
}

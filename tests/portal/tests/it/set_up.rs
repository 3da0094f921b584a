//! Installing the application, registering the connector, tokens, what is refused.

use std::time::Duration;

use otklik_portal::{LineId, Options, PATIENCE, http, php};
use serde_json::{Value, json};

use crate::relay::{CONNECTOR, LINE, OPERATOR, Relay, registration};

fn token_url(relay: &Relay, refresh: &str) -> String {
    let portal = &relay.portal;
    format!(
        "{}/oauth/token/?grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={refresh}",
        portal.oauth_url(),
        portal.client_id(),
        portal.client_secret(),
    )
}

#[tokio::test]
async fn the_install_event_brings_the_first_pair_and_a_used_refresh_token_is_dead() {
    let relay = Relay::start(Options::default()).await;
    assert_eq!(relay.portal.install_into(&relay.url).await, Some(200));
    let install = relay.event("ONAPPINSTALL").await;
    assert_eq!(install["auth"]["application_token"], relay.portal.application_token());
    assert_eq!(install["auth"]["client_endpoint"], format!("http://{}/rest/", relay.portal.host()));
    assert_eq!(install.get("event_handler_id"), None);
    relay.use_token(install["auth"]["access_token"].as_str().unwrap());
    assert_eq!(relay.call("app.info", json!({})).await["result"]["INSTALLED"], true);

    relay.portal.advance(Duration::from_secs(3600));
    let (status, error) = relay.call_for_status("app.info", json!({})).await;
    assert_eq!((status, error["error"].clone()), (401, json!("expired_token")));
    let refresh = install["auth"]["refresh_token"].as_str().unwrap();
    let (status, pair) = relay.get(&token_url(&relay, refresh)).await;
    assert_eq!((status, pair["domain"].clone()), (200, json!("oauth.bitrix.info")));
    relay.use_token(pair["access_token"].as_str().unwrap());
    assert_eq!(relay.call("user.admin", json!({})).await["result"], true);
    let (status, error) = relay.get(&token_url(&relay, refresh)).await;
    assert_eq!((status, error["error"].clone()), (400, json!("invalid_grant")));
}

#[tokio::test]
async fn a_code_of_the_authorisation_page_buys_a_pair() {
    let relay = Relay::ready(Options::default()).await;
    let client = http::client(PATIENCE);
    let portal = &relay.portal;
    let url = format!("http://{}/oauth/authorize/?client_id={}&state=s1", portal.host(), portal.client_id());
    let answer = client.get(url).send().await.unwrap();
    let target = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(target.starts_with(&format!("{}/bitrix24/oauth?code=", relay.url)), "{target}");
    let fields = php::parse_form(target.split_once('?').unwrap().1.as_bytes());
    assert_eq!(fields["state"], "s1");
    let url = format!(
        "{}/oauth/token/?grant_type=authorization_code&client_id={}&client_secret={}&code={}",
        portal.oauth_url(),
        portal.client_id(),
        portal.client_secret(),
        fields["code"].as_str().unwrap()
    );
    let (status, pair) = relay.get(&url).await;
    assert_eq!((status, pair["member_id"].clone()), (200, json!(portal.member_id())));
}

#[tokio::test]
async fn a_registration_says_what_is_wrong_with_it_inside_a_200() {
    let relay = Relay::ready(Options::default()).await;
    let without = |field: &str, value: Value| {
        let mut args = registration(&relay.url);
        args[field] = value;
        args
    };
    for (field, value, code) in [
        ("ID", Value::Null, "CONNECTOR_ID_REQUIRED"),
        ("ID", json!("a.b"), "APPLICATION_REGISTRATION_ERROR_POINT"),
        ("NAME", json!(""), "NAME_REQUIRED"),
        ("ICON", json!({"COLOR": "#fff"}), "ICON_REQUIRED"),
        ("PLACEMENT_HANDLER", Value::Null, "NO_PLACEMENT_HANDLER"),
    ] {
        let (status, answer) = relay.call_for_status("imconnector.register", without(field, value)).await;
        assert_eq!((status, answer["result"]["error"].clone()), (200, json!(code)), "{field}");
    }
}

#[tokio::test]
async fn active_is_what_php_takes_for_true_and_switching_off_is_told() {
    let relay = Relay::ready(Options::default()).await;
    let other = LineId(109);
    let activate = |active: Value| {
        relay.call("imconnector.activate", json!({"CONNECTOR": CONNECTOR, "LINE": other, "ACTIVE": active}))
    };
    for word in [json!("N"), json!("false")] {
        activate(word).await;
        relay.portal.wait_channel(CONNECTOR, other, true).await;
        activate(json!(0)).await;
        relay.portal.wait_channel(CONNECTOR, other, false).await;
    }
    assert_eq!(activate(json!(0)).await["result"], false);
    assert_eq!(activate(Value::Null).await["argument"], "ACTIVE");
    let off = relay.events("ONIMCONNECTORSTATUSDELETE", 2).await;
    assert_eq!(off[0]["data"], json!({"connector": CONNECTOR, "line": "109"}));
    relay.portal.delete_line(LINE);
    assert_eq!(relay.event("ONIMCONNECTORLINEDELETE").await["data"], "107");
    assert_eq!(relay.send(&[("m-1", "Есть?")]).await["error"], "NOT_ACTIVE_LINE");
}

#[tokio::test]
async fn a_second_bind_is_refused_and_handlers_are_listed() {
    let relay = Relay::ready(Options::default()).await;
    let bind = json!({"event": "OnImConnectorMessageAdd", "handler": format!("{}/bitrix24/events", relay.url)});
    let (status, error) = relay.call_for_status("event.bind", bind.clone()).await;
    assert_eq!((status, error["error"].clone()), (400, json!("ERROR_CORE")));
    let listed = relay.call("event.get", json!({})).await["result"].clone();
    let offline = json!({"event": "ONIMCONNECTORMESSAGEADD", "connector_id": "relay_offline", "offline": 1});
    assert!(listed.as_array().unwrap().contains(&offline));
    assert_eq!(relay.call("event.unbind", bind).await["result"]["count"], 1);
    let unknown = json!({"event": "OnNothing", "handler": "https://relay.example/e"});
    assert_eq!(relay.call("event.bind", unknown).await["error"], "ERROR_EVENT_NOT_FOUND");
    let dotless = json!({"event": "OnAppTest", "handler": "http://localhost/e"});
    assert_eq!(relay.call("event.bind", dotless).await["error"], "ERROR_WRONG_HANDLER_URL");
    relay.use_token(&relay.portal.token_of(OPERATOR));
    let offline = json!({"event": "OnAppTest", "event_type": "offline"});
    assert_eq!(relay.call("event.bind", offline).await["error"], "ACCESS_DENIED");
}

#[tokio::test]
async fn the_settings_page_is_opened_with_its_placement() {
    let relay = Relay::ready(Options::default()).await;
    let frame = relay.portal.open_settings(LINE, "ru");
    assert!(frame.url.starts_with(&format!("{}/bitrix24/settings?DOMAIN=127.0.0.1%3A", relay.url)), "{}", frame.url);
    let body = php::parse_form(frame.body.as_bytes());
    assert_eq!(body["PLACEMENT"], "SETTING_CONNECTOR");
    let options: Value = serde_json::from_str(body["PLACEMENT_OPTIONS"].as_str().unwrap()).unwrap();
    assert_eq!((options["LINE"].clone(), options["CONNECTOR"].clone()), (json!("107"), json!(CONNECTOR)));
    relay.use_token(body["AUTH_ID"].as_str().unwrap());
    assert_eq!(relay.call("user.admin", json!({})).await["result"], true);
}

#[tokio::test]
async fn an_application_with_pages_hears_nothing_before_its_installation_is_finished() {
    let relay = Relay::start(Options::default()).await;
    let frame = relay.portal.install_by_frame(&relay.url, "en");
    relay.use_token(php::parse_form(frame.body.as_bytes())["AUTH_ID"].as_str().unwrap());
    let handler = format!("{}/bitrix24/events", relay.url);
    relay.call("event.bind", json!({"event": "OnAppTest", "handler": handler})).await;
    relay.call("event.test", json!({})).await;
    assert_eq!(relay.call("app.info", json!({})).await["result"]["INSTALLED"], false);
    relay.portal.finish_install();
    relay.call("event.test", json!({"any": {"probe": "2"}})).await;
    assert_eq!(relay.event("ONAPPTEST").await["data"]["QUERY"]["probe"], "2");
}

#[tokio::test]
async fn a_deleted_application_hears_it_once_and_can_do_nothing_any_more() {
    let relay = Relay::ready(Options::default()).await;
    let handler = format!("{}/bitrix24/events", relay.url);
    relay.call("event.bind", json!({"event": "OnAppUninstall", "handler": handler})).await;
    relay.portal.uninstall(true);
    let told = relay.event("ONAPPUNINSTALL").await;
    assert_eq!(told["data"]["CLEAN"], "1");
    assert_eq!(told["auth"].get("access_token"), None);
    assert_eq!(relay.call("app.info", json!({})).await["error"], "NO_AUTH_FOUND");
    let (status, error) = relay.get(&token_url(&relay, "any")).await;
    assert_eq!((status, error["error"].clone()), (401, json!("invalid_client")));
}

#[tokio::test]
async fn what_was_not_granted_and_what_is_unknown_is_refused() {
    let relay = Relay::ready(Options::default()).await;
    assert_eq!(relay.call_for_status("no.such.method", json!({})).await.0, 404);
    relay.portal.set_app(|app| app.scopes = "im".to_owned());
    let (status, error) = relay.call_for_status("imconnector.list", json!({})).await;
    assert_eq!((status, error["error"].clone()), (403, json!("insufficient_scope")));
    let known = relay.call("method.get", json!({"name": "imconnector.list"})).await;
    assert_eq!(known["result"], json!({"isExisting": true, "isAvailable": false}));
}

#[tokio::test]
async fn a_batch_runs_its_commands_and_hands_results_on() {
    let relay = Relay::ready(Options::default()).await;
    let answer = relay
        .call(
            "batch",
            json!({"halt": 0, "cmd": {
                "lines": "imopenlines.config.list.get?PARAMS[select][0]=ID",
                "st": format!("imconnector.status?CONNECTOR={CONNECTOR}&LINE=$result[lines][0][ID]"),
                "bad": "imconnector.status?LINE=107",
                "nested": "batch?cmd[0]=app.info",
            }}),
        )
        .await;
    let result = &answer["result"];
    assert_eq!(result["result"]["st"]["STATUS"], true);
    assert_eq!(result["result_error"]["bad"]["error"], "ERROR_ARGUMENT");
    assert_eq!(result["result_error"]["nested"]["error"], "ERROR_BATCH_METHOD_NOT_ALLOWED");
    assert_eq!(result["result_next"], json!([]));
}

//! Recorded requests are taken as they stand, and answered with the recorded members.

use otklik_portal::Fault;
use serde_json::{Value, json};

use super::{differences, options, recorded, recorded_form, recorded_json};
use crate::relay::{LINE, OPERATOR, Relay};

impl Relay {
    /// Posts a recorded request with a token that works.
    async fn post_recorded(&self, method: &str, request: &str) -> (u16, Value) {
        let mut body = recorded_json(request);
        body["auth"] = json!(self.token());
        self.post(method, "application/json", body.to_string()).await
    }
}

/// No difference but those named.
fn alike(ours: &Value, theirs: &str, but: &[&str]) {
    let found = differences(ours, &recorded_json(theirs));
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), but, "{theirs}");
}

/// The recorded `result` to the letter.
fn same(ours: &Value, theirs: &str) {
    assert_eq!(ours["result"], recorded_json(theirs)["result"], "{theirs}");
    alike(ours, theirs, &[]);
}

#[tokio::test]
async fn a_connectors_life() {
    let relay = Relay::ready(options()).await;
    for (method, request, answer) in [
        ("imconnector.register", "imconnector.register.request.json", "imconnector.register.response.json"),
        ("imconnector.activate", "imconnector.activate.request.json", "imconnector.activate.response.json"),
        (
            "imconnector.connector.data.set",
            "imconnector.connector.data.set.request.json",
            "imconnector.activate.response.json",
        ),
        ("event.bind", "event.bind.request.json", "event.bind.response.json"),
        (
            "imopenlines.config.list.get",
            "imopenlines.config.list.get.request.json",
            "imopenlines.config.list.get.response.json",
        ),
    ] {
        same(&relay.post_recorded(method, request).await.1, answer);
    }
    same(&relay.call("imconnector.list", json!({})).await, "imconnector.list.response.json");
    same(
        &relay.call("imconnector.status", json!({"CONNECTOR": "site_widget", "LINE": 107})).await,
        "imconnector.status.response.json",
    );
    same(&relay.call("imconnector.register", json!({})).await, "imconnector.register.error.response.json");
    alike(&relay.post_recorded("batch", "batch.request.json").await.1, "batch.response.json", &[]);
    alike(&relay.call("app.info", json!({})).await, "app.info.response.json", &[]);
    alike(&relay.call("event.get", json!({})).await, "event.get.response.json", &[]);
    alike(&relay.call("im.user.get", json!({"ID": 27})).await, "im.user.get.response.json", &[]);
    let (status, error) = relay.post_recorded("event.bind", "event.bind.request.json").await;
    assert_eq!((status, error), (400, recorded_json("event.bind.duplicate.error.json")));
    same(
        &relay.post_recorded("imconnector.activate", "imconnector.deactivate.request.json").await.1,
        "imconnector.activate.response.json",
    );
}

#[tokio::test]
async fn a_visitors_messages() {
    let relay = Relay::ready(options()).await;
    let (_, answer) = relay.post_recorded("imconnector.send.messages", "imconnector.send.messages.request.json").await;
    same(&answer, "imconnector.send.messages.response.json");
    same(
        &relay.post_recorded("imconnector.update.messages", "imconnector.update.messages.request.json").await.1,
        "imconnector.update.messages.response.json",
    );
    let chat = relay.portal.chat_of("v-5f0c2a7e4b").unwrap();
    assert_eq!(chat.texts(), ["Добрый день! Есть ли доставка в Казань и сколько стоит?"]);
    same(
        &relay.post_recorded("imconnector.delete.messages", "imconnector.delete.messages.request.json").await.1,
        "imconnector.delete.messages.response.json",
    );
    // An empty object becomes an empty array in PHP's JSON; the recorded answer keeps it.
    let (_, renamed) = relay.post_recorded("imconnector.chat.name.set", "imconnector.chat.name.set.request.json").await;
    same(&renamed, "imconnector.chat.name.set.response.json");
    assert_eq!(relay.portal.chat(chat.id).unwrap().title, "Иван Смирнов, Казань");
}

#[tokio::test]
async fn a_visitors_message_as_a_form() {
    let relay = Relay::ready(options()).await;
    let recorded = recorded("imconnector.send.messages.request.form");
    let token = recorded_form("imconnector.send.messages.request.form")["auth"].as_str().unwrap().to_owned();
    let body = recorded.trim().replace(&token, &relay.token());
    let (_, answer) = relay.post("imconnector.send.messages.json", "application/x-www-form-urlencoded", body).await;
    assert_eq!(answer["result"]["DATA"]["RESULT"][0]["session"]["ID"], "3282");
    let chat = relay.portal.chat_of("v-5f0c2a7e4b").unwrap();
    assert_eq!(chat.texts(), [r#"Hello! Is "next-day" delivery possible?"#]);
}

#[tokio::test]
async fn messages_that_did_not_arrive() {
    let relay = Relay::ready(options()).await;
    relay.portal.fault(Fault::OuterFailure, 1);
    same(&relay.send(&[("m-1", "раз")]).await, "imconnector.send.messages.old-build-failure.response.json");
    relay.portal.fault(Fault::LostSession, 1);
    alike(&relay.send(&[("m-1009", "1")]).await, "imconnector.send.messages.no-session.response.json", &[]);
    relay.portal.fault(Fault::ElementFailure, 1);
    let mut answer = relay.send(&[("m-1", "раз"), ("m-2", "два")]).await;
    answer["result"]["DATA"]["RESULT"].as_array_mut().unwrap().reverse();
    alike(&answer, "imconnector.send.messages.partial-failure.response.json", &[]);
    let failed = recorded_json("imconnector.send.messages.partial-failure.response.json");
    assert_eq!(answer["result"]["DATA"]["RESULT"][1], failed["result"]["DATA"]["RESULT"][1]);
}

#[tokio::test]
async fn an_operators_message_is_confirmed() {
    let relay = Relay::ready(options()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let chat = relay.portal.chats().remove(0).id;
    let message = relay.portal.operator_says(chat, OPERATOR, "Есть").unwrap();
    let mut body = recorded_json("imconnector.send.status.delivery.request.json");
    body["MESSAGES"][0]["im"]["message_id"] = json!(message);
    same(&relay.call("imconnector.send.status.delivery", body).await, "imconnector.send.status.delivery.response.json");
    assert_eq!(relay.portal.chat(chat).unwrap().message(message).unwrap().mids, ["01HV8QZ3M5T6"]);
}

#[tokio::test]
async fn history_and_dialogue() {
    let relay = Relay::ready(options()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    let chat = relay.portal.chats().remove(0).id;
    let dialog = relay.call("imopenlines.dialog.get", json!({"CHAT_ID": chat})).await;
    alike(&dialog, "imopenlines.dialog.get.response.json", &[]);
    relay.portal.operator_says(chat, OPERATOR, "Есть").unwrap();
    let history = relay.call("imopenlines.session.history.get", json!({"CHAT_ID": chat})).await;
    alike(&history, "imopenlines.session.history.get.response.json", &[]);
    relay.portal.fault(Fault::HistoryRefused, 1);
    let refused = relay.call("imopenlines.session.history.get", json!({"CHAT_ID": chat})).await;
    assert_eq!(refused, recorded_json("imopenlines.session.history.get.error.ACCESS_DENIED.json"));
}

#[tokio::test]
async fn the_offline_queue() {
    let relay = Relay::ready(options()).await;
    relay.send(&[("m-1", "Есть?")]).await;
    relay.portal.operator_says(relay.portal.chats().remove(0).id, OPERATOR, "Есть").unwrap();
    let args = json!({"auth_connector": "relay_offline", "filter": {"EVENT_NAME": "ONIMCONNECTORMESSAGEADD"}});
    alike(&relay.call("event.offline.list", args.clone()).await, "event.offline.list.response.json", &[]);
    alike(&relay.call("event.offline.get", args).await, "event.offline.get.response.json", &[]);
}

#[tokio::test]
async fn errors() {
    let relay = Relay::ready(options()).await;
    let token = relay.token();
    let refused = async |fault: &str| {
        relay.portal.fault(Fault::Refuse(fault.to_owned()), 1);
        relay.call_for_status("app.info", json!({})).await
    };
    for (status, code) in [
        (401, "NO_AUTH_FOUND"),
        (401, "expired_token"),
        (403, "WRONG_AUTH_TYPE"),
        (403, "insufficient_scope"),
        (429, "OPERATION_TIME_LIMIT"),
        (503, "QUERY_LIMIT_EXCEEDED"),
    ] {
        assert_eq!(refused(code).await, (status, recorded_json(&format!("error.{status}.{code}.json"))));
    }
    relay.use_token("made up");
    assert_eq!(relay.call("app.info", json!({})).await, recorded_json("error.401.NO_AUTH_FOUND.json"));
    relay.use_token(&token);
    let nothing = relay.call_for_status("imconnector.status", json!({"LINE": LINE})).await;
    assert_eq!(nothing, (400, recorded_json("error.400.ERROR_ARGUMENT.json")));
    relay.portal.disconnect_line("site_widget", LINE);
    assert_eq!(relay.send(&[("m-1", "Есть?")]).await, recorded_json("error.400.NOT_ACTIVE_LINE.json"));
}

#[tokio::test]
async fn the_authorisation_server() {
    let relay = Relay::ready(options()).await;
    let portal = &relay.portal;
    let url = |secret: &str, refresh: &str| {
        let query = format!("client_id={}&client_secret={secret}&refresh_token={refresh}", portal.client_id());
        format!("{}/oauth/token/?grant_type=refresh_token&{query}", portal.oauth_url())
    };
    let install = relay.event("ONAPPINSTALL").await;
    let refresh = install["auth"]["refresh_token"].as_str().unwrap();
    let (_, pair) = relay.get(&url(&portal.client_secret(), refresh)).await;
    alike(&pair, "oauth.token.response.json", &[]);
    let (_, spent) = relay.get(&url(&portal.client_secret(), refresh)).await;
    assert_eq!(spent, recorded_json("oauth.token.error.invalid_grant.json"));
    let (_, foreign) = relay.get(&url("wrong", refresh)).await;
    assert_eq!(foreign, recorded_json("oauth.token.error.invalid_client.json"));
}

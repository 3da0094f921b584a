//! A relay made for these tests: calls methods, and takes events and keeps them.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, routing::post};
use otklik_portal::{LineId, Options, PATIENCE, Portal, UserId, http, php};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

pub const LINE: LineId = LineId(107);
pub const ADMIN: UserId = UserId(1);
pub const OPERATOR: UserId = UserId(27);
pub const CONNECTOR: &str = "site_widget";

#[derive(Clone)]
struct Kept {
    events: Arc<Mutex<Vec<Value>>>,
    count: Arc<watch::Sender<usize>>,
}

/// A portal, and a relay that is not installed there yet.
pub struct Relay {
    pub portal: Portal,
    pub url: String,
    kept: Kept,
    token: Mutex<String>,
    client: reqwest::Client,
}

impl Relay {
    pub async fn start(options: Options) -> Self {
        let kept = Kept { events: Arc::default(), count: Arc::new(watch::Sender::new(0)) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/bitrix24/install", post(keep))
            .route("/bitrix24/events", post(keep))
            .with_state(kept.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let portal = Portal::start(options).await.unwrap();
        let client = http::client(PATIENCE);
        Self { portal, url, kept, token: Mutex::default(), client }
    }

    /// Installed, registered, bound and switched on for [`LINE`].
    pub async fn ready(options: Options) -> Self {
        let relay = Self::start(options).await;
        assert_eq!(relay.portal.install_into(&relay.url).await, Some(200));
        let install = relay.event("ONAPPINSTALL").await;
        relay.use_token(install["auth"]["access_token"].as_str().unwrap());
        assert_eq!(relay.call("imconnector.register", registration(&relay.url)).await["result"]["result"], true);
        relay.bind_all().await;
        let args = json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "ACTIVE": 1});
        assert_eq!(relay.call("imconnector.activate", args).await["result"], true);
        relay
    }

    async fn bind_all(&self) {
        for name in [
            "MessageAdd",
            "MessageUpdate",
            "MessageDelete",
            "DialogStart",
            "DialogFinish",
            "StatusDelete",
            "LineDelete",
        ] {
            let event = format!("OnImConnector{name}");
            let online = json!({"event": event, "handler": format!("{}/bitrix24/events", self.url), "auth_type": 0});
            assert_eq!(self.call("event.bind", online).await["result"], true);
            let offline = json!({"event": event, "event_type": "offline", "auth_connector": "relay_offline"});
            assert_eq!(self.call("event.bind", offline).await["result"], true);
        }
    }

    pub fn use_token(&self, token: &str) {
        *self.token.lock().unwrap() = token.to_owned();
    }

    pub fn token(&self) -> String {
        self.token.lock().unwrap().clone()
    }

    /// Posts a body as it stands.
    pub async fn post(&self, method: &str, kind: &str, body: String) -> (u16, Value) {
        let url = format!("http://{}/rest/{method}", self.portal.host());
        let answer = self.client.post(url).header("content-type", kind).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Calls a method and returns the answer's body, whatever its status.
    pub async fn call(&self, method: &str, args: Value) -> Value {
        self.call_for_status(method, args).await.1
    }

    pub async fn call_for_status(&self, method: &str, args: Value) -> (u16, Value) {
        let answer = self.try_call(method, args).await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn try_call(&self, method: &str, mut args: Value) -> reqwest::Result<reqwest::Response> {
        args["auth"] = json!(*self.token.lock().unwrap());
        let url = format!("http://{}/rest/{method}.json", self.portal.host());
        self.client.post(url).json(&args).send().await
    }

    pub async fn get(&self, url: &str) -> (u16, Value) {
        let answer = self.client.get(url).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Sends visitors' texts; each a pair of external message id and text, all of visitor `v-1`.
    pub async fn send(&self, messages: &[(&str, &str)]) -> Value {
        let elements: Vec<Value> = messages.iter().map(|(id, text)| element("v-1", id, text)).collect();
        self.call("imconnector.send.messages", json!({"CONNECTOR": CONNECTOR, "LINE": LINE, "MESSAGES": elements}))
            .await
    }

    /// The first event of a name, as soon as it is there.
    pub async fn event(&self, name: &str) -> Value {
        self.events(name, 1).await.swap_remove(0)
    }

    /// The events of a name, as soon as there are so many.
    pub async fn events(&self, name: &str, count: usize) -> Vec<Value> {
        let mut changed = self.kept.count.subscribe();
        let waiting = async {
            loop {
                let found = self.events_so_far(name);
                if found.len() >= count {
                    return found;
                }
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{count} of {name} never came"))
    }

    pub fn events_so_far(&self, name: &str) -> Vec<Value> {
        self.kept.events.lock().unwrap().iter().filter(|event| event["event"] == name).cloned().collect()
    }
}

async fn keep(State(kept): State<Kept>, body: Bytes) {
    kept.events.lock().unwrap().push(php::parse_form(&body));
    kept.count.send_modify(|count| *count += 1);
}

pub fn element(visitor: &str, id: &str, text: &str) -> Value {
    json!({"user": {"id": visitor, "name": "Иван"}, "message": {"id": id, "text": text}, "chat": {"id": visitor}})
}

pub fn registration(relay: &str) -> Value {
    json!({
        "ID": CONNECTOR, "NAME": "Чат на сайте", "PLACEMENT_HANDLER": format!("{relay}/bitrix24/settings"),
        "ICON": {"DATA_IMAGE": "data:image/svg+xml;charset=US-ASCII,%3Csvg/%3E", "COLOR": "#1e6b58"},
        "DEL_EXTERNAL_MESSAGES": false, "EDIT_INTERNAL_MESSAGES": true, "DEL_INTERNAL_MESSAGES": true,
        "NEWSLETTER": false, "NEED_SYSTEM_MESSAGES": true, "NEED_SIGNATURE": true, "CHAT_GROUP": false,
    })
}

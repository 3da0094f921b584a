//! Calls against a server that answers by script: renewals, refusals, lost answers.

use super::*;
use crate::bitrix::error::KeeperError;
use crate::bitrix::methods::app::UserAdmin;
use crate::bitrix::methods::messages;
use crate::ids::LineId;
use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What the portal of these tests knows and was asked.
#[derive(Default)]
struct Seen {
    /// The access token that is good now.
    good: String,
    calls: Vec<Value>,
    refreshes: Vec<String>,
    answers: Vec<(StatusCode, Value)>,
}

type Shared = Arc<Mutex<Seen>>;

/// Keeps tokens in memory and notes that they were kept; has no room for new ones where it says so.
struct Memory(Mutex<Option<Access>>, Arc<AtomicBool>);

impl TokenKeeper for Memory {
    fn read<'a>(&'a self, _: &'a PortalHost) -> BoxFuture<'a, Result<Option<Access>, KeeperError>> {
        Box::pin(async { Ok(self.0.lock().unwrap().clone()) })
    }
    fn prepare<'a>(&'a self, _: &'a PortalHost) -> BoxFuture<'a, Result<(), KeeperError>> {
        Box::pin(async {
            match self.1.load(Ordering::Relaxed) {
                true => Err(Arc::new(std::io::Error::from(std::io::ErrorKind::StorageFull)) as KeeperError),
                false => Ok(()),
            }
        })
    }
    fn keep<'a>(
        &'a self,
        _: &'a PortalHost,
        _: &'a SecretString,
        grant: &'a Grant,
    ) -> BoxFuture<'a, Result<(), KeeperError>> {
        Box::pin(async {
            let mut kept = self.0.lock().unwrap();
            let endpoint = kept.take().unwrap().endpoint;
            let endpoint = grant.client_endpoint.clone().map_or(endpoint, |now| now.url);
            let (access, refresh) = (grant.access.clone(), grant.refresh.clone());
            *kept = Some(Access { endpoint, access, refresh, expires_at: 0 });
            Ok(())
        })
    }
    fn moved<'a>(
        &'a self,
        _: &'a PortalHost,
        before: &'a str,
        now: Endpoint,
    ) -> BoxFuture<'a, Result<(), KeeperError>> {
        Box::pin(async move {
            if let Some(access) = self.0.lock().unwrap().as_mut().filter(|access| access.endpoint == before) {
                access.endpoint = now.url;
            }
            Ok(())
        })
    }
}

async fn answer(State(seen): State<Shared>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let mut seen = seen.lock().unwrap();
    let good = body["auth"] == seen.good;
    seen.calls.push(body);
    if !good {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "expired_token", "error_description": ""})));
    }
    let (status, body) = seen.answers.pop().unwrap_or((StatusCode::OK, json!({"result": true})));
    (status, Json(body))
}

async fn refresh(State(seen): State<Shared>, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let mut seen = seen.lock().unwrap();
    let used = query["refresh_token"].clone();
    if query["client_secret"] != "secret" || seen.refreshes.contains(&used) {
        return Json(json!({"error": "invalid_grant"}));
    }
    seen.refreshes.push(used);
    seen.good = format!("access-{}", seen.refreshes.len());
    let next = format!("refresh-{}", seen.refreshes.len());
    Json(json!({"access_token": seen.good, "refresh_token": next, "expires_in": 3600}))
}

async fn portal(installed: bool) -> (Portal, Shared, Clock) {
    portal_on(installed, Arc::default()).await
}

async fn portal_on(installed: bool, full: Arc<AtomicBool>) -> (Portal, Shared, Clock) {
    portal_behind(Vec::new(), installed, full).await
}

/// As above, with other OAuth servers before its own.
async fn portal_behind(elsewhere: Vec<Url>, installed: bool, full: Arc<AtomicBool>) -> (Portal, Shared, Clock) {
    let seen = Shared::default();
    let routes = Router::new()
        .route("/rest/{method}", post(answer))
        .route("/oauth/token/", get(refresh))
        .with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[allow(clippy::disallowed_methods)] // it ends with the test
    tokio::spawn(axum::serve(listener, routes).into_future());
    let origin: Url = format!("http://{address}").parse().unwrap();
    let access = Access {
        endpoint: format!("{origin}rest/"),
        access: "stale".into(),
        refresh: "refresh-0".into(),
        expires_at: 0,
    };
    let keeper = Arc::new(Memory(Mutex::new(installed.then_some(access)), full));
    let host = PortalHost::try_from(address.to_string()).unwrap();
    let keys = Keys {
        client_id: "local.1".to_owned(),
        client_secret: "secret".into(),
        servers: elsewhere.into_iter().chain([origin.clone()]).collect(),
    };
    let clock = Clock::by_hand(1_000_000);
    let guard = Guard::new(keys.servers.clone()).unwrap();
    let portals = Portals::new([(host.clone(), keys)], guard, keeper, clock.clone(), TaskTracker::new());
    (portals.get(&host).unwrap(), seen, clock)
}

#[tokio::test]
async fn a_pair_that_could_not_be_kept_is_not_asked_for() {
    let full = Arc::new(AtomicBool::new(true));
    let (portal, seen, _) = portal_on(true, Arc::clone(&full)).await;
    assert!(matches!(portal.call(&UserAdmin::default()).await, Err(PortalError::Keeper(_))));
    assert!(seen.lock().unwrap().refreshes.is_empty(), "the old pair is as good as before");
    full.store(false, Ordering::Relaxed);
    assert!(portal.call(&UserAdmin::default()).await.unwrap());
}

/// An OAuth server that answers so; how often it was asked.
async fn oauth_server(answer: Value) -> (Url, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::default());
    let count = Arc::clone(&asked);
    let token = move || async move {
        count.fetch_add(1, Ordering::Relaxed);
        Json(answer)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    #[allow(clippy::disallowed_methods)] // it ends with the test
    tokio::spawn(axum::serve(listener, Router::new().route("/oauth/token/", get(token))).into_future());
    (origin, asked)
}

/// A port where nobody listens.
async fn nobody() -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap()).parse().unwrap()
}

#[tokio::test]
async fn another_oauth_server_is_asked_where_one_knows_nothing_and_the_one_that_does_is_remembered() {
    let (stranger, asked) = oauth_server(json!({"error": "invalid_client"})).await;
    let (portal, seen, _) = portal_behind(vec![nobody().await, stranger], true, Arc::default()).await;
    assert!(portal.call(&UserAdmin::default()).await.unwrap());
    seen.lock().unwrap().good = "another".to_owned();
    assert!(portal.call(&UserAdmin::default()).await.unwrap());
    assert_eq!((asked.load(Ordering::Relaxed), seen.lock().unwrap().refreshes.len()), (1, 2));
}

#[tokio::test]
async fn what_one_server_has_said_of_the_tokens_no_other_is_asked() {
    let (first, _) = oauth_server(json!({"error": "invalid_grant"})).await;
    let (portal, seen, _) = portal_behind(vec![first], true, Arc::default()).await;
    let refused = portal.call(&UserAdmin::default()).await.unwrap_err();
    assert_eq!((refused.code(), seen.lock().unwrap().refreshes.len()), (Some("invalid_grant"), 0));
}

#[tokio::test]
async fn each_oauth_server_is_asked_once() {
    let unknown = || oauth_server(json!({"error": "invalid_client"}));
    let ((first, asked), (second, again)) = (unknown().await, unknown().await);
    let (portal, seen, _) = portal_behind(vec![first, second, nobody().await], true, Arc::default()).await;
    seen.lock().unwrap().refreshes.push("refresh-0".to_owned()); // its own says that the pair is used up
    assert_eq!(portal.call(&UserAdmin::default()).await.unwrap_err().code(), Some("invalid_grant"));
    assert_eq!((asked.load(Ordering::Relaxed), again.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn a_token_that_ran_out_is_renewed_once_for_all_callers() {
    let (portal, seen, _) = portal(true).await;
    let method = UserAdmin::default();
    for reply in futures_util::future::join_all((0..5).map(|_| portal.call(&method))).await {
        assert!(reply.unwrap());
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.refreshes, ["refresh-0"]);
    assert!(seen.calls.iter().filter(|call| call["auth"] == "access-1").count() == 5);
}

#[tokio::test]
async fn a_renewal_is_finished_though_the_caller_is_gone() {
    let (portal, seen, _) = portal(true).await;
    let renewal = portal.renew(portal.inner.access().await.unwrap());
    drop(futures_util::poll!(Box::pin(renewal))); // asked once, then dropped
    while portal.inner.access().await.unwrap().access.expose_secret() == "stale" {
        tokio::task::yield_now().await;
    }
    assert!(portal.call(&UserAdmin::default()).await.unwrap());
    assert_eq!(seen.lock().unwrap().refreshes.len(), 1);
}

#[tokio::test]
async fn a_refused_renewal_says_so() {
    let (portal, seen, _) = portal(true).await;
    seen.lock().unwrap().refreshes.push("refresh-0".to_owned());
    let error = portal.call(&UserAdmin::default()).await.unwrap_err();
    assert!(
        matches!(&error, PortalError::Renewal(OAuthError::Refused { code }) if code == "invalid_grant"),
        "{error:?}"
    );
}

#[tokio::test]
async fn without_an_install_nothing_is_called() {
    let (portal, seen, _) = portal(false).await;
    assert!(matches!(portal.call(&UserAdmin::default()).await, Err(PortalError::NotInstalled)));
    assert!(seen.lock().unwrap().calls.is_empty());
}

#[tokio::test]
async fn haste_is_followed_by_a_pause_of_all_methods() {
    let (portal, seen, clock) = portal(true).await;
    seen.lock().unwrap().good = "stale".to_owned();
    let busy = (StatusCode::SERVICE_UNAVAILABLE, json!({"error": "QUERY_LIMIT_EXCEEDED", "error_description": ""}));
    seen.lock().unwrap().answers.push(busy);
    assert_eq!(portal.call(&UserAdmin::default()).await.unwrap_err().code(), Some("QUERY_LIMIT_EXCEEDED"));
    let send = messages::Send { line: LineId(1), messages: Vec::new() };
    assert!(matches!(portal.call(&send).await, Err(PortalError::Paused { .. })));
    assert_eq!(seen.lock().unwrap().calls.len(), 1);
    clock.advance(Duration::from_secs(2));
    assert!(portal.call(&UserAdmin::default()).await.unwrap());
}

#[tokio::test]
async fn an_answer_that_is_none_is_of_unknown_effect() {
    let (portal, seen, _) = portal(true).await;
    seen.lock().unwrap().good = "stale".to_owned();
    seen.lock().unwrap().answers.push((StatusCode::BAD_GATEWAY, json!("<html>")));
    let error = portal.call(&UserAdmin::default()).await.unwrap_err();
    assert!(matches!(error, PortalError::Unreadable { status: 502 }));
}

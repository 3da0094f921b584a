//! Addresses and redirects the guarded client must not follow.

use super::address::is_public;
use super::*;
use axum::Router;
use axum::http::StatusCode as Status;
use axum::routing::{get, post};

const SOON: Duration = Duration::from_secs(5);

/// A server on the loopback with these routes; its origin.
async fn serve(routes: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    #[allow(clippy::disallowed_methods)] // it ends with the test
    tokio::spawn(axum::serve(listener, routes).into_future());
    origin
}

#[test]
fn only_public_addresses_are_public() {
    for public in ["8.8.8.8", "95.213.1.1", "2a00:1450::1", "::ffff:8.8.8.8"] {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
    for private in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "203.0.113.7",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "2001:db8::1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ] {
        assert!(!is_public(private.parse().unwrap()), "{private}");
    }
}

#[test]
fn bitrix24_is_told_by_whole_labels() {
    assert!(is_bitrix24("romashka.bitrix24.ru") && is_bitrix24("oauth.bitrix.info") && is_bitrix24("bitrix24.com"));
    assert!(
        !is_bitrix24("bitrix24.ru.example.com") && !is_bitrix24("evilbitrix24.ru") && !is_bitrix24("bitrix24.evil")
    );
}

#[tokio::test]
async fn strangers_are_called_at_public_https_addresses_only() {
    let guard = Guard::new([]).unwrap();
    for forbidden in
        ["http://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/x", "http://127.0.0.1:1/"]
    {
        let error = guard.get(forbidden.parse().unwrap(), SOON).await.unwrap_err();
        assert!(matches!(error, GuardError::Forbidden(_)), "{forbidden}: {error:?}");
    }
    let error = guard.get("https://localhost/".parse().unwrap(), SOON).await.unwrap_err();
    assert!(matches!(error, GuardError::Unreached(_)), "a name that leads inside: {error:?}");
}

#[tokio::test]
async fn what_the_settings_name_is_called_where_it_is() {
    let server = serve(Router::new().route("/x", get(async || "there"))).await;
    let guard = Guard::new([server.clone()]).unwrap();
    let answer = guard.get(server.join("/x").unwrap(), SOON).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"there"[..]));
}

#[tokio::test]
async fn each_address_on_the_way_is_judged() {
    let inside = serve(Router::new().route("/secret", post(async || "secret"))).await;
    let to = inside.join("/secret").unwrap().to_string();
    let moved = move || async move { (Status::FOUND, [("location", to)]) };
    let routes = Router::new()
        .route("/away", post(moved))
        .route("/on", post(async || (Status::FOUND, [("location", "/end")])))
        .route("/end", post(async |body: String| body))
        .route("/round", post(async || (Status::FOUND, [("location", "/round")])));
    let server = serve(routes).await;
    let guard = Guard::new([server.clone()]).unwrap();
    let post = |path: &str| guard.post(server.join(path).unwrap(), b"{}".to_vec(), SOON);
    assert!(matches!(post("/away").await, Err(GuardError::Elsewhere(_))));
    assert_eq!(post("/on").await.unwrap().body, b"{}", "posted again, with its body");
    assert!(matches!(post("/round").await, Err(GuardError::Redirects)));
}

#[tokio::test]
async fn size_and_time_are_bounded() {
    let server = serve(
        Router::new()
            .route("/large", get(async || vec![b'x'; MAX_ANSWER + 1]))
            .route("/late", get(async || std::future::pending::<()>().await)),
    )
    .await;
    let guard = Guard::new([server.clone()]).unwrap();
    assert!(matches!(guard.get(server.join("/large").unwrap(), SOON).await, Err(GuardError::TooLarge)));
    let short = Duration::from_millis(50);
    assert!(matches!(guard.get(server.join("/late").unwrap(), short).await, Err(GuardError::Late(_))));
}

#[tokio::test]
async fn errors_hold_no_address() {
    let guard = Guard::new(["http://127.0.0.1:1/".parse().unwrap()]).unwrap();
    let error = guard.get("http://127.0.0.1:1/oauth?client_secret=hush".parse().unwrap(), SOON).await.unwrap_err();
    assert!(error.is_unsent());
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}

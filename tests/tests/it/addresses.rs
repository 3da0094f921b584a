//! The relay's addresses: who gets what, how it may be kept, who may frame it.

use otklik_tests::stage::{SALES, Stage};
use reqwest::Response;

async fn get(address: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = otklik_tests::http().get(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("the relay answers")
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[tokio::test]
async fn the_relay_is_alive_and_ready_whatever_the_portal_does() {
    let stage = Stage::start().await;
    stage.portal.set_mood(otklik_tests::portal::Mood::Off).await.expect("a mood");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(&format!("{}{path}", stage.url()), &[]).await.status(), 200, "{path}");
    }
    assert_eq!(get(&format!("{}/metrics", stage.url()), &[]).await.status(), 404, "only where it is asked for");
}

#[tokio::test]
async fn a_launcher_is_kept_for_a_minute_and_asked_for_again_cheaply() {
    let stage = Stage::start().await;
    let chat = stage.connect(SALES, &["https://shop.example"]).await;
    let address = format!("{}/widget/{}.js", stage.url(), chat.key);
    let answer = get(&address, &[("accept-encoding", "br")]).await;
    assert_eq!(answer.status(), 200);
    assert!(header(&answer, "content-type").starts_with("text/javascript"));
    assert_eq!(header(&answer, "content-encoding"), "br");
    assert!(header(&answer, "cache-control").contains("max-age=60"));
    assert_eq!(header(&answer, "cross-origin-resource-policy"), "cross-origin");
    let etag = header(&answer, "etag").to_owned();
    let again = get(&address, &[("accept-encoding", "br"), ("if-none-match", &etag)]).await;
    assert_eq!(again.status(), 304);
    let other = get(&format!("{}/widget/nosuchsite.js", stage.url()), &[]).await;
    assert!(header(&other, "content-type").starts_with("text/javascript"), "an unknown site breaks no page");
}

#[tokio::test]
async fn the_chat_may_be_framed_by_its_sites_alone() {
    let stage = Stage::start().await;
    let chat = stage.connect(SALES, &["https://shop.example", "https://www.shop.example"]).await;
    let address = format!("{}/chat?site={}", stage.url(), chat.key);
    let answer = get(&address, &[]).await;
    assert_eq!(answer.status(), 200);
    let policy = header(&answer, "content-security-policy").to_owned();
    let ancestors = policy.split(';').find_map(|part| part.trim().strip_prefix("frame-ancestors "));
    assert_eq!(ancestors, Some("https://shop.example https://www.shop.example"), "{policy}");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    assert_eq!(header(&answer, "cross-origin-embedder-policy"), "require-corp");
    let elsewhere = get(&address, &[("referer", "https://elsewhere.example/")]).await;
    assert_eq!(elsewhere.status(), 403);
    assert!(!elsewhere.text().await.expect("a document").contains("<textarea"), "no chat for a page not on the list");
    assert_eq!(get(&format!("{}/chat?site=nosuchsite", stage.url()), &[]).await.status(), 404);
}

#[tokio::test]
async fn files_named_by_their_content_are_kept_for_ever() {
    let stage = Stage::start().await;
    for path in [otklik_server::assets::APP_JS, otklik_server::assets::APP_WASM, otklik_server::assets::HOST_JS] {
        for (encoding, named) in [("br", "br"), ("gzip", "gzip"), ("identity", "")] {
            let answer = get(&format!("{}{path}", stage.url()), &[("accept-encoding", encoding)]).await;
            assert_eq!(answer.status(), 200, "{path}");
            assert_eq!(header(&answer, "content-encoding"), named, "{path}");
            assert!(header(&answer, "cache-control").contains("immutable"), "{path}");
            assert!(header(&answer, "vary").to_lowercase().contains("accept-encoding"), "{path}");
        }
    }
    assert_eq!(get(&format!("{}/app-000000000000.js", stage.url()), &[]).await.status(), 404);
}

//! The chat's document in its languages, colours and policies.

use super::*;
use std::sync::LazyLock;

fn key() -> SiteKey {
    SiteKey::try_from("k3v9x7q2m1".to_owned()).unwrap()
}

static LIMITS: LazyLock<LimitsConfig> = LazyLock::new(LimitsConfig::default);

fn document<'a>(site: Option<&'a SiteKey>, origins: &'a [String]) -> Document<'a> {
    Document {
        limits: &LIMITS,
        site,
        name: "Глина <и> \"лён\"",
        greeting: "",
        lang: Lang::Ru,
        theme: Theme::Auto,
        color: None,
        origins,
        connected: true,
        asleep: false,
        presence: shared::Presence::default(),
    }
}

#[test]
fn names_that_screen_readers_find_are_in_the_document() {
    let key = key();
    let html = document(Some(&key), &[]).html();
    for part in [
        r#"role="log" aria-label="Сообщения""#,
        r#"aria-label="Сообщение""#,
        r#"aria-label="Отправить""#,
        r#"aria-label="Закрыть чат""#,
        r#"<html lang="ru" dir="ltr">"#,
        "Спросите о\u{a0}чём угодно",
        "Глина &#60;и&#62; &#34;лён&#34;",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("{{"), "a place is left");
    assert!(html.contains(assets::APP_JS));
}

#[test]
fn a_disconnected_site_takes_no_words() {
    let key = key();
    let html = Document { connected: false, lang: Lang::En, ..document(Some(&key), &[]) }.html();
    assert!(html.contains("This chat no longer takes messages"));
    assert!(!html.contains("<textarea") && html.contains("<h2 dir=\"auto\"></h2>"));
    assert!(html.contains(assets::APP_JS), "what was said can be read");
}

#[test]
fn a_preview_has_made_up_messages_and_no_app() {
    let html = document(None, &[]).html();
    assert!(html.contains("глазурь") && !html.contains(assets::APP_JS) && !html.contains("data-from="));
    let key = key();
    assert!(!document(Some(&key), &[]).html().contains("preview_ask"));
}

#[test]
fn without_intent_the_app_is_not_fetched() {
    let key = key();
    let html = Document { asleep: true, ..document(Some(&key), &[]) }.html();
    assert!(html.contains("<textarea") && html.contains("/v1/stream") && !html.contains("modulepreload"));
    assert!(!document(Some(&key), &[]).html().contains("/v1/stream"));
}

#[test]
fn words_of_the_owner_end_no_script() {
    let greeting = "</script><script>alert(1)</script>";
    let key = key();
    let html = Document { greeting, ..document(Some(&key), &[]) }.html();
    assert_eq!(html.matches("</script>").count(), 2);
}

#[test]
fn the_policy_allows_these_scripts_these_pages_and_our_socket() {
    let (key, origins) = (key(), ["https://shop.example".to_owned(), "https://www.shop.example".to_owned()]);
    let document = document(Some(&key), &origins);
    let policy = document.policy(&Policy { relay: "https://chat.example.ru", ancestors: &origins.join(" ") });
    assert!(policy.contains("connect-src 'self' wss://chat.example.ru;"), "{policy}");
    assert!(policy.ends_with("frame-ancestors https://shop.example https://www.shop.example"), "{policy}");
    assert_eq!(policy.matches("'sha256-").count(), 4);
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    let html = document.html();
    let style = html.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap();
    assert!(policy.contains(&source(style)), "the hash is that of the text as it stands in the document");
    let nobody = document.policy(&Policy { relay: "http://127.0.0.1:8080", ancestors: "" });
    assert!(nobody.contains("ws://127.0.0.1:8080;") && nobody.ends_with("frame-ancestors 'none'"));
}

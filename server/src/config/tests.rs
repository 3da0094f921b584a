//! Settings from a file and the environment, and the line each fault is told with.

use super::*;
use secrecy::ExposeSecret;

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Config::from_table(text.parse().unwrap(), environment).map_err(|error| error.to_string())
}

const FULL: &str = r#"
    listen = "127.0.0.1:8081"
    public_url = "https://chat.example.ru/"
    data = "there.redb"
    metrics_listen = "127.0.0.1:9464"
    [[portal]]
    host = "company.bitrix24.ru"
    client_id = "local.1"
    client_secret = "hush"
    [limits]
    text_chars = 500
"#;

#[test]
fn a_full_file_is_understood() {
    let config = load(FULL, &[]).unwrap();
    assert_eq!(config.listen, "127.0.0.1:8081".parse().unwrap());
    assert_eq!(config.public_url.at("/chat"), "https://chat.example.ru/chat");
    assert_eq!(config.portals[0].oauth_url, OAUTH_URLS[0]);
    assert_eq!(config.limits, LimitsConfig { text_chars: 500, ..LimitsConfig::default() });
}

#[test]
fn the_environment_is_stronger_and_can_say_all() {
    let config = load(
        "",
        &[
            ("OTKLIK_PUBLIC_URL", "http://127.0.0.1:9"),
            ("OTKLIK_PORTAL__0__HOST", "127.0.0.1:4567"),
            ("OTKLIK_PORTAL__0__CLIENT_ID", "local.1"),
            ("OTKLIK_PORTAL__0__CLIENT_SECRET", "hush"),
            ("OTKLIK_PORTAL__0__OAUTH_URL", "http://127.0.0.1:4567"),
            ("OTKLIK_LIMITS__SESSION_BURST", "7"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.listen, LISTEN);
    assert_eq!(config.limits.session_burst, 7);
    assert_eq!(config.portals[0].client_secret.expose_secret(), "hush");
    let over = load(FULL, &[("OTKLIK_PORTAL__0__CLIENT_SECRET", "other")]).unwrap();
    assert_eq!(over.portals[0].client_secret.expose_secret(), "other");
}

#[test]
fn what_is_wrong_is_named() {
    let url = "public_url = \"https://a.ru\"\n";
    let with = |rest: &str| load(&format!("{url}{rest}"), &[]).unwrap_err();
    assert_eq!(load("", &[]).unwrap_err(), "public_url: missing");
    assert_eq!(with("lissten = \"1\""), "lissten: no such setting");
    assert_eq!(with("listen = \"here\""), "listen: an address and a port are expected, like 127.0.0.1:8080");
    assert_eq!(with("[limits]\nwords = 1"), "limits.words: no such setting");
    assert_eq!(with("[limits]\ntext_chars = 0"), "limits.text_chars: a whole number from 1 to 14999 is expected");
    assert_eq!(
        with("[limits]\ntext_chars = 12_000"),
        "limits.frame_bytes: at least 73024 are needed for this text_chars"
    );
    assert!(load(&format!("{url}[limits]\ntext_chars = 12_000\nframe_bytes = 73_024"), &[]).is_ok());
    assert_eq!(with("[[portal]]\nhost = \"a.ru\""), "portal.0.client_id: missing");
    let twice = "[[portal]]\nhost=\"a.ru\"\nclient_id=\"1\"\nclient_secret=\"2\"\n".repeat(2);
    assert_eq!(with(&twice), "portal.1.host: this portal is there twice");
    let plain = "[[portal]]\nhost=\"a.ru\"\nclient_id=\"1\"\nclient_secret=\"2\"\noauth_url=\"http://b.ru\"";
    assert_eq!(with(plain), "portal.0.oauth_url: an origin is expected; http only on the loopback");
    let stray = load(url, &[("OTKLIK_LISTENN", "1")]).unwrap_err();
    assert_eq!(stray, "listenn: no such setting");
    let gap = load(url, &[("OTKLIK_PORTAL__3__HOST", "a.ru")]).unwrap_err();
    assert_eq!(gap, "OTKLIK_PORTAL__3__HOST: no such setting");
    let path = load("public_url = \"https://a.ru/chat\"", &[]).unwrap_err();
    assert_eq!(path, "public_url: an origin is expected, like https://chat.example.ru, without a path");
}

#[test]
fn secrets_do_not_show() {
    assert!(!format!("{:?}", load(FULL, &[]).unwrap()).contains("hush"));
}

#[test]
fn only_the_usual_oauth_server_has_others_behind_it() {
    let settings = |oauth: &str| {
        let portal = format!("host = \"a.bitrix24.ru\"\nclient_id = \"x\"\nclient_secret = \"y\"\n{oauth}");
        let text = format!("public_url = \"https://chat.example.ru\"\n[[portal]]\n{portal}");
        Config::from_table(text.parse().unwrap(), std::iter::empty()).unwrap().portals.remove(0)
    };
    assert_eq!(settings("").oauth_urls().len(), 3);
    assert_eq!(settings("oauth_url = \"https://oauth.example\"").oauth_urls(), ["https://oauth.example"]);
}

//! The documents an administrator sees: the settings of a line, the end of an installation, and a page that says why it
//! is neither. Knows words and templates; nothing of portals' calls or of the store.

use super::words::{Lang, Words};
use crate::assets::text;
use crate::ids::PortalHost;
use crate::template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

/// The page's scripts, in the order they build on each other.
const SCRIPTS: [&str; 8] = [
    text::SETTINGS_API_JS,
    text::SETTINGS_STATE_JS,
    text::SETTINGS_FORM_JS,
    text::SETTINGS_LOOK_JS,
    text::SETTINGS_PREVIEW_JS,
    text::SETTINGS_ROOM_JS,
    text::SETTINGS_VISITOR_JS,
    text::SETTINGS_PAGE_JS,
];

/// Where the portal opens the settings, where the page's script asks, and what it frames.
pub const ADDRESS: &str = "/bitrix24/settings";
pub const API: &str = "/bitrix24/settings/api";
const PREVIEW: &str = "/chat?preview=1";

/// Where the portals' JavaScript library comes from (settings/app-installation/installation-finish.md).
const LIBRARY: &str = "https://api.bitrix24.com/api/v1/";

/// Why somebody does not see the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No request of a portal, or one whose proof is wrong.
    Forged,
    /// A portal that the settings file does not name.
    UnknownPortal,
    /// The application is not, or not yet, installed there.
    NotInstalled,
    /// The portal refused the application for a day: it counts as removed.
    GivenUp,
    NotAdmin,
    /// The proof was good once.
    Stale,
    /// The portal did not name a line.
    NoLine,
    /// The portal could not be asked.
    NoAnswer,
    /// Our own fault.
    Internal,
}

impl Refused {
    fn word(self) -> &'static str {
        match self {
            Self::Forged => "no_forged",
            Self::UnknownPortal => "no_unknown",
            Self::NotInstalled => "no_install",
            Self::GivenUp => "no_access",
            Self::NotAdmin => "not_admin",
            Self::Stale => "expired",
            Self::NoLine => "no_line",
            Self::NoAnswer => "no_portal",
            Self::Internal => "no_server",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::NoLine => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoAnswer => StatusCode::BAD_GATEWAY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::FORBIDDEN,
        }
    }
}

/// What the settings page's script starts with.
#[derive(Serialize)]
pub struct Start<'a, State> {
    pub key: &'a str,
    pub lang: &'static str,
    pub api: &'static str,
    pub preview: &'static str,
    /// The origin of the page around this one.
    pub portal: String,
    pub words: &'static Words,
    pub state: &'a State,
}

/// The settings of a line, for the page with `key`, framed by `portal`.
pub fn settings<State: Serialize>(lang: Lang, portal: &PortalHost, key: &str, state: &State) -> Response {
    let words = lang.words();
    let portal_origin = portal.origin();
    let start = Start { key, lang: lang.code(), api: API, preview: PREVIEW, portal: portal_origin, words, state };
    let json = serde_json::to_string(&start).expect("words and state have text for keys");
    let nonce = Nonce::random();
    let page = filled(
        text::SETTINGS_SETTINGS_HTML,
        words,
        &[
            ("lang", lang.code()),
            ("nonce", nonce.as_str()),
            ("css", text::SETTINGS_SETTINGS_CSS),
            ("js", &SCRIPTS.join("\n")),
            ("page", &template::inert_json(&json)),
        ],
    );
    let own = format!("script-src 'nonce-{}'; connect-src 'self'; frame-src 'self'", nonce.as_str());
    answer(StatusCode::OK, page, &nonce, &own, Some(portal))
}

/// A page that says why it is not the one that was asked for. `portal`, where it is known, may frame it; so may
/// anybody else: there is nothing to press.
pub fn refused(lang: Lang, why: Refused) -> Response {
    lone(lang, why.status(), "no_title", why.word(), None)
}

/// How an installation in a frame ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// All is registered: this portal is told.
    Done(PortalHost),
    /// All is or will be registered, and there is nobody to tell.
    ByHand,
    /// It waits for its keys in the settings.
    Parked,
    Failed(Refused),
}

/// The page of an installation.
pub fn installed(lang: Lang, how: Installed) -> Response {
    match how {
        Installed::Done(portal) => lone(lang, StatusCode::OK, "in_done", "in_done_text", Some(&portal)),
        Installed::ByHand => lone(lang, StatusCode::OK, "in_done", "in_done_text", None),
        Installed::Parked => lone(lang, StatusCode::OK, "in_parked", "in_parked_text", None),
        Installed::Failed(why) => lone(lang, why.status(), "in_fail", why.word(), None),
    }
}

/// 128 random bits that let one document's own scripts and styles run, and no others.
struct Nonce(String);

impl Nonce {
    fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

/// `template` with its places filled: by `parts`, as they are, else by the word of that name.
fn filled(template: &str, words: &Words, parts: &[(&str, &str)]) -> String {
    template::fill(template, |name| match parts.iter().find(|(part, _)| *part == name) {
        Some((_, text)) => (*text).to_owned(),
        None => template::escaped(words.get(name).unwrap_or_default()),
    })
}

/// Where `portal`'s pages load their library from. A portal on this machine itself stands in for one and brings its own.
fn library(portal: &PortalHost) -> String {
    if portal.is_loopback() { format!("{}/api/v1/", portal.origin()) } else { LIBRARY.to_owned() }
}

/// A page with one heading and one sentence. `finish` is told that the installation is over.
fn lone(lang: Lang, status: StatusCode, head: &str, word: &str, finish: Option<&PortalHost>) -> Response {
    let words = lang.words();
    let nonce = Nonce::random();
    let said = |key| template::escaped(words.get(key).unwrap_or_default());
    let library = finish.map(library);
    let tail = library.as_deref().map(|library| {
        let parts = [("nonce", nonce.as_str()), ("library", library), ("finish", text::SETTINGS_FINISH_JS)];
        filled(text::SETTINGS_FINISH_HTML, words, &parts)
    });
    let page = filled(
        text::SETTINGS_LONE_HTML,
        words,
        &[
            ("lang", lang.code()),
            ("nonce", nonce.as_str()),
            ("css", text::SETTINGS_SETTINGS_CSS),
            ("head", &said(head)),
            ("text", &said(word)),
            ("tail", tail.as_deref().unwrap_or_default()),
        ],
    );
    let own = match library {
        Some(library) => format!("script-src 'nonce-{}' {library}", nonce.as_str()),
        None => "script-src 'none'".to_owned(),
    };
    answer(status, page, &nonce, &own, None)
}

/// `own` are the directives besides those that every page has. No `X-Frame-Options`: it cannot name the portal.
fn answer(status: StatusCode, page: String, nonce: &Nonce, own: &str, framed_by: Option<&PortalHost>) -> Response {
    let ancestors = framed_by.map_or("*".to_owned(), PortalHost::origin);
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{}'; {own}; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}",
        nonce.as_str()
    );
    let policy = HeaderValue::from_str(&policy).expect("nonces, hosts and fixed words are visible ASCII");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn policy(response: &Response) -> String {
        response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn the_portal_alone_may_frame_the_settings() {
        let portal = PortalHost::try_from("company.bitrix24.ru".to_owned()).unwrap();
        let response = settings(Lang::Ru, &portal, "the-key", &serde_json::json!({"line": "</script>"}));
        let policy = policy(&response);
        assert!(policy.ends_with("frame-ancestors https://company.bitrix24.ru"), "{policy}");
        assert!(!response.headers().contains_key("x-frame-options"));
        let page = body(response).await;
        assert!(!page.contains("{{") && page.contains("\"the-key\""), "no place is left open");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
        assert_eq!(page.matches(&format!("nonce=\"{nonce}\"")).count(), 3);
        assert_eq!(page.matches("</script>").count(), 2, "data cannot end its element");
    }

    #[tokio::test]
    async fn every_refusal_has_its_words() {
        for lang in [Lang::Ru, Lang::En] {
            for why in [
                Refused::Forged,
                Refused::UnknownPortal,
                Refused::NotInstalled,
                Refused::GivenUp,
                Refused::NotAdmin,
                Refused::Stale,
                Refused::NoLine,
                Refused::NoAnswer,
                Refused::Internal,
            ] {
                let response = refused(lang, why);
                assert!(response.status().is_client_error() || response.status().is_server_error());
                assert!(policy(&response).contains("script-src 'none'"));
                let words = lang.words().get(why.word()).expect("there are words for it");
                assert!(body(response).await.contains(&template::escaped(words)), "{why:?}");
            }
        }
    }

    #[tokio::test]
    async fn only_a_finished_installation_tells_the_portal() {
        let portal = |host: &str| PortalHost::try_from(host.to_owned()).unwrap();
        let done = body(installed(Lang::En, Installed::Done(portal("company.bitrix24.ru")))).await;
        assert!(done.contains("installFinish") && done.contains("src=\"https://api.bitrix24.com/api/v1/\""));
        let done = body(installed(Lang::En, Installed::Done(portal("127.0.0.1:4567")))).await;
        assert!(done.contains("src=\"http://127.0.0.1:4567/api/v1/\""), "{done}");
        for how in [Installed::ByHand, Installed::Parked, Installed::Failed(Refused::NotAdmin)] {
            assert!(!body(installed(Lang::Ru, how)).await.contains("installFinish"));
        }
    }
}

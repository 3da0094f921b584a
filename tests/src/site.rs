//! A website that carries the chat: one page at any origin, with any content security policy.

use axum::{
    Router,
    http::HeaderMap,
    response::{Html, IntoResponse},
    routing::get,
};
use std::sync::{Arc, Mutex};
use tokio::{net::TcpListener, task::JoinHandle};

/// The strictest policy that the README promises to live under: the tag's nonce and the frame, nothing else, and Trusted
/// Types without a single policy.
const STRICT: &str = "default-src 'none'; script-src 'nonce-{NONCE}'; frame-src {RELAY}; \
     require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'";

/// A page, as the site's server sends it.
#[derive(Clone, Default)]
struct Answer {
    html: String,
    policy: Option<String>,
}

/// A website at `http://NAME.localhost:PORT`, which browsers take to be this machine. Each name is a site of its own to
/// them, and none is the relay's.
pub struct Site {
    pub origin: String,
    answer: Arc<Mutex<Answer>>,
    serving: JoinHandle<()>,
}

impl Site {
    /// A site with an empty page.
    pub async fn start(name: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on the loopback");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let answer = Arc::new(Mutex::new(Answer::default()));
        let told = Arc::clone(&answer);
        let page = move || {
            let answer = told.lock().expect("no holder panics").clone();
            async move { respond(answer) }
        };
        let router = Router::new().route("/", get(page.clone())).route("/{*path}", get(page));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves until dropped") });
        Self { origin: format!("http://{name}.localhost:{port}"), answer, serving }
    }

    /// The page has the chat's tag in its head: `snippet` as the settings page gives it. Language of the page: `lang`.
    pub fn carry(&self, snippet: &str, lang: &str) {
        self.set(page(snippet, lang), None);
    }

    /// As `carry`, under the strictest policy; `relay` is the relay's origin.
    pub fn carry_strictly(&self, snippet: &str, lang: &str, relay: &str) {
        let policy = STRICT.replace("{NONCE}", "n0nce").replace("{RELAY}", relay);
        let snippet = snippet.replace("<script ", "<script nonce=\"n0nce\" ");
        self.set(page(&snippet, lang), Some(policy));
    }

    /// Any page at all, under any policy.
    pub fn set(&self, html: String, policy: Option<String>) {
        *self.answer.lock().expect("no holder panics") = Answer { html, policy };
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn respond(answer: Answer) -> impl IntoResponse {
    let mut headers = HeaderMap::new();
    if let Some(policy) = &answer.policy {
        headers.insert("content-security-policy", policy.parse().expect("a policy is a header"));
    }
    (headers, Html(answer.html))
}

fn page(snippet: &str, lang: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>A shop</title>{snippet}</head>\
         <body><h1>A shop</h1><p>Lamps, and nothing but lamps.</p></body></html>"
    )
}

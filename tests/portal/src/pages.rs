//! The portal's own pages: where an administrator's browser meets pages of the application, each in a frame.

use axum::{
    Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    guard::only_at,
    ids::LineId,
    php,
    portal::{FramePost, Shared},
    tokens::random_hex,
    world::World,
};

const FRAME: &str = include_str!("../../../assets/desk/frame.html");
const STYLE: &str = include_str!("../../../assets/desk/frame.css");
const SCRIPT: &str = include_str!("../../../assets/desk/frame.js");
/// What pages of an application load to speak with the portal around them.
const LIBRARY: &str = include_str!("../../../assets/desk/bx24.js");

const CONTACT_CENTER: &str = "/contact_center/connector/";
const DISCONNECT: &str = "/contact_center/disconnect/";
const MARKET: &str = "/marketplace/app/";

pub(crate) fn routes(shared: &Shared) -> Router<Shared> {
    let router = Router::new()
        .route("/", get(home))
        .route(CONTACT_CENTER, get(settings))
        .route(MARKET, get(installation))
        .route("/marketplace/installed/", post(installed))
        .route(DISCONNECT, post(disconnect))
        .route("/api/v1/", get(|| async { ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], LIBRARY) }));
    only_at(router, &shared.look(|world| world.address.portal.clone()))
}

/// The page of the contact center on which a connector's settings stand.
pub(crate) fn settings_path(connector: &str, line: LineId, lang: &str) -> String {
    let query = php::build_query(&[("ID", &json!(connector)), ("LINE", &json!(line)), ("LANG", &json!(lang))]);
    format!("{CONTACT_CENTER}?{query}")
}

async fn home(State(shared): State<Shared>) -> Redirect {
    Redirect::to(&shared.look(|world| format!("http://{}/", world.address.side)))
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Channel {
    id: String,
    line: u64,
    #[serde(default)]
    lang: String,
}

async fn settings(State(shared): State<Shared>, Query(channel): Query<Channel>) -> Response {
    let opened = shared.change(|world| {
        let lang = language(world, &channel.lang);
        let line = LineId(channel.line);
        let title = format!("{} · {}", world.connectors.get(&channel.id)?.name, world.line(line)?.name);
        let frame = world.settings_frame(&channel.id, line, &lang, world.app.installer)?;
        let on = world.is_open(&channel.id, line).then_some((channel.id.as_str(), channel.line));
        Some(page(world, &title, &lang, &frame, on))
    });
    opened.unwrap_or_else(|| (StatusCode::NOT_FOUND, "No such connector, or no such line").into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Reader {
    #[serde(default)]
    lang: String,
}

async fn installation(State(shared): State<Shared>, Query(reader): Query<Reader>) -> Response {
    let opened = shared.change(|world| {
        let lang = language(world, &reader.lang);
        let frame = world.install_frame(&lang)?;
        Some(page(world, &world.app.client_id.clone(), &lang, &frame, None))
    });
    opened.unwrap_or_else(|| (StatusCode::NOT_FOUND, "The application has no card yet").into_response())
}

/// `BX24.installFinish()`, told by the frame to the page around it and by that to the portal.
async fn installed(State(shared): State<Shared>) -> StatusCode {
    shared.change(World::finish_install);
    StatusCode::NO_CONTENT
}

/// “Disconnect” in the portal's own page, outside the application's frame.
async fn disconnect(State(shared): State<Shared>, axum::Form(channel): axum::Form<Channel>) -> Redirect {
    shared.change(|world| world.switch_off(&channel.id, LineId(channel.line), Some(world.app.installer)));
    Redirect::to(&shared.look(|world| format!("http://{}/", world.address.side)))
}

fn language(world: &World, asked: &str) -> String {
    if asked.is_empty() { world.options.language.clone() } else { asked.to_owned() }
}

/// The page with a frame and the form that fills it. `on`: the channel that can be switched off from here.
fn page(world: &World, title: &str, lang: &str, frame: &FramePost, on: Option<(&str, u64)>) -> Response {
    let words = if lang == "ru" { &RUSSIAN } else { &ENGLISH };
    let nonce = random_hex(16);
    let desk = format!("http://{}/", world.address.side);
    let gaps = [
        ("{lang}", words.lang.to_owned()),
        ("{title}", escaped(title)),
        ("{bar}", words.bar.to_owned()),
        ("{bar_more}", words.bar_more.to_owned()),
        ("{back}", words.back.to_owned()),
        ("{desk}", desk),
        ("{action}", escaped(&frame.url)),
        ("{fields}", hidden_fields(&php::parse_form(frame.body.as_bytes()))),
        ("{off}", on.map(|(id, line)| off_button(id, line, words.off)).unwrap_or_default()),
        ("{nonce}", nonce.clone()),
        ("{style}", STYLE.to_owned()),
        ("{script}", SCRIPT.to_owned()),
    ];
    let html = gaps.iter().fold(FRAME.to_owned(), |html, (gap, text)| html.replace(gap, text));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; \
         connect-src 'self'; frame-src http: https:; base-uri 'none'"
    );
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store".to_owned())];
    (headers, Html(html)).into_response()
}

struct Words {
    lang: &'static str,
    bar: &'static str,
    bar_more: &'static str,
    back: &'static str,
    off: &'static str,
}

const RUSSIAN: Words = Words {
    lang: "ru",
    bar: "Учебный портал.",
    bar_more: "Стоит на месте Bitrix24. Внутри рамки страница самого чата",
    back: "К столу оператора",
    off: "Отключить канал",
};

const ENGLISH: Words = Words {
    lang: "en",
    bar: "Practice portal.",
    bar_more: "It stands in for Bitrix24. Inside the frame is the chat’s own page",
    back: "To the operator’s desk",
    off: "Disconnect the channel",
};

fn hidden_fields(form: &Value) -> String {
    let fields = form.as_object().into_iter().flatten();
    fields.map(|(name, value)| hidden(name, &php::text(value).unwrap_or_default())).collect()
}

fn hidden(name: &str, value: &str) -> String {
    format!(r#"<input type="hidden" name="{}" value="{}">"#, escaped(name), escaped(value))
}

fn off_button(id: &str, line: u64, word: &str) -> String {
    let fields = hidden("ID", id) + &hidden("LINE", &line.to_string());
    format!(r#"<form method="post" action="{DISCONNECT}">{fields}<button>{word}</button></form>"#)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

//! The portal's own pages: where an administrator's browser meets pages of the application, each in a frame.

use axum::{
    Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;

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
const MARKET: &str = "/marketplace/app/";

pub(crate) fn routes(shared: &Shared) -> Router<Shared> {
    let router = Router::new()
        .route("/", get(home))
        .route(CONTACT_CENTER, get(settings))
        .route(MARKET, get(installation))
        .route("/marketplace/installed/", post(installed))
        .route("/contact_center/disconnect/", post(disconnect))
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

/// The page with a frame and the form that fills it.
fn page(world: &World, title: &str, lang: &str, frame: &FramePost, channel: Option<(&str, u64)>) -> Response {
    let russian = lang == "ru";
    let word = |ru: &str, en: &str| if russian { ru.to_owned() } else { en.to_owned() };
    let fields: String = match php::parse_form(frame.body.as_bytes()) {
        serde_json::Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let value = php::text(value).unwrap_or_default();
                format!(r#"<input type="hidden" name="{}" value="{}">"#, escaped(name), escaped(&value))
            })
            .collect(),
        _ => String::new(),
    };
    let off = channel.map_or_else(String::new, |(id, line)| {
        format!(
            r#"<form method="post" action="/contact_center/disconnect/"><input type="hidden" name="ID" value="{}"><input type="hidden" name="LINE" value="{line}"><button>{}</button></form>"#,
            escaped(id),
            word("Отключить канал", "Disconnect the channel"),
        )
    });
    let nonce = random_hex(16);
    let html = [
        ("{lang}", if russian { "ru".to_owned() } else { "en".to_owned() }),
        ("{title}", escaped(title)),
        ("{bar}", word("Учебный портал.", "Practice portal.")),
        (
            "{bar_more}",
            word(
                "Стоит на месте Bitrix24. Внутри рамки страница самого чата",
                "It stands in for Bitrix24. Inside the frame is the chat's own page",
            ),
        ),
        ("{back}", word("К столу оператора", "To the operator's desk")),
        ("{desk}", format!("http://{}/", world.address.side)),
        ("{action}", escaped(&frame.url)),
        ("{fields}", fields),
        ("{off}", off),
        ("{nonce}", nonce.clone()),
        ("{style}", STYLE.to_owned()),
        ("{script}", SCRIPT.to_owned()),
    ]
    .iter()
    .fold(FRAME.to_owned(), |html, (gap, text)| html.replace(gap, text));
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
         frame-src http: https:; base-uri 'none'"
    );
    ([(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, "no-store".to_owned())], Html(html))
        .into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

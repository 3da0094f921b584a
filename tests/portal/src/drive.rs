//! Files in the portal: where each can be had, in the several ways that portals of different ages give, and their bytes
//! to whoever asks.

use std::convert::Infallible;

use axum::{
    Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    faults::{Fault, Place},
    portal::Shared,
    server::Cut,
    world::World,
};

/// What faults call the asking for a file.
pub(crate) const DOWNLOAD: &str = "download";

/// A file, as an operator chooses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    pub name: String,
    pub mime: String,
    pub bytes: Bytes,
    /// Of an image, in pixels.
    pub size: Option<(u32, u32)>,
    pub download: Download,
    /// Whether `downloadLink` is good once.
    pub once: bool,
    pub link: Link,
}

/// What stands in an event's `downloadLink`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Download {
    /// Nothing: older portals.
    None,
    Absolute,
    /// Without the portal's host.
    Relative,
    /// 401 to whoever shows no token.
    WithToken,
    /// Any address at all.
    Elsewhere(String),
}

/// What stands in an event's `link`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    None,
    /// A short address that leads to the bytes: older portals.
    Bytes,
    /// A short address that leads to a page about the file: newer ones.
    Page,
    /// Any address at all.
    Elsewhere(String),
}

impl Upload {
    /// A file as a cloud portal of today gives it.
    pub fn new(name: &str, mime: &str, bytes: impl Into<Bytes>) -> Self {
        let (name, mime, bytes) = (name.to_owned(), mime.to_owned(), bytes.into());
        Self { name, mime, bytes, size: None, download: Download::Absolute, once: false, link: Link::Page }
    }
}

/// A file in the portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub id: u64,
    pub file: Upload,
}

impl File {
    /// As an event tells of it.
    pub(crate) fn told(&self, portal: &str) -> Value {
        let Self { id, file } = self;
        let kind = file.mime.split('/').next().filter(|kind| ["image", "video", "audio"].contains(kind));
        let mut told = json!({
            "name": file.name, "type": kind.unwrap_or("file"), "mime": file.mime,
            "size": file.bytes.len(), "sizef": format!("{} Б", file.bytes.len()),
        });
        let path = format!("/rest/download.json?token=imopenlines%7C{id}");
        match &file.download {
            Download::None => {}
            Download::Absolute | Download::WithToken => told["downloadLink"] = json!(format!("http://{portal}{path}")),
            Download::Relative => told["downloadLink"] = json!(path),
            Download::Elsewhere(address) => told["downloadLink"] = json!(address),
        }
        match &file.link {
            Link::None => {}
            Link::Bytes | Link::Page => told["link"] = json!(format!("http://{portal}/~{id}#img.jpg")),
            Link::Elsewhere(address) => told["link"] = json!(address),
        }
        if let Some((width, height)) = file.size {
            (told["width"], told["height"]) = (json!(width), json!(height));
        }
        told
    }
}

impl File {
    /// As a history tells of it.
    pub(crate) fn shown(&self) -> Value {
        let Self { id, file } = self;
        let image = file.size.map_or(json!(false), |(width, height)| json!({"width": width, "height": height}));
        json!({
            "id": id, "name": file.name, "size": file.bytes.len(), "image": image,
            "type": if file.mime.starts_with("image/") { "image" } else { "file" },
            "urldownload": "/bitrix/services/main/ajax.php?action=disk.api.file.download&_esd=x",
        })
    }
}

impl World {
    /// A new file of the portal's.
    pub(crate) fn keep_file(&mut self, file: Upload) -> File {
        let kept = File { id: self.numbers.file(), file };
        self.drive.insert(kept.id, kept.clone());
        kept
    }
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/rest/download.json", get(download))
        .route("/pub/im.file.php", get(public))
        .route("/{short}", get(short))
}

#[derive(Deserialize)]
struct Asked {
    token: String,
    auth: Option<String>,
}

async fn download(State(shared): State<Shared>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    if is_former_name(&shared, &headers) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let id = asked.token.rsplit('|').next().and_then(|id| id.parse::<u64>().ok()).unwrap_or_default();
    let is_asked_for = asked.token.starts_with("im|"); // by `im.v2.File.download`
    let (file, fault) = shared.change(|world| {
        let fault = asked_for(world);
        let file = world.drive.get(&id).filter(|file| is_asked_for || file.file.download != Download::None).cloned();
        let is_spent = world.spent.contains(&asked.token);
        if is_asked_for || file.as_ref().is_some_and(|file| file.file.once) {
            world.spent.insert(asked.token.clone());
        }
        let file = file.filter(|_| !is_spent);
        let known = asked.auth.as_ref().is_some_and(|token| world.tokens.caller(token, &world.clock).is_ok());
        let known = known || is_asked_for;
        (file.map(|file| (known || file.file.download != Download::WithToken, file)), fault)
    });
    match file {
        None => StatusCode::NOT_FOUND.into_response(),
        Some((false, _)) => (StatusCode::UNAUTHORIZED, "{\"error\":\"NO_AUTH_FOUND\"}").into_response(),
        Some((true, file)) => bytes(&file, fault),
    }
}

/// Whether a portal that was renamed is asked for a file under the name that it had before: nobody promises that files
/// are still there.
fn is_former_name(shared: &Shared, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    shared.look(|world| world.new_name.as_deref().is_some_and(|now| host != Some(now)))
}

async fn short(State(shared): State<Shared>, Path(short): Path<String>) -> Response {
    let id = short.strip_prefix('~').and_then(|id| id.parse::<u64>().ok());
    match id.filter(|id| shared.look(|world| world.drive.contains_key(id))) {
        Some(id) => Redirect::permanent(&format!("/pub/im.file.php?FILE_ID={id}&SIGN=5f0c2a7e4b")).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
struct Public {
    #[serde(rename = "FILE_ID")]
    id: u64,
}

async fn public(State(shared): State<Shared>, Query(asked): Query<Public>) -> Response {
    let (file, fault) = shared.change(|world| (world.drive.get(&asked.id).cloned(), asked_for(world)));
    match file {
        Some(file) if file.file.link == Link::Bytes => bytes(&file, fault),
        Some(file) => page(&file.file.name),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Counts, and tells what goes wrong this time.
fn asked_for(world: &mut World) -> Option<Fault> {
    world.files_asked_for += 1;
    world.faults.take(Place::File, DOWNLOAD)
}

fn page(title: &str) -> Response {
    let html = format!("<!doctype html><title>{}</title>", title.replace('<', "&lt;"));
    ([(header::CONTENT_TYPE, "text/html; charset=UTF-8")], html).into_response()
}

fn bytes(file: &File, fault: Option<Fault>) -> Response {
    let kind = [(header::CONTENT_TYPE, file.file.mime.clone())];
    let whole = file.file.bytes.clone();
    match fault {
        Some(Fault::FileGone) => StatusCode::NOT_FOUND.into_response(),
        Some(Fault::FilePage) => page("Bitrix24"),
        Some(Fault::FileTorn) => (kind, whole.slice(..whole.len() / 2)).into_response(),
        Some(Fault::FileStuck) => {
            let beginning = futures_util::stream::iter([Ok::<_, Infallible>(whole.slice(..whole.len() / 2))]);
            let rest = futures_util::stream::pending();
            (kind, Body::from_stream(futures_util::StreamExt::chain(beginning, rest))).into_response()
        }
        Some(_) => Cut::response(),
        None => (kind, whole).into_response(),
    }
}

//! Files on the desk: the operator sends one, and opens those of the talk.

use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    chats::Message,
    drive::{File, Upload},
    ids::{ChatId, UserId},
    portal::Shared,
};

/// What a page may show: the visitor named the rest.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// The largest file an operator sends from here, in bytes.
pub(super) const MOST: usize = 64 * 1024 * 1024;

#[derive(Deserialize)]
pub(super) struct Sent {
    chat: u64,
    by: u64,
    name: String,
    #[serde(default)]
    kind: String,
}

/// `POST /desk/file`: the bytes are the body.
pub(super) async fn send(State(shared): State<Shared>, Query(sent): Query<Sent>, bytes: Bytes) -> StatusCode {
    let file =
        Upload::new(&sent.name, if sent.kind.is_empty() { "application/octet-stream" } else { &sent.kind }, bytes);
    let said = shared.change(|world| world.operator_sends(ChatId(sent.chat), UserId(sent.by), "", vec![file]));
    if said.is_ok() { StatusCode::NO_CONTENT } else { StatusCode::UNPROCESSABLE_ENTITY }
}

/// `GET /desk/file/ID`
pub(super) async fn open(State(shared): State<Shared>, Path(id): Path<u64>) -> Response {
    let Some(File { file, .. }) = shared.look(|world| world.drive.get(&id).cloned()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = if is_image(&file) { file.mime.clone() } else { "application/octet-stream".to_owned() };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, file.bytes).into_response()
}

/// As the page draws them.
pub(super) fn of(message: &Message) -> Vec<Value> {
    let one = |kept: &File| {
        let (file, id) = (&kept.file, kept.id);
        json!({"id": id, "name": file.name, "size": file.bytes.len(), "image": is_image(file)})
    };
    message.files.iter().map(one).collect()
}

fn is_image(file: &Upload) -> bool {
    IMAGES.contains(&file.mime.as_str())
}

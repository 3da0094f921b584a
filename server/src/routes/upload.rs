//! `/v1/files/ID`: a visitor's file comes in, before the message that has it. Streamed to the disk, named by the chat so
//! that a repeat is known, and good for the session's own dialogue alone.

use super::caller::Caller;
use super::visitor;
use crate::AppState;
use crate::clock::millis;
use crate::error::Failure;
use crate::files::{ADDRESS_LASTS, Claim, Look, Writer, tidy};
use crate::ids::FileKey;
use crate::store::{DialogueRecord, SessionRecord, TokenHash};
use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;
use serde::Deserialize;
use shared::{File, FileId, Refusal};
use std::io::ErrorKind;
use std::time::Duration;

/// How long nothing may come, and how long all of it may take, by the machine's time.
const PIECE: Duration = Duration::from_secs(30);
const WITHIN: Duration = Duration::from_secs(15 * 60);

/// In how many seconds to try again while an earlier attempt at the same file still hangs.
const BUSY: u32 = 10;

/// After how many seconds a file for a site that is off may be tried again.
const CLOSED_RETRY: u32 = 60;

#[derive(Deserialize)]
pub struct Named {
    #[serde(default)]
    name: String,
}

/// `PUT`: the bytes are the body. Answers what the file is.
pub async fn put(
    State(state): State<AppState>,
    Caller(address): Caller,
    Path(id): Path<String>,
    Query(named): Query<Named>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<File>, Failure> {
    let _open = state.limits.connection(address)?;
    let Owner { session, token, .. } = owner(&state, &headers).await?;
    let id = file_id(id)?;
    let key = FileKey::of(session.dialogue, &id);
    let mut body = body.into_data_stream();
    if let Some(record) = state.store.file(key).await? {
        drain(&mut body, state.files.most()).await; // else the browser takes the answer for a broken connection
        return Ok(Json(record.file));
    }
    if !state.channels.takes(&session.site) {
        return Err(Failure::RefusedFor(CLOSED_RETRY, Refusal::SiteClosed));
    }
    let told = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|length| length > state.files.most()) {
        drain(&mut body, 2 * state.files.most()).await;
        return Err(Failure::Refused(Refusal::TooLarge));
    }
    if let Err(failure) = state.limits.upload(token, address) {
        drain(&mut body, state.files.most()).await;
        return Err(failure);
    }
    let writer = state.files.write(key).await.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::RefusedFor(BUSY, Refusal::TooFast),
        _ => Failure::Disk(error),
    })?;
    let receiving = tokio::time::timeout(WITHIN, receive(writer, &mut body)).await;
    let received = receiving.map_err(|_| Failure::Refused(Refusal::BadFrame))?;
    if matches!(received, Err(Failure::Refused(Refusal::TooLarge))) {
        drain(&mut body, state.files.most()).await;
    }
    let (look, _claim) = received?;
    let (file, mime) = look.describe(id, tidy(&named.name));
    if !state.store.keep_upload(session.dialogue, file.clone(), mime.to_owned(), state.clock.now()).await? {
        return Err(Failure::Refused(Refusal::SessionUnknown));
    }
    metrics::counter!("otklik_files_uploaded_total").increment(1);
    Ok(Json(file))
}

/// `POST`: the file with an address that is good from now on.
pub async fn address(
    State(state): State<AppState>,
    Caller(_): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<File>, Failure> {
    let Owner { session, dialogue, .. } = owner(&state, &headers).await?;
    let id = file_id(id)?;
    for from in dialogue.joined.into_iter().chain([session.dialogue]) {
        let key = FileKey::of(from, &id);
        if let Some(record) = state.store.file(key).await? {
            let until = state.clock.now() + millis(ADDRESS_LASTS);
            let href = Some(state.addresses.mint_until(key, until));
            return Ok(Json(File { href, ..record.file }));
        }
    }
    Err(Failure::Refused(Refusal::FileUnknown))
}

/// `DELETE`: the visitor does not send it after all.
pub async fn discard(
    State(state): State<AppState>,
    Caller(_): Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Failure> {
    let Owner { session, .. } = owner(&state, &headers).await?;
    let key = FileKey::of(session.dialogue, &file_id(id)?);
    if state.store.drop_upload(key).await? {
        state.files.remove([key]).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whose file it is.
struct Owner {
    session: SessionRecord,
    dialogue: DialogueRecord,
    token: TokenHash,
}

/// `Authorization: Bearer SESSION`, of a session that would open the chat too.
async fn owner(state: &AppState, headers: &HeaderMap) -> Result<Owner, Failure> {
    let unknown = || Failure::Refused(Refusal::SessionUnknown);
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = bearer.map(TokenHash::of).ok_or_else(unknown)?;
    let session = state.store.session(token).await?.ok_or_else(unknown)?;
    let dialogue = state.store.dialogue(session.dialogue).await?.ok_or_else(unknown)?;
    if !visitor::is_proven(&state.store, &session, &dialogue).await? {
        return Err(unknown());
    }
    Ok(Owner { session, dialogue, token })
}

fn file_id(id: String) -> Result<FileId, Failure> {
    FileId::try_from(id).map_err(|_| Failure::Refused(Refusal::BadFrame))
}

async fn receive(mut writer: Writer, body: &mut BodyDataStream) -> Result<(Look, Claim), Failure> {
    loop {
        let piece = tokio::time::timeout(PIECE, body.next()).await;
        let piece = piece.map_err(|_| Failure::Refused(Refusal::BadFrame))?;
        let Some(piece) = piece else { break };
        let piece = piece.map_err(|_| Failure::Refused(Refusal::BadFrame))?; // the browser has gone
        writer.write(&piece).await.map_err(disk)?;
    }
    if writer.size() == 0 {
        return Err(Failure::Refused(Refusal::Empty));
    }
    writer.finish().await.map_err(disk)
}

fn disk(error: std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::FileTooLarge => Failure::Refused(Refusal::TooLarge),
        _ => Failure::Disk(error),
    }
}

/// Reads what comes and keeps none of it, up to `most` bytes.
async fn drain(body: &mut BodyDataStream, most: u64) {
    let mut read = 0;
    while let Ok(Some(Ok(piece))) = tokio::time::timeout(PIECE, body.next()).await {
        read += piece.len() as u64;
        if read > most {
            return;
        }
    }
}

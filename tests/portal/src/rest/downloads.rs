//! The files of `imconnector.send.messages`: the portal downloads each during the call, from the address that came with
//! it, and drops without a word what it cannot have.

use std::time::Duration;

use reqwest::{Client, StatusCode, header};
use serde_json::Value;

use super::messages::SEND;
use crate::{
    drive::Upload,
    faults::{Fault, Place},
    http, php,
    portal::Shared,
};

/// All downloads of a call together; then the front server has given up on it.
const WITHIN: Duration = Duration::from_secs(60);

/// What the portal calls itself.
const AGENT: &str = "Bitrix Connector Client";

/// What became of a file's download.
#[derive(Clone, Debug)]
pub(crate) enum Downloaded {
    Here(Upload),
    /// It came, and the portal's Drive has no room for it.
    NoRoom,
    Dropped,
}

/// Downloads the files of each element of `args`, in their order.
pub(super) async fn of(shared: &Shared, args: &Value) -> Vec<Vec<Downloaded>> {
    let client = http::client(WITHIN);
    let mut all = Vec::new();
    for element in php::list(&args["MESSAGES"]) {
        let mut files = Vec::new();
        for file in php::list(&element["message"]["files"]) {
            files.push(download(shared, &client, file).await);
        }
        all.push(files);
    }
    all
}

async fn download(shared: &Shared, client: &Client, file: &Value) -> Downloaded {
    let text = |name: &str| php::text(&file[name]).unwrap_or_default();
    let fault = shared.change(|world| world.faults.take(Place::Download, SEND));
    if fault == Some(Fault::FileDropped) {
        return Downloaded::Dropped;
    }
    let Ok(answer) = client.get(text("url")).header(header::USER_AGENT, AGENT).send().await else {
        return Downloaded::Dropped;
    };
    if answer.status() != StatusCode::OK {
        return Downloaded::Dropped;
    }
    let told = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let Ok(bytes) = answer.bytes().await else { return Downloaded::Dropped };
    if fault == Some(Fault::DriveFull) {
        return Downloaded::NoRoom;
    }
    let mime = Some(text("type")).filter(|mime| !mime.is_empty()).or(told).unwrap_or_default();
    let name: Vec<char> = text("name").chars().collect();
    let name: String = name[name.len().saturating_sub(50)..].iter().collect();
    Downloaded::Here(Upload::new(&name, &mime, bytes))
}

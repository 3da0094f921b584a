//! `GET /bitrix24/oauth`: an administrator's browser on its way to the portal for a code, and back with it. The same
//! address is the application's own page, where it has one: the portal opens it by POST.

use super::caller::Address;
use super::settings::refusal;
use crate::AppState;
use crate::setup::Returned;
use crate::setup::page::{self, Installed, Refused};
use crate::setup::words::Lang;
use axum::extract::{Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde::Deserialize;

pub fn door() -> MethodRouter<AppState> {
    get(travel).post(own_page)
}

#[derive(Deserialize)]
struct Asked {
    /// Which portal, where the settings name several.
    portal: Option<String>,
    code: Option<String>,
    state: Option<String>,
    member_id: Option<String>,
}

async fn travel(
    State(state): State<AppState>,
    Address(from): Address,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let lang = browser_lang(&headers);
    let Asked { portal, code, state: journey, member_id } = asked;
    let (Some(code), Some(journey)) = (code, journey) else {
        return match state.setup.authorize(portal.as_deref()) {
            Ok(url) => (StatusCode::SEE_OTHER, [(header::LOCATION, url.to_string())]).into_response(),
            Err(error) => page::refused(lang, refusal(&error, "nobody was sent to a portal")),
        };
    };
    let setup = state.setup.clone();
    // A browser that is closed does not stop what was begun: a code is good once.
    let work =
        state.tasks.spawn(async move { setup.authorized(&Returned { code, state: journey, member_id }, from).await });
    match work.await {
        Ok(Ok(_)) => page::installed(lang, Installed::ByHand),
        Ok(Err(error)) => page::installed(lang, Installed::Failed(refusal(&error, "a code was not taken"))),
        Err(_) => page::installed(lang, Installed::Failed(Refused::Internal)),
    }
}

/// Says where the settings are; nothing of the request is needed for that.
async fn own_page(RawQuery(query): RawQuery) -> Response {
    let is_russian = query.is_some_and(|query| query.split('&').any(|pair| pair == "LANG=ru"));
    page::installed(if is_russian { Lang::Ru } else { Lang::En }, Installed::ByHand)
}

/// Nobody says a language here but the browser.
fn browser_lang(headers: &HeaderMap) -> Lang {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Lang::of(wanted.and_then(|wanted| wanted.get(..2)))
}

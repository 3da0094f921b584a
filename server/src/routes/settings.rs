//! `POST /bitrix24/settings`: a line's settings in the portal's frame, and `/bitrix24/settings/api`, which that page's
//! script asks. Knows how requests look; what they mean is decided in `setup`.

use super::caller::Address;
use super::posted::Posted;
use crate::AppState;
use crate::look::Rgb;
use crate::setup::page::{self, Refused};
use crate::setup::words::Lang;
use crate::setup::{
    ChoicesForm, ColorFacts, FieldFault, Frame, LookFault, LookForm, Opened, SetupError, SitesFault, View, color_facts,
};
use crate::telemetry::chain;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use serde::{Deserialize, Serialize};

/// The longest request taken, in bytes: a frame's tokens and options, or a page's fields.
const MOST: usize = 64 * 1024;

/// Shows which page is asking.
const KEY: &str = "x-otklik-page";

pub fn door() -> MethodRouter<AppState> {
    post(open)
}

pub fn api() -> MethodRouter<AppState> {
    post(ask)
}

async fn open(
    State(state): State<AppState>,
    Address(from): Address,
    RawQuery(query): RawQuery,
    posted: Posted<MOST>,
) -> Response {
    let Some(frame) = Frame::read(&query.unwrap_or_default(), &posted.body) else {
        return page::refused(Lang::En, Refused::Forged);
    };
    match state.setup.open(&frame, from).await {
        Ok(settings) => page::settings(frame.lang, &settings.framed_by, &settings.key, &settings.view),
        Err(error) => page::refused(frame.lang, refusal(&error, "settings were not opened")),
    }
}

/// What to say to an administrator of an error, which is logged here.
pub fn refusal(error: &SetupError, what: &'static str) -> Refused {
    let refused = match error {
        SetupError::UnknownPortal => Refused::UnknownPortal,
        SetupError::NotInstalled | SetupError::Full | SetupError::WrongKeys(_) => Refused::NotInstalled,
        SetupError::GivenUp => Refused::GivenUp,
        SetupError::Forged(_) => Refused::Forged,
        SetupError::Stale => Refused::Stale,
        SetupError::NotAdmin => Refused::NotAdmin,
        SetupError::NoLine | SetupError::LineGone | SetupError::Fields(_) => Refused::NoLine,
        SetupError::OAuth(_) | SetupError::Portal(_) | SetupError::Flood => Refused::NoAnswer,
        SetupError::Store(_) => Refused::Internal,
    };
    match refused {
        Refused::Internal => tracing::error!(error = chain(error), what),
        _ => tracing::warn!(error = chain(error), what),
    }
    refused
}

/// What a page's script asks for.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Order {
    State,
    Connect {
        sites: String,
        look: Option<LookForm>,
    },
    Save {
        sites: String,
        look: LookForm,
        /// Whether operators are told what the portal has no field for.
        #[serde(default)]
        notes: bool,
        /// The page's language.
        #[serde(default)]
        lang: String,
        /// What the connector may do, as far as that is to change.
        #[serde(default)]
        flags: ChoicesForm,
    },
    Disconnect,
    Secret,
    Color {
        color: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    State(View),
    Color(ColorFacts),
    /// Once, when it is made.
    Secret(String),
}

/// Why not. `code` is the portal's own word, `faults` say which field and what about it.
#[derive(Default, Serialize)]
struct Fault {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<Vec<Field>>,
}

#[derive(Serialize)]
struct Field {
    field: &'static str,
    why: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<usize>,
}

async fn ask(State(state): State<AppState>, headers: HeaderMap, posted: Posted<MOST>) -> Response {
    let key = headers.get(KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    // The page stands on our own origin, and browsers say so with every such request.
    let is_foreign = headers
        .get(header::ORIGIN)
        .is_some_and(|origin| !origin.to_str().is_ok_and(|origin| state.config.public_url.is_origin(origin)));
    let Some(page) = state.setup.page(key).filter(|_| !is_foreign) else {
        return answer(StatusCode::FORBIDDEN, &Fault { error: "expired", ..Fault::default() });
    };
    let Ok(order) = serde_json::from_slice(&posted.body) else {
        return answer(StatusCode::BAD_REQUEST, &Fault { error: "server", ..Fault::default() });
    };
    match carry_out(&state, &page, order).await {
        Ok(reply) => answer(StatusCode::OK, &reply),
        Err(error) => {
            let (status, fault) = fault_of(&error);
            if !matches!(error, SetupError::Fields(_)) {
                tracing::warn!(portal = %page.portal, line = page.line.0, error = chain(&error), "settings were not changed");
            }
            answer(status, &fault)
        }
    }
}

async fn carry_out(state: &AppState, page: &Opened, order: Order) -> Result<Reply, SetupError> {
    let setup = &state.setup;
    Ok(match order {
        Order::State => Reply::State(setup.state(page).await?),
        Order::Connect { sites, look } => Reply::State(setup.connect(page, &sites, look.as_ref()).await?),
        Order::Save { sites, look, notes, lang, flags } => {
            let notes = notes.then(|| Lang::of(Some(&lang)));
            Reply::State(setup.save(page, &sites, &look, notes, &flags).await?)
        }
        Order::Disconnect => Reply::State(setup.disconnect(page).await?),
        Order::Secret => {
            let (site, secret) = setup.make_secret(page).await?;
            state.hub.end_vouched_by(&site);
            Reply::Secret(secret)
        }
        Order::Color { color } => match Rgb::try_from(color.as_str()) {
            Ok(color) => Reply::Color(color_facts(color)),
            Err(_) => return Err(SetupError::Fields(vec![FieldFault::Look(LookFault::Color)])),
        },
    })
}

fn fault_of(error: &SetupError) -> (StatusCode, Fault) {
    let (status, word) = match error {
        SetupError::Fields(_) => (StatusCode::UNPROCESSABLE_ENTITY, "fields"),
        SetupError::LineGone | SetupError::NoLine => (StatusCode::UNPROCESSABLE_ENTITY, "line"),
        SetupError::Portal(error) if error.code().is_some() => (StatusCode::BAD_GATEWAY, "refused"),
        SetupError::Portal(_) => (StatusCode::BAD_GATEWAY, "portal"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "server"),
    };
    let code = match error {
        SetupError::Portal(error) => error.code().map(str::to_owned),
        _ => None,
    };
    let faults = match error {
        SetupError::Fields(faults) => Some(faults.iter().map(field).collect()),
        _ => None,
    };
    (status, Fault { error: word, code, faults })
}

fn field(fault: &FieldFault) -> Field {
    let sites = |why| Field { field: "sites", why, line: None, fix: None, n: None };
    match fault {
        FieldFault::Sites(SitesFault::Bad { line, fix }) => {
            Field { line: Some(*line), fix: fix.clone(), ..sites("bad") }
        }
        FieldFault::Sites(SitesFault::None) => sites("none"),
        FieldFault::Sites(SitesFault::Many(most)) => Field { n: Some(*most), ..sites("many") },
        FieldFault::Look(LookFault::Color) => Field { field: "color", ..sites("bad") },
        FieldFault::Look(LookFault::TooLong(field, most)) => Field { field, n: Some(*most), ..sites("too_long") },
    }
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

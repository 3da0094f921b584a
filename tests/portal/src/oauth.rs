//! `/oauth/token/` of the authorisation server and `/oauth/authorize/` of the portal.

use axum::{
    Json,
    body::Bytes,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    calls::Call,
    faults::{Fault, Place},
    php,
    portal::Shared,
    server::Cut,
    tokens::{ACCESS_LIFE, Pair},
    world::World,
};

/// The name under which the server's calls are recorded and faults are set.
pub const TOKEN: &str = "oauth.token";

/// `GET` or `POST /oauth/token/`.
pub(crate) async fn token(State(shared): State<Shared>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let mut fields = php::parse_form(query.unwrap_or_default().as_bytes());
    if let (Value::Object(fields), Value::Object(sent)) = (&mut fields, php::parse_form(&body)) {
        fields.extend(sent);
    }
    let (number, fault) = shared.change(|world| {
        let at = world.clock.now();
        let args = json!({"grant_type": fields["grant_type"], "client_id": fields["client_id"]});
        world.calls.push(Call { method: TOKEN.to_owned(), args, at, with_event_token: false, status: None });
        (world.calls.len() - 1, world.faults.take(Place::Call, TOKEN))
    });
    let answer = match &fault {
        Some(Fault::CutBefore) => return Cut::response(),
        Some(Fault::Refuse(code)) => Err(OauthError(400, code.clone())),
        Some(Fault::HtmlPage) => {
            let page = (StatusCode::BAD_GATEWAY, Html("<html>502 Bad Gateway</html>"));
            return told(&shared, number, page.into_response());
        }
        _ => shared.change(|world| grant(world, &fields)),
    };
    if let Some(Fault::Slow(late)) = fault {
        let clock = shared.clock();
        clock.sleep_until(clock.now().plus(late)).await;
    }
    if fault == Some(Fault::CutAfter) {
        return Cut::response();
    }
    told(&shared, number, answer.map(Json).into_response())
}

/// Notes how a call was answered.
fn told(shared: &Shared, number: usize, response: Response) -> Response {
    shared.change(|world| world.calls[number].status = Some(response.status().as_u16()));
    response
}

/// An error of `settings/oauth/error-codes.md`, with its HTTP status.
struct OauthError(u16, String);

impl OauthError {
    fn new(status: u16, code: &str) -> Self {
        Self(status, code.to_owned())
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let words = self.1.replace('_', " ");
        let description = words.chars().take(1).flat_map(char::to_uppercase).chain(words.chars().skip(1));
        let body = json!({"error": self.1, "error_description": description.collect::<String>()});
        (StatusCode::from_u16(self.0).unwrap_or(StatusCode::BAD_REQUEST), Json(body)).into_response()
    }
}

fn grant(world: &mut World, fields: &Value) -> Result<Value, OauthError> {
    let field = |name: &str| fields[name].as_str().filter(|text| !text.is_empty());
    let known = field("client_id") == Some(world.app.client_id.as_str())
        && field("client_secret") == Some(world.app.client_secret.as_str());
    if !known || world.app.deleted {
        return Err(OauthError::new(401, "invalid_client"));
    }
    let malformed = || OauthError::new(400, "invalid_request");
    let clock = world.clock.clone();
    let pair = match field("grant_type") {
        Some("refresh_token") => world.tokens.rotate(field("refresh_token").ok_or_else(malformed)?, &clock),
        Some("authorization_code") => world.tokens.redeem(field("code").ok_or_else(malformed)?, &clock),
        _ => return Err(malformed()),
    };
    let pair = pair.filter(|pair| world.employee(pair.user).is_some());
    let pair = pair.ok_or_else(|| OauthError::new(400, "invalid_grant"))?;
    Ok(shown(world, &pair))
}

fn shown(world: &World, pair: &Pair) -> Value {
    json!({
        "access_token": pair.access,
        "client_endpoint": world.client_endpoint(),
        "domain": "oauth.bitrix.info",
        "expires": pair.expires.seconds(),
        "expires_in": ACCESS_LIFE.as_secs(),
        "member_id": world.app.member_id,
        "refresh_token": pair.refresh,
        "scope": world.app.scopes,
        "server_endpoint": world.server_endpoint(),
        "status": "L",
        "user_id": pair.user,
    })
}

/// `GET /oauth/authorize/` in an administrator's browser: back to the application with a code of 30 seconds.
pub(crate) async fn authorize(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let fields = php::parse_form(query.unwrap_or_default().as_bytes());
    let target = shared.change(|world| {
        let known = fields["client_id"].as_str() == Some(world.app.client_id.as_str());
        let handler = world.app.handler_url.clone().filter(|_| known && !world.app.deleted)?;
        let code = world.tokens.issue_code(world.app.installer, &world.clock);
        let mut url = url::Url::parse(&handler).ok()?;
        url.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", fields["state"].as_str().unwrap_or_default())
            .append_pair("domain", &world.name())
            .append_pair("member_id", &world.app.member_id)
            .append_pair("scope", &world.app.scopes)
            .append_pair("server_domain", "oauth.bitrix.info");
        Some(url.to_string())
    });
    match target {
        Some(url) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
        // The portal shows its own page and leads nowhere.
        None => (StatusCode::OK, "Приложение не найдено").into_response(),
    }
}

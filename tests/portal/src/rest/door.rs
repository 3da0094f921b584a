//! The way in: a request becomes a method and its arguments, meets limits and faults, and gets the portal's envelope.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{Extension, Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{Answer, Reply, RestError, downloads, messages, run};
use crate::{
    calls::Call,
    clock::Millis,
    faults::{Fault, Mood, Place},
    php,
    portal::Shared,
    server::{Asker, Cut},
    tokens::{Bad, Caller},
    world::World,
};

/// The front server gives up on the portal after a minute (`limits.md`).
const FRONT_SERVER_WAITS: Duration = Duration::from_secs(60);

/// `POST` or `GET /rest/METHOD(.json)`.
pub(crate) async fn call(
    State(shared): State<Shared>,
    Extension(asker): Extension<Asker>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(elsewhere) = moved(&shared, &headers) {
        return (StatusCode::FOUND, [(header::LOCATION, format!("http://{elsewhere}/rest/{path}"))]).into_response();
    }
    let method = path.trim_end_matches('/').trim_end_matches(".json").to_lowercase();
    let (token, args) = read(&headers, query.as_deref().unwrap_or_default(), &body);
    let number = shared.change(|world| {
        let number = record(world, &method, &token, &args);
        world.flights.begin(number, &method, &args);
        number
    });
    let outcome = meet(&shared, (number, &method), &token, args, &asker).await;
    let response = outcome.into_response();
    let status = response.extensions().get::<Cut>().is_none().then(|| response.status().as_u16());
    shared.change(|world| {
        world.calls[number].status = status;
        world.flights.done(number);
    });
    response
}

/// The portal's new address, for a call that came to another.
fn moved(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    shared.look(|world| world.new_name.clone()).filter(|now| asked != Some(now.as_str()))
}

/// Token and arguments from query and body; JSON by its content type, else a form, as PHP reads them.
fn read(headers: &HeaderMap, query: &str, body: &[u8]) -> (String, Value) {
    let mut args = members(php::parse_form(query.as_bytes()));
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let sent = if kind.starts_with("application/json") {
        serde_json::from_slice(body).unwrap_or(Value::Null)
    } else {
        php::parse_form(body)
    };
    args.extend(members(sent));
    let in_body = args.remove("auth").or_else(|| args.remove("access_token")).as_ref().and_then(php::text);
    let in_header = || headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::to_owned);
    (in_body.or_else(in_header).unwrap_or_default(), Value::Object(args))
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Notes the call; its number among the calls.
fn record(world: &mut World, method: &str, token: &str, args: &Value) -> usize {
    let with_event_token = world.tokens.caller(token, &world.clock).is_ok_and(|caller| caller.from_event);
    world.calls.push(Call {
        method: method.to_owned(),
        args: args.clone(),
        at: world.clock.now(),
        with_event_token,
        status: None,
    });
    world.calls.len() - 1
}

/// What becomes of a call on the wire.
enum Outcome {
    /// An answer, and the `time` that stands beside a good one.
    Answered(Answer, Value),
    /// The front server's page instead of an answer.
    Page(StatusCode, &'static str),
    Cut,
}

/// Lets mood, bucket and faults have their say, then runs the method.
async fn meet(shared: &Shared, (number, method): (usize, &str), token: &str, args: Value, asker: &Asker) -> Outcome {
    let (mood, fault) = shared.change(|world| {
        let fault = match world.mood {
            Mood::Answers => world.faults.take(Place::Call, method).or_else(|| world.faults.met(Place::Call, &args)),
            _ => None,
        };
        (world.mood, fault)
    });
    if shared.look(|world| world.forbidden.as_ref().is_some_and(|words| args.to_string().contains(words))) {
        return Outcome::Page(StatusCode::FORBIDDEN, "403 Forbidden");
    }
    let started = shared.clock().now();
    let refused = |code: &str| Outcome::Answered(Err(RestError::system(code)), Value::Null);
    match (mood, &fault) {
        (Mood::Busy, _) => return refused("QUERY_LIMIT_EXCEEDED"),
        (Mood::Unpaid, _) => return refused("ACCESS_DENIED"),
        (Mood::Deleted, _) => return refused("PORTAL_DELETED"),
        (Mood::Blocked, _) => return refused("OVERLOAD_LIMIT"),
        (Mood::Silent, _) | (_, Some(Fault::Silent)) => {
            shared.clock().sleep_until(started.plus(FRONT_SERVER_WAITS)).await;
            return Outcome::Page(StatusCode::GATEWAY_TIMEOUT, "504 Gateway Time-out");
        }
        (Mood::Off, _) | (_, Some(Fault::CutBefore)) => return Outcome::Cut,
        (_, Some(Fault::HtmlPage)) => {
            return Outcome::Page(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error");
        }
        _ => {}
    }
    if let Some(code) = fault.as_ref().and_then(Fault::refusal) {
        return refused(code);
    }
    let caller = match shared.change(|world| admitted(world, token)) {
        Ok(caller) => caller,
        Err(error) => return Outcome::Answered(Err(error), Value::Null),
    };
    if let Some(Fault::Late(late)) = fault {
        asker.hang_up();
        shared.clock().sleep_until(started.plus(late)).await;
    }
    let started = shared.clock().now();
    let work = shared.look(|world| world.options.work);
    let waited = work.waited(method, &args);
    shared.clock().sleep_until(started.plus(waited)).await;
    let files = if method == messages::SEND { downloads::of(shared, &args).await } else { Vec::new() };
    let (answer, time) = shared.change(|world| {
        world.downloaded = files;
        if let Some(Fault::CutAt(element)) = fault {
            world.breaks_at = Some(element);
        }
        let answer = run(world, method, caller, args);
        world.breaks_at = None;
        world.flights.done(number);
        match &fault {
            Some(Fault::Slow(late)) => world.give_mids(started.plus(*late)),
            _ => world.give_mids(started),
        }
        (answer, timing(world, method, started, waited + work.call))
    });
    match fault {
        Some(Fault::Slow(late)) => shared.clock().sleep_until(started.plus(late)).await,
        Some(Fault::CutAfter | Fault::CutAt(_) | Fault::Late(_)) => return Outcome::Cut,
        _ => {}
    }
    Outcome::Answered(answer, time)
}

/// Past the bucket and the token.
fn admitted(world: &mut World, token: &str) -> Result<Caller, RestError> {
    let now = world.clock.now();
    if !world.bucket.pour(now) {
        return Err(RestError::system("QUERY_LIMIT_EXCEEDED"));
    }
    caller(world, token)
}

fn caller(world: &World, token: &str) -> Result<Caller, RestError> {
    let caller = world.tokens.caller(token, &world.clock).map_err(|bad| {
        RestError::system(match bad {
            Bad::Expired => "expired_token",
            Bad::Unknown => "NO_AUTH_FOUND",
        })
    })?;
    // Dismissed since.
    world.employee(caller.user).map(|_| caller).ok_or_else(|| RestError::system("user_access_error"))
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::Answered(Ok(reply), time) => (StatusCode::OK, enveloped(reply, time)),
            Self::Answered(Err(error), _) => {
                (StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST), error.body())
            }
            Self::Page(status, title) => return page(status, title),
            Self::Cut => return Cut::response(),
        };
        let json = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
        (status, json, body.to_string()).into_response()
    }
}

fn enveloped(reply: Reply, time: Value) -> Value {
    let mut body = json!({"result": reply.result, "time": time});
    if let Some(total) = reply.total {
        body["total"] = json!(total);
    }
    body
}

fn page(status: StatusCode, title: &str) -> Response {
    let html = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html")], Body::from(html)).into_response()
}

/// The `time` member of an answer, or of one command of a batch: no clock is read twice here.
pub(super) fn timing(world: &World, method: &str, started: Millis, took: Duration) -> Value {
    let seconds = |moment: Millis| Duration::from_millis(moment.0).as_secs_f64();
    let finished = started.plus(took);
    json!({
        "start": seconds(started),
        "finish": seconds(finished),
        "duration": took.as_secs_f64(),
        "processing": took.as_secs_f64(),
        "date_start": started.iso(),
        "date_finish": finished.iso(),
        "operating_reset_at": world.operating.resets_at(method, started).seconds(),
        "operating": world.operating.spent(method, started).as_secs_f64(),
    })
}

//! What the portal tells the application: who is subscribed, what an event's body looks like, what waits to be sent.

use serde_json::{Map, Value, json};

use crate::{
    clock::Millis,
    faults::{Fault, Mood, Place},
    ids::UserId,
    offline::Record,
    php,
    tokens::{ACCESS_LIFE, Pair},
    world::World,
};

/// Names that `event.bind` takes, as the portal writes them.
pub const KNOWN: &[&str] = &[
    "ONAPPINSTALL",
    "ONAPPUPDATE",
    "ONAPPUNINSTALL",
    "ONAPPPAYMENT",
    "ONAPPTEST",
    "ONOFFLINEEVENT",
    "ONIMCONNECTORMESSAGEADD",
    "ONIMCONNECTORMESSAGEUPDATE",
    "ONIMCONNECTORMESSAGEDELETE",
    "ONIMCONNECTORDIALOGSTART",
    "ONIMCONNECTORDIALOGFINISH",
    "ONIMCONNECTORSTATUSDELETE",
    "ONIMCONNECTORLINEDELETE",
    "ONOPENLINEMESSAGEADD",
    "ONOPENLINEMESSAGEUPDATE",
    "ONOPENLINEMESSAGEDELETE",
    "ONSESSIONSTART",
    "ONSESSIONFINISH",
];

/// A line tells what its connectors brought and took.
pub(crate) const LINE_MESSAGE: &str = "ONOPENLINEMESSAGEADD";

/// One `event.bind`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// `event_handler_id`.
    pub no: u64,
    /// Upper-case.
    pub event: String,
    pub auth_type: u64,
    pub way: Way,
}

/// How an event reaches the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Posted to this address, once.
    Online(String),
    /// Kept in the portal until fetched, under this `auth_connector`.
    Offline(String),
}

/// An event on its way to one handler.
#[derive(Clone, Debug)]
pub struct Job {
    pub event: String,
    pub handler: String,
    /// `event_handler_id`.
    pub no: Option<u64>,
    pub data: Value,
    pub auth: Value,
    pub due: Millis,
}

impl Job {
    /// What is sent `now`, which the event tells: when it was raised nobody is told.
    pub fn body(&self, now: Millis) -> String {
        php::build_query(&[
            ("event", &json!(self.event)),
            ("event_handler_id", &self.no.map_or(Value::Null, Value::from)),
            ("data", &self.data),
            ("ts", &json!(now.seconds())),
            ("auth", &self.auth),
        ])
    }
}

/// An event that was sent: once, whatever came of it.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub event: String,
    pub handler: String,
    pub body: String,
    pub sent_at: Millis,
    /// How long the handler took.
    pub took: std::time::Duration,
    /// None: no connection, or no answer in time.
    pub status: Option<u16>,
}

/// Which of the `auth` members an event carries.
pub(crate) enum Auth {
    /// `ONAPPINSTALL`: the first pair.
    Install(Pair),
    /// An employee did something: with a token that is theirs.
    User(UserId),
    /// The portal did something by itself: no token.
    Nobody,
    /// `ONAPPUNINSTALL`: no token, no scope.
    Farewell,
}

impl World {
    pub(crate) fn auth(&mut self, kind: &Auth) -> Value {
        let mut auth = Map::new();
        let mut put = |name: &str, value: Value| auth.insert(name.to_owned(), value);
        match kind {
            Auth::Install(pair) => {
                put("access_token", json!(pair.access));
                put("refresh_token", json!(pair.refresh));
                put("expires_in", json!(ACCESS_LIFE.as_secs()));
            }
            Auth::User(user) => {
                let (token, expires) = self.tokens.issue_for_event(*user, &self.clock);
                put("access_token", json!(token));
                put("expires", json!(expires.seconds()));
                put("expires_in", json!(ACCESS_LIFE.as_secs()));
                put("user_id", json!(user));
            }
            Auth::Nobody | Auth::Farewell => {}
        }
        if !matches!(kind, Auth::Farewell) {
            put("scope", json!(self.app.scopes));
            put("status", json!("L"));
        }
        put("domain", json!(self.name()));
        put("server_endpoint", json!(self.server_endpoint()));
        put("client_endpoint", json!(self.client_endpoint()));
        put("member_id", json!(self.app.member_id));
        put("application_token", json!(self.app.application_token));
        Value::Object(auth)
    }

    /// Tells everyone who is subscribed. `by`: the employee whose doing it is.
    pub fn raise(&mut self, event: &str, data: &Value, by: Option<UserId>) {
        let kind = by.map_or(Auth::Nobody, Auth::User);
        self.raise_with(event, data, &kind);
    }

    /// Whether the application is told of anything just now.
    pub(crate) fn is_telling(&self) -> bool {
        self.app.installed && !self.muted && !matches!(self.mood, Mood::Unpaid | Mood::Deleted)
    }

    pub(crate) fn raise_with(&mut self, event: &str, data: &Value, kind: &Auth) {
        if !self.is_telling() {
            return;
        }
        let bound: Vec<Binding> = self.bindings.iter().filter(|one| one.event == event).cloned().collect();
        let now = self.clock.now();
        for binding in bound {
            match &binding.way {
                Way::Online(handler) => {
                    let auth = self.auth(kind);
                    // The farewell names no handler: by then there is none.
                    let no = (!matches!(kind, Auth::Farewell)).then_some(binding.no);
                    let (event, handler, data) = (event.to_owned(), handler.clone(), data.clone());
                    self.enqueue(Job { event, handler, no, data, auth, due: now });
                }
                Way::Offline(connector) if self.raised_by.as_ref() == Some(connector) => {}
                Way::Offline(connector) => {
                    let user = if let Auth::User(user) = kind { *user } else { UserId(0) };
                    Record::keep(&mut self.offline, &mut self.numbers, event, data, connector, user, now);
                    self.kept.extend(self.offline.last().cloned());
                }
            }
        }
    }

    /// Puts an event into the queue, or does with it what a waiting fault says.
    pub(crate) fn enqueue(&mut self, mut job: Job) {
        job.due = job.due.plus(self.options.event_delay);
        match self.faults.take(Place::Event, &job.event) {
            Some(Fault::EventLost) => return,
            Some(Fault::EventDelayed(late)) => job.due = job.due.plus(late),
            Some(Fault::EventTwice) => self.queue.push(job.clone()),
            Some(Fault::EventsSwapped) => {
                self.held = Some(job);
                return;
            }
            _ => {}
        }
        self.queue.push(job);
        self.queue.extend(self.held.take());
    }
}

//! All that a portal knows, in one place behind one lock. What changes it lives in the modules beside.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    app::App,
    bucket::Bucket,
    calls::Call,
    chats::{Alarm, Chat, Visitor},
    clock::Clock,
    connectors::{Channel, Connector},
    drive::File,
    events::{Binding, Delivery, Job},
    faults::{Faults, Mood},
    flights::Flights,
    ids::{ChatId, LineId, MessageId, Numbers, UserId},
    offline::Record,
    operating::Operating,
    options::{Employee, Line, Options},
    rest::Downloaded,
    tokens::Tokens,
};

/// Where this portal is reached: `host:port` each.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// The portal itself: REST, its pages.
    pub portal: String,
    /// What stands beside it and stays when it is off: the OAuth server and the operator's desk.
    pub side: String,
}

/// What stands around the portal in the demo; the desk shows it.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// The demo shop's address.
    pub shop: Option<String>,
    /// Visitors' messages that wait at the relay, where the relay tells.
    pub waiting: Option<u64>,
}

pub(crate) struct World {
    pub clock: Clock,
    pub options: Options,
    pub address: Address,
    pub numbers: Numbers,
    pub app: App,
    pub tokens: Tokens,
    pub bucket: Bucket,
    pub operating: Operating,
    pub connectors: BTreeMap<String, Connector>,
    /// By connector and line.
    pub channels: BTreeMap<(String, LineId), Channel>,
    pub visitors: BTreeMap<UserId, Visitor>,
    pub chats: BTreeMap<ChatId, Chat>,
    /// What the second step of `send.messages` has yet to give: chat, message, `CONNECTOR_MID`.
    pub pending_mids: Vec<(ChatId, MessageId, String)>,
    /// Chats whose history the application has read: it may have their files.
    pub read: BTreeSet<ChatId>,
    pub alarms: Vec<Alarm>,
    /// Files, by number.
    pub drive: BTreeMap<u64, File>,
    pub files_asked_for: usize,
    /// The files of the call under way, by its elements.
    pub downloaded: Vec<Vec<Downloaded>>,
    pub bindings: Vec<Binding>,
    pub offline: Vec<Record>,
    /// Every record that there ever was in it.
    pub kept: Vec<Record>,
    pub queue: Vec<Job>,
    /// Waits for the event after it ([`crate::faults::Fault::EventsSwapped`]).
    pub held: Option<Job>,
    /// How many events are on their way.
    pub sending: usize,
    pub deliveries: Vec<Delivery>,
    pub calls: Vec<Call>,
    pub flights: Flights,
    /// The element of the call under way at which the portal breaks down.
    pub breaks_at: Option<usize>,
    pub faults: Faults,
    pub mood: Mood,
    /// Addresses of files that were good once, and are not any more.
    pub spent: BTreeSet<String>,
    /// `host:port` of the portal since it was renamed.
    pub new_name: Option<String>,
    /// Methods that this build does not have, in small letters.
    pub lacks: Vec<String>,
    /// A firewall before the portal lets no call pass that contains these words.
    pub forbidden: Option<String>,
    pub surroundings: Surroundings,
    /// The call under way came with a token out of an event: it raises nothing.
    pub muted: bool,
    /// `auth_connector` of the call under way: what it raises is not queued for that one.
    pub raised_by: Option<String>,
}

impl World {
    pub fn new(options: Options, address: Address, clock: Clock) -> Self {
        let installer = options.employees.iter().find(|one| one.admin).map_or(UserId(1), |admin| admin.id);
        Self {
            bucket: Bucket::new(options.limit, clock.now()),
            operating: Operating::default(),
            clock,
            options,
            address,
            numbers: Numbers::default(),
            app: App::new(installer),
            tokens: Tokens::default(),
            connectors: BTreeMap::new(),
            channels: BTreeMap::new(),
            visitors: BTreeMap::new(),
            chats: BTreeMap::new(),
            pending_mids: Vec::new(),
            read: BTreeSet::new(),
            alarms: Vec::new(),
            drive: BTreeMap::new(),
            spent: BTreeSet::new(),
            files_asked_for: 0,
            downloaded: Vec::new(),
            bindings: Vec::new(),
            offline: Vec::new(),
            kept: Vec::new(),
            queue: Vec::new(),
            held: None,
            sending: 0,
            deliveries: Vec::new(),
            calls: Vec::new(),
            flights: Flights::default(),
            breaks_at: None,
            faults: Faults::default(),
            mood: Mood::default(),
            new_name: None,
            lacks: Vec::new(),
            forbidden: None,
            surroundings: Surroundings::default(),
            muted: false,
            raised_by: None,
        }
    }

    pub fn line(&self, id: LineId) -> Option<&Line> {
        self.options.lines.iter().find(|line| line.id == id)
    }

    pub fn employee(&self, id: UserId) -> Option<&Employee> {
        self.options.employees.iter().find(|employee| employee.id == id)
    }

    pub fn is_admin(&self, id: UserId) -> bool {
        self.employee(id).is_some_and(|employee| employee.admin)
    }

    pub fn client_endpoint(&self) -> String {
        format!("http://{}/rest/", self.name())
    }

    /// `host:port` as the portal calls itself now.
    pub fn name(&self) -> String {
        self.new_name.clone().unwrap_or_else(|| self.address.portal.clone())
    }

    pub fn server_endpoint(&self) -> String {
        format!("http://{}/rest/", self.address.side)
    }
}

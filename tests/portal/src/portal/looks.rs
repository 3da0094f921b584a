//! What tests can see, and wait for. Waiting ends with a change, or loudly after [`PATIENCE`].

use std::time::Duration;

use super::Portal;
use crate::{
    calls::Call,
    chats::{Chat, Kind, Profile, Visitor},
    clock::{Clock, Millis},
    connectors::{Channel, Connector},
    events::{Binding, Delivery},
    faults::Waiting,
    ids::{ChatId, LineId, UserId},
    offline::Record,
    options::Line,
    world::World,
};

/// Real time after which something awaited counts as never coming.
pub const PATIENCE: Duration = Duration::from_secs(20);

impl Portal {
    /// `host:port` of the portal, as the settings file names it.
    pub fn host(&self) -> String {
        self.shared.look(|world| world.address.portal.clone())
    }

    /// Base of the OAuth server, as the settings file names it.
    pub fn oauth_url(&self) -> String {
        self.shared.look(|world| format!("http://{}", world.address.side))
    }

    /// The operator's desk.
    pub fn desk_url(&self) -> String {
        format!("{}/", self.oauth_url())
    }

    /// The portal's page with a connector's settings in a frame, as an administrator's browser opens it.
    pub fn settings_page_url(&self, connector: &str, line: LineId, lang: &str) -> String {
        format!("http://{}{}", self.host(), crate::pages::settings_path(connector, line, lang))
    }

    /// The part of a relay's settings file that names this portal and the application's keys in it.
    pub fn settings(&self) -> String {
        format!(
            "[[portal]]\nhost = \"{}\"\nclient_id = \"{}\"\nclient_secret = \"{}\"\noauth_url = \"{}\"\n",
            self.host(),
            self.client_id(),
            self.client_secret(),
            self.oauth_url(),
        )
    }

    pub fn client_id(&self) -> String {
        self.shared.look(|world| world.app.client_id.clone())
    }

    pub fn client_secret(&self) -> String {
        self.shared.look(|world| world.app.client_secret.clone())
    }

    pub fn member_id(&self) -> String {
        self.shared.look(|world| world.app.member_id.clone())
    }

    pub fn application_token(&self) -> String {
        self.shared.look(|world| world.app.application_token.clone())
    }

    pub fn clock(&self) -> &Clock {
        self.shared.clock()
    }

    pub fn now(&self) -> Millis {
        self.shared.clock().now()
    }

    /// How often the portal was asked for a file, or for the page about one.
    pub fn files_asked_for(&self) -> usize {
        self.shared.look(|world| world.files_asked_for)
    }

    pub fn chats(&self) -> Vec<Chat> {
        self.shared.look(|world| world.chats.values().cloned().collect())
    }

    /// The numbers of all chats.
    pub fn chat_ids(&self) -> Vec<ChatId> {
        self.shared.look(|world| world.chats.keys().copied().collect())
    }

    pub fn chat(&self, id: ChatId) -> Option<Chat> {
        self.shared.look(|world| world.chats.get(&id).cloned())
    }

    /// The chat of an external id; of several lines, the one that came first.
    pub fn chat_of(&self, external: &str) -> Option<Chat> {
        self.shared.look(|world| world.chats.values().find(|chat| chat.external == external).cloned())
    }

    pub fn visitor(&self, id: UserId) -> Option<Visitor> {
        self.shared.look(|world| world.visitors.get(&id).cloned())
    }

    pub fn connector(&self, id: &str) -> Option<Connector> {
        self.shared.look(|world| world.connectors.get(id).cloned())
    }

    pub fn channel(&self, connector: &str, line: LineId) -> Option<Channel> {
        self.shared.look(|world| world.channel(connector, line).cloned())
    }

    pub fn lines(&self) -> Vec<Line> {
        self.shared.look(|world| world.options.lines.clone())
    }

    pub fn bindings(&self) -> Vec<Binding> {
        self.shared.look(|world| world.bindings.clone())
    }

    /// What waits in the offline queue.
    pub fn offline(&self) -> Vec<Record> {
        self.shared.look(|world| world.offline.clone())
    }

    /// What was put into the offline queue after the first so many records, whatever became of it.
    pub fn kept_since(&self, count: usize) -> Vec<Record> {
        self.shared.look(|world| world.kept.get(count..).unwrap_or_default().to_vec())
    }

    /// Faults that nothing has met yet.
    pub fn faults_waiting(&self) -> Vec<Waiting> {
        self.shared.look(|world| world.faults.waiting().to_vec())
    }

    /// Every call of a method so far, oldest first. `oauth.token` names the OAuth server's.
    pub fn calls(&self, method: &str) -> Vec<Call> {
        let wanted = |call: &&Call| call.method.eq_ignore_ascii_case(method);
        self.shared.look(|world| world.calls.iter().filter(wanted).cloned().collect())
    }

    /// Where two calls carried messages of one dialogue at once, which no relay may do.
    pub fn overlaps(&self) -> Vec<String> {
        self.shared.look(|world| world.flights.overlaps().to_vec())
    }

    /// Every call of every method, oldest first.
    pub fn all_calls(&self) -> Vec<Call> {
        self.shared.look(|world| world.calls.clone())
    }

    /// What no log may have: tokens and keys, people's names, and every word that was said.
    pub fn secrets(&self) -> Vec<String> {
        self.shared.look(|world| {
            let app = [&world.app.client_secret, &world.app.application_token].into_iter().cloned();
            let employees = world.options.employees.iter().flat_map(|who| [who.name.clone(), who.last_name.clone()]);
            let visitors = world.visitors.values().flat_map(|who| {
                let Profile { name, last_name, email, phone, .. } = who.profile.clone();
                [name, last_name, email, phone]
            });
            let words = world.chats.values().flat_map(|chat| &chat.messages);
            let words = words.filter(|message| matches!(message.kind, Kind::Said | Kind::Whisper));
            let words = words.map(|message| message.text.clone());
            app.chain(world.tokens.issued().iter().cloned()).chain(employees).chain(visitors).chain(words).collect()
        })
    }

    /// Whether the application is told of what happens.
    pub fn is_telling(&self) -> bool {
        self.shared.look(World::is_telling)
    }

    /// The events sent after the first so many.
    pub fn deliveries_since(&self, count: usize) -> Vec<Delivery> {
        self.shared.look(|world| world.deliveries.get(count..).unwrap_or_default().to_vec())
    }

    /// Every event sent so far, oldest first, with how the handler answered.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.look(|world| world.deliveries.clone())
    }

    /// Waits until `found` finds something; none after [`PATIENCE`].
    async fn try_wait<T>(&self, found: impl Fn(&World) -> Option<T>) -> Option<T> {
        let mut changes = self.shared.changes();
        let waiting = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = self.shared.look(&found) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.ok().flatten()
    }

    /// As [`Portal::try_wait`]. `what` names it when it never comes.
    ///
    /// # Panics
    /// After [`PATIENCE`].
    pub(crate) async fn wait<T>(&self, what: &str, found: impl Fn(&World) -> Option<T>) -> T {
        match self.try_wait(found).await {
            Some(found) => found,
            None => panic!("waited {PATIENCE:?} in vain for {what}"),
        }
    }

    /// The chat of an external id, once it is as `ready` says.
    pub async fn wait_chat(&self, external: &str, ready: impl Fn(&Chat) -> bool) -> Chat {
        let what = format!("the chat {external}");
        let fits = |chat: &&Chat| chat.external == external && ready(chat);
        self.wait(&what, |world| world.chats.values().find(fits).cloned()).await
    }

    /// Any chat that is as `ready` says.
    pub async fn wait_any_chat(&self, ready: impl Fn(&Chat) -> bool) -> Chat {
        self.wait("a chat", |world| world.chats.values().find(|chat| ready(chat)).cloned()).await
    }

    /// The chat of an external id, once the visitor's texts in it are these.
    pub async fn wait_texts(&self, external: &str, texts: &[&str]) -> Chat {
        self.wait_chat(external, |chat| chat.visitor_texts() == texts).await
    }

    /// Waits until a method was called so many times and each was answered or cut.
    pub async fn wait_calls(&self, method: &str, count: usize) -> Vec<Call> {
        let what = format!("{count} calls of {method}");
        let wanted = |call: &&Call| call.method.eq_ignore_ascii_case(method);
        self.wait(&what, |world| {
            let calls: Vec<Call> = world.calls.iter().filter(wanted).cloned().collect();
            (calls.len() >= count).then_some(calls)
        })
        .await
    }

    /// Waits until an operator's message is confirmed by the connector.
    pub async fn wait_delivered(&self, chat: ChatId, message: crate::ids::MessageId) {
        let what = format!("the delivery of message {message}");
        self.wait(&what, |world| {
            let message = world.chats.get(&chat)?.message(message)?;
            message.sending.is_none().then_some(())
        })
        .await;
    }

    /// Waits until a connector is switched on, or off, on a line.
    pub async fn wait_channel(&self, connector: &str, line: LineId, usable: bool) {
        let what = format!("{connector} on line {line} to be usable: {usable}");
        self.wait(&what, |world| (world.channel(connector, line).is_some_and(Channel::usable) == usable).then_some(()))
            .await;
    }

    /// Waits until a connector is registered and hears of messages, online and from the offline queue. False when that
    /// does not come.
    pub async fn becomes_ready(&self, connector: &str) -> bool {
        let event = "ONIMCONNECTORMESSAGEADD";
        let ready = self.try_wait(|world| {
            let bound = world.bindings.iter().filter(|one| one.event == event).count();
            let nets = 1 + usize::from(world.options.build.offline_queue);
            (world.connectors.contains_key(connector) && bound >= nets).then_some(())
        });
        ready.await.is_some()
    }

    /// As [`Portal::becomes_ready`].
    ///
    /// # Panics
    /// When it does not come.
    pub async fn wait_ready(&self, connector: &str) {
        assert!(self.becomes_ready(connector).await, "{connector} was never registered and bound");
    }

    /// Waits until nothing is left in the queue of events.
    pub async fn wait_sent(&self) {
        self.wait("the queue of events to be empty", |world| {
            (world.queue.is_empty() && world.held.is_none() && world.sending == 0).then_some(())
        })
        .await;
    }
}

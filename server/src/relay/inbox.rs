//! Works off the events that were kept: one task, in the order of arrival, many at a time, each after it has settled.

use super::Relay;
use super::settling::{edited, grounded, settled};
use super::told::{acts, is_ours};
use crate::bitrix::events::{Event, What};
use crate::channel::Seen;
use crate::ids::{DialogueId, LineId, PortalHost};
use crate::store::{EventNo, InboxAct, KeptEvent, StoreError};
use shared::{Author, Millis};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// How many events are read at once.
const AT_ONCE: usize = 256;

/// How often the store is looked at without a ring.
const IDLE: Duration = Duration::from_secs(60);

pub struct Inbox {
    relay: Relay,
    /// Edits that wait for the messages they are of.
    early: HashSet<EventNo>,
}

impl Inbox {
    pub fn new(relay: Relay) -> Self {
        Self { relay, early: HashSet::new() }
    }

    /// Works until the shutdown.
    pub async fn run(mut self) -> Result<(), StoreError> {
        let relay = self.relay.clone();
        while !relay.shutdown.is_cancelled() {
            let (worked, next) = self.work().await?;
            if worked {
                continue;
            }
            let wait = next.map_or(IDLE, |next| Duration::from_millis(next.saturating_sub(relay.clock.now())));
            tokio::select! {
                () = relay.shutdown.cancelled() => {}
                () = relay.bells.inbox.notified() => {}
                () = relay.people.told() => {}
                () = relay.presences.told() => {}
                () = relay.clock.sleep(wait) => {}
            }
        }
        Ok(())
    }

    /// Works off what is kept and has settled; tells whether there was anything, and when there is more.
    async fn work(&mut self) -> Result<(bool, Option<Millis>), StoreError> {
        let mut kept: BTreeMap<PortalHost, Vec<KeptEvent>> = BTreeMap::new();
        for event in self.relay.store.kept_events(AT_ONCE + self.early.len()).await? {
            kept.entry(event.host.clone()).or_default().push(event);
        }
        let (mut worked, mut next) = (false, None);
        let before = std::mem::take(&mut self.early);
        for (host, events) in kept {
            let signed = self.relay.store.choices(&host).await?.signature;
            let events = events.into_iter().map(|kept| (read(&kept, signed), kept));
            let events = events.map(|(event, kept)| (kept, event)).collect();
            let now = self.relay.clock.now();
            let (events, held) = self.relay.introduced(&host, events, now);
            let (ready, due) = settled(events, now);
            let wanted =
                ready.iter().flat_map(|(_, event)| edited(event)).map(|message| message.im).collect::<Vec<_>>();
            let known = if wanted.is_empty() { HashSet::new() } else { self.relay.store.heard(&host, wanted).await? };
            let (ready, early, over) = grounded(ready, &known, now);
            next = next.into_iter().chain(due).chain(held).chain(over).min();
            self.early.extend(early.iter().map(|(kept, _)| kept.no));
            let news = early.iter().filter(|(kept, _)| !before.contains(&kept.no));
            let dialogues = news.flat_map(|(_, event)| edited(event)).filter_map(|message| message.chat.parse().ok());
            self.relay.want_histories(&host, dialogues);
            if !ready.is_empty() {
                worked = true;
                self.work_off(&host, ready, signed).await?;
            }
        }
        Ok((worked, next))
    }

    /// `signed`: the portal puts operators' names before their words.
    async fn work_off(
        &self,
        host: &PortalHost,
        events: Vec<(KeptEvent, Event)>,
        signed: bool,
    ) -> Result<(), StoreError> {
        let who = |user, line| self.relay.speaker(host, user, line, !signed);
        let mut done = Vec::new();
        let mut todo = Vec::new();
        for (kept, event) in events {
            let now = self.relay.clock.now();
            match &event.what {
                // Perhaps late, or an echo: it is a reason to ask the portal. So is each start.
                What::StatusDelete { connector, line } if is_ours(connector) => {
                    self.relay.channels.see(host, *line, Seen::SaidOff);
                }
                What::AppUninstall { clean } => self.uninstall(host, *clean, kept.at).await?,
                _ => todo.push((kept.no, acts(&event, kept.at, now, &who))),
            }
            done.push(kept.no);
        }
        self.carry_out(host, done, todo).await
    }

    /// One transaction for all; where that fails for one record, one for each, so that it holds up no other.
    async fn carry_out(
        &self,
        host: &PortalHost,
        done: Vec<EventNo>,
        todo: Vec<(EventNo, Vec<InboxAct>)>,
    ) -> Result<(), StoreError> {
        let all = todo.iter().flat_map(|(_, acts)| acts.clone()).collect();
        match self.relay.heard(host, done.clone(), all).await {
            Err(error) if is_about_one_record(&error) => {}
            done => return done,
        }
        for (no, acts) in todo {
            match self.relay.heard(host, vec![no], acts).await {
                Err(error) if is_about_one_record(&error) => {
                    tracing::error!(portal = %host, %error, "an event is dropped: what it is about cannot be read");
                    self.relay.heard(host, vec![no], Vec::new()).await?;
                }
                done => done?,
            }
        }
        self.relay.heard(host, done, Vec::new()).await
    }

    /// The application is gone from the portal: nothing can be called any more, and visitors are told that nobody
    /// reads. `clean`: the administrator wants the portal's data deleted. Not where it was installed anew since this was told,
    /// `at` that time.
    async fn uninstall(&self, host: &PortalHost, clean: bool, at: Millis) -> Result<(), StoreError> {
        // A record that cannot be read is as good as none.
        let record = self.relay.store.portal(host).await.unwrap_or_default();
        if record.is_some_and(|record| record.installed_at > at) {
            tracing::info!(portal = %host, "the application was removed, and has been installed anew since");
            return Ok(());
        }
        tracing::warn!(portal = %host, clean, "the application was removed");
        if clean {
            let files = self.relay.store.erase_portal(host, at).await?;
            self.relay.files.remove(files).await;
            self.relay.people.forget(host);
            tracing::warn!(portal = %host, "as its administrator asked, all of the portal's data is gone");
        } else {
            self.relay.store.forget_portal(host).await?;
        }
        self.relay.portals.news().send_replace(());
        Ok(())
    }
}

impl Relay {
    /// Does what the portal told, drops the events it was read from, and rings whoever should know.
    pub(super) async fn heard(
        &self,
        host: &PortalHost,
        events: Vec<EventNo>,
        acts: Vec<InboxAct>,
    ) -> Result<(), StoreError> {
        let answered: Vec<LineId> = acts.iter().filter_map(answered_on).collect();
        let is_gone = acts.iter().any(|act| matches!(act, InboxAct::LineDeleted { .. }));
        let done = self.store.work_off(host, events, acts, self.clock.now()).await?;
        for dialogue in done.touched {
            self.hub.wake(dialogue);
        }
        self.want_histories(host, done.unclear);
        answered.into_iter().for_each(|line| self.presences.heard(host, line));
        if is_gone {
            self.presences.ring();
            self.portals.news().send_replace(());
        }
        if let Some(bell) = self.bells.confirm.get(host) {
            bell.notify_one();
        }
        self.bells.fetch.notify_one();
        Ok(())
    }
}

/// The line that an operator spoke on.
fn answered_on(act: &InboxAct) -> Option<LineId> {
    match act {
        InboxAct::Said { line, author: Author::Operator, .. } => Some(*line),
        _ => None,
    }
}

impl Relay {
    /// What events told of these dialogues is not the whole truth.
    pub(super) fn want_histories(&self, host: &PortalHost, dialogues: impl IntoIterator<Item = DialogueId>) {
        if let Some(nets) = self.nets.get(host) {
            nets.want(dialogues);
        }
    }
}

/// `signed`: the portal puts operators' names before their words.
fn read(kept: &KeptEvent, signed: bool) -> Event {
    // What was kept was read, and bounded, before, and is JSON now, longer perhaps than any that may arrive as such; a
    // body that cannot be read is no event.
    let body = serde_json::from_slice(&kept.body).unwrap_or_default();
    if signed { Event::of(&body) } else { Event::of_unsigned(&body) }
}

fn is_about_one_record(error: &StoreError) -> bool {
    matches!(error, StoreError::Record { .. } | StoreError::Newer { .. })
}

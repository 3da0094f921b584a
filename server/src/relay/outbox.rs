//! Carries visitors' errands to one portal: in each dialogue's order, one of a dialogue at a time, up to fifty
//! dialogues in a call of one kind and one call at a time. A message is marked on disk before its call and settled after: nothing
//! that may have arrived is sent again before the portal's history says that it did not.
//!
//! `calls` is what is called and with which `wording`, `company` what travels together, `who` how its visitors are
//! introduced, `rests` what waits and how long, `verdict` what an answer means for a message, `refusals` whose fault a
//! refusal is, `timely` what is not to be done now, `offers` how often one errand is offered in vain. `doubts` and `search` find out what became of messages
//! whose answer was lost: `sought` in what histories show, as the portal has `stored` them.

mod calls;
mod company;
mod doubts;
mod offers;
mod parcel;
mod refusals;
mod rests;
mod search;
mod sought;
mod stored;
mod timely;
mod verdict;
mod who;
mod wording;

use super::titles::Title;
use super::{Relay, histories};
use crate::bitrix::client::Portal;
use crate::bitrix::error::{Advice, PortalError};
use crate::bitrix::methods::Method;
use crate::bitrix::methods::app::Info;
use crate::bitrix::methods::messages::{MOST, Send, Taken};
use crate::ids::LineId;
use crate::store::{Errand, Lane, OutboxItem, Outcome, Position, Settlement, StoreError};
use crate::telemetry::chain;
use calls::method;
use company::Suspects;
use doubts::{Doubts, Ending};
use offers::Offers;
pub(super) use rests::Rest;
use rests::Rests;
use shared::{File, Millis};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::sync::mpsc;
use verdict::{Sessions, Verdict, judge};
use who::who;

/// How often the store is looked at without a ring.
const IDLE: Duration = Duration::from_secs(60);

/// How many waiting dialogues are looked at to fill a call of one line.
const LOOKED_AT: usize = 4 * MOST;

pub struct Outbox {
    relay: Relay,
    portal: Portal,
    rests: Rests,
    offers: Offers,
    suspects: Suspects,
    doubts: Doubts,
    /// Lines of which everything was refused when they had taken so much.
    troubled: HashMap<LineId, u64>,
    /// It is the doubts' turn.
    looks_first: bool,
    titles: mpsc::Sender<Title>,
    /// Which of the errands are this one's.
    lane: Lane,
    /// Errands that are nothing but files, and whose files the portal does not take: they go as links.
    as_links: HashSet<Position>,
    /// How many messages in doubt are looked for in one request: fewer, after the answer was too large.
    asked_at_once: usize,
    /// What operators call a visitor without a name; known once the portal told its language.
    visitor: Option<&'static str>,
    sessions: Sessions,
}

impl Outbox {
    pub fn new(relay: Relay, portal: Portal, titles: mpsc::Sender<Title>, lane: Lane) -> Self {
        Self {
            relay,
            portal,
            rests: Rests::default(),
            offers: Offers::default(),
            suspects: Suspects::default(),
            doubts: Doubts::default(),
            troubled: HashMap::new(),
            looks_first: false,
            titles,
            lane,
            as_links: HashSet::new(),
            asked_at_once: histories::AT_ONCE,
            visitor: None,
            sessions: Sessions::Unknown,
        }
    }

    /// Delivers until the shutdown. What is left stays on disk for the next start.
    pub async fn run(mut self) -> Result<(), StoreError> {
        let bell = self.relay.store.outbox_woken(self.portal.host(), self.lane);
        let mut installs = self.portal.installs();
        let mut news = self.relay.channels.changes();
        for item in self.relay.store.in_doubt(self.portal.host(), self.lane).await? {
            // As of now, not since its call: nothing the portal told while we were away has been read yet.
            self.lost(item, Ending::Lost).await?;
        }
        for item in self.relay.store.tried(self.portal.host(), self.lane).await? {
            self.may_still_work(&item);
        }
        let shutdown = self.relay.shutdown.clone();
        while !shutdown.is_cancelled() {
            for line in self.relay.store.lines_saved(self.portal.host(), self.lane) {
                self.rests.line(line).clear();
            }
            news.mark_unchanged();
            self.rests.follow_trouble(self.portal.trouble().is_some());
            if self.is_free() && self.work().await? {
                continue;
            }
            let wait = self.wait();
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = bell.notified() => {}
                _ = news.changed() => {} // its sender lives as long as the portals do
                () = self.relay.clock.sleep(wait) => {}
                Ok(()) = installs.changed() => self.rests.installed(),
            }
        }
        Ok(())
    }

    /// Looks for what is in doubt and sends what waits, by turns: neither keeps the other from its calls. Tells whether
    /// there was anything.
    async fn work(&mut self) -> Result<bool, StoreError> {
        self.looks_first = !self.looks_first;
        match self.looks_first {
            true => Ok(self.find_out().await? || self.send_next().await?),
            false => Ok(self.send_next().await? || self.find_out().await?),
        }
    }

    fn now(&self) -> Millis {
        self.relay.clock.now()
    }

    /// Whether the portal may be called now.
    fn is_free(&mut self) -> bool {
        let now = self.now();
        if let Some(until) = self.portal.paused_until(Send::NAME) {
            self.rests.portal.end_at(until);
        }
        !self.rests.portal.is_on(now)
    }

    /// How long there is nothing to do, if nobody rings.
    fn wait(&self) -> Duration {
        let now = self.now();
        let (rested, offered) = (self.rests.next(now), self.offers.next(now));
        let due = [self.doubts.next(), offered].map(|due| due.map(|due| due.max(self.rests.portal.until())));
        let until = due.into_iter().chain([rested]).flatten().min().unwrap_or(now + 60_000);
        Duration::from_millis(until.saturating_sub(now)).min(IDLE)
    }

    /// Sends one call's worth of what waits; tells whether there was anything.
    async fn send_next(&mut self) -> Result<bool, StoreError> {
        if self.waiting(1, None).await?.is_empty() {
            return Ok(false);
        }
        // What comes while this waits for its place travels along.
        let place = tokio::select! {
            place = self.portal.place() => place,
            () = self.relay.shutdown.cancelled() => return Ok(false),
        };
        let batch = self.next_call().await?;
        let Some(line) = batch.first().map(|item| item.line) else { return Ok(false) };
        let visitor = match self.name().await {
            Ok(name) => name,
            Err(error) => {
                self.rest(&error, line);
                return Ok(true);
            }
        };
        let positions: Vec<_> = batch.iter().map(|item| item.position).collect();
        let batch = self.relay.store.mark_sending(positions, self.now()).await?;
        let mut batch = self.timely(batch).await?;
        if batch.is_empty() {
            return Ok(true); // the portal told meanwhile that it has them, or it is not their time
        }
        if let [OutboxItem { what: Errand::Finish { session }, .. }] = batch[..]
            && let Some(finish) = batch.pop()
        {
            self.finish(place, finish, session).await?;
            return Ok(true);
        }
        match self.call(place, &batch, visitor).await {
            Ok(taken) => self.answered(batch, &taken).await?,
            Err(error) if error.advice() == Advice::FindOut => {
                let (host, count) = (self.portal.host(), batch.len());
                tracing::warn!(portal = %host, error = chain(&error), count, "an answer was lost");
                self.rests.portal.lengthen(self.now(), Rest::SHORT);
                self.suspects.lost(&batch);
                let ending = ending(&batch);
                for item in batch {
                    self.lost(item, ending).await?;
                }
            }
            Err(error) => {
                self.not_carried(&batch).await?;
                match self.pause_of(&batch) {
                    Some(until) => batch.iter().for_each(|item| self.rests.dialogue(item.dialogue).end_at(until)),
                    None => self.refused(batch, &error).await?,
                }
            }
        }
        Ok(true)
    }

    /// What the next call carries.
    async fn next_call(&mut self) -> Result<Vec<OutboxItem>, StoreError> {
        for &suspects in self.suspects.turns() {
            let found = self.waiting(LOOKED_AT, Some(suspects)).await?;
            if !found.is_empty() {
                return Ok(self.suspects.of_one_call(found));
            }
        }
        Ok(Vec::new())
    }

    /// Until when errands of the kind of `batch` must wait, where messages need not.
    fn pause_of(&self, batch: &[OutboxItem]) -> Option<Millis> {
        let until = self.portal.paused_until(method(&batch.first()?.what))?;
        self.portal.paused_until(Send::NAME).is_none().then_some(until)
    }

    /// Up to `most` errands that may go now: of those under suspicion where `suspects` is true, of the others where it is
    /// false, else of all.
    async fn waiting(&mut self, most: usize, suspects: Option<bool>) -> Result<Vec<OutboxItem>, StoreError> {
        let now = self.now();
        let mut held = self.rests.held(now, self.lane);
        held.lines.extend(self.relay.channels.closed_lines(self.portal.host()));
        held.errands = self.offers.resting(now);
        match suspects {
            Some(true) => held.only = Some(self.suspects.all()),
            Some(false) => held.errands.extend(self.suspects.all()),
            None => {}
        }
        self.relay.store.next_batch(self.portal.host(), most, &held).await
    }

    /// What became of each message of a call that was answered. One the answer leaves out is in doubt.
    async fn answered(&mut self, batch: Vec<OutboxItem>, taken: &[Taken]) -> Result<(), StoreError> {
        if self.sessions != Sessions::Told {
            self.learn_whether_told(taken).await?;
        }
        self.rests.portal.clear();
        let mut settled = Vec::new();
        let mut again = Vec::new();
        let ending = ending(&batch);
        let verdicts = batch.iter().enumerate().map(|(nth, item)| judge(taken.get(nth), &item.what, self.sessions));
        let verdicts: Vec<Verdict> = verdicts.collect();
        let none = verdicts.iter().all(|verdict| *verdict == Verdict::Refused);
        for (nth, (item, verdict)) in batch.into_iter().zip(verdicts).enumerate() {
            match verdict {
                Verdict::Delivered(at_portal) => {
                    self.took(&item);
                    self.entitle(&item);
                    if !self.unpacked(&item, parcel::lost(&item.what, taken.get(nth))).await? {
                        again.push(item);
                        continue;
                    }
                    settled.push(Settlement { position: item.position, outcome: Outcome::Delivered(at_portal) });
                }
                Verdict::Refused if self.declined(&item, none, taken) => {
                    settled.push(Settlement { position: item.position, outcome: Outcome::Failed });
                }
                Verdict::Refused => again.push(item),
                Verdict::Unknown => {
                    self.suspects.separate(std::slice::from_ref(&item));
                    self.lost(item, ending).await?;
                }
                Verdict::Untold => {
                    let user = taken.get(nth).and_then(|taken| taken.user);
                    self.lost(item, Ending::SaidYes(user)).await?;
                }
            }
        }
        self.not_carried(&again).await?;
        self.settle(settled).await
    }

    /// A call carried none of these, by its answer. Of what the line said meanwhile that it has it, nobody knows.
    async fn not_carried(&mut self, items: &[OutboxItem]) -> Result<(), StoreError> {
        if items.is_empty() {
            return Ok(());
        }
        self.relay.store.unmark(items.iter().map(|item| item.position).collect()).await?;
        for item in items.iter().filter(|item| self.relay.store.is_aside(item)).cloned().collect::<Vec<_>>() {
            self.lost(item, Ending::Lost).await?;
        }
        Ok(())
    }

    /// Whether the portal names sessions, as this answer shows, or any call of either lane has shown.
    pub(super) async fn learn_whether_told(&mut self, taken: &[Taken]) -> Result<(), StoreError> {
        let host = self.portal.host();
        let ways = match taken.iter().any(|taken| taken.session.is_some()) {
            true => self.relay.store.change_ways(host, |ways| ways.tells_sessions = true).await?.1,
            false => self.relay.store.ways(host).await?,
        };
        self.sessions = Sessions::of(&ways);
        Ok(())
    }

    /// Sees to the files that the portal `lost` of what it took. False where the errand is to be done again: it was nothing
    /// but a file, and that is not there.
    async fn unpacked(&mut self, item: &OutboxItem, lost: Vec<File>) -> Result<bool, StoreError> {
        if self.as_links.remove(&item.position) {
            return Ok(true);
        }
        if lost.is_empty() {
            return Ok(true);
        }
        tracing::warn!(dialogue.id = %item.dialogue, count = lost.len(), "the portal lost files on their way");
        if let Errand::Resend { .. } = item.what {
            self.as_links.insert(item.position); // it was downloaded, and there is no room for it at the portal
            return Ok(false);
        }
        self.relay.store.resend(item, lost, self.now()).await?;
        Ok(true)
    }

    /// The chat of a message that arrived should be called as its visitor is now.
    fn entitle(&self, item: &OutboxItem) {
        let Some(visitor) = self.visitor else { return };
        let title = who(item, visitor).title;
        let is_new = item.at_portal.chat.is_none();
        let is_usual = item.person.is_none() && item.profile.name.is_none();
        // Where too many wait, the visitor's next message tries again.
        let _ = self.titles.try_send(Title { dialogue: item.dialogue, line: item.line, title, is_new, is_usual });
    }

    async fn settle(&mut self, settled: Vec<Settlement>) -> Result<(), StoreError> {
        if settled.is_empty() {
            return Ok(());
        }
        for Settlement { position, .. } in &settled {
            self.offers.forget(*position);
            self.suspects.forget(*position);
        }
        for dialogue in self.relay.store.settle(settled, self.now()).await? {
            self.relay.hub.wake(dialogue);
        }
        Ok(())
    }

    /// What a visitor without a name is called, in the portal's language: operators read it. It must never change, for a
    /// change rewrites the profile, so nothing is sent before it is known.
    async fn name(&mut self) -> Result<&'static str, PortalError> {
        if let Some(name) = self.visitor {
            return Ok(name);
        }
        let language = match self.portal.call(&Info::default()).await {
            Ok(app) => app.language,
            Err(PortalError::Refused { code, .. }) if code == "ERROR_METHOD_NOT_FOUND" => None,
            Err(error) => return Err(error),
        };
        let name = if language.as_deref() == Some("ru") { "Посетитель" } else { "Visitor" };
        Ok(*self.visitor.insert(name))
    }
}

/// How a call of `batch` ended that was not answered.
fn ending(batch: &[OutboxItem]) -> Ending {
    if batch.len() > 1 { Ending::Shared } else { Ending::Lost }
}

//! Reads histories of dialogues, those that may hold something the relay has missed: at the start all in which something
//! happened lately, then ever fewer of them (`watch`), and one at once where events contradict each other.

use super::missed::{LEFT_ALONE, Look, is_of, missed};
use super::watch::{KEPT, Watch};
use super::{Nets, Relay};
use crate::bitrix::client::Portal;
use crate::bitrix::methods::batch;
use crate::bitrix::methods::history::{GetDialog, History, Past};
use crate::bitrix::methods::settings::Names;
use crate::clock::millis;
use crate::ids::{DialogueId, ImId, LineId};
use crate::relay::histories::{self, AT_ONCE, Obstacle, Shown, Spot};
use crate::relay::speaker::{conceal, is_somebodys};
use crate::store::{Active, DialogueRecord, InboxAct, Position, StoreError, Told, Ways};
use shared::Millis;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

/// Between two rounds of two calls where more is due: half of what a portal takes, at the most (`limits.md`).
const PAUSE: Duration = Duration::from_secs(2);

/// Between two rounds where nothing more is due: so long dialogues gather that go together. What is wanted at once does
/// not wait for that.
const GATHER: Duration = Duration::from_secs(30);

/// How long the offline queue goes first at the start: it holds the events themselves.
const QUEUE_FIRST: Duration = Duration::from_secs(30);

/// How often the log is looked at for dialogues in which something happened, and a portal that did not answer is asked.
const AGAIN: Duration = Duration::from_secs(30);

/// How often a portal that refuses is tried: somebody with more rights may have installed the application again.
const REFUSED: Duration = Duration::from_secs(60 * 60);

/// How many entries of a dialogue are looked through for messages of which nobody knows whether they arrived.
const DOUBTED: usize = 500;

pub struct Reader {
    relay: Relay,
    portal: Portal,
    watch: Watch,
    /// Up to where the log was looked at.
    seen: Position,
    /// How many are read at once: fewer, after the answer was too large.
    at_once: usize,
    /// No round before this.
    rests_until: Millis,
    /// Nor before this, unless a dialogue is wanted.
    gathers_until: Millis,
    /// The offline queue worked when it was asked about last.
    has_queue: bool,
}

impl Reader {
    pub fn new(relay: Relay, portal: Portal) -> Self {
        let watch = Watch::default();
        let (seen, at_once, rests_until, gathers_until) = (Position::default(), AT_ONCE, 0, 0);
        Self { relay, portal, watch, seen, at_once, rests_until, gathers_until, has_queue: false }
    }

    /// Reads until the shutdown.
    pub async fn run(mut self) -> Result<(), StoreError> {
        let (relay, host) = (self.relay.clone(), self.portal.host().clone());
        let nets = &relay.nets[&host];
        let mut installs = self.portal.installs();
        self.notice(nets, true).await?; // before anything new is known: which sessions were the last
        tokio::select! {
            () = relay.shutdown.cancelled() => {}
            () = nets.queue_asked.notified() => {}
            () = relay.clock.sleep(QUEUE_FIRST) => {}
        }
        while !relay.shutdown.is_cancelled() {
            self.notice(nets, false).await?;
            let now = relay.clock.now();
            if now >= self.may_ask_at() && self.watch.next().is_some_and(|due| due <= now) {
                let rest = self.round(now).await?;
                self.rests_until = relay.clock.now() + millis(rest);
                let is_more = self.watch.next().is_some_and(|due| due <= now);
                self.gathers_until = if is_more { 0 } else { relay.clock.now() + millis(GATHER) };
            }
            let next = self.watch.next().map_or(now + millis(AGAIN), |due| due.max(self.may_ask_at()));
            let wait = Duration::from_millis(next.saturating_sub(relay.clock.now())).min(AGAIN);
            tokio::select! {
                () = relay.shutdown.cancelled() => {}
                () = nets.bell.notified() => {}
                () = relay.clock.sleep(wait) => {}
                Ok(()) = installs.changed() => self.was_installed(),
            }
        }
        Ok(())
    }

    /// Whoever installed the application now may be shown what was refused.
    fn was_installed(&mut self) {
        (self.rests_until, self.gathers_until) = (0, 0);
        self.watch.alone(self.relay.clock.now());
    }

    fn may_ask_at(&self) -> Millis {
        self.rests_until.max(self.gathers_until)
    }

    /// Takes note of where something happened. At the start all of that may have been missed.
    async fn notice(&mut self, nets: &Nets, at_start: bool) -> Result<(), StoreError> {
        let now = self.relay.clock.now();
        let since = now.saturating_sub(millis(KEPT));
        let activity = self.relay.store.activity(self.portal.host(), self.seen, since).await?;
        self.seen = activity.until;
        let has_lost_queue = std::mem::replace(&mut self.has_queue, nets.has_queue()) && !self.has_queue;
        if has_lost_queue || nets.is_all_in_doubt() {
            self.watch.alone(now);
        }
        for Active { dialogue, at, sessions } in activity.dialogues {
            self.watch.note(dialogue, at.min(now), sessions, self.has_queue);
            if at_start {
                self.watch.want(dialogue, now, BTreeSet::new());
            }
        }
        for dialogue in nets.take_wanted() {
            self.gathers_until = 0;
            // What is not sure may be of any of the last days' conversations.
            let sessions = self.relay.store.sessions_of(dialogue, since).await?;
            // A moment later, or it would not be sure that what was heard just now was known to the portal.
            self.watch.want(dialogue, now + 1, sessions);
        }
        self.watch.leave(since);
        Ok(())
    }

    /// Reads of what is due as much as goes together. Tells how long to rest then.
    async fn round(&mut self, now: Millis) -> Result<Duration, StoreError> {
        if !self.relay.is_callable(&self.portal).await? {
            return Ok(AGAIN);
        }
        let ways = self.relay.store.ways(self.portal.host()).await?;
        let most = if ways.history_refused.is_some() { 1 } else { self.at_once };
        let (mut records, mut spots) = (Vec::new(), Vec::new());
        for dialogue in self.watch.due(now, most) {
            let is_alone = self.watch.is_alone(dialogue);
            if is_alone && !records.is_empty() {
                continue;
            }
            let record = self.relay.store.dialogue(dialogue).await?;
            let spot = self.spot(dialogue, record.as_ref()).await?;
            let histories: usize = spots.iter().chain([&spot]).map(Spot::histories).sum();
            if histories > batch::MOST {
                break;
            }
            match record.filter(|_| spot != Spot::default()) {
                Some(record) => {
                    records.push(record);
                    spots.push(spot);
                }
                None => self.watch.forget(dialogue), // erased, or nothing of it is at the portal
            }
            if is_alone {
                break;
            }
        }
        if records.is_empty() {
            return Ok(Duration::ZERO);
        }
        let shown = histories::look(&self.portal, &spots).await;
        let is_too_much = |shown: &Shown| matches!(shown.obstacle(), Some(Obstacle::TooMuch | Obstacle::Spoilt));
        self.at_once = if shown.iter().any(is_too_much) { (records.len() / 2).max(1) } else { AT_ONCE };
        let ways = histories::learn(&self.relay, &self.portal, &shown).await?;
        for (record, shown) in records.iter().zip(&shown) {
            let next = match shown.obstacle() {
                Some(Obstacle::NotNow) => now + millis(AGAIN),
                Some(obstacle @ (Obstacle::TooMuch | Obstacle::Spoilt)) if shown.read().next().is_none() => {
                    self.lessen(record, shown, obstacle, records.len() == 1, now);
                    continue;
                }
                obstacle => match self.take_up(record, shown, &ways, now).await? {
                    // Ever rarer where the answer is odd: it may never be told.
                    true if obstacle != Some(Obstacle::Odd) => now + millis(LEFT_ALONE),
                    _ => {
                        let (asked, done) = (&shown.asked[..], &shown.done()[..]);
                        self.watch.looked(record.id, now, (asked, done), shown.last(), self.has_queue);
                        continue;
                    }
                },
            };
            self.watch.postpone(record.id, next);
        }
        Ok(if ways.history_refused.is_some() { REFUSED } else { PAUSE })
    }

    /// What is asked about a dialogue.
    async fn spot(&self, dialogue: DialogueId, record: Option<&DialogueRecord>) -> Result<Spot, StoreError> {
        let sessions = self.watch.sessions(dialogue);
        if self.watch.is_parted(dialogue) {
            return Ok(Spot { asks: None, sessions });
        }
        let mut spot = Spot::of(record).and(sessions);
        if let (None, Some((record, user))) =
            (&spot.asks, record.and_then(|record| Some((record, record.portal_user?))))
        {
            let site = self.relay.store.site(&record.site).await?;
            spot.asks = site.map(|site| GetDialog::of(site.line, &dialogue.to_string(), user));
        }
        Ok(spot)
    }

    /// Nothing was shown, for it was too much for one answer, or for the portal: less is asked for next, or it is given up.
    fn lessen(&mut self, record: &DialogueRecord, shown: &Shown, obstacle: Obstacle, is_alone: bool, now: Millis) {
        let next = if obstacle == Obstacle::TooMuch { now } else { now + millis(AGAIN) };
        if !is_alone {
            self.watch.postpone(record.id, next);
            return;
        }
        if self.watch.part(record.id, &shown.asked, next) {
            return;
        }
        // What is more than is taken will never be less.
        let may_come = self.watch.failed(record.id, next) && obstacle == Obstacle::Spoilt;
        if !may_come {
            tracing::warn!(dialogue.id = %record.id, ?obstacle, "a history is not read: it is too much for one answer");
            self.watch.looked(record.id, now, (&shown.asked, &shown.asked), None, self.has_queue);
        }
    }

    /// Does what the histories of one dialogue ask for; tells whether there is more that may still come as an event.
    async fn take_up(
        &self,
        record: &DialogueRecord,
        shown: &Shown,
        ways: &Ways,
        asked_at: Millis,
    ) -> Result<bool, StoreError> {
        let (host, dialogue) = (self.portal.host(), record.id);
        let histories: Vec<&History> = shown.read().filter(|history| is_of(history, dialogue)).collect();
        if histories.is_empty() {
            return Ok(false);
        }
        let Some(site) = self.relay.store.site(&record.site).await? else { return Ok(false) };
        let named = |history: &&History| history.messages.iter().map(|past| past.id).collect::<Vec<_>>();
        let all = histories.iter().filter_map(|history| Some((history.chat?, named(history))));
        let ims = all.flat_map(|(chat, ids)| ids.into_iter().map(move |message| ImId { chat, message })).collect();
        let known: HashSet<ImId> = self.relay.store.heard(host, ims).await?;
        let doubtful = self.relay.store.doubtful(dialogue, DOUBTED).await?;
        let is_undone = |past: &Past| past.edited && past.is_undone;
        let are_undone = histories.iter().any(|history| history.messages.iter().any(is_undone));
        let shown = if are_undone { self.shown(dialogue).await? } else { HashMap::new() };
        let (line, is_strict) = (site.line, ways.marks_sending);
        let choices = self.relay.store.choices(host).await?;
        let (with_automatic, with_last_names) = (choices.system_texts, choices.signature);
        let (known, shown, doubtful) = (&known, &shown, &doubtful);
        let look =
            Look { dialogue, line, known, shown, doubtful, is_strict, with_automatic, with_last_names, asked_at };
        let (mut acts, mut is_early, mut recovered) = (Vec::new(), false, 0);
        for history in histories {
            let mut missed = missed(history, &look);
            is_early |= missed.is_early;
            if missed.acts.iter().any(is_somebodys) {
                match self.names(history, line) {
                    Some(names) => missed.acts.iter_mut().for_each(|act| conceal(act, &names)),
                    None => {
                        missed.acts.retain(|act| !matches!(act, InboxAct::Said { .. }));
                        (missed.recovered, is_early) = (0, true);
                    }
                }
            }
            acts.extend(missed.acts);
            recovered += missed.recovered;
        }
        if recovered > 0 {
            tracing::info!(dialogue.id = %dialogue, recovered, "messages came from the history");
        }
        self.relay.heard(host, Vec::new(), acts).await?;
        Ok(is_early)
    }

    /// Whose names the lines of a conversation show, where one of them does not say “the profiles'” what that one says;
    /// none while the portal is asked. `line` is that of its site.
    fn names(&self, history: &History, line: LineId) -> Option<Names> {
        let (host, presences) = (self.portal.host(), &self.relay.presences);
        let lines: Vec<LineId> = history.owner.as_ref().map_or(vec![line], |owner| owner.lines().collect());
        let mut is_asked = false;
        for line in &lines {
            is_asked |= presences.want(host, *line);
        }
        let mut names = lines.into_iter().map(|line| presences.names(host, line));
        (!is_asked).then(|| names.find(|names| *names != Names::Profile).unwrap_or(Names::Profile))
    }

    /// What visitors see of operators' messages.
    async fn shown(&self, dialogue: DialogueId) -> Result<HashMap<ImId, String>, StoreError> {
        let (mut shown, mut ims) = (HashMap::new(), HashMap::new());
        for entry in self.relay.store.entries(dialogue, 0, usize::MAX).await? {
            match entry.what {
                Told::Said { id, text, chat: Some(chat), message: Some(message), .. } => {
                    let im = ImId { chat, message };
                    ims.insert(id, im);
                    shown.insert(im, text);
                }
                Told::Edited { id, text, .. } => drop(ims.get(&id).and_then(|im| shown.insert(*im, text))),
                _ => {}
            }
        }
        Ok(shown)
    }
}

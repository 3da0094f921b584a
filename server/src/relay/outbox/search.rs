//! Looks for messages in doubt in the portal's histories: of all their dialogues in one request, in each session that was
//! told of since they were said, in the last one before, and in the one that is open now. Where the portal refuses to show them, nothing is guessed and nothing sent
//! again.

use super::doubts::{Absent, Doubt};
use super::rests::Rest;
use super::sought::{BEFORE, Found, any, beyond, missing, named, unnamed};
use super::stored::Sent;
use super::verdict::Sessions;
use super::who::who;
use super::{Outbox, parcel};
use crate::bitrix::methods::batch;
use crate::clock::millis;
use crate::relay::histories::{self, AT_ONCE, Shown, Spot};
use crate::store::{AtPortal, Outcome, Settlement, StoreError, Ways};
use crate::telemetry::chain;
use shared::{File, Millis};

impl Outbox {
    /// Looks for what is due; tells whether there was anything.
    pub(super) async fn find_out(&mut self) -> Result<bool, StoreError> {
        // An event told that it arrived; of its files it told nothing.
        let is_over =
            |doubt: &Doubt| !self.relay.store.is_waiting(&doubt.item) && parcel::files(&doubt.item.what).is_empty();
        for doubt in &self.doubts.which(is_over) {
            self.arrived(doubt).await?;
            // Nor did it tell in which session, and what else is there may be news.
            self.relay.want_histories(self.portal.host(), [doubt.item.dialogue]);
        }
        self.believe().await?;
        let mut doubts = self.doubts.due(self.now(), self.asked_at_once);
        if doubts.is_empty() {
            return Ok(false);
        }
        let asked_at = self.now(); // what arrives while this looks may have been overlooked
        let visitor = match self.name().await {
            Ok(visitor) => visitor,
            Err(error) => {
                tracing::warn!(portal = %self.portal.host(), error = chain(&error), "nothing can be looked for");
                let ways = self.relay.store.ways(self.portal.host()).await?;
                for doubt in &doubts {
                    self.conclude(doubt, Found::NotNow, asked_at, &ways).await?;
                }
                return Ok(true);
            }
        };
        let spots = self.spots(&doubts).await?;
        doubts.truncate(spots.len());
        let shown = histories::look(&self.portal, &spots).await;
        let ways = histories::learn(&self.relay, &self.portal, &shown).await?;
        let mut found = Vec::with_capacity(doubts.len());
        for (doubt, shown) in doubts.iter().zip(&shown) {
            found.push(self.seek(doubt, visitor, shown).await?);
        }
        let too_much = found.iter().any(|(found, _)| matches!(found, Found::TooMuch | Found::Spoilt));
        self.asked_at_once = if too_much { (doubts.len() / 2).max(1) } else { AT_ONCE };
        for (doubt, (found, lost)) in doubts.iter().zip(found) {
            let found = match found {
                Found::Here(at_portal) => {
                    self.found(doubt, at_portal, lost).await?;
                    continue;
                }
                Found::TooMuch if doubts.len() == 1 => Found::Refused, // it will never be less
                Found::Spoilt if doubts.len() == 1 => Found::Odd,
                Found::TooMuch | Found::Spoilt => Found::NotNow,
                found => found,
            };
            self.conclude(doubt, found, asked_at, &ways).await?;
        }
        Ok(true)
    }

    /// What the portal says that it took is there, if it is known by now that it never says where. What became of files
    /// nobody knows.
    async fn believe(&mut self) -> Result<(), StoreError> {
        let answered = self.doubts.which(|doubt| doubt.is_answered() && parcel::files(&doubt.item.what).is_empty());
        if !answered.is_empty() && self.sessions == Sessions::Unknown {
            self.learn_whether_told(&[]).await?;
        }
        for doubt in answered.iter().filter(|_| self.sessions == Sessions::Never).collect::<Vec<_>>() {
            self.arrived(doubt).await?;
            let (position, outcome) = (doubt.item.position, Outcome::Delivered(doubt.told()));
            self.settle(vec![Settlement { position, outcome }]).await?;
        }
        Ok(())
    }

    /// Where to look for as many of `doubts`, the first ones, as one request can ask about; the others are still due.
    async fn spots(&self, doubts: &[Doubt]) -> Result<Vec<Spot>, StoreError> {
        let mut spots: Vec<Spot> = Vec::with_capacity(doubts.len());
        for doubt in doubts {
            let sessions = self.relay.store.sessions_since(&doubt.item).await?;
            let sessions = sessions.into_iter().rev().take(batch::MOST - 2).collect(); // there are never so many
            let record = self.relay.store.dialogue(doubt.item.dialogue).await?;
            let spot = Spot::of(record.as_ref()).and(sessions);
            if spots.iter().chain([&spot]).map(Spot::histories).sum::<usize>() > batch::MOST {
                break;
            }
            spots.push(spot);
        }
        Ok(spots)
    }

    /// Looks for one message in what was shown of its dialogue; tells also which of its files are not there.
    async fn seek(&self, doubt: &Doubt, visitor: &str, shown: &Shown) -> Result<(Found, Vec<File>), StoreError> {
        let (item, title) = (&doubt.item, who(&doubt.item, visitor).title);
        let (dialogue, what, addresses) = (item.dialogue, &item.what, &self.relay.addresses);
        let sent = Sent { dialogue, what, title: &title, addresses };
        // An earlier call of the same errand may stand there under its id, with the files that it goes for as links now.
        let is_linked = self.as_links.contains(&item.position);
        let mut sighting =
            any(shown, |past| sent.is_linked(past)).or_else(|| named(item, shown).filter(|_| !is_linked));
        if sighting.is_none() && !is_linked {
            let found = unnamed(item, shown, |past| sent.may_be(past));
            if !found.is_empty() {
                let since = item.sending.unwrap_or(item.at).saturating_sub(millis(BEFORE));
                let earlier = self.relay.store.arrived_before(item, since).await?;
                sighting = beyond(found, &earlier, shown, |what, past| Sent { what, ..sent }.may_be(past));
            }
        }
        Ok(match sighting {
            Some(sighting) => (Found::Here(sighting.at_portal()), sent.lost(sighting.past)),
            None => (missing(item, shown), Vec::new()),
        })
    }

    /// The message is at the portal, without `lost` of its files.
    async fn found(&mut self, doubt: &Doubt, at_portal: AtPortal, lost: Vec<File>) -> Result<(), StoreError> {
        let (item, position) = (&doubt.item, doubt.item.position);
        tracing::info!(dialogue.id = %item.dialogue, lost = lost.len(), "a message in doubt was found");
        self.arrived(doubt).await?;
        if self.relay.store.is_aside(item) || !self.relay.store.is_waiting(item) {
            // An event told of it, or others went before it: it is not done again itself.
            self.relay.store.resend(item, lost, self.now()).await?;
        } else if !self.unpacked(item, lost).await? {
            return self.relay.store.unmark(vec![position]).await;
        }
        self.settle(vec![Settlement { position, outcome: Outcome::Delivered(at_portal) }]).await
    }

    /// A message was not found in what the portal showed when it was asked at `asked_at`.
    async fn conclude(&mut self, doubt: &Doubt, found: Found, asked_at: Millis, ways: &Ways) -> Result<(), StoreError> {
        let (item, position) = (&doubt.item, doubt.item.position);
        let read_at = self.relay.nets[self.portal.host()].queue_read_at();
        let queue_read = ways.queue_refused.is_none().then(|| self.doubts.queue_read(doubt, read_at, asked_at));
        let next = match found {
            Found::Nowhere => self.doubts.absent(doubt, asked_at),
            // Nothing would be found if there were a place, and nothing else tells of it.
            Found::NoPlace if ways.history_refused.is_some() && queue_read.is_none() => {
                self.doubts.unseen(doubt, asked_at, None)
            }
            // It is not the first: the portal has taken others, and would not tell of a beginning.
            Found::NoPlace if item.at_portal.user.is_some() => self.doubts.unseen(doubt, asked_at, queue_read),
            Found::NoPlace => match self.doubts.unheard(doubt, asked_at, queue_read) {
                Absent::NotYet => Absent::NotYet,
                _ if queue_read.is_none() && !histories::is_there(&self.portal).await => {
                    self.doubts.away(doubt, asked_at)
                }
                next => next,
            },
            Found::Odd => self.doubts.baffled(doubt, asked_at),
            Found::Refused => {
                let has_witnesses = ways.history_refused.is_some(); // only then the queue keeps them
                self.doubts.unseen(doubt, asked_at, queue_read.filter(|_| has_witnesses))
            }
            Found::NotNow | Found::TooMuch | Found::Spoilt | Found::Here(_) => self.doubts.untold(doubt, asked_at),
        };
        tracing::info!(dialogue.id = %item.dialogue, ?found, ?next, "a message in doubt was looked for");
        if next == Absent::NotYet {
            match found == Found::Refused && ways.history_refused.is_some() {
                true => self.doubts.await_witness(position, self.now()),
                false => self.doubts.postpone(position, self.now()),
            }
            return Ok(());
        }
        if !self.relay.store.is_waiting(item) {
            return self.arrived(doubt).await; // of its files nothing can be known
        }
        let outcome = match next {
            Absent::NotYet | Absent::Aside => {
                self.relay.store.let_others_go(item).await?;
                self.doubts.aside(position, self.now());
                return Ok(());
            }
            Absent::SendAgain if self.relay.store.is_aside(item) => Outcome::Unconfirmed, // it would come behind what followed it
            Absent::SendAgain => {
                self.doubts.end(position);
                let now = self.now();
                self.rests.lost(item.dialogue).lengthen_evenly(now, Rest::SHORT);
                return match doubt.was_away() {
                    true => self.relay.store.unmark(vec![position]).await,
                    false => self.relay.store.send_again(position).await,
                };
            }
            Absent::Refused => Outcome::Failed,
            Absent::Believe => {
                self.learn_sessions(true).await?;
                Outcome::Delivered(doubt.told())
            }
            Absent::GiveUp => Outcome::Unconfirmed,
        };
        self.doubts.over(position);
        self.rests.clear(item.dialogue);
        self.settle(vec![Settlement { position, outcome }]).await
    }

    /// A message in doubt is known to have arrived.
    async fn arrived(&mut self, doubt: &Doubt) -> Result<(), StoreError> {
        self.doubts.took(doubt.item.position);
        self.suspects.absolve(doubt.item.position);
        self.rests.clear(doubt.item.dialogue);
        self.learn_sessions(doubt.is_answered()).await
    }

    /// A message has arrived, or is believed to have; `is_answered`: the portal had said that it took it.
    async fn learn_sessions(&mut self, is_answered: bool) -> Result<(), StoreError> {
        let before = self.sessions;
        self.sessions.found(is_answered);
        if self.sessions == Sessions::Never && before != Sessions::Never {
            self.relay.store.change_ways(self.portal.host(), |ways| ways.hides_sessions = true).await?;
        }
        Ok(())
    }
}

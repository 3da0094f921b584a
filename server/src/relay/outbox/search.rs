//! Looks for messages in doubt in the portal's histories: of all their dialogues in one request, in the last known
//! session and in the one that is open now. Where the portal refuses to show them, nothing is guessed and nothing sent
//! again.

use super::doubts::{Absent, Doubt};
use super::rests::Rest;
use super::who::who;
use super::{Outbox, wording};
use crate::relay::histories::{self, AT_ONCE, Obstacle, Shown, Spot};
use crate::store::{AtPortal, Outcome, Settlement, StoreError};
use shared::Millis;
use std::collections::HashSet;

/// How far the portal's clock may be behind ours.
const CLOCKS_DIFFER: Millis = 5 * 60 * 1000;

/// What looking for one message brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// As the portal's message of that number.
    Here(u64, AtPortal),
    Nowhere,
    /// The portal told nothing of the dialogue yet, so there is no place to look.
    NoPlace,
    /// The portal does not show it.
    Refused,
    /// The portal could not be asked just now.
    NotNow,
    /// What the portal answered to all questions together is more than is taken.
    TooMuch,
}

impl Outbox {
    /// Looks for what is due; tells whether there was anything.
    pub(super) async fn find_out(&mut self) -> Result<bool, StoreError> {
        let mut doubts = self.doubts.due(self.now(), self.asked_at_once);
        doubts.retain(|doubt| {
            let is_waiting = self.relay.store.is_waiting(&doubt.item);
            if !is_waiting {
                self.doubts.end(doubt.item.position); // an event told that it arrived
                self.doubts.took(doubt.item.position);
                self.suspects.absolve(doubt.item.position);
                self.sessions.found(doubt.is_answered());
            }
            is_waiting
        });
        if doubts.is_empty() {
            return Ok(false);
        }
        let mut spots = Vec::with_capacity(doubts.len());
        for doubt in &doubts {
            spots.push(Spot::of(self.relay.store.dialogue(doubt.item.dialogue).await?.as_ref()));
        }
        let shown = histories::look(&self.portal, &spots).await;
        histories::learn(&self.relay, &self.portal, &shown).await?;
        let visitor = self.visitor.unwrap_or_default();
        let judged = doubts.iter().zip(&shown).map(|(doubt, shown)| judge(doubt, visitor, shown, &self.found));
        let found: Vec<Found> = judged.collect();
        let too_much = found.contains(&Found::TooMuch);
        self.asked_at_once = if too_much { (doubts.len() / 2).max(1) } else { AT_ONCE };
        for (doubt, found) in doubts.iter().zip(found) {
            let found = match found {
                Found::TooMuch if doubts.len() == 1 => Found::Refused, // it will never be less
                Found::TooMuch => Found::NotNow,
                found => found,
            };
            self.conclude(doubt, found).await?;
        }
        Ok(true)
    }

    async fn conclude(&mut self, doubt: &Doubt, found: Found) -> Result<(), StoreError> {
        let (now, position) = (self.now(), doubt.item.position);
        let next = match found {
            Found::Here(message, at_portal) => {
                self.found.insert(message);
                self.doubts.end(position);
                self.doubts.took(position);
                self.suspects.absolve(position);
                self.sessions.found(doubt.is_answered());
                return self.settle(vec![Settlement { position, outcome: Outcome::Delivered(at_portal) }]).await;
            }
            Found::Nowhere => self.doubts.absent(doubt, now),
            Found::NoPlace => self.doubts.unheard(doubt, now, self.queue_read().await?),
            Found::Refused => self.doubts.unseen(doubt, now),
            Found::NotNow | Found::TooMuch => self.doubts.untold(doubt, now),
        };
        tracing::info!(dialogue.id = %doubt.item.dialogue, ?found, ?next, "a message in doubt was looked for");
        match next {
            Absent::NotYet => self.doubts.postpone(position, now),
            Absent::SendAgain => {
                self.doubts.end(position);
                self.rests.lost(doubt.item.dialogue).lengthen_evenly(now, Rest::SHORT);
                self.relay.store.send_again(position).await?;
            }
            Absent::Refused => {
                self.doubts.end(position);
                self.settle(vec![Settlement { position, outcome: Outcome::Failed }]).await?;
            }
            Absent::Believe => {
                self.doubts.end(position);
                let outcome = Outcome::Delivered(AtPortal::default());
                self.settle(vec![Settlement { position, outcome }]).await?;
            }
            Absent::GiveUp => {
                self.doubts.end(position);
                self.settle(vec![Settlement { position, outcome: Outcome::Unconfirmed }]).await?;
            }
        }
        Ok(())
    }

    /// When the portal's offline queue was read to its end; `None` where it has none for us.
    async fn queue_read(&self) -> Result<Option<Millis>, StoreError> {
        let host = self.portal.host();
        let is_refused = self.relay.store.ways(host).await?.queue_refused.is_some();
        Ok((!is_refused).then(|| self.relay.nets[host].queue_read_at()))
    }
}

/// What becomes of a message by what was shown of its dialogue; `others`: what was found to be another one.
fn judge(doubt: &Doubt, visitor: &str, shown: &Shown, others: &HashSet<u64>) -> Found {
    let text = wording(&doubt.item.what, &who(&doubt.item, visitor).title);
    let after = doubt.item.sending.unwrap_or(doubt.item.at).saturating_sub(CLOCKS_DIFFER);
    for history in shown.read() {
        if let Some(message) = history.find(doubt.item.id.as_str(), &text, after, others) {
            return Found::Here(message, AtPortal { chat: history.chat, session: history.session, user: None });
        }
    }
    match shown.obstacle() {
        Some(Obstacle::TooMuch) => Found::TooMuch,
        Some(Obstacle::NotNow) => Found::NotNow,
        Some(Obstacle::Refused) => Found::Refused,
        None if shown.read().next().is_none() => Found::NoPlace,
        None => Found::Nowhere,
    }
}

#[cfg(test)]
mod tests;

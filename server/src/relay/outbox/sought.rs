//! Which message of the shown histories is the one that is sought. Pure.
//!
//! The portal gives ids in a second step, and gives none at all where it breaks down before that, or stores a late rating.
//! So a message without an id is recognised by its words, and two that say the same are told apart by counting: each of
//! the dialogue's earlier ones that arrived is one of them, whatever the portal's clock says.

use crate::bitrix::methods::history::{History, Past};
use crate::clock::millis;
use crate::relay::histories::{Obstacle, Shown};
use crate::store::{Arrived, AtPortal, Errand, OutboxItem};
use shared::Millis;
use std::time::Duration;

/// How old a message without an id may be that is taken for the one that is sought, and how far back it is counted: what
/// clocks differ by at the most, and calls are repeated for.
pub const BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

/// What looking for one message brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Here(AtPortal),
    Nowhere,
    /// The portal told nothing of the dialogue yet, so there is no place to look.
    NoPlace,
    /// The portal does not show it.
    Refused,
    /// The portal answers, but not to this question.
    Odd,
    /// The portal could not be asked just now.
    NotNow,
    /// What the portal answered to all questions together is more than is taken.
    TooMuch,
    /// All questions together had no answer, from a portal that gives others.
    Spoilt,
}

/// A message, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    pub history: &'a History,
    pub past: &'a Past,
}

impl Sighting<'_> {
    /// Whole only of a message that has its id: the portal may be about to give it.
    pub fn at_portal(&self) -> AtPortal {
        let user = self.history.owner.as_ref().and_then(|owner| owner.user);
        let user = user.filter(|_| !self.past.external.is_empty());
        AtPortal { chat: self.history.chat, session: self.history.session, user }
    }
}

/// The message that carries the id of `item`.
pub fn named<'a>(item: &OutboxItem, shown: &'a Shown) -> Option<Sighting<'a>> {
    shown.read().find_map(|history| Some(Sighting { history, past: history.named(item.id.as_str())? }))
}

/// The first message that is the one by what `is_it` says.
pub fn any<'a>(shown: &'a Shown, is_it: impl Fn(&Past) -> bool) -> Option<Sighting<'a>> {
    let all = |history: &'a History| history.messages.iter().map(move |past| Sighting { history, past });
    shown.read().flat_map(all).find(|sighting| is_it(sighting.past))
}

/// Those without an id that may be `item` by what `may_be` says, the oldest first.
pub fn unnamed<'a>(item: &OutboxItem, shown: &'a Shown, may_be: impl Fn(&Past) -> bool) -> Vec<Sighting<'a>> {
    let all = shown.read().flat_map(|history| history.unnamed(since(item)).map(move |past| Sighting { history, past }));
    let mut found: Vec<Sighting<'_>> = all.filter(|sighting| may_be(sighting.past)).collect();
    found.sort_by_key(|sighting| sighting.past.id);
    found
}

/// The first of `found` that is none of the messages that arrived `earlier`, the oldest first; `may_be` tells whether one
/// is such a message.
pub fn beyond<'a>(
    mut found: Vec<Sighting<'a>>,
    earlier: &[Arrived],
    shown: &Shown,
    may_be: impl Fn(&Errand, &Past) -> bool,
) -> Option<Sighting<'a>> {
    let is_shown = |one: &&Arrived| {
        let session = one.session;
        let is_read = session.is_none() || shown.read().any(|history| history.session == session);
        is_read && !shown.read().any(|history| history.named(one.id.as_str()).is_some())
    };
    for one in earlier.iter().filter(is_shown) {
        if let Some(place) = found.iter().position(|sighting| may_be(&one.what, sighting.past)) {
            found.remove(place);
        }
    }
    found.into_iter().next()
}

/// From when on a message without an id may be `item`, by the portal's clock.
fn since(item: &OutboxItem) -> Millis {
    item.sending.unwrap_or(item.at).saturating_sub(millis(BEFORE))
}

/// What it means that `item` is not in what was shown.
pub fn missing(item: &OutboxItem, shown: &Shown) -> Found {
    // Of what went as a quotation, or became a thumb, HTML says something else: any without an id may be it.
    let is_changed = matches!(item.what, Errand::Rate { .. } | Errand::Say { reply: Some(_), .. });
    let is_undone = |history: &History| history.unnamed(since(item)).any(|past| past.is_undone);
    match shown.obstacle() {
        Some(Obstacle::TooMuch) => Found::TooMuch,
        Some(Obstacle::Spoilt) => Found::Spoilt,
        Some(Obstacle::NotNow) => Found::NotNow,
        Some(Obstacle::Odd) => Found::Odd,
        Some(Obstacle::Refused) => Found::Refused,
        None if shown.is_vague => Found::Odd,
        None if shown.read().next().is_none() => Found::NoPlace,
        None if is_changed && shown.read().any(is_undone) => Found::Refused,
        None => Found::Nowhere,
    }
}

#[cfg(test)]
mod tests;

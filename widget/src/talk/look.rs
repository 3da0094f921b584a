//! What of the conversation can be seen, and what has been.

use super::{Deed, LONG, Talk};
use crate::dialogue::{Line, Scene, lines};
use shared::{Millis, ToServer};

impl Talk {
    /// Somebody can see the chat now, or no longer.
    pub fn show(&mut self, shown: bool) {
        // The first time the document has told who is there.
        if shown && !self.shown && std::mem::replace(&mut self.looked, true) && !self.left && !self.is_wanted() {
            self.deeds.push(Deed::Look(ToServer::Look { site: self.site.clone() }));
        }
        if shown != self.shown {
            self.divider = (shown && self.unread() > 0).then_some(self.read);
        }
        self.shown = shown;
        self.mark_read();
    }

    pub(super) fn mark_read(&mut self) {
        let seen = self.history.seen();
        if self.shown && seen > self.read {
            self.read = seen;
            self.storage.keep_seen(seen);
        }
    }

    pub fn lines(&self, now: Millis, day: &dyn Fn(Millis) -> u32) -> Vec<Line> {
        let begun = self.session.is_some() || self.queue.is_waiting();
        let forgetful = begun && !self.storage.lasts();
        let above = [self.lost.then_some("visitor_lost"), forgetful.then_some("memory_only")];
        // Where the chat is closed, that stands in the place of the field, and nothing is to be promised.
        let below = if self.closed { [None, None] } else { [self.waiting_note(now), self.notice] };
        let scene = Scene {
            above: &above.into_iter().flatten().collect::<Vec<_>>(),
            below: &below.into_iter().flatten().collect::<Vec<_>>(),
            read_up_to: self.divider,
            settled: &self.settled,
            offline: self.link.is_broken(),
            day,
            today: day(now),
        };
        lines(&self.history, &self.queue, &scene)
    }

    /// What becomes of words that do not reach the operator now.
    fn waiting_note(&self, now: Millis) -> Option<&'static str> {
        match &self.stuck {
            Some((_, since)) if self.presence.held || since + LONG <= now => Some("sent_long"),
            None if self.presence.held && self.notice.is_none() => Some("held"),
            _ => None,
        }
    }

    /// How many answers have not been seen.
    pub fn unread(&self) -> usize {
        if self.shown { 0 } else { self.history.unread(self.read) }
    }

    /// Whether the history is still coming in: then nothing is read out.
    pub fn is_loading(&self) -> bool {
        let known = self.known.is_some_and(|known| self.history.seen() >= known);
        self.session.is_some() && !known && !self.left
    }

    /// Seconds until a refusal for haste is over.
    pub fn wait(&self, now: Millis) -> Option<u64> {
        let until = self.queue.held_until(now).filter(|_| self.notice.is_none())?;
        Some((until - now).div_ceil(1000))
    }
}

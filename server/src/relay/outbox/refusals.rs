//! What is done where the portal says no: to a whole call, or to one errand inside a good answer. Whose fault it is
//! decides what waits: the portal, a line with all its visitors, or one errand with what its own visitor said behind it.

use super::calls::method;
use super::rests::Rest;
use super::{Outbox, parcel};
use crate::bitrix::error::{Advice, PortalError};
use crate::bitrix::methods::Method;
use crate::bitrix::methods::messages::{Send, Taken};
use crate::bitrix::trouble::Sign;
use crate::channel::Seen;
use crate::ids::LineId;
use crate::store::{OutboxItem, Outcome, Settlement, StoreError};
use crate::telemetry::chain;

impl Outbox {
    /// The portal refused a call as a whole. Nothing of it has been taken, and nothing is marked.
    pub(super) async fn refused(&mut self, batch: Vec<OutboxItem>, error: &PortalError) -> Result<(), StoreError> {
        let Some(first) = batch.first() else { return Ok(()) };
        let is_portals = self.is_portals(error) || !matches!(error.advice(), Advice::Hold | Advice::LineOff);
        if !is_portals && first.what.may_repeat() {
            return self.change_refused(batch, error).await;
        }
        if is_portals || !error.may_be_of_one() {
            self.rest(error, first.line);
            return Ok(());
        }
        let (line, now) = (first.line, self.now());
        let taken = self.relay.channels.taken(self.portal.host(), line);
        let blames = batch.iter().map(|item| self.offers.is_its_own(item.position, taken, now)).collect::<Vec<_>>();
        let takes_nothing = self.troubled.get(&line) == Some(&taken);
        match blames[..] {
            // The others that wait have their turn first, for perhaps they are taken.
            _ if takes_nothing => self.suspects.put_off(&batch),
            [is_its_own] => {
                self.suspects.put_off(&batch);
                if is_its_own {
                    return self.blame(&batch, error).await;
                }
            }
            _ => {
                let (host, count) = (self.portal.host(), batch.len());
                tracing::warn!(portal = %host, line = line.0, count, error = chain(error), "a call was refused, and is halved");
                self.suspects.refused(&batch);
                return Ok(());
            }
        }
        self.troubled.insert(line, taken);
        self.rest(error, line);
        Ok(())
    }

    /// Changes of messages say nothing of their line: a portal may be too old for them, or not have the message. Each is
    /// offered by itself for a while, and holds up its own visitor alone.
    async fn change_refused(&mut self, batch: Vec<OutboxItem>, error: &PortalError) -> Result<(), StoreError> {
        if error.is_unknown_method() {
            tracing::warn!(portal = %self.portal.host(), error = chain(error), "the portal knows no changes of messages");
            let failed = |item: OutboxItem| Settlement { position: item.position, outcome: Outcome::Failed };
            return self.settle(batch.into_iter().map(failed).collect()).await;
        }
        self.suspects.separate(&batch);
        self.blame(&batch, error).await
    }

    /// Errands that are refused for themselves: each is offered again, or given up.
    async fn blame(&mut self, batch: &[OutboxItem], error: &PortalError) -> Result<(), StoreError> {
        let (now, mut settled) = (self.now(), Vec::new());
        for item in batch {
            let (times, is_over) = self.offers.refused(item.position, now);
            tracing::warn!(dialogue.id = %item.dialogue, times, error = chain(error), "the portal refused an errand");
            let position = item.position;
            settled.extend(is_over.then_some(Settlement { position, outcome: Outcome::Failed }));
        }
        self.settle(settled).await
    }

    /// The portal took an errand.
    pub(super) fn took(&mut self, item: &OutboxItem) {
        if method(&item.what) == Send::NAME {
            self.rests.line(item.line).clear();
            self.relay.channels.took(self.portal.host(), item.line);
        }
        self.rests.clear(item.dialogue);
        self.doubts.took(item.position);
        self.suspects.absolve(item.position);
    }

    /// Inside a good answer the portal says that it did not take this one of `batch`, which got the answers `taken`; nor
    /// any other, where `none` is true. Tells whether the errand is given up.
    pub(super) fn declined(&mut self, item: &OutboxItem, none: bool, taken: &[Taken]) -> bool {
        let (now, position) = (self.now(), item.position);
        let line_took = self.relay.channels.taken(self.portal.host(), item.line);
        let is_its_own = self.offers.is_its_own(position, line_took, now);
        let is_its_files = parcel::is_files_alone(&item.what) && !self.as_links.contains(&position);
        if !none || is_its_own || is_its_files || item.what.may_repeat() {
            let (times, is_over) = self.offers.refused(position, now);
            tracing::warn!(dialogue.id = %item.dialogue, times, "the portal did not take a message");
            if is_its_files && times >= parcel::OFFERS {
                self.as_links.insert(position);
            }
            return is_over;
        }
        if taken.len() == 1 && self.offers.is_excused(position, now) {
            return false;
        }
        if taken.len() == 1 {
            // The others that wait have their turn first, for perhaps they are taken.
            self.suspects.put_off(std::slice::from_ref(item));
        }
        // Once for each call: what takes nothing from anybody is the line, or the messenger behind it.
        if !self.rests.line(item.line).is_on(now) {
            self.rests.line(item.line).lengthen(now, Rest::MIDDLE);
            let code = word_of(taken);
            tracing::error!(portal = %self.portal.host(), line = item.line.0, code, "messages wait: the portal took none of a call");
            self.relay.channels.see(self.portal.host(), item.line, Seen::Refused(code));
        }
        false
    }

    /// Whether an error is the whole portal's, though perhaps it is over already.
    fn is_portals(&self, error: &PortalError) -> bool {
        self.portal.trouble().is_some() || matches!(error.sign(), Sign::Ill(_))
    }

    /// Lets rest what an error forbids to call. Nothing of it has been taken.
    pub(super) fn rest(&mut self, error: &PortalError, line: LineId) {
        let (now, advice, is_in_trouble) = (self.now(), error.advice(), self.portal.trouble().is_some());
        match advice {
            Advice::LineOff => {
                self.rests.line(line).lengthen(now, Rest::MIDDLE);
                self.relay.channels.see(self.portal.host(), line, Seen::NotTaken);
            }
            Advice::Hold if !self.is_portals(error) => {
                self.rests.line(line).lengthen(now, Rest::LONG);
                let code = error.code().unwrap_or_default().to_owned();
                self.relay.channels.see(self.portal.host(), line, Seen::Refused(code));
            }
            // For as long as the client says: `is_free` asks it.
            Advice::PauseMethod | Advice::PausePortal => {}
            _ => self.rests.rest_portal(advice, is_in_trouble, now),
        }
        let (host, error) = (self.portal.host(), chain(error));
        match advice {
            Advice::Later | Advice::RenewToken => tracing::info!(portal = %host, error, "messages wait"),
            _ => tracing::error!(portal = %host, line = line.0, error, ?advice, "messages wait"),
        }
    }
}

/// What the administrator is told of a call that was answered well and took nothing: the portal's code where it gave
/// one. A text of its may repeat what a visitor said.
fn word_of(taken: &[Taken]) -> String {
    let is_code =
        |error: &&String| !error.is_empty() && error.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let code = taken.iter().flat_map(|taken| &taken.errors).find(is_code).cloned();
    code.unwrap_or_else(|| "SUCCESS: false".to_owned())
}

//! Keeps what is known of a portal's channels in step with what the portal says: it is asked at the start, as soon as
//! something was said or refused, and every so often. What is in trouble is asked again, in growing pauses, until it
//! works; then what waited goes.

mod gone;

use super::Relay;
use super::outbox::Rest;
use crate::bitrix::client::Portal;
use crate::bitrix::error::{Advice, PortalError};
use crate::bitrix::methods::app::{Info, UserAdmin};
use crate::bitrix::methods::channel::{Activate, ChannelState, SetError, Status};
use crate::bitrix::methods::lines::GetLine;
use crate::bitrix::trouble::Trouble;
use crate::channel::{Channel, LineFault, Seen};
use crate::clock::millis;
use crate::ids::LineId;
use crate::store::StoreError;
use crate::telemetry::chain;
use shared::Millis;
use std::collections::HashMap;
use std::time::Duration;

/// Between two looks at a channel that works: six calls an hour for each line.
const CALM: Duration = Duration::from_secs(10 * 60);

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Who looks after one portal.
struct Watch {
    relay: Relay,
    portal: Portal,
    /// The pauses between two calls of a portal in trouble.
    probe: Rest,
    lines: HashMap<LineId, Look>,
    /// When the tokens are looked at next.
    upkeep_at: Millis,
    /// Since when nobody renews our tokens.
    refused_since: Option<Millis>,
}

/// The last look at a line.
#[derive(Default)]
struct Look {
    at: Millis,
    /// What was known after it.
    left: Channel,
    /// Grows while the line is in trouble; a calm look later it begins anew.
    rest: Rest,
}

/// Watches until the shutdown.
pub async fn run(relay: Relay, portal: Portal) -> Result<(), StoreError> {
    let (mut news, shutdown) = (relay.channels.changes(), relay.shutdown.clone());
    let upkeep_at = relay.clock.now() + millis(HOUR); // a start has more urgent calls
    let refused_since = relay.store.ways(portal.host()).await?.refused_since;
    let mut watch = Watch { relay, portal, probe: Rest::default(), lines: HashMap::new(), upkeep_at, refused_since };
    while !shutdown.is_cancelled() {
        news.mark_unchanged();
        let next = watch.round().await?;
        let wait = Duration::from_millis(next.saturating_sub(watch.now()));
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = news.changed() => {} // its sender lives as long as the portals do
            () = watch.relay.clock.sleep(wait) => {}
        }
    }
    Ok(())
}

impl Watch {
    fn now(&self) -> Millis {
        self.relay.clock.now()
    }

    /// Looks at what is due; tells when the next thing is.
    async fn round(&mut self) -> Result<Millis, StoreError> {
        let calm = self.now() + millis(CALM);
        if let Some(trouble) = self.portal.trouble()
            && !self.is_over(trouble).await?
        {
            return Ok(self.probe.until());
        }
        self.probe.clear();
        if self.portal.is_well() {
            self.is_known_again().await?;
        }
        if self.upkeep_at <= self.now() && self.relay.is_callable(&self.portal).await? {
            self.upkeep_at = self.now() + millis(DAY);
            self.keep_up().await;
        }
        let sites = self.relay.store.sites_of(self.portal.host()).await?;
        let lines: Vec<LineId> = sites.iter().filter(|site| site.connected).map(|site| site.line).collect();
        self.lines.retain(|line, _| lines.contains(line));
        let mut next = calm;
        for line in lines {
            if self.due(line) <= self.now() {
                self.look(line).await;
            }
            next = next.min(self.due(line));
        }
        Ok(next)
    }

    /// Once a day: tokens that nothing needs live on, and an installer who lost the rights is noticed.
    async fn keep_up(&self) {
        let host = self.portal.host();
        if let Err(error) = self.portal.keep_fresh().await {
            tracing::warn!(portal = %host, error = chain(&error), "old tokens were not renewed");
        }
        if let Ok(false) = self.portal.call(&UserAdmin::default()).await {
            tracing::error!(portal = %host, "whoever installed the application is no administrator: histories are closed");
        }
    }

    /// Whether a portal in trouble answers again; asks it in pauses that grow.
    async fn is_over(&mut self, trouble: Trouble) -> Result<bool, StoreError> {
        let now = self.now();
        if self.probe.is_on(now) {
            return Ok(false);
        }
        self.probe.lengthen(now, pauses(trouble));
        let answered = self.portal.call(&Info::default()).await;
        tracing::debug!(portal = %self.portal.host(), works = answered.is_ok(), "a portal in trouble was asked");
        if let Err(error) = &answered {
            self.was_refused(error).await?;
        }
        Ok(self.portal.trouble().is_none())
    }

    fn channel(&self, line: LineId) -> Channel {
        self.relay.channels.channel(self.portal.host(), line)
    }

    fn see(&self, line: LineId, seen: Seen) {
        self.relay.channels.see(self.portal.host(), line, seen);
    }

    /// When to look at a line: at once where something new was seen of it.
    fn due(&self, line: LineId) -> Millis {
        let Some(look) = self.lines.get(&line) else { return 0 };
        let channel = self.channel(line);
        match channel.wants_asking() {
            true if channel != look.left => 0,
            true => look.rest.until(),
            false => look.at + millis(CALM),
        }
    }

    async fn look(&mut self, line: LineId) {
        let before = self.channel(line);
        let is_new = self.lines.get(&line).is_none_or(|look| look.left != before);
        match self.portal.call(&Status { line }).await {
            Ok(state) => {
                if let Err(error) = self.answered(line, &before, is_new, state).await {
                    tracing::warn!(portal = %self.portal.host(), line = line.0, error = chain(&error), "a line was not looked at");
                }
            }
            Err(error) if error.advice() == Advice::Hold && !error.is_unknown_method() => {
                self.see(line, Seen::Refused(error.code().unwrap_or_default().to_owned()));
            }
            Err(_) => {} // the portal's own trouble, or a moment's
        }
        let (now, left) = (self.now(), self.channel(line));
        let look = self.lines.entry(line).or_default();
        if left.wants_asking() || before.wants_asking() {
            look.rest.lengthen(now, Rest::MIDDLE);
        } else {
            look.rest.clear();
        }
        (look.at, look.left) = (now, left);
    }

    /// Follows the portal's word, and does what it asks for.
    async fn answered(
        &mut self,
        line: LineId,
        before: &Channel,
        is_new: bool,
        state: ChannelState,
    ) -> Result<(), PortalError> {
        let is_refused = matches!(before.fault(), Some(LineFault::Refused(_)));
        if is_refused && is_new && state.usable {
            // The portal's own pages say from now on that something is wrong here; not every portal knows the method.
            let told = self.portal.call(&SetError { line }).await;
            tracing::info!(portal = %self.portal.host(), line = line.0, told = told.is_ok(), "the channel is marked as faulty");
        } else if state.configured && (state.error || is_refused) && !is_new {
            // Time to try again. Nobody but us marks a channel so, and what is marked takes nothing.
            self.portal.call(&Activate { line, active: true }).await?;
            self.see(line, Seen::Connected);
            return Ok(());
        }
        self.see(line, Seen::Status(state));
        let channel = self.channel(line);
        let is_off = channel.fault() == Some(&LineFault::Off) && !state.usable;
        if is_off || channel.wants_line() && state.usable {
            let found = self.portal.call(&GetLine::new(line)).await?;
            // That the line is there changes nothing where the connector is off.
            if !is_off || found.is_none() {
                self.see(line, Seen::Line(found.map(|line| line.active)));
            }
        }
        Ok(())
    }
}

/// The first and the longest pause between two calls of a portal in trouble. What only a person ends is asked for seldom:
/// whoever ended it tells us, or opens the settings page, which asks.
fn pauses(trouble: Trouble) -> (Duration, Duration) {
    match trouble {
        Trouble::Away => (MINUTE / 2, 5 * MINUTE),
        Trouble::Blocked => (10 * MINUTE, HOUR),
        Trouble::NotInstalled | Trouble::Tokens | Trouble::Keys | Trouble::Installer | Trouble::Deleted => (HOUR, HOUR),
        Trouble::Unpaid => (HOUR, DAY),
    }
}

//! Holds an event back until it is known who speaks in it, for a moment at most: what a message looks like stands in the
//! log for good. Nothing of the portal that came later goes before it.

use super::Relay;
use super::speaker::Speaker;
use super::told::is_ours;
use crate::bitrix::events::{Event, What};
use crate::clock::millis;
use crate::ids::{LineId, PortalHost};
use crate::store::KeptEvent;
use shared::Millis;
use std::time::Duration;

/// The longest that an event waits for this.
const PATIENCE: Duration = Duration::from_secs(2);

impl Relay {
    /// Of `events` of one portal, in the order of arrival, those before the first that waits; and when that one waits no
    /// more.
    pub(super) fn introduced(
        &self,
        host: &PortalHost,
        mut events: Vec<(KeptEvent, Event)>,
        now: Millis,
    ) -> (Vec<(KeptEvent, Event)>, Option<Millis>) {
        let speakers: Vec<Vec<(u64, LineId)>> = events.iter().map(|(_, event)| speakers(event)).collect();
        self.people.seek(host, speakers.iter().flatten().map(|(user, _)| *user));
        speakers.iter().flatten().for_each(|(_, line)| {
            let _ = self.presences.want(host, *line);
        });
        let is_awaited =
            |(user, line): &(u64, LineId)| self.people.is_awaited(host, *user) || self.presences.is_wanted(host, *line);
        let waits = |(nth, speakers): (usize, &Vec<(u64, LineId)>)| {
            let until = events[nth].0.at + millis(PATIENCE);
            let waits = now < until && events[nth].0.at <= now && speakers.iter().any(is_awaited);
            waits.then_some((nth, until))
        };
        match speakers.iter().enumerate().find_map(waits) {
            Some((nth, until)) => {
                events.truncate(nth);
                (events, Some(until))
            }
            None => (events, None),
        }
    }

    /// What is known now of who speaks. `is_unsigned`: the portal was asked to put no names before words.
    pub(super) fn speaker(&self, host: &PortalHost, user: u64, line: LineId, is_unsigned: bool) -> Speaker {
        Speaker { person: self.people.person(host, user), names: self.presences.names(host, line), is_unsigned }
    }
}

/// The people who say something in an event, and where.
fn speakers(event: &Event) -> Vec<(u64, LineId)> {
    match &event.what {
        What::MessageAdd { connector, line, messages } if is_ours(connector) => {
            let people = messages.iter().filter(|message| !message.automatic);
            people.map(|message| (message.user, *line)).collect()
        }
        _ => Vec::new(),
    }
}

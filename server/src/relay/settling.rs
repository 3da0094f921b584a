//! How long an event waits before it is worked off, so that one that came just before its forerunner is told after it:
//! a dialogue's log only grows, and what stands in it in the wrong order would stay so. Pure.

use super::told::is_ours;
use crate::bitrix::events::{Edited, Event, What};
use crate::clock::millis;
use crate::ids::ImId;
use crate::store::KeptEvent;
use shared::Millis;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// How long. The portal's workers run side by side and promise no order (`api-reference/events/index.md`); deliveries of
/// one chat that overtake each other do so by far less.
const SETTLES: Duration = Duration::from_millis(300);

/// How long an edit waits for the message it is of. Such a message is fetched from the offline queue within a minute, if
/// its own event was lost; after this the edit makes the message.
const WAITS: Duration = Duration::from_secs(90);

/// An event as it was kept, and as it was read.
type Read = (KeptEvent, Event);

/// Of `ready` events, those that edit nothing but messages in `known`, and those that are to wait for the others, with
/// when the first of these waits no longer.
pub fn grounded(ready: Vec<Read>, known: &HashSet<ImId>, now: Millis) -> (Vec<Read>, Vec<Read>, Option<Millis>) {
    let until = |kept: &KeptEvent| kept.at + millis(WAITS);
    let waits = |kept: &KeptEvent, event: &Event| {
        (kept.at..until(kept)).contains(&now) && edited(event).any(|message| !known.contains(&message.im))
    };
    let (waiting, grounded): (Vec<_>, Vec<_>) = ready.into_iter().partition(|(kept, event)| waits(kept, event));
    let next = waiting.iter().map(|(kept, _)| until(kept)).min();
    (grounded, waiting, next)
}

/// What is edited in `event`, of a chat of ours.
pub fn edited(event: &Event) -> impl Iterator<Item = &Edited> {
    let messages = match &event.what {
        What::MessageUpdate { connector, messages, .. } if is_ours(connector) => messages.as_slice(),
        _ => &[],
    };
    messages.iter()
}

/// Of `events` of one portal, in the order of arrival, those that are to be worked off as of `now`; and when the first of
/// the others is.
pub fn settled(events: Vec<Read>, now: Millis) -> (Vec<Read>, Option<Millis>) {
    let mut last: HashMap<u64, u64> = HashMap::new();
    for im in events.iter().filter(|(kept, _)| due(kept, now) <= now).flat_map(|(_, event)| spoken(event)) {
        let message = last.entry(im.chat).or_default();
        *message = im.message.max(*message);
    }
    let is_forerunner = |event: &Event| {
        spoken(event).next().is_some()
            && spoken(event).all(|im| last.get(&im.chat).is_some_and(|last| im.message <= *last))
    };
    let (ready, others): (Vec<_>, Vec<_>) =
        events.into_iter().partition(|(kept, event)| due(kept, now) <= now || is_forerunner(event));
    let next = others.iter().map(|(kept, _)| due(kept, now)).min();
    (ready, next)
}

/// When the event has settled: at once, if the clock was put back since it came.
fn due(kept: &KeptEvent, now: Millis) -> Millis {
    if kept.at > now { now } else { kept.at + millis(SETTLES) }
}

/// What is said in `event`.
fn spoken(event: &Event) -> impl Iterator<Item = ImId> + '_ {
    let messages = match &event.what {
        What::MessageAdd { messages, .. } => messages.as_slice(),
        _ => &[],
    };
    messages.iter().map(|message| message.im)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::events::Delivery;
    use crate::bitrix::fixtures::bytes;
    use crate::ids::PortalHost;
    use crate::store::EventNo;

    fn event(fixture: &str, at: Millis) -> (KeptEvent, Event) {
        let host = PortalHost::try_from("a.ru".to_owned()).unwrap();
        let event = Event::of(&Delivery::read(&bytes(fixture)).unwrap().body);
        (KeptEvent { no: EventNo::default(), host, at, body: Vec::new() }, event)
    }

    fn said(message: u64, at: Millis) -> (KeptEvent, Event) {
        let (kept, mut event) = event("event.ONIMCONNECTORMESSAGEADD.text-ru.form", at);
        let What::MessageAdd { messages, .. } = &mut event.what else { panic!("{event:?}") };
        messages[0].im = ImId { chat: 1, message };
        (kept, event)
    }

    /// When those came that are worked off at `now`, and when the next is.
    fn at(events: Vec<(KeptEvent, Event)>, now: Millis) -> (Vec<Millis>, Option<Millis>) {
        let (ready, next) = settled(events, now);
        (ready.into_iter().map(|(kept, _)| kept.at).collect(), next)
    }

    #[test]
    fn an_event_settles_first() {
        let end = event("event.ONIMCONNECTORDIALOGFINISH.form", 1_100);
        assert_eq!(at(vec![said(1, 1_000), end.clone()], 1_299), (vec![], Some(1_300)));
        assert_eq!(at(vec![said(1, 1_000), end.clone()], 1_300), (vec![1_000], Some(1_400)));
        assert_eq!(at(vec![end], 1_000), (vec![1_100], None), "the clock was put back");
    }

    #[test]
    fn an_edit_waits_for_its_message() {
        let (kept, mut edit) = event("event.ONIMCONNECTORMESSAGEUPDATE.form", 1_000);
        let What::MessageUpdate { connector, messages, .. } = &mut edit.what else { panic!("{edit:?}") };
        crate::bitrix::CONNECTOR.clone_into(connector);
        let known = HashSet::from([messages[0].im]);
        let events = || vec![said(1, 1_000), (kept.clone(), edit.clone())];
        let counts = |known: &HashSet<ImId>, now| {
            let (grounded, waiting, next) = grounded(events(), known, now);
            (grounded.len(), waiting.len(), next)
        };
        assert_eq!(counts(&HashSet::new(), 1_300), (1, 1, Some(91_000)));
        assert_eq!(counts(&known, 1_300), (2, 0, None));
        assert_eq!(counts(&HashSet::new(), 91_000), (2, 0, None), "its message never came");
        assert_eq!(counts(&HashSet::new(), 999), (2, 0, None), "the clock was put back");
    }

    #[test]
    fn a_forerunner_does_not_come_too_late() {
        let events = vec![said(2, 1_000), said(1, 1_250), said(3, 1_260)];
        assert_eq!(at(events, 1_300), (vec![1_000, 1_250], Some(1_560)));
    }
}

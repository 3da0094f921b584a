//! Which of the portal's events the relay listens to, and what has to change for it. Pure: calls nothing.

use crate::bitrix::methods::bindings::{Bind, Binding, Unbind};

/// Delivered to our address as they happen. `OnAppUninstall` reaches only a handler that was bound
/// (settings/app-uninstallation.md).
const ONLINE: [&str; 8] = [
    "OnImConnectorMessageAdd",
    "OnImConnectorMessageUpdate",
    "OnImConnectorMessageDelete",
    "OnImConnectorDialogStart",
    "OnImConnectorDialogFinish",
    "OnImConnectorStatusDelete",
    "OnImConnectorLineDelete",
    "OnAppUninstall",
];

/// Kept by the portal until they are fetched (api-reference/events/offline-events.md): the net below a delivery that is
/// never repeated. `OnImConnectorDialogStart` is not in the documentation's list; it tells, after a crash, where a first
/// message went whose answer was lost. What is bound last stands last: where a message has its net, everything is bound.
const OFFLINE: [&str; 6] = [
    "OnImConnectorStatusDelete",
    "OnImConnectorDialogStart",
    "OnImConnectorDialogFinish",
    "OnImConnectorMessageDelete",
    "OnImConnectorMessageUpdate",
    "OnImConnectorMessageAdd",
];

/// One call that brings the portal nearer to what is wanted.
#[derive(Clone, Debug)]
pub enum Change {
    Bind(Bind),
    BindOffline(Bind),
    /// An address we had before: two handlers of one event would both be called.
    Unbind(Unbind),
}

/// What is to be done so that `bound` becomes every event of ours at `handler`, once, and in the offline queue. New
/// handlers come before old ones go, so that no event falls between.
pub fn changes(bound: &[Binding], handler: &str) -> Vec<Change> {
    let is_missing = |bind: &Bind| !bound.iter().any(|binding| binding.is(bind));
    let online = ONLINE.into_iter().map(|event| Bind::online(event, handler)).filter(is_missing);
    let offline = OFFLINE.into_iter().map(Bind::offline).filter(is_missing);
    let mut changes: Vec<Change> = online.map(Change::Bind).chain(offline.map(Change::BindOffline)).collect();
    let old = bound.iter().filter_map(|binding| {
        let old = binding.handler.clone().filter(|old| !binding.offline && old != handler)?;
        Some(Change::Unbind(Unbind { event: binding.event.clone(), handler: old }))
    });
    changes.extend(old);
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://chat.example/bitrix24/events";
    const BEFORE: &str = "https://old.example/bitrix24/events";

    fn online(event: &str, handler: &str) -> Binding {
        Binding { event: event.to_uppercase(), handler: Some(handler.to_owned()), offline: false, connector: None }
    }

    /// All that a portal has once every change was carried out.
    fn everything() -> Vec<Binding> {
        let offline = |event: &str| Binding {
            event: event.to_uppercase(),
            handler: None,
            offline: true,
            connector: Some(crate::bitrix::methods::bindings::OFFLINE.to_owned()),
        };
        ONLINE.iter().map(|event| online(event, HERE)).chain(OFFLINE.iter().map(|event| offline(event))).collect()
    }

    #[test]
    fn a_new_portal_gets_everything_and_then_nothing_more() {
        assert_eq!(changes(&[], HERE).len(), ONLINE.len() + OFFLINE.len());
        assert!(changes(&everything(), HERE).is_empty());
    }

    #[test]
    fn only_what_is_missing_is_bound() {
        for missing in 0..ONLINE.len() + OFFLINE.len() {
            let mut bound = everything();
            let gone = bound.remove(missing);
            match changes(&bound, HERE).as_slice() {
                [Change::Bind(bind)] => assert!(!gone.offline && gone.is(bind)),
                [Change::BindOffline(bind)] => assert!(gone.offline && gone.is(bind)),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn an_address_of_before_goes_after_the_new_one_came() {
        let changes = changes(&[online("OnImConnectorMessageAdd", BEFORE)], HERE);
        assert_eq!(changes.len(), ONLINE.len() + OFFLINE.len() + 1);
        match changes.last() {
            Some(Change::Unbind(unbind)) => {
                assert_eq!((unbind.event.as_str(), unbind.handler.as_str()), ("ONIMCONNECTORMESSAGEADD", BEFORE));
            }
            other => panic!("{other:?}"),
        }
    }
}

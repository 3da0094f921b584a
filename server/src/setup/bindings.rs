//! Which of the portal's events the relay listens to, and what has to change for it. Pure: calls nothing.

use crate::bitrix::methods::bindings::{Bind, Binding, LINE_MESSAGE, Unbind};

/// Delivered to our address as they happen. `OnAppUninstall` reaches only a handler that was bound
/// (settings/app-uninstallation.md).
const ONLINE: [&str; 9] = [
    "OnImConnectorMessageAdd",
    "OnImConnectorMessageUpdate",
    "OnImConnectorMessageDelete",
    "OnImConnectorDialogStart",
    "OnImConnectorDialogFinish",
    "OnImConnectorStatusDelete",
    "OnImConnectorLineDelete",
    "OnAppUninstall",
    LINE_MESSAGE,
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

/// What brings a portal to what is wanted.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub bind: Vec<Bind>,
    /// Addresses we had before: two handlers of one event would both be called.
    pub unbind: Vec<Unbind>,
}

impl Changes {
    pub fn len(&self) -> usize {
        self.bind.len() + self.unbind.len()
    }
}

/// What is to be done so that `bound` becomes every event of ours at `handler`, once, and in the offline queue. New
/// handlers come before old ones go, so that no event falls between.
///
/// `witnesses`: the portal shows no histories, so its queue is to keep also what its lines say of visitors' messages.
pub fn changes(bound: &[Binding], handler: &str, witnesses: bool) -> Changes {
    let is_missing = |bind: &Bind| !bound.iter().any(|binding| binding.is(bind));
    let online = ONLINE.into_iter().map(|event| Bind::online(event, handler));
    let offline = witnesses.then_some(LINE_MESSAGE).into_iter().chain(OFFLINE).map(Bind::offline);
    let bind = online.chain(offline).filter(is_missing).collect();
    let old = bound.iter().filter_map(|binding| {
        let old = binding.handler.clone().filter(|old| !binding.offline && old != handler)?;
        Some(Unbind { event: binding.event.clone(), handler: old })
    });
    Changes { bind, unbind: old.collect() }
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
        assert_eq!(changes(&[], HERE, false).len(), ONLINE.len() + OFFLINE.len());
        assert_eq!(changes(&everything(), HERE, false).len(), 0);
    }

    #[test]
    fn where_histories_are_refused_the_lines_own_word_is_kept_too() {
        let Changes { bind, unbind } = changes(&everything(), HERE, true);
        assert!(unbind.is_empty() && bind.len() == 1 && bind[0].is_a_net(), "{bind:?}");
        let mut bound = everything();
        bound.push(Binding { event: LINE_MESSAGE.to_uppercase(), ..bound[ONLINE.len()].clone() });
        assert_eq!(changes(&bound, HERE, true).len(), 0);
        assert_eq!(changes(&bound, HERE, false).len(), 0, "it may stay");
    }

    #[test]
    fn only_what_is_missing_is_bound() {
        for missing in 0..ONLINE.len() + OFFLINE.len() {
            let mut bound = everything();
            let gone = bound.remove(missing);
            let Changes { bind, unbind } = changes(&bound, HERE, false);
            assert!(unbind.is_empty() && bind.len() == 1 && gone.is(&bind[0]), "{gone:?}: {bind:?}");
        }
    }

    #[test]
    fn an_address_of_before_goes_after_the_new_one_came() {
        let changes = changes(&[online("OnImConnectorMessageAdd", BEFORE)], HERE, false);
        assert_eq!(changes.len(), ONLINE.len() + OFFLINE.len() + 1);
        let Unbind { event, handler } = &changes.unbind[0];
        assert_eq!((event.as_str(), handler.as_str()), ("ONIMCONNECTORMESSAGEADD", BEFORE));
    }
}

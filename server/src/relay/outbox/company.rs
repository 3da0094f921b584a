//! Which errands travel in one call. Pure.
//!
//! Something before the portal may refuse a call for one visitor's words, with a page that says nothing of what was
//! taken: then all that travelled with them are in doubt. So what was in doubt too often travels alone, and holds up
//! nobody else.

use super::calls::method;
use super::parcel;
use crate::bitrix::methods::messages::MOST;
use crate::store::{Errand, OutboxItem};

/// After so many calls that left it in doubt, a message travels alone.
const TOGETHER: u32 = 2;

/// Of `batch`, in its order, what one call may carry: errands of one kind and line, or a single one that travels alone.
pub fn of_one_call(mut batch: Vec<OutboxItem>) -> Vec<OutboxItem> {
    let Some(first) = batch.first() else { return batch };
    if travels_alone(first) {
        batch.truncate(1);
        return batch;
    }
    let (line, method) = (first.line, method(&first.what));
    batch.retain(|item| item.line == line && self::method(&item.what) == method && !travels_alone(item));
    batch.truncate(MOST);
    batch
}

/// A dialogue's first message is repeated just once where nothing can be found out: its last call is not shared.
fn travels_alone(item: &OutboxItem) -> bool {
    // The portal downloads files one after another, and has a minute for all of a call.
    if item.what == Errand::Finish || !parcel::files(&item.what).is_empty() {
        return true;
    }
    let is_first = item.at_portal.session.is_none();
    item.attempts >= if is_first { TOGETHER - 1 } else { TOGETHER }
}

#[cfg(test)]
mod tests {
    use super::super::doubts::tests::item;
    use super::*;
    use crate::ids::LineId;
    use crate::store::AtPortal;

    fn tried(attempts: u32) -> OutboxItem {
        let at_portal = AtPortal { session: Some(5), ..AtPortal::default() };
        OutboxItem { attempts, at_portal, ..item() }
    }

    fn attempts(batch: Vec<OutboxItem>) -> Vec<u32> {
        of_one_call(batch).iter().map(|item| item.attempts).collect()
    }

    #[test]
    fn what_was_often_in_doubt_travels_alone() {
        assert_eq!(attempts(vec![tried(0), tried(2), tried(1), tried(3)]), [0, 1]);
        assert_eq!(attempts(vec![tried(2), tried(0), tried(1)]), [2]);
        assert!(attempts(Vec::new()).is_empty());
    }

    #[test]
    fn a_first_message_shares_only_its_first_call() {
        let first = |attempts| OutboxItem { attempts, ..item() };
        assert_eq!(attempts(vec![first(0), first(1), tried(1)]), [0, 1]);
        assert_eq!(attempts(vec![first(1), tried(0)]), [1]);
    }

    #[test]
    fn a_call_is_of_one_line_and_not_longer_than_the_portal_takes() {
        let elsewhere = OutboxItem { line: LineId(2), ..tried(0) };
        assert_eq!(of_one_call(vec![tried(0), elsewhere, tried(1)]).len(), 2);
        assert_eq!(of_one_call(vec![tried(0); MOST + 1]).len(), MOST);
    }
}

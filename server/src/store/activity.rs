//! Where something happened lately: read from the log's end, for whoever looks whether the portal has more.

use super::dialogues::head;
use super::log::{Position, ReadLog, Record, Told, Walk};
use super::tables::LOG;
use super::{Store, StoreError, row};
use crate::ids::{DialogueId, PortalHost};
use shared::{Author, Millis};
use std::collections::{BTreeSet, HashMap};

/// How many records are read at most: what a busy relay writes in days, read in a second.
const MOST: usize = 200_000;

/// Where something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    pub dialogues: Vec<Active>,
    /// Up to where the log was read: what comes later is news.
    pub until: Position,
}

/// A dialogue in which something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    pub dialogue: DialogueId,
    /// When, the last time.
    pub at: Millis,
    /// The portal's sessions of it that were told of, and the last known one.
    pub sessions: BTreeSet<u64>,
}

#[derive(Default)]
struct Lately {
    at: Option<Millis>,
    sessions: BTreeSet<u64>,
}

impl Store {
    /// The dialogues of `portal` in which something happened behind `after` in the log, and not before `since`.
    pub async fn activity(&self, portal: &PortalHost, after: Position, since: Millis) -> Result<Activity, StoreError> {
        let (portal, store) = (portal.clone(), self.clone());
        self.read(move |view| {
            let Some(log) = view.table(LOG)? else { return Ok(Activity::default()) };
            let mut activity = Activity { dialogues: Vec::new(), until: after };
            let mut lately: HashMap<DialogueId, Lately> = HashMap::new();
            for entry in log.range(after.next().0..)?.rev().take(MOST) {
                let (position, bytes) = entry?;
                activity.until = activity.until.max(Position(position.value()));
                let Ok(record) = row::decode::<Record>(bytes.value()) else { continue };
                if is_of_our_clock(&record) && record.at < since {
                    break;
                }
                let known = lately.entry(record.dialogue).or_default();
                known.at.get_or_insert(record.at);
                known.sessions.extend(session(&record.what));
            }
            for (dialogue, Lately { at, mut sessions }) in lately {
                let Some(head) = head(store.fresh_head(dialogue), view, dialogue)? else { continue };
                if store.shared.board.portal_of(&head.site).as_ref() == Some(&portal) {
                    sessions.extend(head.at_portal.session);
                    activity.dialogues.push(Active { dialogue, at: at.unwrap_or_default(), sessions });
                }
            }
            Ok(activity)
        })
        .await
    }
}

impl Store {
    /// The portal's sessions of `dialogue` that were told of not before `since`, and the last known one.
    pub async fn sessions_of(&self, dialogue: DialogueId, since: Millis) -> Result<BTreeSet<u64>, StoreError> {
        let fresh = self.fresh_head(dialogue);
        self.read(move |mut view| {
            let Some(head) = head(fresh, view, dialogue)? else { return Ok(BTreeSet::new()) };
            let mut sessions: BTreeSet<u64> = head.at_portal.session.into_iter().collect();
            view.walk(head.tip, |_, record| {
                if is_of_our_clock(&record) && record.at < since {
                    return Walk::Enough;
                }
                sessions.extend(session(&record.what));
                Walk::On
            })?;
            Ok(sessions)
        })
        .await
    }
}

/// The session that an entry tells of.
pub(super) fn session(what: &Told) -> Option<u64> {
    match what {
        Told::Started { session, .. } | Told::Finished { session, .. } | Told::Late { session } => Some(*session),
        Told::State { at_portal, .. } | Told::Done { at_portal, .. } | Told::Answered { at_portal, .. } => {
            at_portal.session
        }
        _ => None,
    }
}

/// What the portal said carries its time, which may be any.
fn is_of_our_clock(record: &Record) -> bool {
    matches!(&record.what, Told::Said { from: Author::Visitor, .. } | Told::State { .. } | Told::Started { .. })
}

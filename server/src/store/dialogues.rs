//! What is known of each dialogue beside its log: its head. The log is the truth; heads follow from it, are kept in
//! memory as they change and written down now and then.

use super::log::{AtPortal, LANDMARK, Position, Record, StoredEntry, Told, Vote, entries_after};
use super::row::Row;
use super::tables::DIALOGUES;
use super::{Store, StoreError, View};
use crate::identity::PersonId;
use crate::ids::DialogueId;
use serde::{Deserialize, Serialize};
use shared::{Author, MessageState, Millis, Seq, SiteKey};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// One visitor's conversation on one site.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DialogueRecord {
    pub id: DialogueId,
    pub site: SiteKey,
    /// 1, 2, 3… in the order in which the site's visitors came: what an operator can call this one by.
    pub number: u64,
    pub begun_at: Millis,
    /// The last entry of its log; 0 while there is none.
    pub last: Seq,
    /// The portal's chat, once it told.
    pub portal_chat: Option<u64>,
    /// The portal's last known session in that chat: what its history is asked by.
    pub portal_session: Option<u64>,
    /// The portal's own number of the visitor.
    pub portal_user: Option<u64>,
    /// Whom the site vouches for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The dialogues that moved to this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<DialogueId>,
}

/// How a dialogue is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub site: SiteKey,
    pub number: u64,
    pub begun_at: Millis,
    pub last: Seq,
    /// Where the last entry stands.
    pub tip: Position,
    /// Where the last landmark stands.
    pub landmark: Position,
    pub at_portal: AtPortal,
    /// The last session that was seen to start, and to finish.
    pub started: u64,
    pub finished: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Where it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<DialogueId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<DialogueId>,
    /// The request for a rating that was not answered, while the portal may take a text for the answer.
    #[serde(default)]
    pub vote: Option<Vote>,
    /// The last request that the visitor answered, and the entry of the answer: until the portal has that, it may take a
    /// text for it, and words from before it are still under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rated: Option<(Seq, Vote)>,
    /// An operator has spoken since the last conversation ended: see `is_led`.
    #[serde(default)]
    pub led: bool,
    /// The visitor's end of the conversation, while nobody knows whether the portal took it: the entry, and the session
    /// that had finished last before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<(Seq, u64)>,
    /// When the visitor said the first thing that no operator has answered yet.
    #[serde(default)]
    pub asked_at: Option<Millis>,
}

impl Head {
    pub fn new(site: SiteKey, number: u64, begun_at: Millis) -> Self {
        Self {
            site,
            number,
            begun_at,
            last: 0,
            tip: Position::NONE,
            landmark: Position::NONE,
            at_portal: AtPortal::default(),
            started: 0,
            finished: 0,
            person: None,
            moved: None,
            joined: Vec::new(),
            vote: None,
            rated: None,
            led: false,
            left: None,
            asked_at: None,
        }
    }

    /// The record that says `what` after all there is.
    pub fn following(&self, dialogue: DialogueId, at: Millis, what: Told) -> Record {
        Record { dialogue, seq: self.last + 1, at, before: self.tip, landmark: self.landmark, what }
    }

    /// `record` was written at `position`. One that is known already changes nothing.
    pub fn follow(&mut self, position: Position, record: &Record) {
        if record.seq <= self.last {
            return;
        }
        self.last = record.seq;
        self.tip = position;
        if record.seq.is_multiple_of(LANDMARK) {
            self.landmark = position;
        }
        match &record.what {
            Told::State { at_portal, .. } | Told::Answered { at_portal, .. } => self.learn(at_portal),
            Told::Started { session, user } => {
                // Whoever has spoken since the last one ended leads this one, however late its beginning is told.
                self.led &= self.finished >= self.started;
                self.started = self.started.max(*session);
                self.vote = self.vote.filter(|vote| vote.session >= *session);
                self.rated = self.rated.filter(|(_, vote)| vote.session >= *session);
                self.left = None;
                self.learn(&AtPortal { chat: None, session: Some(*session), user: *user });
            }
            // What the visitor ended is ended here, whenever the portal says so too, unless it says that it is not.
            Told::Finished { session } | Told::Left { session, .. } => {
                self.left = matches!(record.what, Told::Left { .. }).then_some((record.seq, self.finished));
                self.finished = self.finished.max(*session);
                (self.led, self.asked_at) = (false, None);
                self.learn(&AtPortal { session: Some(*session).filter(|&session| session > 0), ..AtPortal::default() });
            }
            Told::EndKnown { .. } => self.left = None,
            Told::Said { chat, from, vote, before, by_edit, .. } => {
                self.vote = vote.or(self.vote);
                // One before others may be of the conversation before, and what only an edit told of is perhaps a bot's.
                self.led |= *from == Author::Operator && before.is_none() && !by_edit;
                match from {
                    Author::Operator if *by_edit => {}
                    Author::Visitor => drop(self.asked_at.get_or_insert(record.at)),
                    // One that was said before comes late, and answers something else.
                    Author::Operator => self.asked_at = self.asked_at.filter(|asked_at| record.at < *asked_at),
                    Author::Bot | Author::System => {}
                }
                self.learn(&AtPortal { chat: *chat, ..AtPortal::default() });
            }
            Told::Edited { from: Some(Author::Operator), .. } => {
                self.led = true;
                self.asked_at = self.asked_at.filter(|asked_at| record.at < *asked_at);
            }
            Told::Rated { .. } => self.rated = self.vote.take().map(|vote| (record.seq, vote)).or(self.rated),
            Told::Done { state, entry, at_portal, .. } => {
                self.learn(at_portal);
                self.rated = self.rated.filter(|(rated, _)| rated != entry || *state != MessageState::Delivered);
                if let Some((_, finished)) = self.left.take_if(|(left, _)| left == entry)
                    && *state != MessageState::Delivered
                {
                    (self.led, self.finished) = (true, finished);
                }
            }
            Told::Owned { person, moved } => {
                self.person = Some(person.clone());
                self.moved = *moved;
            }
            Told::Joined { from, .. } if self.joined.contains(from) => {}
            Told::Joined { from, .. } => self.joined.push(*from),
            Told::File { .. }
            | Told::Again { .. }
            | Told::Edited { .. }
            | Told::Deleted { .. }
            | Told::Noted { .. }
            | Told::Late { .. } => {}
        }
    }

    /// Whether the portal may take a text for a rating.
    pub fn awaits_rating(&self) -> bool {
        self.vote.is_some() || self.rated.is_some()
    }

    /// Until when the portal takes the rating that stands at `entry` for one, if there is a limit: no longer where another
    /// conversation has begun since.
    pub fn rated_until(&self, entry: Seq) -> Option<Millis> {
        match self.rated {
            Some((rated, vote)) if rated == entry => vote.until,
            _ => Some(0),
        }
    }

    /// Whether an operator leads the conversation that is open. What one says after the end of the last session that is
    /// known was said before it, or in one whose beginning is still to be told.
    pub fn is_led(&self) -> bool {
        let is_over = self.finished > 0 && self.finished >= self.at_portal.session.unwrap_or_default();
        self.led && !is_over
    }

    fn learn(&mut self, told: &AtPortal) {
        self.at_portal.chat = told.chat.or(self.at_portal.chat);
        self.at_portal.user = told.user.or(self.at_portal.user);
        // Sessions are numbered upwards; an older one may be told of late.
        self.at_portal.session = told.session.max(self.at_portal.session);
    }

    pub fn record(&self, id: DialogueId) -> DialogueRecord {
        let AtPortal { chat, session, user } = self.at_portal;
        DialogueRecord {
            id,
            site: self.site.clone(),
            number: self.number,
            begun_at: self.begun_at,
            last: self.last,
            portal_chat: chat,
            portal_session: session,
            portal_user: user,
            person: self.person.clone(),
            joined: self.joined.clone(),
        }
    }
}

impl Row for Head {
    const KIND: &'static str = "dialogue";
}

/// Heads that were changed since they were last written down, as of the last commit: newer than the table's.
#[derive(Default)]
pub(super) struct FreshHeads(RwLock<HashMap<DialogueId, Head>>);

impl FreshHeads {
    /// These are so now; one without a head was erased.
    pub fn publish(&self, heads: impl Iterator<Item = (DialogueId, Option<Head>)>) {
        let mut fresh = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (id, head) in heads {
            match head {
                Some(head) => fresh.insert(id, head),
                None => fresh.remove(&id),
            };
        }
    }

    /// Forgets those that `is_stale` names: the table has them as they are.
    pub fn forget(&self, is_stale: impl Fn(&DialogueId) -> bool) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|id, _| !is_stale(id));
    }

    fn get(&self, id: DialogueId) -> Option<Head> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }
}

impl Store {
    pub async fn dialogue(&self, id: DialogueId) -> Result<Option<DialogueRecord>, StoreError> {
        let fresh = self.shared.heads.get(id);
        self.read(move |view| Ok(head(fresh, view, id)?.map(|head| head.record(id)))).await
    }

    /// Up to `limit` entries after `after`, in order. None at all of a dialogue that does not exist.
    pub async fn entries(&self, id: DialogueId, after: Seq, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let fresh = self.shared.heads.get(id);
        if fresh.as_ref().is_some_and(|head| head.last <= after) {
            return Ok(Vec::new());
        }
        self.read(move |mut view| match head(fresh, view, id)? {
            Some(head) if head.last > after => entries_after(&mut view, head.tip, head.last, after, limit),
            _ => Ok(Vec::new()),
        })
        .await
    }

    pub(super) fn fresh_head(&self, id: DialogueId) -> Option<Head> {
        self.shared.heads.get(id)
    }
}

/// The head as of the last commit. `fresh` was asked for before `view` was opened: what is fresh stays so until the
/// table has it.
pub(super) fn head(fresh: Option<Head>, view: &View, id: DialogueId) -> Result<Option<Head>, StoreError> {
    match fresh {
        Some(head) => Ok(Some(head)),
        None => view.row(DIALOGUES, id.bytes()),
    }
}

//! Whose a dialogue is: a person's whom the site vouches for, or nobody's yet. A person has one dialogue on a site; what
//! was said before they were known joins it, once, and only if it was never anyone else's.

use super::committer::Batch;
use super::dialogues::Head;
use super::log::{AtPortal, Position, ReadLog, Record, Told, Walk};
use super::profiles::ProfileRecord;
use super::sessions::SessionRecord;
use super::tables::{DIALOGUES, PERSONS, PROFILES, SESSIONS, VISITORS};
use super::{Store, StoreError, TokenHash};
use crate::identity::PersonId;
use crate::ids::DialogueId;
use redb::ReadableTable;
use shared::{MessageId, MessageState, Millis, SiteKey};

/// How much of what was said before joins a person's dialogue at most, in entries: whoever writes meanwhile waits for it.
/// An unoptimised build on a busy machine copies 3 a millisecond. What is older stays where it was said, and in what is
/// exported.
const JOINED: usize = 10_000;

impl Store {
    /// Begins a session of `person` on `site`, in the dialogue they have or in a new one.
    pub async fn begin_session_of(
        &self,
        site: SiteKey,
        person: PersonId,
        token: TokenHash,
        now: Millis,
    ) -> Result<SessionRecord, StoreError> {
        let epoch = self.epoch();
        self.commit(move |batch| {
            let dialogue = match batch.dialogue_of(&site, &person)? {
                Some(dialogue) => dialogue,
                None => {
                    let dialogue = DialogueId::random();
                    let head =
                        Head { person: Some(person.clone()), ..Head::new(site.clone(), batch.number(&site)?, now) };
                    batch.put(DIALOGUES, dialogue.bytes(), &head)?;
                    batch.give(&site, &person, dialogue)?;
                    dialogue
                }
            };
            let session = SessionRecord { dialogue, site, begun_at: now, epoch, proven_at: None };
            batch.put(SESSIONS, token.bytes(), &session)?;
            Ok(session)
        })
        .await
    }

    /// The dialogue of the session with `token`, which is nobody's yet, is `person`'s from now on: by itself where they
    /// have none, else by its words joining the one they have. None where it is somebody's meanwhile.
    pub async fn join(
        &self,
        token: TokenHash,
        person: PersonId,
        now: Millis,
    ) -> Result<Option<SessionRecord>, StoreError> {
        self.commit(move |batch| {
            let Some(session) = batch.row::<_, SessionRecord>(SESSIONS, token.bytes())? else { return Ok(None) };
            let (before, site) = (session.dialogue, session.site.clone());
            if batch.head(before)?.is_none_or(|head| head.person.is_some()) {
                return Ok(None);
            }
            let Some(there) = batch.dialogue_of(&site, &person)? else {
                batch.append(before, now, Told::Owned { person: person.clone(), moved: None })?;
                batch.give(&site, &person, before)?;
                let session = SessionRecord { proven_at: Some(now), ..session };
                batch.put(SESSIONS, token.bytes(), &session)?;
                return Ok(Some(session));
            };
            take_source(batch, before, there)?;
            if batch.head(before)?.is_some_and(|head| head.last == 0) {
                drop_empty(batch, before)?; // nothing was said there
            } else {
                copy(batch, before, there)?;
                batch.append(before, now, Told::Owned { person, moved: Some(there) })?;
            }
            let session = SessionRecord { dialogue: there, proven_at: Some(now), ..session };
            batch.put(SESSIONS, token.bytes(), &session)?;
            Ok(Some(session))
        })
        .await
    }

    /// The session with `token` is over: it opens nothing any more. Its dialogue stays.
    pub async fn end_session(&self, token: TokenHash) -> Result<(), StoreError> {
        self.commit(move |batch| batch.remove(SESSIONS, token.bytes())).await
    }
}

impl Batch<'_> {
    /// The dialogue of `person` on `site`; none where it was erased.
    fn dialogue_of(&mut self, site: &SiteKey, person: &PersonId) -> Result<Option<DialogueId>, StoreError> {
        let bytes = self.table(PERSONS)?.get((site.as_str(), person.as_str()))?.map(|bytes| bytes.value());
        let Some(dialogue) = bytes.map(DialogueId::from_bytes) else { return Ok(None) };
        Ok(self.head(dialogue)?.is_some().then_some(dialogue))
    }

    fn give(&mut self, site: &SiteKey, person: &PersonId, dialogue: DialogueId) -> Result<(), StoreError> {
        self.table(PERSONS)?.insert((site.as_str(), person.as_str()), dialogue.bytes())?;
        Ok(())
    }

    /// The number of a new visitor of `site`.
    pub(super) fn number(&mut self, site: &SiteKey) -> Result<u64, StoreError> {
        let mut visitors = self.table(VISITORS)?;
        let number = visitors.get(site.as_str())?.map_or(0, |number| number.value()) + 1;
        visitors.insert(site.as_str(), number)?;
        Ok(number)
    }

    /// What was appended to a dialogue that has moved shows in the one that it moved to as well: an operator may still
    /// write there, and its last messages may still be under way.
    pub(super) fn mirror(&mut self, dialogue: DialogueId, at: Millis, what: &Told) -> Result<(), StoreError> {
        let Some(there) = self.head(dialogue)?.and_then(|head| head.moved) else { return Ok(()) };
        match what.elsewhere(dialogue) {
            Some(told) => self.append_joined(dialogue, there, at, told),
            None => Ok(()),
        }
    }

    /// Appends to `there` what happened in `from`. The end of that conversation is not the end of this one's own. What
    /// became of an act names the act's entry here, if that came along.
    fn append_joined(
        &mut self,
        from: DialogueId,
        there: DialogueId,
        at: Millis,
        mut told: Told,
    ) -> Result<(), StoreError> {
        told = self.placed(from, there, told)?;
        if let Told::Done { id, entry, .. } = &mut told {
            let Some(position) = self.asked(there, id)? else { return Ok(()) };
            let Some(record) = self.record(position)? else { return Ok(()) };
            *entry = record.seq;
        }
        let is_end =
            matches!(&told, Told::Joined { what, .. } if matches!(**what, Told::Finished { .. } | Told::Left { .. }));
        self.append(there, at, told)?;
        if is_end && self.head(there)?.is_some_and(|head| head.started > head.finished) {
            let goes_on = Told::Started { session: 0, user: None };
            self.append(there, at, Told::Joined { from, what: Box::new(goes_on), before: None })?;
        }
        Ok(())
    }

    /// A message that was overtaken in `from` belongs before the same one here.
    fn placed(&mut self, from: DialogueId, there: DialogueId, mut told: Told) -> Result<Told, StoreError> {
        let Told::Joined { what, before: here, .. } = &mut told else { return Ok(told) };
        let Told::Said { before: Some(before), .. } = **what else { return Ok(told) };
        let followed = self.newest(from, |record| match &record.what {
            Told::Said { id, .. } if record.seq == before => Some(id.clone()),
            _ => None,
        })?;
        if let Some(followed) = followed {
            *here = self.newest(there, |record| match &record.what {
                Told::Joined { what, .. } if matches!(&**what, Told::Said { id, .. } if *id == followed) => {
                    Some(record.seq)
                }
                _ => None,
            })?;
        }
        Ok(told)
    }

    /// What `wanted` finds in the last record of a dialogue in which it finds anything.
    fn newest<T>(
        &mut self,
        dialogue: DialogueId,
        wanted: impl Fn(&Record) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let tip = self.head(dialogue)?.map_or(Position::NONE, |head| head.tip);
        let mut found = None;
        self.walk(tip, |_, record| {
            found = wanted(&record);
            if found.is_some() { Walk::Enough } else { Walk::On }
        })?;
        Ok(found)
    }

    /// In which dialogue what stands at `position` is the portal's: where it was said.
    pub(super) fn origin(&mut self, position: Position) -> Result<Option<DialogueId>, StoreError> {
        Ok(self.record(position)?.map(|record| match record.what {
            Told::Joined { from, .. } => from,
            _ => record.dialogue,
        }))
    }
}

impl Told {
    /// As it stands in another dialogue: without the portal's numbers, and asking nothing of it.
    fn elsewhere(&self, from: DialogueId) -> Option<Self> {
        Some(match self {
            Self::Said { .. }
            | Self::File { .. }
            | Self::Rated { .. }
            | Self::Left { .. }
            | Self::Started { .. }
            | Self::Finished { .. }
            | Self::Edited { act: Some(_), .. }
            | Self::Deleted { act: Some(_), .. } => Self::Joined { from, what: Box::new(self.clone()), before: None },
            Self::Edited { id, text, .. } => {
                Self::Edited { id: id.clone(), text: text.clone(), act: None, unsent: None, from: None }
            }
            Self::Deleted { id, .. } => Self::Deleted { id: id.clone(), act: None, unsent: None },
            Self::State { id, state, .. } => settled(id.clone(), *state),
            Self::Done { id, state, .. } => {
                let (of, entry, at_portal) = (Position::NONE, 0, AtPortal::default());
                Self::Done { id: id.clone(), state: *state, of, entry, at_portal }
            }
            Self::Again { .. }
            | Self::Owned { .. }
            | Self::Joined { .. }
            | Self::Noted { .. }
            | Self::Answered { .. }
            | Self::EndKnown { .. }
            | Self::Late { .. } => return None,
        })
    }

    /// What is said, wherever it was.
    pub(super) fn itself(self) -> Self {
        match self {
            Self::Joined { what, .. } => *what,
            what => what,
        }
    }
}

fn settled(id: MessageId, state: MessageState) -> Told {
    Told::State { id, state, at_portal: AtPortal::default(), of: Position::NONE }
}

/// What was said in `from` stands at the end of `to`, as it was changed since, each with its own time.
fn copy(batch: &mut Batch<'_>, from: DialogueId, to: DialogueId) -> Result<(), StoreError> {
    let tip = batch.head(from)?.map_or(Position::NONE, |head| head.tip);
    let mut told = Vec::new();
    batch.walk(tip, |_, record| {
        if let Some(what) = record.what.elsewhere(from) {
            told.push((record.at, what));
        }
        if told.len() < JOINED { Walk::On } else { Walk::Enough }
    })?;
    for (at, what) in told.into_iter().rev() {
        batch.append_joined(from, to, at, what)?;
    }
    Ok(())
}

/// Where the person came from, if that is known of `from` alone: it stands in the address of a visitor's first page only.
fn take_source(batch: &mut Batch<'_>, from: DialogueId, to: DialogueId) -> Result<(), StoreError> {
    let Some(before): Option<ProfileRecord> = batch.row(PROFILES, from.bytes())? else { return Ok(()) };
    let mut theirs: ProfileRecord = batch.row(PROFILES, to.bytes())?.unwrap_or_default();
    if theirs.profile.source().is_none() && before.profile.source().is_some() {
        (theirs.profile.utm, theirs.profile.referrer) = (before.profile.utm, before.profile.referrer);
        batch.put(PROFILES, to.bytes(), &theirs)?;
    }
    Ok(())
}

fn drop_empty(batch: &mut Batch<'_>, dialogue: DialogueId) -> Result<(), StoreError> {
    batch.remove(DIALOGUES, dialogue.bytes())?;
    batch.remove(PROFILES, dialogue.bytes())?;
    batch.ledger.forget(dialogue);
    Ok(())
}

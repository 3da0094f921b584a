//! The committer's memory: heads of the dialogues in use, which errands they hold already, and what of this is not
//! written down. After a crash it is made again from the log's tail, so it may be written late, many rows at a time.

use super::StoreError;
use super::committer::Batch;
use super::dialogues::{FreshHeads, Head};
use super::log::{Position, ReadLog, Record, Told, Walk};
use super::row;
use super::tables::{CHECKPOINT, DIALOGUES, META};
use crate::ids::DialogueId;
use shared::{MessageId, Millis, Seq, SiteKey};
use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};

/// After how many records heads are written down: what a start after a crash reads again at most, and milliseconds.
const CHECKPOINT_EVERY: u64 = if cfg!(test) { 16 } else { 8_192 };

/// What the committer knows without asking the disk.
pub struct Ledger {
    /// Where the next record goes.
    next: Position,
    checkpoint: Position,
    known: HashMap<DialogueId, Known>,
    /// Dialogues with a change that was not published yet.
    changed: HashSet<DialogueId>,
    pub next_event: u64,
    pub next_confirmation: u64,
}

struct Known {
    head: Head,
    /// The table has an older one.
    unwritten: bool,
    /// In use since the last checkpoint.
    used: bool,
    /// Where each of the visitor's errands stands; asked for at the first one.
    asked: Option<HashMap<IdKey, Position>>,
}

/// A message's name in little room.
type IdKey = [u8; 16];

impl Ledger {
    pub fn new(checkpoint: Position, next_event: u64, next_confirmation: u64) -> Self {
        let (known, changed) = (HashMap::new(), HashSet::new());
        Self { next: checkpoint, checkpoint, known, changed, next_event, next_confirmation }
    }

    /// A record found in the log's tail at the start. Tells its dialogue's site; none where that was erased.
    pub fn replay(
        &mut self,
        position: Position,
        record: &Record,
        head: impl FnOnce() -> Result<Option<Head>, StoreError>,
    ) -> Result<Option<SiteKey>, StoreError> {
        self.next = position.next();
        let known = match self.known.entry(record.dialogue) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let Some(head) = head()? else { return Ok(None) };
                place.insert(Known::new(head))
            }
        };
        known.follow(position, record);
        self.changed.insert(record.dialogue);
        Ok(Some(known.head.site.clone()))
    }

    /// Lets readers see what was committed.
    pub fn publish(&mut self, fresh: &FreshHeads) {
        let known = &self.known;
        let changed = self.changed.drain().map(|id| (id, known.get(&id).map(|known| known.head.clone())));
        fresh.publish(changed);
    }

    /// After a checkpoint was committed: forgets what was not in use since the one before.
    pub fn forget_idle(&mut self, fresh: &FreshHeads) {
        self.known.retain(|_, known| std::mem::take(&mut known.used) || known.unwritten);
        fresh.forget(|id| !self.known.contains_key(id));
    }

    /// Whether so much is unwritten, or known, that it should be written and what is idle forgotten.
    pub fn is_checkpoint_due(&self) -> bool {
        self.next.0 - self.checkpoint.0 >= CHECKPOINT_EVERY || self.known.len() as u64 >= 4 * CHECKPOINT_EVERY
    }

    pub fn has_unwritten(&self) -> bool {
        self.next > self.checkpoint
    }

    /// The dialogue was erased.
    pub fn forget(&mut self, dialogue: DialogueId) {
        self.known.remove(&dialogue);
        self.changed.insert(dialogue);
    }
}

impl Known {
    fn new(head: Head) -> Self {
        // A dialogue without entries has none that could repeat.
        let asked = (head.last == 0).then(HashMap::new);
        Self { head, unwritten: false, used: true, asked }
    }

    fn follow(&mut self, position: Position, record: &Record) {
        self.head.follow(position, record);
        self.unwritten = true;
        self.used = true;
        if let (Some(asked), Some(id)) = (&mut self.asked, record.what.asked()) {
            asked.insert(id_key(id), position);
        }
    }
}

impl Batch<'_> {
    /// What is known of `dialogue`, as of this moment in the transaction.
    pub(super) fn head(&mut self, dialogue: DialogueId) -> Result<Option<&Head>, StoreError> {
        Ok(self.known(dialogue)?.map(|known| &known.head))
    }

    /// Appends what happened to the dialogue's log. None where there is no such dialogue (any more).
    pub(super) fn append(
        &mut self,
        dialogue: DialogueId,
        at: Millis,
        what: Told,
    ) -> Result<Option<(Position, Seq)>, StoreError> {
        let position = self.ledger.next;
        let Some(known) = self.known(dialogue)? else { return Ok(None) };
        let has_moved = known.head.moved.is_some();
        let record = known.head.following(dialogue, at, what);
        known.follow(position, &record);
        self.ledger.next = position.next();
        self.ledger.changed.insert(dialogue);
        self.log()?.insert(position.0, row::encode(&record).as_slice())?;
        if has_moved {
            self.mirror(dialogue, at, &record.what)?;
        }
        Ok(Some((position, record.seq)))
    }

    /// Where the visitor's errand `id` stands, if the dialogue has it.
    pub(super) fn asked(&mut self, dialogue: DialogueId, id: &MessageId) -> Result<Option<Position>, StoreError> {
        let key = id_key(id);
        let Some(known) = self.known(dialogue)? else { return Ok(None) };
        if let Some(asked) = &known.asked {
            return Ok(asked.get(&key).copied());
        }
        let tip = known.head.tip;
        let mut asked = HashMap::new();
        self.walk(tip, |position, record| {
            if let Some(id) = record.what.asked() {
                asked.insert(id_key(id), position);
            }
            Walk::On
        })?;
        let found = asked.get(&key).copied();
        if let Some(known) = self.ledger.known.get_mut(&dialogue) {
            known.asked = Some(asked);
        }
        Ok(found)
    }

    /// Writes down every head that changed since the last time.
    pub(super) fn checkpoint(&mut self) -> Result<(), StoreError> {
        let mut table = self.table(DIALOGUES)?;
        let mut unwritten: Vec<_> = self.ledger.known.iter_mut().filter(|(_, known)| known.unwritten).collect();
        unwritten.sort_unstable_by_key(|(id, _)| **id); // neighbours share pages
        for (id, known) in unwritten {
            table.insert(id.bytes(), row::encode(&known.head).as_slice())?;
            known.unwritten = false;
        }
        drop(table);
        self.ledger.checkpoint = self.ledger.next;
        self.table(META)?.insert(CHECKPOINT, self.ledger.next.0)?;
        Ok(())
    }

    fn known(&mut self, dialogue: DialogueId) -> Result<Option<&mut Known>, StoreError> {
        if !self.ledger.known.contains_key(&dialogue) {
            let Some(head) = self.row(DIALOGUES, dialogue.bytes())? else { return Ok(None) };
            self.ledger.known.insert(dialogue, Known::new(head));
        }
        let Some(known) = self.ledger.known.get_mut(&dialogue) else { return Ok(None) };
        known.used = true;
        Ok(Some(known))
    }
}

/// UUIDs, which nearly all are, as they are; any other name by its hash.
fn id_key(id: &MessageId) -> IdKey {
    use sha2::{Digest, Sha256};
    match uuid::Uuid::try_parse(id.as_str()) {
        // Of this length, and in the letters that a name may have, there is one way to write it.
        Ok(uuid) if id.as_str().len() == 36 => uuid.into_bytes(),
        _ => {
            let digest = Sha256::digest(id.as_str());
            let mut key = [0; 16];
            key.copy_from_slice(&digest[..16]);
            key
        }
    }
}

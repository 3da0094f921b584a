//! The tables, all in one place. A value is a record as `row` writes it, unless its type says otherwise.

use super::StoreError;
use redb::{Key, TableDefinition, Value};

/// Records under a text.
pub type ByText = TableDefinition<'static, &'static str, &'static [u8]>;

/// Portals that are installed, by host. Their secrets are sealed.
pub const PORTALS: ByText = TableDefinition::new("portals");

/// What was found out about portals, by host.
pub const WAYS: ByText = TableDefinition::new("ways");

/// What administrators chose for whole portals, by host.
pub const CHOICES: ByText = TableDefinition::new("choices");

/// Installs that wait for their keys, by `member_id`. Their secrets are sealed.
pub const PARKING: ByText = TableDefinition::new("parking");

/// Sites, by key.
pub const SITES: ByText = TableDefinition::new("sites");

/// Which site a portal's line is: (host, line) to site key.
pub const LINES: TableDefinition<'static, (&'static str, u64), &'static str> = TableDefinition::new("lines");

/// How many dialogues a site has had, by site key: the number of its last visitor.
pub const VISITORS: TableDefinition<'static, &'static str, u64> = TableDefinition::new("visitors");

/// How soon operators answered, by site key.
pub const ANSWERS: ByText = TableDefinition::new("answers");

/// Lines that carried a message without a signature: (host, line).
pub const UNSIGNED: TableDefinition<'static, (&'static str, u64), &'static [u8]> =
    TableDefinition::new("unsigned lines");

/// Operators' photos, by name: when each was kept last, and its bytes.
pub const PHOTOS: TableDefinition<'static, &'static str, (u64, &'static [u8])> = TableDefinition::new("photos");

/// Whose operators a photo is of: (host, name).
pub const PHOTOS_OF: TableDefinition<'static, (&'static str, &'static str), ()> = TableDefinition::new("photos of");

/// Browsers' claims to dialogues, by the SHA-256 of their token.
pub const SESSIONS: TableDefinition<'static, [u8; 32], &'static [u8]> = TableDefinition::new("sessions");

/// Dialogues, by the bytes of their id.
pub const DIALOGUES: TableDefinition<'static, [u8; 16], &'static [u8]> = TableDefinition::new("dialogues");

/// Which dialogue a person has, whom a site vouches for: (site key, the site's id of them) to the bytes of its id.
pub const PERSONS: TableDefinition<'static, (&'static str, &'static str), [u8; 16]> = TableDefinition::new("persons");

/// What sites sign their visitors' ids with, by site key. Sealed.
pub const SECRETS: ByText = TableDefinition::new("secrets");

/// What pages tell of their visitors, by the bytes of the dialogue's id.
pub const PROFILES: TableDefinition<'static, [u8; 16], &'static [u8]> = TableDefinition::new("profiles");

/// The log, by position.
pub const LOG: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("log");

/// Visitors' messages that the portal does not have for sure, by position: those that waited at the last checkpoint,
/// and each that a call was made for.
pub const OUTBOX: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("outbox");

/// Numbers of the file itself: `format`, `epoch`, and `checkpoint`, the first position that `DIALOGUES` and `OUTBOX` may not
/// know of yet.
pub const META: TableDefinition<'static, &'static str, u64> = TableDefinition::new("meta");

/// In `META`: how often a copy was put back. A session of an earlier epoch reads its dialogue anew.
pub const EPOCH: &str = "epoch";

/// In `META`: the version of the whole file.
pub const FORMAT: &str = "format";

/// In `META`: how often tokens were about to be exchanged. Nobody reads it: what is written is that something can be.
pub const ROOM: &str = "room";

/// In `META`: see there.
pub const CHECKPOINT: &str = "checkpoint";

/// Events of portals as they came, until they are worked off: (host, when it came, body) by a rising number.
pub const EVENTS: TableDefinition<'static, u64, (&'static str, u64, &'static [u8])> = TableDefinition::new("events");

/// Operators' messages, by (host, chat, message) of the portal's messenger: what repeats and edits are told by.
pub const HEARD: TableDefinition<'static, (&'static str, u64, u64), &'static [u8]> = TableDefinition::new("heard");

/// Attachments that are on the disk, by key.
pub const FILES: TableDefinition<'static, [u8; 16], &'static [u8]> = TableDefinition::new("files");

/// Operators' attachments that are still to be fetched, by key.
pub const FETCHES: TableDefinition<'static, [u8; 16], &'static [u8]> = TableDefinition::new("fetches");

/// Deliveries that the portal was not told of yet, by (host, rising number).
pub const CONFIRMATIONS: TableDefinition<'static, (&'static str, u64), &'static [u8]> =
    TableDefinition::new("confirmations");

/// Does the same with tables of any kind.
pub trait Tables {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError>;
}

/// Does it with every table there is.
pub fn each(of: &mut impl Tables) -> Result<(), StoreError> {
    for table in [PORTALS, WAYS, CHOICES, PARKING, SITES, ANSWERS, SECRETS] {
        of.table(table)?;
    }
    for table in [LOG, OUTBOX] {
        of.table(table)?;
    }
    for table in [DIALOGUES, PROFILES, FILES, FETCHES] {
        of.table(table)?;
    }
    of.table(LINES)?;
    of.table(VISITORS)?;
    of.table(UNSIGNED)?;
    of.table(PHOTOS)?;
    of.table(PHOTOS_OF)?;
    of.table(SESSIONS)?;
    of.table(PERSONS)?;
    of.table(META)?;
    of.table(EVENTS)?;
    of.table(HEARD)?;
    of.table(CONFIRMATIONS)
}

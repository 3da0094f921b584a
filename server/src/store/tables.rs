//! The tables, all in one place. A value is a record as `row` writes it, unless its type says otherwise.

use redb::TableDefinition;

/// Records under a text.
pub type ByText = TableDefinition<'static, &'static str, &'static [u8]>;

/// Portals that are installed, by host. Their secrets are sealed.
pub const PORTALS: ByText = TableDefinition::new("portals");

/// Installs that wait for their keys, by `member_id`. Their secrets are sealed.
pub const PARKING: ByText = TableDefinition::new("parking");

/// Sites, by key.
pub const SITES: ByText = TableDefinition::new("sites");

/// Which site a portal's line is: (host, line) to site key.
pub const LINES: TableDefinition<'static, (&'static str, u64), &'static str> = TableDefinition::new("lines");

/// How many dialogues a site has had, by site key: the number of its last visitor.
pub const VISITORS: TableDefinition<'static, &'static str, u64> = TableDefinition::new("visitors");

/// Browsers' claims to dialogues, by the SHA-256 of their token.
pub const SESSIONS: TableDefinition<'static, [u8; 32], &'static [u8]> = TableDefinition::new("sessions");

/// Dialogues, by the bytes of their id.
pub const DIALOGUES: TableDefinition<'static, [u8; 16], &'static [u8]> = TableDefinition::new("dialogues");

//! Whether a line's messages carry signatures: where the line says that it shows names, what looks like one is one. Where
//! a message came without all the same, “[b]Price:[/b]” may be an operator's own words: until the line says something
//! else, a name that is known signs, or messages that look signed come one after another.

use super::StoreError;
use super::committer::Batch;
use super::row::Row;
use super::tables::UNSIGNED;
use crate::ids::{LineId, PortalHost};
use serde::{Deserialize, Serialize};

/// How many messages in a row must look signed to be that, where one came without a signature.
const ENOUGH: u8 = 3;

/// What a line that signs says of its operators' names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    Profile,
    Queue,
    #[default]
    Unknown,
}

/// How sure it is that a text began with the portal's signature, which was taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Signature {
    /// It did; or it is a text that nobody signs. That says nothing of other messages.
    #[default]
    Sure,
    /// It did, with a name that is known to be the author's: so the line signs.
    Known,
    /// Nothing like one was there, where the line says that there should be.
    Missing(Setting),
    /// There was something like it.
    Perhaps(Own, Setting),
}

/// What a message is if the signature was its author's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    pub name: Option<String>,
    pub text: String,
}

/// A message came without a signature while the line said this, and since then so many that looked signed.
#[derive(Debug, Serialize, Deserialize)]
struct UnsignedRow {
    under: Setting,
    looked_signed: u8,
}

impl Row for UnsignedRow {
    const KIND: &'static str = "unsigned line";
}

/// Decides between what a message is with its signature taken off and what it is with its own words, and remembers what
/// it tells of its line.
pub(super) fn decide(
    batch: &Batch<'_>,
    (host, line): (&PortalHost, LineId),
    signature: Signature,
    (name, text): (Option<String>, String),
) -> Result<(Option<String>, String), StoreError> {
    let key = (host.as_str(), line.0);
    match signature {
        Signature::Sure => {}
        Signature::Known => batch.remove(UNSIGNED, key)?,
        Signature::Missing(under) => batch.put(UNSIGNED, key, &UnsignedRow { under, looked_signed: 0 })?,
        Signature::Perhaps(own, now) => {
            let unsigned = batch.row::<_, UnsignedRow>(UNSIGNED, key)?.filter(|row| row.under == now);
            match unsigned.filter(|row| row.looked_signed + 1 < ENOUGH) {
                Some(row) => {
                    let looked_signed = row.looked_signed + 1;
                    batch.put(UNSIGNED, key, &UnsignedRow { looked_signed, ..row })?;
                    return Ok((own.name, own.text));
                }
                None => batch.remove(UNSIGNED, key)?,
            }
        }
    }
    Ok((name, text))
}

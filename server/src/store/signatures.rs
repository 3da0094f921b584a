//! Whether a line's messages carry signatures: where each did so far, what looks like one is one. Where one came without,
//! “[b]Price:[/b]” may be an operator's own words.

use super::StoreError;
use super::committer::Batch;
use super::tables::UNSIGNED;
use crate::ids::{LineId, PortalHost};
use redb::ReadableTable;

/// How sure it is that a text began with the portal's signature, which was taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Signature {
    /// It did; or it is a text that nobody signs.
    #[default]
    Sure,
    /// Nothing like one was there, where one could have been.
    Missing,
    /// There was something like it.
    Perhaps(Own),
}

/// What a message is if the signature was its author's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    pub name: Option<String>,
    pub text: String,
}

/// Decides between what a message is with its signature taken off and what it is with its own words. A message without
/// any is remembered.
pub(super) fn decide(
    batch: &Batch<'_>,
    (host, line): (&PortalHost, LineId),
    signature: Signature,
    (name, text): (Option<String>, String),
) -> Result<(Option<String>, String), StoreError> {
    let key = (host.as_str(), line.0);
    match signature {
        Signature::Perhaps(own) if batch.table(UNSIGNED)?.get(key)?.is_some() => return Ok((own.name, own.text)),
        Signature::Missing => drop(batch.table(UNSIGNED)?.insert(key, ())?),
        Signature::Sure | Signature::Perhaps(_) => {}
    }
    Ok((name, text))
}

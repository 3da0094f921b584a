//! How a record is kept: one byte that names its version, then JSON. A field added later is an `Option` or has a
//! default; a changed meaning is a new version, and `R::VERSION` tells the newest that can be read.

use super::StoreError;
use redb::{Key, ReadableTable};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// A record of the store.
pub trait Row: Serialize + DeserializeOwned {
    const KIND: &'static str;
    const VERSION: u8 = 1;
}

pub fn encode<R: Row>(record: &R) -> Vec<u8> {
    let mut bytes = vec![R::VERSION];
    serde_json::to_writer(&mut bytes, record).expect("records hold nothing that JSON cannot, and memory takes all");
    bytes
}

/// As JSON alone, for what is no record of a table.
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what is kept holds nothing that JSON cannot")
}

/// # Errors
/// `Newer` and `Record`, naming the kind of record.
pub fn decode<R: Row>(bytes: &[u8]) -> Result<R, StoreError> {
    let (version, json) = bytes.split_first().map_or((0, bytes), |(version, json)| (*version, json));
    if version > R::VERSION {
        return Err(StoreError::Newer { kind: R::KIND, version });
    }
    serde_json::from_slice(json).map_err(|error| StoreError::Record { kind: R::KIND, source: Arc::new(error) })
}

/// The record under `key` of a table open for reading or writing.
pub fn get<'k, K: Key + 'static, R: Row>(
    table: &impl ReadableTable<K, &'static [u8]>,
    key: K::SelfType<'k>,
) -> Result<Option<R>, StoreError> {
    table.get(key)?.map(|bytes| decode(bytes.value())).transpose()
}

//! The recorded bodies of `tests/fixtures/bitrix24`, for the unit tests of this room.

use serde_json::Value;

pub fn bytes(name: &str) -> Vec<u8> {
    let path = format!("{}/../tests/fixtures/bitrix24/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn json(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap()
}

/// The `result` of a recorded answer.
pub fn result(name: &str) -> Value {
    json(name)["result"].take()
}

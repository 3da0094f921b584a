//! The stand-in against the recorded bodies: what it sends and answers has their members and, where nothing forbids,
//! their values; what they ask for is taken.

mod answers;
mod events;

use std::collections::BTreeSet;

use otklik_portal::{Line, LineId, Options, php};
use serde_json::Value;

/// A recorded body.
fn recorded(name: &str) -> String {
    let path = format!("{}/../fixtures/bitrix24/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn recorded_json(name: &str) -> Value {
    serde_json::from_str(&recorded(name)).unwrap()
}

fn recorded_form(name: &str) -> Value {
    php::parse_form(recorded(name).trim().as_bytes())
}

/// The portal of the recordings has a line of this name, and line 1 beside it.
fn options() -> Options {
    let lines = vec![Line::new(LineId(1), "Открытая линия"), Line::new(LineId(107), "Сайт")];
    Options { lines, ..Options::default() }
}

/// The members of two trees that only one has, or that are of another type there. Members named by numbers count as
/// one kind, of which the first is looked at, as in arrays.
fn differences(ours: &Value, theirs: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    compare("", ours, theirs, &mut found);
    found
}

fn compare(path: &str, ours: &Value, theirs: &Value, found: &mut BTreeSet<String>) {
    match (ours, theirs) {
        (Value::Object(mine), Value::Object(other)) => {
            if let (Some(one), Some(another)) = (numbered(mine), numbered(other)) {
                return compare(&format!("{path}.N"), one, another, found);
            }
            for name in mine.keys().chain(other.keys()) {
                match (mine.get(name), other.get(name)) {
                    (Some(one), Some(another)) => compare(&format!("{path}.{name}"), one, another, found),
                    (Some(_), None) => _ = found.insert(format!("{path}.{name} is only ours")),
                    _ => _ = found.insert(format!("{path}.{name} is only theirs")),
                }
            }
        }
        (Value::Array(mine), Value::Array(other)) => {
            if let (Some(one), Some(another)) = (mine.first(), other.first()) {
                compare(&format!("{path}[]"), one, another, found);
            }
        }
        // PHP writes a map without members as an empty array.
        (Value::Array(empty), Value::Object(_)) | (Value::Object(_), Value::Array(empty)) if empty.is_empty() => {}
        _ if std::mem::discriminant(ours) == std::mem::discriminant(theirs) => {}
        _ => _ = found.insert(format!("{path} is {ours} here and {theirs} there")),
    }
}

/// The first member of a map whose names are numbers.
fn numbered(map: &serde_json::Map<String, Value>) -> Option<&Value> {
    map.iter().next().filter(|(name, _)| name.bytes().all(|byte| byte.is_ascii_digit())).map(|(_, value)| value)
}

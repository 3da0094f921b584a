//! PHP's view of data: `http_build_query` bodies out, bracketed forms in, and what PHP takes for true.
//! Knows nothing of the portal.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use serde_json::{Map, Value};

/// Deeper keys are cut off, as PHP's `max_input_nesting_level` does.
const MAX_DEPTH: usize = 64;

/// What PHP's `urlencode` lets stand; a space becomes `+` apart from this.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Writes fields as `http_build_query` does: brackets for nesting, everything a string, `true` as `1`, `false` as
/// `0`, `null` and empty arrays left out.
pub fn build_query(fields: &[(&str, &Value)]) -> String {
    let mut query = String::new();
    for (name, value) in fields {
        write_field(&mut query, name, value);
    }
    query
}

fn write_field(query: &mut String, key: &str, value: &Value) {
    let text = match value {
        Value::Null => return,
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                write_field(query, &format!("{key}[{index}]"), item);
            }
            return;
        }
        Value::Object(members) => {
            for (name, member) in members {
                write_field(query, &format!("{key}[{name}]"), member);
            }
            return;
        }
        Value::Bool(truth) => u8::from(*truth).to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
    };
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(&encode(key));
    query.push('=');
    query.push_str(&encode(&text));
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string().replace("%20", "+")
}

/// Reads a form with nested brackets into a tree. Every leaf is text; what counts from 0 without a gap is an array.
/// Of a repeated key the last value stands.
pub fn parse_form(body: &[u8]) -> Value {
    let mut root = Map::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let (key, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        insert(&mut root, &decode(key), decode(value));
    }
    lists(Value::Object(root))
}

fn decode(bytes: &[u8]) -> String {
    let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

fn insert(root: &mut Map<String, Value>, key: &str, value: String) {
    let (first, rest) = key.split_at(key.find('[').unwrap_or(key.len()));
    let mut path = vec![first];
    path.extend(rest.split('[').skip(1).map(|part| part.strip_suffix(']').unwrap_or(part)));
    path.truncate(MAX_DEPTH);
    let Some(leaf) = path.pop() else { return };
    let mut place = root;
    for step in path {
        let name = next_name(place, step);
        let child = place.entry(name).or_insert_with(|| Value::Object(Map::new()));
        if !child.is_object() {
            *child = Value::Object(Map::new());
        }
        let Value::Object(deeper) = child else { return };
        place = deeper;
    }
    let name = next_name(place, leaf);
    place.insert(name, Value::String(value));
}

/// `a[]=x` appends under the next free number.
fn next_name(place: &Map<String, Value>, step: &str) -> String {
    if step.is_empty() { place.len().to_string() } else { step.to_owned() }
}

/// Turns what counts from 0 into arrays, at any depth.
fn lists(value: Value) -> Value {
    match value {
        Value::Object(members) => as_list(members.into_iter().map(|(name, member)| (name, lists(member))).collect()),
        other => other,
    }
}

fn as_list(mut members: Map<String, Value>) -> Value {
    let counted = !members.is_empty() && (0..members.len()).all(|index| members.contains_key(&index.to_string()));
    if !counted {
        return Value::Object(members);
    }
    Value::Array((0..members.len()).filter_map(|index| members.remove(&index.to_string())).collect())
}

/// Whether PHP's `empty()` says so: nothing, `""`, `"0"`, 0, `false` and the empty array. `"N"` and `"false"` are not.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// A scalar as PHP prints it; `None` for arrays and nothing.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(if *truth { "1".to_owned() } else { String::new() }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number, from a number or from digits.
pub fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
}

/// A map as PHP's `json_encode` writes it: without members, or with keys that count from 0, it is an array.
pub fn map(members: Map<String, Value>) -> Value {
    if members.is_empty() { Value::Array(Vec::new()) } else { as_list(members) }
}

/// The elements of a list, which a form makes an object.
pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tree_becomes_a_form_and_a_form_a_tree() {
        let tree = json!({"n": 7, "yes": true, "no": false, "gone": null, "none": [], "list": ["a b", {"k": "[x]"}]});
        let query = build_query(&[("data", &tree)]);
        assert_eq!(
            query,
            "data%5Blist%5D%5B0%5D=a+b&data%5Blist%5D%5B1%5D%5Bk%5D=%5Bx%5D&data%5Bn%5D=7&data%5Bno%5D=0&data%5Byes%5D=1"
        );
        assert_eq!(
            parse_form(query.as_bytes()),
            json!({"data": {"list": ["a b", {"k": "[x]"}], "n": "7", "no": "0", "yes": "1"}})
        );
    }

    #[test]
    fn forms_are_read_as_loosely_as_php_reads_them() {
        assert_eq!(parse_form(b"a[]=1&a[]=2&b=%D0%AF&b=last&c"), json!({"a": ["1", "2"], "b": "last", "c": ""}));
        assert_eq!(parse_form(b"a=1&a[x]=2"), json!({"a": {"x": "2"}}));
        assert_eq!(parse_form(b"m[1]=only"), json!({"m": {"1": "only"}}));
    }

    #[test]
    fn the_words_n_and_false_are_true() {
        assert!(!is_empty(&json!("N")) && !is_empty(&json!("false")) && !is_empty(&json!(1)));
        assert!(is_empty(&json!("0")) && is_empty(&json!(0)) && is_empty(&json!(false)) && is_empty(&json!("")));
    }
}

//! Reads what PHP's `http_build_query` writes: the bodies of the portal's events and frames. Knows no meaning of any
//! key.
//!
//! The portal's encoding is `api-reference/events/index.md` of the Bitrix24 REST documentation; everything is a string
//! on the wire, an empty array or a `null` is a key left out, and real portals mix `%5B` with literal brackets.

use super::value::pairs as pairs_of;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The longest body taken, in bytes. Events with long texts and many attachments stay well below it.
pub const MAX_BODY: usize = 2 * 1024 * 1024;

/// How deep keys may nest; PHP itself stops at 64 (`max_input_nesting_level`). A deeper pair is
/// left out, as PHP does.
const MAX_DEPTH: usize = 64;

/// Why a body could not be read. Anything shorter than the bound is a form of some kind, perhaps an empty one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    #[error("a body of {0} bytes, where {MAX_BODY} are taken")]
    TooLarge(usize),
}

/// Reads a form body, or JSON where the body is a JSON object: the documentation shows events that way, portals send
/// forms.
///
/// Every branch becomes an object with string keys (`a[0]` the key `"0"`), every value a string; of a repeated key the
/// last value counts; bytes that are no UTF-8 are replaced. `value::items` reads such an object and a JSON array alike.
///
/// # Errors
/// Only for a body over [`MAX_BODY`].
pub fn parse(body: &[u8]) -> Result<Value, FormError> {
    if body.len() > MAX_BODY {
        return Err(FormError::TooLarge(body.len()));
    }
    if body.trim_ascii_start().first() == Some(&b'{')
        && let Ok(tree @ Value::Object(_)) = serde_json::from_slice(body)
    {
        return Ok(tree);
    }
    let mut root = Branch::default();
    for pair in body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
        let (key, value) = match pair.iter().position(|&byte| byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        let key = decode(key);
        let (first, inner) = path(&key);
        if inner.len() < MAX_DEPTH && !first.is_empty() {
            root.set(first, &inner, decode(value));
        }
    }
    Ok(root.into())
}

/// Writes a tree as `http_build_query` does: what a `batch` carries instead of JSON. `null` is left out, as are empty
/// branches.
pub fn write(tree: &Value) -> String {
    let mut pairs = Vec::new();
    for (key, value) in pairs_of(tree) {
        collect(&encode(&key), value, &mut pairs);
    }
    pairs.join("&")
}

fn collect(path: &str, value: &Value, to: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => to.push(format!("{path}={}", u8::from(*truth))),
        Value::Number(number) => to.push(format!("{path}={number}")),
        Value::String(text) => to.push(format!("{path}={}", encode(text))),
        Value::Array(_) | Value::Object(_) => {
            for (key, inner) in pairs_of(value) {
                collect(&format!("{path}[{}]", encode(&key)), inner, to);
            }
        }
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// `+` is a space; the rest is percent-encoded UTF-8, and a stray `%` stands for itself.
fn decode(bytes: &[u8]) -> String {
    let spaced: Vec<u8> = bytes.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    String::from_utf8_lossy(&percent_decode(&spaced).collect::<Vec<u8>>()).into_owned()
}

/// `data[MESSAGES][0][im]` into `data` and `MESSAGES`, `0`, `im`. What follows an unclosed bracket is left out, as PHP
/// does.
fn path(key: &str) -> (&str, Vec<&str>) {
    let Some(start) = key.find('[').filter(|&at| at > 0 && key[at..].contains(']')) else { return (key, Vec::new()) };
    let mut steps = Vec::new();
    let mut rest = &key[start..];
    while let Some(opened) = rest.strip_prefix('[')
        && let Some(end) = opened.find(']')
    {
        steps.push(&opened[..end]);
        rest = &opened[end + 1..];
    }
    (&key[..start], steps)
}

enum Node {
    Leaf(String),
    Branch(Branch),
}

#[derive(Default)]
struct Branch {
    children: BTreeMap<String, Node>,
    /// The index that `[]` takes next.
    next: u64,
}

impl Branch {
    /// Puts `value` at `key` and the steps below it; what stood in the way is replaced.
    fn set(&mut self, key: &str, below: &[&str], value: String) {
        let key = if key.is_empty() { self.next.to_string() } else { key.to_owned() };
        if let Ok(index) = key.parse::<u64>() {
            self.next = self.next.max(index.saturating_add(1));
        }
        let Some((next, below)) = below.split_first() else {
            self.children.insert(key, Node::Leaf(value));
            return;
        };
        let node = self.children.entry(key).or_insert_with(|| Node::Branch(Self::default()));
        if let Node::Leaf(_) = node {
            *node = Node::Branch(Self::default());
        }
        if let Node::Branch(branch) = node {
            branch.set(next, below, value);
        }
    }
}

impl From<Branch> for Value {
    fn from(branch: Branch) -> Self {
        let children = branch.children.into_iter().map(|(key, node)| match node {
            Node::Leaf(text) => (key, Self::String(text)),
            Node::Branch(inner) => (key, inner.into()),
        });
        Self::Object(children.collect::<Map<_, _>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(body: &str) -> Value {
        parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn brackets_nest_encoded_or_not() {
        let tree = json!({"data": {"MESSAGES": {"0": {"im": {"chat_id": "1807"}, "text": "a b&c"}}}, "ts": "1"});
        assert_eq!(
            read("data%5BMESSAGES%5D%5B0%5D%5Bim%5D%5Bchat_id%5D=1807&data[MESSAGES][0][text]=a+b%26c&ts=1"),
            tree
        );
    }

    #[test]
    fn a_scalar_stands_where_others_have_branches() {
        assert_eq!(read("data=107&event=X"), json!({"data": "107", "event": "X"}));
    }

    #[test]
    fn the_last_value_counts() {
        assert_eq!(read("a=1&a=2"), json!({"a": "2"}));
        assert_eq!(read("a=1&a[x]=2"), json!({"a": {"x": "2"}}));
        assert_eq!(read("a[x]=1&a=2"), json!({"a": "2"}));
    }

    #[test]
    fn a_list_without_numbers_counts_by_itself() {
        assert_eq!(read("a[]=x&a[]=y&a[7]=z&a[]=w"), json!({"a": {"0": "x", "1": "y", "7": "z", "8": "w"}}));
    }

    #[test]
    fn odd_keys_do_not_stop_the_rest() {
        assert_eq!(read("[a]=1&b[=2&c]=3&&=4&d"), json!({"[a]": "1", "b[": "2", "c]": "3", "d": ""}));
        assert_eq!(read("a[b]tail[c]=1"), json!({"a": {"b": "1"}}));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(read("a=%FF%D0%B0&b=100%"), json!({"a": "\u{fffd}а", "b": "100%"}));
    }

    #[test]
    fn json_is_read_as_json() {
        assert_eq!(
            read(r#" {"data":{"MESSAGES":[{"im":{"chat_id":7}}]}}"#),
            json!({"data": {"MESSAGES": [{"im": {"chat_id": 7}}]}})
        );
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let tree =
            json!({"PARAMS": {"select": ["ID", "LINE_NAME"]}, "b": true, "n": 7, "none": null, "t": "a=b&c [я]"});
        assert!(write(&tree).contains("PARAMS[select][1]=LINE%5FNAME"));
        let back = json!({"PARAMS": {"select": {"0": "ID", "1": "LINE_NAME"}}, "b": "1", "n": "7", "t": "a=b&c [я]"});
        assert_eq!(read(&write(&tree)), back);
    }

    #[test]
    fn bounds_hold() {
        assert_eq!(parse(&vec![b'a'; MAX_BODY + 1]), Err(FormError::TooLarge(MAX_BODY + 1)));
        let deep = format!("a{}=1&b=2", "[x]".repeat(MAX_DEPTH));
        assert_eq!(read(&deep), json!({"b": "2"}));
        assert_eq!(parse(&b"a[]=&".repeat(MAX_BODY / 5)).unwrap()["a"].as_object().unwrap().len(), MAX_BODY / 5);
    }

    fn byte() -> impl Strategy<Value = u8> {
        prop_oneof![Just(b'['), Just(b']'), Just(b'='), Just(b'&'), Just(b'%'), any::<u8>()]
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(body in proptest::collection::vec(byte(), 0..300)) {
            prop_assert!(parse(&body).is_ok());
        }

        #[test]
        fn what_php_writes_comes_back(text in ".*", key in "[A-Za-z_]{1,8}", index in 0u32..1000) {
            let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
            let tree = read(&format!("data%5B{key}%5D%5B{index}%5D={encoded}"));
            prop_assert_eq!(&tree["data"][&key][index.to_string()], &Value::String(text));
        }
    }
}

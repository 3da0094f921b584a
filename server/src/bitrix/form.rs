//! Reads what PHP's `http_build_query` writes: the bodies of the portal's events and frames. Knows no meaning of any
//! key.
//!
//! The portal's encoding is `api-reference/events/index.md` of the Bitrix24 REST documentation; everything is a string
//! on the wire, an empty array or a `null` is a key left out, and real portals mix `%5B` with literal brackets.

use super::value::pairs as pairs_of;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, btree_map::Entry};

/// The longest body taken, in bytes. Events with long texts and many attachments stay well below it.
pub const MAX_BODY: usize = 2 * 1024 * 1024;

/// How deep keys may nest; PHP itself stops at 64 (`max_input_nesting_level`). A deeper pair is
/// left out, as PHP does.
const MAX_DEPTH: usize = 64;

/// How many branches and values a body may have in all. A node takes some hundred bytes of memory where the body spends
/// three; an event with a thousand messages stays below it.
const MAX_NODES: usize = 20_000;

/// The longest JSON body taken, in bytes: portals send forms.
const MAX_JSON: usize = 64 * 1024;

/// Why a body could not be read. Anything inside the bounds is a form of some kind, perhaps an empty one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    #[error("a body of {len} bytes, where {most} are taken")]
    TooLarge { len: usize, most: usize },
    #[error("a body of more than {MAX_NODES} fields")]
    TooMany,
}

/// Reads a form body, or JSON where the body is a JSON object: the documentation shows events that way, portals send
/// forms.
///
/// Every branch becomes an object with string keys (`a[0]` the key `"0"`), every value a string; of a repeated key the
/// last value counts; bytes that are no UTF-8 are replaced. `value::items` reads such an object and a JSON array alike.
///
/// # Errors
/// `TooLarge` for a body over [`MAX_BODY`], or JSON over [`MAX_JSON`], which alone bounds its nodes; `TooMany` for a form
/// over [`MAX_NODES`].
pub fn parse(body: &[u8]) -> Result<Value, FormError> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        bounded(body, MAX_JSON)?;
        if let Ok(tree @ Value::Object(_)) = serde_json::from_slice(body) {
            return Ok(tree);
        }
    }
    bounded(body, MAX_BODY)?;
    let mut room = MAX_NODES;
    let mut root = Branch::default();
    for pair in body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
        let (key, value) = match pair.iter().position(|&byte| byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        let key = decode(key);
        let (first, inner) = path(&key);
        if inner.len() < MAX_DEPTH && !first.is_empty() {
            root.set(first, &inner, decode(value), &mut room)?;
        }
    }
    Ok(root.into())
}

fn bounded(body: &[u8], most: usize) -> Result<(), FormError> {
    if body.len() > most { Err(FormError::TooLarge { len: body.len(), most }) } else { Ok(()) }
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
    // One step too many is enough to know that it is too deep.
    while steps.len() < MAX_DEPTH
        && let Some(opened) = rest.strip_prefix('[')
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
    /// Puts `value` at `key` and the steps below it; what stood in the way is replaced. `room` is how many nodes may
    /// still be made: one that was replaced is not given back.
    fn set(&mut self, key: &str, below: &[&str], value: String, room: &mut usize) -> Result<(), FormError> {
        let key = if key.is_empty() { self.next.to_string() } else { key.to_owned() };
        if let Ok(index) = key.parse::<u64>() {
            self.next = self.next.max(index.saturating_add(1));
        }
        let node = match self.children.entry(key) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(place) => {
                *room = room.checked_sub(1).ok_or(FormError::TooMany)?;
                place.insert(Node::Leaf(String::new()))
            }
        };
        let Some((next, below)) = below.split_first() else {
            *node = Node::Leaf(value);
            return Ok(());
        };
        if let Node::Leaf(_) = node {
            *node = Node::Branch(Self::default());
        }
        match node {
            Node::Branch(branch) => branch.set(next, below, value, room),
            Node::Leaf(_) => Ok(()),
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
        let too_large = |len, most| Err(FormError::TooLarge { len, most });
        assert_eq!(parse(&vec![b'a'; MAX_BODY + 1]), too_large(MAX_BODY + 1, MAX_BODY));
        let json = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_JSON - 8));
        assert_eq!(read(&json)["a"].as_str().unwrap().len(), MAX_JSON - 8);
        assert_eq!(parse(format!(" {json}").as_bytes()), too_large(MAX_JSON + 1, MAX_JSON));
        let deep = format!("a{}=1&b=2", "[x]".repeat(MAX_DEPTH));
        assert_eq!(read(&deep), json!({"b": "2"}));
        assert_eq!(parse(&b"a[]=&".repeat(MAX_NODES - 1)).unwrap()["a"].as_object().unwrap().len(), MAX_NODES - 1);
        assert_eq!(parse(&b"a[]=&".repeat(MAX_NODES)), Err(FormError::TooMany));
        let inner = "[]".repeat(MAX_DEPTH - 1);
        assert_eq!(parse(format!("0{inner}&").repeat(MAX_NODES / 60).as_bytes()), Err(FormError::TooMany));
        assert_eq!(read(&"a=1&".repeat(MAX_NODES + 1)), json!({"a": "1"}), "a repeated key takes no room");
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

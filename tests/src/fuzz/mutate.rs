//! How an input is bent: bits, bytes, pieces taken out, doubled, moved, mixed with another's, and words that mean
//! something to one reader or another.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::{Index, select},
};

/// The longest input.
const MOST: usize = 96 * 1024;

/// Words with a meaning.
const WORDS: &[&str] = &[
    "[",
    "]",
    "[[",
    "[]",
    "[/",
    "[b]",
    "[/b]",
    "[code]",
    "[/code]",
    "[url=",
    "[/url]",
    "[quote]",
    "[br]",
    "[user=",
    ">>",
    "\n",
    "\r",
    "------------------------------------------------------\n",
    "&",
    "=",
    "%",
    "%5B",
    "%5D",
    "%00",
    "%ff",
    "+",
    "&amp;",
    "&lt;",
    "<br />",
    "<b>",
    "{",
    "}",
    "{\"",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "9007199254740993",
    "18446744073709551616",
    "\"",
    "\\u0000",
    "\\ud800",
    "[0]",
    "[MESSAGES]",
    "[99999999999]",
    "data",
    "auth",
    "event",
    "\u{feff}",
    "\u{202e}",
    "\u{0}",
    "é",
    "𝕏",
    "|",
    ":",
    "::",
    "http://",
    "javascript:",
    "ONIMCONNECTORMESSAGEADD",
];

/// One change; places are shares of the input's length, so that they mean something after other changes.
#[derive(Clone, Debug)]
enum Bend {
    Flip(Index, u8),
    Put(Index, Vec<u8>),
    Cut(Index, Index),
    Double(Index, Index),
    Word(Index, &'static str, usize),
    Splice(Index, Index, Index),
    Nest(&'static str, &'static str, usize),
}

/// Inputs bent from those of `corpus`.
pub fn bent(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let others = corpus.clone();
    (select(corpus), vec(bend(), 0..12)).prop_map(move |(body, bends)| {
        let mut body = body;
        for bend in bends {
            bend.apply(&mut body, &others);
            body.truncate(MOST);
        }
        body
    })
}

fn bend() -> impl Strategy<Value = Bend> {
    let place = any::<Index>;
    let pairs =
        vec![("[b]", "[/b]"), ("[quote]", "[/quote]"), ("[", "]"), ("{\"a\":", "}"), ("a[", "]=1&"), ("(", ")")];
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, mask)| Bend::Flip(at, mask)),
        (place(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Bend::Put(at, bytes)),
        (place(), place()).prop_map(|(from, to)| Bend::Cut(from, to)),
        (place(), place()).prop_map(|(from, to)| Bend::Double(from, to)),
        (place(), select(WORDS), prop_oneof![9 => 1_usize..3, 1 => 1_usize..3_000])
            .prop_map(|(at, word, times)| Bend::Word(at, word, times)),
        (place(), place(), place()).prop_map(|(at, which, from)| Bend::Splice(at, which, from)),
        (select(pairs), prop_oneof![9 => 1_usize..30, 1 => Just(2_000)])
            .prop_map(|((open, close), times)| Bend::Nest(open, close, times)),
    ]
}

impl Bend {
    fn apply(self, body: &mut Vec<u8>, others: &[Vec<u8>]) {
        let place = |index: Index| index.index(body.len() + 1);
        match self {
            Self::Flip(at, mask) => {
                let at = place(at);
                if let Some(byte) = body.get_mut(at) {
                    *byte ^= mask;
                }
            }
            Self::Put(at, bytes) => insert(body, place(at), &bytes),
            Self::Cut(from, to) => {
                let (from, to) = (place(from), place(to));
                body.drain(from.min(to)..from.max(to));
            }
            Self::Double(from, to) => {
                let (from, to) = (place(from), place(to));
                let piece = body[from.min(to)..from.max(to)].to_vec();
                insert(body, from.max(to), &piece);
            }
            Self::Word(at, word, times) => insert(body, place(at), word.repeat(times).as_bytes()),
            Self::Splice(at, which, from) => {
                let other = &others[which.index(others.len())];
                let tail = other[from.index(other.len() + 1)..].to_vec();
                let at = place(at);
                body.truncate(at);
                body.extend(tail);
            }
            Self::Nest(open, close, times) => {
                let inside = std::mem::take(body);
                body.extend(open.repeat(times).into_bytes());
                body.extend(inside);
                body.extend(close.repeat(times).into_bytes());
            }
        }
    }
}

fn insert(body: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let tail = body.split_off(at);
    body.extend_from_slice(bytes);
    body.extend(tail);
}

//! The longest inputs that are let in, made of one thing over and over: what is read in more than a straight line would
//! take minutes here.

use otklik_tests::fuzz::{TARGETS, check};

/// Bytes of an input: longer than any text, frame or header that is taken.
const LENGTH: usize = 60_000;

/// What is repeated, where it may hurt.
const REPEATED: &[&str] = &[
    "[",
    "]",
    "[b]",
    "[/b]",
    "[b",
    "[url=",
    "[url]",
    "[url]http://a",
    "[code]",
    "[quote]",
    "[/quote]",
    "[user=1]",
    "[b][i]",
    "[br]",
    ">>",
    ">>a\n",
    "\n",
    "\r\n",
    "-",
    "------------------------------------------------------\n",
    ":",
    ":a:",
    "http://",
    "www.",
    "a@",
    "+7",
    "(",
    "a",
    "é",
    "𝕏",
    "\u{202e}",
    " ",
    "&",
    "=",
    "a=1&",
    "a[]=1&",
    "a[b]",
    "%",
    "%5B",
    "a[b][c]=1&",
    "{",
    "{\"a\":",
    "[[",
    "\"",
    "<",
    "<br />",
    "&amp;",
    "&",
    "|",
    "[send=",
    "[icon=",
    "[timestamp=1]",
    "[b]a[/b]",
    "[code][/code]",
    "[b ",
    "[/",
    "[code",
    "[i][url]x",
    ":f0",
    "http://)",
    "https://[",
];

/// What stands before and after it.
const AROUND: &[(&str, &str)] = &[
    ("", ""),
    ("[b]", "[/b]"),
    (
        "event=ONIMCONNECTORMESSAGEADD&data[CONNECTOR]=otklik&data[LINE]=107&data[MESSAGES][0][im][chat_id]=1&data[MESSAGES][0][im][message_id]=2&data[MESSAGES][0][chat][id]=v&data[MESSAGES][0][message][text]=",
        "",
    ),
    ("{\"result\":{\"message\":{\"1\":{\"id\":1,\"senderid\":\"1\",\"text\":\"", "\"}}}}"),
    ("{\"type\":\"say\",\"id\":\"aaaaaaaa\",\"text\":\"", "\"}"),
];

#[test]
fn no_input_takes_long_however_monotonous() {
    for target in TARGETS {
        for word in REPEATED {
            for (before, after) in AROUND {
                let body = [before, word.repeat(LENGTH / word.len()).as_str(), after].concat();
                let read = check(target, body.as_bytes());
                assert_eq!(read, Ok(()), "{}: {before}{word}…{after}", target.name);
            }
        }
    }
}

//! What reads untrusted bytes, and what must hold of each reader besides that it returns.

use otklik_server::bitrix::{
    attach, bbcode,
    client::read_answer,
    events::{Delivery, Event, What},
    form,
    methods::{
        Method,
        app::Info,
        bindings::Bindings,
        channel::Status,
        history::{GetDialog, GetHistory},
        lines::ListLines,
        messages::Send,
        offline::{List, Take},
    },
};
use serde_json::Value;
use shared::{
    Piece, ToServer, ToWidget,
    decode::{Node, from_widget, to_widget},
};

/// A reader.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Reads bytes; an answer that may not be is an error.
    pub read: fn(&[u8]) -> Result<(), String>,
}

/// All that reads what strangers send.
pub const TARGETS: &[Target] = &[
    Target { name: "forms", read: forms },
    Target { name: "events", read: events },
    Target { name: "answers", read: answers },
    Target { name: "histories", read: histories },
    Target { name: "attachments", read: attachments },
    Target { name: "codes", read: codes },
    Target { name: "words", read: words },
    Target { name: "frames", read: frames },
];

fn hold(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// A body of the portal's doors: no larger as a tree than as bytes, and written anew it reads the same.
fn forms(bytes: &[u8]) -> Result<(), String> {
    let Ok(tree) = form::parse(bytes) else { return Ok(()) };
    hold(length(&tree) <= bytes.len() * 3, "the tree has more text than the body")?;
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return Ok(()); // JSON has kinds of values that a form has not
    }
    let written = form::write(&tree);
    let again = form::parse(written.as_bytes()).map_err(|error| error.to_string())?;
    hold(form::write(&again) == written, "what was written reads otherwise")
}

/// The letters of all keys and values.
fn length(tree: &Value) -> usize {
    match tree {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(length).sum(),
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + length(value)).sum(),
        _ => 0,
    }
}

/// An event, its signature split and its codes read.
fn events(bytes: &[u8]) -> Result<(), String> {
    let Ok(delivery) = Delivery::read(bytes) else { return Ok(()) };
    hold(!format!("{delivery:?}").contains("0123456789abcdef0123456789abcdef"), "a secret is shown")?;
    if let What::MessageAdd { messages, .. } = Event::of(&delivery.body).what {
        for said in messages {
            bounded(&said.text, &bbcode::parse(&said.text))?;
        }
    }
    Ok(())
}

fn answers(bytes: &[u8]) -> Result<(), String> {
    for status in [200, 400, 401, 429, 503] {
        if let Err(error) = read_answer(status, bytes) {
            let _ = (error.advice(), error.to_string());
        }
    }
    let Ok(answer) = read_answer(200, bytes) else { return Ok(()) };
    let result = || answer.result.clone();
    let _ = (Info::reply(result()), Bindings::reply(result()), ListLines::reply(result()), Send::reply(result()));
    let _ = (List::reply(result()), Take::reply(result()), Status::reply(result()));
    Ok(())
}

fn histories(bytes: &[u8]) -> Result<(), String> {
    let Ok(answer) = read_answer(200, bytes) else { return Ok(()) };
    let _ = GetDialog::reply(answer.result.clone());
    let _ = GetHistory::reply(answer.result);
    Ok(())
}

/// Blocks beside a message: in proportion, and what is made of them is read like any text.
fn attachments(bytes: &[u8]) -> Result<(), String> {
    let json = String::from_utf8_lossy(bytes);
    let text = attach::written(&Value::from(vec![json.as_ref()]));
    hold(text.len() <= bytes.len() * 4, "there is more text than there were blocks")?;
    bounded(&text, &bbcode::parse(&text))
}

/// An operator's text: links lead nowhere but to the web, and no depth or number of pieces is out of proportion.
fn codes(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    bounded(&text, &bbcode::parse(&text))
}

fn bounded(text: &str, pieces: &[Piece]) -> Result<(), String> {
    let weight = weigh(pieces, 0)?;
    hold(weight <= text.len() * 4 + 64, "there is more to show than was written")
}

/// Pieces and the letters in them.
fn weigh(pieces: &[Piece], depth: usize) -> Result<usize, String> {
    hold(depth <= 40, "pieces lie too deep in one another")?;
    pieces.iter().try_fold(0, |sum, piece| {
        let inside = match piece {
            Piece::Text(text) | Piece::Code(text) => text.len(),
            Piece::Bold(inner) | Piece::Italic(inner) | Piece::Underline(inner) | Piece::Strike(inner) => {
                weigh(inner, depth + 1)?
            }
            Piece::Quote(quote) => weigh(&quote.body, depth + 1)? + quote.name.as_ref().map_or(0, String::len),
            Piece::Link(link) => {
                let safe = ["http:", "https:", "mailto:", "tel:"].iter().any(|scheme| link.href.starts_with(scheme));
                hold(safe, "a link leads where none may")?;
                weigh(&link.body, depth + 1)? + link.href.len() / 2
            }
            Piece::Time(_) => 1,
        };
        Ok(sum + inside + 1)
    })
}

/// A visitor's words on their way to the operator: as long as before but for what undoes a code, and undone is undone.
fn words(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let neutral = bbcode::neutralise(&text);
    hold(neutral.chars().count() * 3 <= text.chars().count() * 4 + 12, "the words grew by more than a third")?;
    hold(bbcode::neutralise(&neutral) == neutral, "undone twice is not undone once")
}

/// Frames of both sides, read by either way of reading.
fn frames(bytes: &[u8]) -> Result<(), String> {
    if let Ok(frame) = serde_json::from_slice::<ToServer>(bytes) {
        let written = from_widget(&frame, |text| Value::from(text).to_string());
        hold(serde_json::from_str(&written).is_ok_and(|again: ToServer| again == frame), "a frame reads otherwise")?;
    }
    let Ok(tree) = serde_json::from_slice::<Value>(bytes) else { return Ok(()) };
    let by_hand = to_widget(&Tree(tree.clone()));
    if let (Some(by_hand), Ok(by_serde)) = (by_hand, serde_json::from_value::<ToWidget>(tree)) {
        let known = !format!("{by_hand:?}{by_serde:?}").contains("Unknown");
        hold(!known || by_hand == by_serde, "the two readers differ")?;
    }
    Ok(())
}

/// JSON as the widget's reader asks for it.
struct Tree(Value);

impl Node for Tree {
    fn get(&self, name: &str) -> Option<Self> {
        self.0.get(name).filter(|value| !value.is_null()).cloned().map(Self)
    }

    fn text(&self) -> Option<String> {
        self.0.as_str().map(str::to_owned)
    }

    fn number(&self) -> Option<f64> {
        self.0.as_f64()
    }

    fn truth(&self) -> bool {
        self.0 == Value::Bool(true)
    }

    fn list(&self) -> Option<Vec<Self>> {
        self.0.as_array().map(|items| items.iter().cloned().map(Self).collect())
    }
}

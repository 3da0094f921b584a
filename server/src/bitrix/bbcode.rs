//! The portal's BB-code, both ways: operators' texts become pieces a page can show as elements, visitors' words lose
//! the power to be markup in the operator's window. Knows nothing of messages or events.
//!
//! The codes are those of `api-reference/chat-bots/chat-bots-v2/imbot.v2/messages/message-formatting.md` and
//! `api-reference/chats/messages/formatting.md` of the Bitrix24 REST documentation. The reader is tolerant: what it
//! does not know stays literal text, what is unclosed closes at the end, and no text makes it fail.

mod builder;
mod links;
mod neutral;
mod plain;
mod quotes;
mod tags;

pub use neutral::neutralise;
pub use plain::{bare, plain};

use crate::ids::{ImId, PortalHost};
use builder::{Builder, Style};
use shared::{MessageId, Piece};
use std::borrow::Cow;
use tags::Tag;

/// How deep pieces may lie in one another. A tag below that is passed over, its text stays.
const MAX_DEPTH: usize = 20;

/// What stands for somebody who is mentioned and not named.
const SOMEBODY: &str = "@…";

/// The longest mention, in bytes, with its end tag: what is longer has lost it.
const MENTION: usize = 300;

/// How a text is read.
#[derive(Clone, Copy)]
struct Reading<'r> {
    /// How a message of the portal is called outside.
    naming: &'r dyn Fn(ImId) -> Option<MessageId>,
    /// People are not called by the names they have in the portal.
    hides_names: bool,
}

/// Reads an operator's or bot's text as the portal gives it to a connector: raw, with BB-codes.
pub fn parse(text: &str) -> Vec<Piece> {
    read(&unify(text), 0, Reading { naming: &|_| None, hides_names: false })
}

/// As `parse`; a quotation says which message it is of, by the name that `portal` has for it with us. Quotations and
/// mentions call people by their profiles: with `hides_names` they call nobody by a name.
pub fn parse_from(portal: &PortalHost, text: &str, hides_names: bool) -> Vec<Piece> {
    read(&unify(text), 0, Reading { naming: &|im| Some(im.message_id(portal)), hides_names })
}

/// Reads a text whose line breaks are `\n` alone; `depth` is how deep what is read will lie.
fn read(text: &str, depth: usize, how: Reading<'_>) -> Vec<Piece> {
    let mut to = Builder::new(depth);
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if (at == 0 || text.as_bytes()[at - 1] == b'\n')
            && let Some((piece, length)) = quotes::take(rest, to.depth(), how)
        {
            to.block(piece);
            at += length;
            continue;
        }
        at += match rest.as_bytes()[0] {
            b'[' => bracket(rest, &mut to, how),
            b':' => emoji(rest, &mut to),
            b'\n' => {
                to.text("\n");
                1
            }
            _ => {
                let length = rest.find(['[', ':', '\n']).unwrap_or(rest.len());
                to.text(&rest[..length]);
                length
            }
        };
    }
    to.finish()
}

/// Reads what begins with `[` and tells how many bytes that was.
fn bracket(rest: &str, to: &mut Builder, how: Reading<'_>) -> usize {
    let Some(tag) = Tag::read(rest) else {
        to.text("[");
        return 1;
    };
    let length = tag.length;
    if tag.closing {
        return close(&tag, rest, to);
    }
    let inner = &rest[length..];
    let style = match tag.name.as_str() {
        "b" if tag.bare() => Style::Bold,
        "i" if tag.bare() => Style::Italic,
        "u" if tag.bare() => Style::Underline,
        "s" if tag.bare() => Style::Strike,
        "code" if tag.bare() => {
            let end = tags::closing(inner, "code").unwrap_or((inner.len(), inner.len()));
            to.piece(Piece::Code(inner[..end.0].trim_matches('\n').to_owned()));
            return length + end.1;
        }
        "user" if how.hides_names && !tag.bare() => {
            to.text(SOMEBODY);
            return length + mention(inner);
        }
        "url" | "img" | "call" if tag.value.is_none() => return length + address(&tag.name, inner, to),
        "url" => match tag.value.and_then(links::href) {
            Some(href) => Style::Link(href),
            None => return length,
        },
        "call" => match tag.value.and_then(links::phone) {
            Some(href) => Style::Link(href),
            None => return length,
        },
        _ => {
            match standing(&tag) {
                Some(Standing::Text(text)) => to.text(&text),
                Some(Standing::Time(at)) => to.piece(Piece::Time(at)),
                None => to.text(&rest[..length]),
            }
            return length;
        }
    };
    to.open(style);
    length
}

/// An end tag. One that ends nothing is passed over; one of an unknown name is text.
fn close(tag: &Tag, rest: &str, to: &mut Builder) -> usize {
    match tag.name.as_str() {
        "b" => to.close(&Style::Bold),
        "i" => to.close(&Style::Italic),
        "u" => to.close(&Style::Underline),
        "s" => to.close(&Style::Strike),
        "url" | "call" => to.close(&Style::Link(String::new())),
        "code" | "img" => {}
        name if is_see_through(name) => {}
        _ => to.text(&rest[..tag.length]),
    }
    tag.length
}

/// `[url]address[/url]` and its like: a link that shows its own address. Tells how many bytes after the tag were used:
/// none when what stands there is no address, and it is read as ordinary text then.
fn address(name: &str, inner: &str, to: &mut Builder) -> usize {
    let Some((text, length)) = inner.find('[').and_then(|end| {
        let tag = Tag::read(&inner[end..]).filter(|tag| tag.closing && tag.name == name)?;
        Some((inner[..end].trim(), end + tag.length))
    }) else {
        return 0;
    };
    let href = if name == "call" { links::phone(text) } else { links::href(text) };
    match href {
        Some(href) => {
            to.link(href, text);
            length
        }
        None => 0,
    }
}

/// How many bytes a mention takes after its tag: the name and the end tag; none where that is missing.
fn mention(inner: &str) -> usize {
    let near = &inner[..inner.floor_char_boundary(MENTION)];
    let line = near.split_once('\n').map_or(near, |(line, _)| line);
    tags::closing(line, "user").map_or(0, |(_, end)| end)
}

/// What a tag without an end stands for.
enum Standing {
    Text(Cow<'static, str>),
    Time(shared::Millis),
}

fn standing(tag: &Tag) -> Option<Standing> {
    let text = |text: &'static str| Some(Standing::Text(text.into()));
    match tag.name.as_str() {
        "like" if tag.bare() => text("👍"),
        "dislike" if tag.bare() => text("👎"),
        "tab" if tag.bare() => text("    "),
        "attach" if !tag.bare() => text(""),
        "disk" if !tag.bare() => text("[file]"),
        "icon" if !tag.bare() => Some(Standing::Text(tag.attribute("title").unwrap_or_default().to_owned().into())),
        "rating" => {
            let stars = tag.value?.parse().ok().filter(|stars| (1..=5).contains(stars))?;
            Some(Standing::Text("★".repeat(stars).into()))
        }
        "timestamp" => {
            let seconds: u64 = tag.value?.split_whitespace().next()?.parse().ok()?;
            Some(Standing::Time(seconds.checked_mul(1000)?))
        }
        "put" | "send" => text(""),
        name if is_see_through(name) && !tag.bare() => text(""),
        _ => None,
    }
}

/// Tags of which a visitor sees the text alone: colours and sizes are the page's, mentions and links into the portal
/// lead nowhere for a visitor, and a button's text is worth reading without the button.
fn is_see_through(name: &str) -> bool {
    matches!(name, "size" | "color" | "user" | "chat" | "context" | "dialog" | "put" | "send" | "pch")
}

/// `:f09f938e:`, an emoji as the hexadecimal digits of its UTF-8 bytes; any other colon is a colon.
fn emoji(rest: &str, to: &mut Builder) -> usize {
    let decoded = rest[1..].find(':').filter(|digits| (6..=40).contains(digits)).and_then(|digits| {
        let bytes = hex::decode(&rest[1..=digits]).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        (!text.chars().any(|c| c.is_ascii() || c.is_control())).then_some((text, digits + 2))
    });
    let (text, length) = decoded.unwrap_or((":".to_owned(), 1));
    to.text(&text);
    length
}

/// One kind of line break for the several that are usual, and no control characters; code keeps its brackets.
fn unify(text: &str) -> String {
    let mut unified = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| matches!(c, '[' | '#') || c.is_control()) {
        unified.push_str(&rest[..at]);
        rest = &rest[at..];
        let used = if rest.starts_with("\r\n") {
            unified.push('\n');
            2
        } else if rest.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("[br]") || start == "#BR#") {
            unified.push('\n');
            4
        } else if rest.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("[code]")) {
            let length = 6 + tags::closing(&rest[6..], "code").map_or(rest.len() - 6, |(_, end)| end);
            unified.push_str(&rest[..length]);
            length
        } else {
            match rest.as_bytes()[0] {
                kept @ (b'[' | b'#' | b'\n' | b'\t') => unified.push(char::from(kept)),
                b'\r' => unified.push('\n'),
                _ => {}
            }
            rest.chars().next().map_or(1, char::len_utf8)
        };
        rest = &rest[used..];
    }
    unified.push_str(rest);
    unified
}

#[cfg(test)]
mod tests;

//! Quotations, the one thing in these texts that goes by lines: `>>` before each, or a row of hyphens around them.

use super::{MAX_DEPTH, Reading, read};
use crate::ids::ImId;
use shared::{Piece, Quote};

/// The portal writes 54; a shorter row is still meant so.
const LEAST_HYPHENS: usize = 20;

/// The quotation at the start of `text`, which stands at the start of a line, and its length in bytes with the line
/// break after it. `depth` is how deep the quotation will lie.
pub fn take(text: &str, depth: usize, how: Reading<'_>) -> Option<(Piece, usize)> {
    if depth + 1 >= MAX_DEPTH {
        return None;
    }
    if text.starts_with(">>") { marked(text, depth, how) } else { fenced(text, depth, how) }
}

/// Adjacent lines that begin with `>>`.
fn marked(text: &str, depth: usize, how: Reading<'_>) -> Option<(Piece, usize)> {
    let lines = text.split_inclusive('\n').take_while(|line| line.starts_with(">>"));
    let mut length = 0;
    let mut inner = String::new();
    for line in lines {
        length += line.len();
        inner.push_str(line[2..].trim_start_matches(' '));
    }
    let body = read(inner.trim_end_matches('\n'), depth + 1, how);
    Some((Piece::Quote(Quote { name: None, body, of: None }), length))
}

/// Lines between two rows of hyphens; the first may say who is quoted, as `Name [time]`.
fn fenced(text: &str, depth: usize, how: Reading<'_>) -> Option<(Piece, usize)> {
    let mut lines = text.split_inclusive('\n');
    let opening = lines.next().filter(|line| is_fence(line))?;
    let mut inner = opening.len();
    for line in lines {
        if !is_fence(line) {
            inner += line.len();
            continue;
        }
        let quoted = text[opening.len()..inner].trim_end_matches('\n');
        let (first, rest) = quoted.split_once('\n').unwrap_or((quoted, ""));
        let (name, of) = head(first);
        let words = if name.is_some() { rest } else { quoted };
        let (body, of) = (read(words, depth + 1, how), of.and_then(how.naming));
        let name = name.filter(|_| !how.hides_names);
        return Some((Piece::Quote(Quote { name, body, of }), inner + line.len()));
    }
    None
}

fn is_fence(line: &str) -> bool {
    let row = line.trim_end();
    row.len() >= LEAST_HYPHENS && row.bytes().all(|byte| byte == b'-')
}

/// `Name [time]`, perhaps with the place of the message after it: `#chat12/345`.
fn head(line: &str) -> (Option<String>, Option<ImId>) {
    let line = line.trim_end();
    let (line, place) = match line.rsplit_once("#chat") {
        Some((line, place)) => (line.trim_end(), place),
        None => (line, ""),
    };
    let name = line.strip_suffix(']').and_then(|line| line.rsplit_once('[')).map(|(name, _)| name.trim().to_owned());
    (name.filter(|name| !name.is_empty()), im(place))
}

/// `12/345`: the chat's number and the message's.
fn im(place: &str) -> Option<ImId> {
    let (chat, message) = place.split_once('/')?;
    Some(ImId { chat: chat.parse().ok()?, message: message.parse().ok()? })
}

//! Quotations, the one thing in these texts that goes by lines: `>>` before each, or a row of hyphens around them.

use super::{MAX_DEPTH, read};
use shared::{Piece, Quote};

/// The portal writes 54; a shorter row is still meant so.
const LEAST_HYPHENS: usize = 20;

/// The quotation at the start of `text`, which stands at the start of a line, and its length in bytes with the line
/// break after it. `depth` is how deep the quotation will lie.
pub fn take(text: &str, depth: usize) -> Option<(Piece, usize)> {
    if depth + 1 >= MAX_DEPTH {
        return None;
    }
    if text.starts_with(">>") { marked(text, depth) } else { fenced(text, depth) }
}

/// Adjacent lines that begin with `>>`.
fn marked(text: &str, depth: usize) -> Option<(Piece, usize)> {
    let lines = text.split_inclusive('\n').take_while(|line| line.starts_with(">>"));
    let mut length = 0;
    let mut inner = String::new();
    for line in lines {
        length += line.len();
        inner.push_str(line[2..].trim_start_matches(' '));
    }
    Some((quote(None, inner.trim_end_matches('\n'), depth), length))
}

/// Lines between two rows of hyphens; the first may say who is quoted, as `Name [time]`.
fn fenced(text: &str, depth: usize) -> Option<(Piece, usize)> {
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
        let piece = match name(first) {
            Some(name) => quote(Some(name), rest, depth),
            None => quote(None, quoted, depth),
        };
        return Some((piece, inner + line.len()));
    }
    None
}

fn is_fence(line: &str) -> bool {
    let row = line.trim_end();
    row.len() >= LEAST_HYPHENS && row.bytes().all(|byte| byte == b'-')
}

/// `Name [time]`, perhaps with the place of the message after it: `#chat12/345`.
fn name(line: &str) -> Option<String> {
    let line = line.trim_end();
    let line = line.rfind('#').filter(|&at| line[at..].starts_with("#chat")).map_or(line, |at| line[..at].trim_end());
    let (name, _) = line.strip_suffix(']')?.rsplit_once('[')?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn quote(name: Option<String>, text: &str, depth: usize) -> Piece {
    Piece::Quote(Quote { name, body: read(text, depth + 1), of: None })
}

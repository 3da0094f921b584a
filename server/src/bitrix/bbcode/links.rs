//! Which addresses a visitor may be led to, and where bare ones stand in a text.

use shared::{Link, Piece};
use url::Url;

/// Longer ones are left as text: so a text made of nothing but beginnings of addresses is still read in its length's
/// time.
const MAX_ADDRESS_CHARS: usize = 2000;

/// The address as a link's target, if its scheme is `http`, `https`, `mailto` or `tel`. Addresses inside the portal
/// (`/crm/…`) are none: a visitor cannot open them.
pub fn href(address: &str) -> Option<String> {
    let url = Url::parse(address.trim()).ok()?;
    let allowed = match url.scheme() {
        "http" | "https" => url.has_host(),
        "mailto" | "tel" => true,
        _ => false,
    };
    allowed.then(|| url.into())
}

/// A telephone number as a link's target: its digits, and the `+` before them.
pub fn phone(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let plus = if number.trim_start().starts_with('+') { "+" } else { "" };
    (!digits.is_empty() && digits.len() <= 20).then(|| format!("tel:{plus}{digits}"))
}

/// A text with the bare `http://` and `https://` addresses in it as links.
pub fn find(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut shown = 0;
    let mut from = 0;
    while let Some(start) = text[from..].find("://").map(|at| from + at) {
        from = start + 3;
        let Some(begin) = scheme_start(&text[shown..start]).map(|at| shown + at) else { continue };
        let end = begin + address_length(&text[begin..]);
        let Some(href) = Some(&text[begin..end]).filter(|_| end > from).and_then(href) else { continue };
        if begin > shown {
            pieces.push(Piece::Text(text[shown..begin].to_owned()));
        }
        pieces.push(Piece::Link(Link { href, body: vec![Piece::Text(text[begin..end].to_owned())] }));
        (shown, from) = (end, end);
    }
    if shown < text.len() {
        pieces.push(Piece::Text(text[shown..].to_owned()));
    }
    pieces
}

/// Where `http` or `https` begins at the end of `before`, if it stands there as a word of its own.
fn scheme_start(before: &str) -> Option<usize> {
    let previous = before.char_indices().rev().find(|(_, c)| !c.is_ascii_alphabetic());
    let start = previous.map_or(0, |(at, c)| at + c.len_utf8());
    let word = &before[start..];
    let follows_word = previous.is_some_and(|(_, c)| c.is_alphanumeric());
    (!follows_word && (word.eq_ignore_ascii_case("http") || word.eq_ignore_ascii_case("https"))).then_some(start)
}

/// How far an address goes: to the next white space or quotation mark, without the punctuation of the sentence around
/// it.
fn address_length(text: &str) -> usize {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '«' | '»');
    let end = text.char_indices().take(MAX_ADDRESS_CHARS).find(|(_, c)| is_end(*c)).map(|(at, _)| at);
    let Some(end) = end.or((text.len() <= MAX_ADDRESS_CHARS).then_some(text.len())) else { return 0 };
    let address = &text[..end];
    let surplus = |open: char, close: char| {
        address.matches(close).count().saturating_sub(address.matches(open).count()) // brackets of the sentence around
    };
    let (mut round, mut square) = (surplus('(', ')'), surplus('[', ']'));
    let rest = address.trim_end_matches(|last| match last {
        ')' | ']' => {
            let left = if last == ')' { &mut round } else { &mut square };
            *left > 0 && {
                *left -= 1;
                true
            }
        }
        _ => matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '…' | '*' | '“' | '”'),
    });
    rest.len()
}

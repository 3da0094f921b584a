//! Takes from a visitor's words the power to be markup in the operator's window, where a link or a button that a
//! stranger wrote would look like the portal's own.

/// Every tag the portal is known to interpret.
const TAGS: [&str; 26] = [
    "b",
    "i",
    "u",
    "s",
    "size",
    "color",
    "url",
    "img",
    "icon",
    "user",
    "chat",
    "context",
    "dialog",
    "code",
    "put",
    "send",
    "call",
    "timestamp",
    "disk",
    "pch",
    "rating",
    "attach",
    "like",
    "dislike",
    "br",
    "tab",
];

/// Tags of newer portals, not yet documented.
const NEWER_TAGS: [&str; 2] = ["spoiler", "quote"];

/// A word joiner: invisible, of no width, and enough that what surrounds it is no tag.
const JOINER: char = '\u{2060}';

/// The text as it may go to the portal, for messages, names and titles alike.
///
/// Looks as before to a reader. Known tags, `#BR#` and a bot command's leading `/` are broken up by an invisible word
/// joiner; control characters are gone; line breaks are `\n`. Nothing is escaped: the portal shows entities as they
/// are.
pub fn neutralise(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let mut safe = String::with_capacity(text.len());
    if text.trim_start().starts_with('/') {
        safe.push(JOINER);
    }
    for (at, c) in text.char_indices() {
        safe.push(c);
        let rest = &text[at + c.len_utf8()..];
        let breaks_line = c == '#' && rest.get(..3).is_some_and(|next| next.eq_ignore_ascii_case("BR#"));
        if breaks_line || (c == '[' && begins_tag(rest)) {
            safe.push(JOINER);
        }
    }
    safe
}

/// Whether what follows a bracket makes it a tag: a known name, then `]`, `=` or white space.
fn begins_tag(after: &str) -> bool {
    let after = after.strip_prefix('/').unwrap_or(after);
    let (name, rest) = after.split_at(after.bytes().take_while(u8::is_ascii_alphabetic).count());
    let known = TAGS.iter().chain(&NEWER_TAGS).any(|tag| tag.eq_ignore_ascii_case(name));
    known && rest.starts_with(|c: char| matches!(c, ']' | '=') || c.is_whitespace())
}

//! Formatted text without its formatting.

use shared::{Link, Piece, Quote};

/// What a reader sees of `text`, without the quotations in it.
pub fn plain(text: &str) -> String {
    flat(&super::parse(text)).trim().to_owned()
}

/// All words of `text`, those of quotations too, and of each link its address: what remains where a portal's HTML is
/// undone.
pub fn bare(text: &str) -> String {
    every_word(&super::parse(text))
}

fn every_word(pieces: &[Piece]) -> String {
    let words = |piece: &Piece| match piece {
        Piece::Text(text) | Piece::Code(text) => text.clone(),
        Piece::Bold(inner) | Piece::Italic(inner) | Piece::Underline(inner) | Piece::Strike(inner) => every_word(inner),
        Piece::Link(Link { href, .. }) => href.clone(),
        Piece::Quote(Quote { name, body, .. }) => [name.clone().unwrap_or_default(), every_word(body)].concat(),
        Piece::Time(_) => String::new(),
    };
    pieces.iter().map(words).collect()
}

fn flat(pieces: &[Piece]) -> String {
    let words = |piece: &Piece| match piece {
        Piece::Text(text) | Piece::Code(text) => text.clone(),
        Piece::Bold(inner) | Piece::Italic(inner) | Piece::Underline(inner) | Piece::Strike(inner) => flat(inner),
        Piece::Link(link) => flat(&link.body),
        Piece::Quote(_) | Piece::Time(_) => String::new(),
    };
    pieces.iter().map(words).collect()
}

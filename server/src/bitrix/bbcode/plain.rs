//! Formatted text without its formatting.

use shared::Piece;

/// What a reader sees of `text`, without the quotations in it.
pub fn plain(text: &str) -> String {
    flat(&super::parse(text)).trim().to_owned()
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

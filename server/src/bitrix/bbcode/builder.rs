//! Puts pieces together while a text is read: which styles are open, and what lies in each. Knows no syntax.

use super::{MAX_DEPTH, links};
use shared::{Link, Piece};

/// A style with a beginning and an end.
#[derive(Clone, Debug)]
pub enum Style {
    Bold,
    Italic,
    Underline,
    Strike,
    /// With its address.
    Link(String),
}

impl Style {
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    fn around(self, inner: Vec<Piece>) -> Piece {
        match self {
            Self::Bold => Piece::Bold(inner),
            Self::Italic => Piece::Italic(inner),
            Self::Underline => Piece::Underline(inner),
            Self::Strike => Piece::Strike(inner),
            Self::Link(href) => Piece::Link(Link { href, body: inner }),
        }
    }
}

pub struct Builder {
    /// How deep the lowest pieces lie.
    base: usize,
    ground: Vec<Piece>,
    open: Vec<(Style, Vec<Piece>)>,
    /// Text that is no piece yet: only when it is whole, addresses in it can be told.
    pending: String,
}

impl Builder {
    pub fn new(base: usize) -> Self {
        Self { base, ground: Vec::new(), open: Vec::new(), pending: String::new() }
    }

    /// How deep a piece put here now would lie.
    pub fn depth(&self) -> usize {
        self.base + self.open.len()
    }

    pub fn text(&mut self, text: &str) {
        self.pending.push_str(text);
    }

    pub fn piece(&mut self, piece: Piece) {
        self.settle();
        self.top().push(piece);
    }

    /// A piece that stands on lines of its own: the line break before it is not shown.
    pub fn block(&mut self, piece: Piece) {
        if self.pending.ends_with('\n') {
            self.pending.pop();
        }
        self.piece(piece);
    }

    /// A link that shows `text`; inside a link the text alone.
    pub fn link(&mut self, href: String, text: &str) {
        if self.in_link() {
            self.text(text);
        } else {
            self.piece(Piece::Link(Link { href, body: vec![Piece::Text(text.to_owned())] }));
        }
    }

    /// Begins a style, unless that would be a link in a link or lie too deep.
    pub fn open(&mut self, style: Style) {
        if self.depth() + 1 >= MAX_DEPTH || (matches!(style, Style::Link(_)) && self.in_link()) {
            return;
        }
        self.settle();
        self.open.push((style, Vec::new()));
    }

    /// Ends a style of this kind, and with it all that began inside it. Without one, nothing happens.
    pub fn close(&mut self, style: &Style) {
        let Some(at) = self.open.iter().rposition(|(open, _)| open.is_like(style)) else { return };
        while self.open.len() > at {
            self.close_last();
        }
    }

    pub fn finish(mut self) -> Vec<Piece> {
        while !self.open.is_empty() {
            self.close_last();
        }
        self.settle();
        self.ground
    }

    fn close_last(&mut self) {
        self.settle();
        if let Some((style, inner)) = self.open.pop()
            && !inner.is_empty()
        {
            self.top().push(style.around(inner));
        }
    }

    fn in_link(&self) -> bool {
        self.open.iter().any(|(style, _)| matches!(style, Style::Link(_)))
    }

    fn top(&mut self) -> &mut Vec<Piece> {
        self.open.last_mut().map_or(&mut self.ground, |(_, inner)| inner)
    }

    /// Makes pieces of the pending text, with its bare addresses as links.
    fn settle(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.pending);
        if self.in_link() {
            self.top().push(Piece::Text(text));
        } else {
            self.top().extend(links::find(&text));
        }
    }
}

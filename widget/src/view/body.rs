//! Formatted text as elements, never as HTML.

use crate::clock;
use leptos::prelude::*;
use shared::Piece;

pub fn body(pieces: &[Piece]) -> Vec<AnyView> {
    pieces.iter().map(element).collect()
}

fn element(piece: &Piece) -> AnyView {
    match piece {
        Piece::Text(text) => text.clone().into_any(),
        Piece::Bold(inner) => tag("b", "", body(inner)),
        Piece::Italic(inner) => tag("i", "", body(inner)),
        Piece::Underline(inner) => tag("u", "", body(inner)),
        Piece::Strike(inner) => tag("s", "", body(inner)),
        Piece::Code(text) => tag(if text.contains('\n') { "pre" } else { "code" }, "", vec![text.clone().into_any()]),
        Piece::Time(at) => tag("time", "", vec![[clock::date(*at), clock::time(*at)].join(", ").into_any()]),
        Piece::Quote(quote) => {
            let name = quote.name.as_ref().map(|name| tag("b", "", vec![name.clone().into_any()]));
            let words = tag("span", "", body(&quote.body));
            tag("span", "quote", name.into_iter().chain([words]).collect())
        }
        Piece::Link(link) => {
            let (href, inner) = (link.href.clone(), body(&link.body));
            view! { <a href=href target="_blank" rel="noopener noreferrer">{inner}</a> }.into_any()
        }
    }
}

/// One type for all plain elements: each type of its own costs a visitor half a kilobyte.
pub fn tag(name: &'static str, class: &'static str, inner: Vec<AnyView>) -> AnyView {
    leptos::html::custom(name).class(class).child(inner).into_any()
}

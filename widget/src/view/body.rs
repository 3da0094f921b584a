//! Formatted text as elements, never as HTML.

use crate::clock;
use leptos::prelude::*;
use shared::{MessageId, Piece};

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
        Piece::Quote(quote) => self::quote(quote.name.clone(), body(&quote.body), quote.of.as_ref()),
        Piece::Link(link) => {
            let (href, inner) = (link.href.clone(), body(&link.body));
            view! { <a href=href target="_blank" rel="noopener noreferrer">{inner}</a> }.into_any()
        }
    }
}

/// Somebody's words, repeated: a press leads to the message `of`, where that is known. The shell sees to it.
pub fn quote(name: Option<String>, words: Vec<AnyView>, of: Option<&MessageId>) -> AnyView {
    let name = name.map(|name| tag("b", "", vec![name.into_any()]));
    let inner: Vec<AnyView> = name.into_iter().chain([tag("span", "", words)]).collect();
    let to = of.map(|of| of.as_str().to_owned());
    view! { <button type="button" class="quote" disabled=to.is_none() data-to=to>{inner}</button> }.into_any()
}

/// One type for all plain elements: each type of its own costs a visitor half a kilobyte.
pub fn tag(name: &'static str, class: &'static str, inner: Vec<AnyView>) -> AnyView {
    leptos::html::custom(name).class(class).child(inner).into_any()
}

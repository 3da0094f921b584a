//! One message with its name line and the line of time and state below it.

use super::Wish;
use super::body::{body, quote, tag};
use super::files::{files, picture};
use crate::clock;
use crate::dialogue::{Bubble, Quoted, State, unheard};
use crate::embed::{say, say_with};
use leptos::prelude::*;
use shared::{Author, Piece};

#[allow(non_snake_case, reason = "a component without properties of its own: its data is `dialogue`'s")]
pub fn Message(bubble: &Bubble, fresh: bool, wish: fn(Wish)) -> AnyView {
    let time = clock::time(bubble.at);
    let name = speaker(bubble.name.as_ref(), bubble.from);
    let spoken = say_with("said", &[("name", name.clone().into()), ("time", time.clone().into())]);
    let mut words: Vec<AnyView> = Vec::new();
    if bubble.deleted {
        words.push(say("deleted").into_any());
    } else {
        words.extend(bubble.reply.as_deref().map(reply));
        words.extend(body(&bubble.body));
    }
    words.extend(files(&bubble.files));
    if words.is_empty() {
        words.push(say("unsupported").into_any());
    }
    let class = [
        if bubble.deleted { "msg gone" } else { "msg" },
        if bubble.last { " last" } else { "" },
        if fresh { " fresh" } else { "" },
    ];
    view! {
        <div class=group(bubble)>
            {(bubble.first && matches!(bubble.from, Author::Operator | Author::Bot)).then(|| who(bubble, name, time.clone()))}
            <div
                class=class.concat()
                tabindex="-1"
                data-from=from(bubble.from)
                data-id=bubble.id.as_str().to_owned()
                data-state=bubble.state.map(State::name)
                data-time=time.clone()
                data-at=bubble.at.to_string()
            >
                <span class="vh">{spoken} " "</span>
                <div class=frame(bubble) dir="auto">{words}</div>
            </div>
            {bubble.rating.map(|rating| view! { <div class="rate" role="group" data-rating=rating.name()></div> }.into_any())}
            {meta(bubble, time, wish)}
        </div>
    }
    .into_any()
}

/// What the visitor answers, above their words.
fn reply(to: &Quoted) -> AnyView {
    let text = if to.text.is_empty() { say("quote_gone") } else { to.text.clone() };
    quote(Some(speaker(to.name.as_ref(), to.from)), vec![text.into_any()], Some(&to.of))
}

/// Which side it is on, and what it is joined with: `join` to the one above, `more` to the one below.
fn group(bubble: &Bubble) -> String {
    let side = match bubble.from {
        Author::Visitor => "group out",
        Author::System => "sys",
        Author::Operator | Author::Bot => "group in",
    };
    [side, if bubble.first { "" } else { " join" }, if bubble.last { "" } else { " more" }].concat()
}

fn from(author: Author) -> &'static str {
    match author {
        Author::Visitor => "visitor",
        Author::Operator => "operator",
        Author::Bot => "bot",
        Author::System => "system",
    }
}

fn speaker(name: Option<&String>, from: Author) -> String {
    match (name, from) {
        (_, Author::Visitor) => say("you"),
        (Some(name), _) => name.clone(),
        (None, Author::Bot) => say("bot_name"),
        (None, Author::System) => crate::embed::site_name(),
        (None, Author::Operator) => say("operator_unknown"),
    }
}

/// The name line above a group.
fn who(bubble: &Bubble, name: String, time: String) -> AnyView {
    // Where there is no photo, or it does not load, the initial shows.
    let initial: String = name.chars().take(1).collect();
    let photo = bubble.face.photo.clone().map(|src| picture(src, None, None, String::new()));
    let ava = [initial.into_any()].into_iter().chain(photo).collect();
    let position = bubble.face.position.clone().map(|position| tag("span", "pos", vec![position.into_any()]));
    let bot = (bubble.from == Author::Bot).then(|| tag("span", "tag", vec![say("bot_tag").into_any()]));
    view! {
        <div class="who" aria-hidden="true">
            {tag("span", "ava", ava)}
            <b dir="auto">{name}</b>
            {position}
            {bot}
            <time>{time}</time>
        </div>
    }
    .into_any()
}

/// The line below: for the visitor's own time and state, for others only that it was edited.
fn meta(bubble: &Bubble, time: String, wish: fn(Wish)) -> Option<AnyView> {
    let edited = bubble.edited.then(|| tag("span", "", vec![say("edited").into_any()]));
    let Some(state) = bubble.state else {
        return edited.map(|edited| below("meta", vec![edited]));
    };
    if !bubble.last {
        return None;
    }
    let troubled = matches!(state, State::Failed | State::Unconfirmed);
    let words = if bubble.unheard.is_none() && (bubble.newest || troubled) { "" } else { "vh" };
    let mut parts: Vec<AnyView> = edited.into_iter().collect();
    if state != State::Failed {
        parts.push(tag("time", "", vec![time.into_any()]));
    }
    parts.push(glyph(state));
    parts.push(tag("span", words, vec![say(bubble.word).into_any()]));
    parts.extend(bubble.unheard.map(|state| tag("b", "", vec![say(unheard(state, bubble.deleted)).into_any()])));
    let id = || bubble.id.clone();
    match state {
        State::Failed => {
            parts.push(button("retry", Wish::Repeat(id()), wish));
            parts.push(button("discard", Wish::Discard(id()), wish));
        }
        State::Unconfirmed if !bubble.repeated => parts.push(button("resend", Wish::Repeat(id()), wish)),
        _ => {}
    }
    Some(below(if state == State::Failed { "meta bad" } else { "meta" }, parts))
}

/// The log is read out as it grows, this is not: only a failure is told, and `app` does that.
fn below(class: &'static str, parts: Vec<AnyView>) -> AnyView {
    view! { <div class=class aria-live="off">{parts}</div> }.into_any()
}

fn glyph(state: State) -> AnyView {
    let href = ["#s-", state.name()].concat();
    view! { <svg class="i st" aria-hidden="true"><use href=href></use></svg> }.into_any()
}

fn button(word: &'static str, wish: Wish, act: fn(Wish)) -> AnyView {
    view! { <button type="button" class="link" on:click=move |_| act(wish.clone())>{say(word)}</button> }.into_any()
}

fn frame(bubble: &Bubble) -> &'static str {
    match bubble.body.as_slice() {
        _ if bubble.from == Author::System => "",
        _ if !bubble.files.is_empty() => "bubble files",
        [Piece::Text(text)] if is_emoji(text) => "bubble only",
        _ => "bubble",
    }
}

/// Up to three emoji and nothing else stand without a bubble.
fn is_emoji(text: &str) -> bool {
    let mut seen = 0;
    let mut joined = false;
    for letter in text.chars() {
        match letter {
            '\u{200d}' => joined = true,
            '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | ' ' => {}
            '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}' => {
                seen += usize::from(!std::mem::take(&mut joined));
            }
            _ => return false,
        }
    }
    (1..=3).contains(&seen)
}

#[cfg(test)]
mod tests {
    use super::is_emoji;

    #[test]
    fn one_to_three_emoji_stand_alone() {
        for text in ["👍", "❤️", "👋🏽 🙏", "👩‍👩‍👧‍👦☕🎉"] {
            assert!(is_emoji(text), "{text}");
        }
        for text in ["", "1", "ок 👍", "🎉🎉🎉🎉"] {
            assert!(!is_emoji(text), "{text}");
        }
    }
}

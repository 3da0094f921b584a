//! The list of lines: days, what the system says, messages.

use super::message::Message;
use super::{Drawn, Rows, Wish};
use crate::clock;
use crate::dialogue::Shown;
use crate::embed::{say, say_with};
use leptos::prelude::*;

#[component]
pub fn MessageList(rows: Rows, wish: fn(Wish)) -> impl IntoView {
    view! {
        <For
            each=move || rows.0.get()
            key=|row| row.key.clone()
            children=move |row| {
                move || row.drawn.with(|drawn| line(drawn, wish))
            }
        />
    }
}

fn line(drawn: &Drawn, wish: fn(Wish)) -> AnyView {
    match &drawn.shown {
        Shown::Message(bubble) => Message(bubble, drawn.fresh, wish),
        Shown::Day { at, ago } => aside(
            "day",
            match ago {
                0 => say("today"),
                1 => say("yesterday"),
                _ => clock::date(*at),
            },
        ),
        Shown::New => aside("new", say("new_divider")),
        Shown::Answers(name) => aside("sys", say_with("now_answers", &[("name", name.into())])),
        Shown::Finished(at) => aside("sys", say_with("finished_at", &[("time", clock::time(*at).into())])),
        Shown::Note("update") => reload(),
        Shown::Note(word) => aside("sys", say(word)),
    }
}

/// A line that nobody says.
fn aside(class: &'static str, text: String) -> AnyView {
    view! { <div class=class>{text}</div> }.into_any()
}

/// This chat is older than its relay.
fn reload() -> AnyView {
    let reload = |_| drop(window().location().reload());
    view! { <div class="sys"><button type="button" class="link" on:click=reload>{say("update")}</button></div> }
        .into_any()
}

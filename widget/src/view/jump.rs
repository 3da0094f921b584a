//! The pill over the composer that leads to the latest messages.

use crate::embed::{say, say_count};
use leptos::prelude::*;

/// `fresh`: how many came since the visitor scrolled up; `None` while the end is near.
#[component]
pub fn Jump(fresh: RwSignal<Option<usize>>, press: fn()) -> impl IntoView {
    move || {
        fresh.get().map(|fresh| {
            let words = if fresh == 0 { say("jump") } else { say_count("jump_n", fresh) };
            view! {
                <button type="button" class="jump" on:click=move |_| press()>
                    <svg class="i" aria-hidden="true"><use href="#i-chev"></use></svg>
                    {words}
                </button>
            }
            .into_any()
        })
    }
}

//! Where the conversation shows: the list in the log, the pill over the composer, what stands around them. Each place is
//! touched only when what it shows has changed.

mod around;

use super::with;
use crate::browser::{element, on, on_resize};
use crate::talk::Talk;
use crate::view::jump::Jump;
use crate::view::message_list::MessageList;
use crate::view::scroll::Scroll;
use crate::view::{Rows, Wish, keys};
use crate::{clock, embed};
use around::Around;
use leptos::mount::mount_to;
use leptos::prelude::*;
use shared::{Millis, Refusal};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

/// More lines than this at once appear without motion.
const FEW: usize = 3;

pub struct Screen {
    log: Element,
    scroll: Rc<Scroll>,
    rows: Rows,
    /// How many answers came since the visitor scrolled up.
    missed: Cell<usize>,
    /// The same for the pill; `None`: no pill.
    pill: RwSignal<Option<usize>>,
    limit: Cell<u32>,
    around: RefCell<Around>,
}

impl Screen {
    /// Mounts the list into the log and the pill before the composer. `None`: this is no document of the chat's.
    pub fn mount(wish: fn(Wish)) -> Option<Self> {
        let (log, foot) = (element("log")?, element("foot")?);
        let place: HtmlElement = document().create_element("div").ok()?.unchecked_into();
        foot.prepend_with_node_1(&place).ok()?;
        let (rows, pill) = (Rows::new(), RwSignal::new(None));
        mount_to(log.clone().unchecked_into(), move || view! { <MessageList rows=rows wish=wish/> }).forget();
        mount_to(place, move || view! { <Jump fresh=pill press=|| with(|app| app.screen.jump())/> }).forget();
        let (missed, limit, around) = (Cell::new(0), Cell::new(0), RefCell::default());
        Some(Self { scroll: Rc::new(Scroll::new(log.clone())), log, rows, missed, pill, limit, around })
    }

    /// Listens to the log, once the app is there.
    pub fn wire(&self) {
        on(&self.log, "scroll", |_| with(|app| app.screen.scrolled()));
        // The composer grows, the keyboard opens: the log's end stays in sight.
        on_resize(&self.log, || with(|app| app.screen.scroll.follow()));
        let log = self.log.clone();
        on(&self.log, "keydown", move |event| {
            let event: KeyboardEvent = event.unchecked_into();
            if keys::move_focus(&log, &event) {
                event.prevent_default();
            }
        });
    }

    pub fn draw(&self, talk: &Talk, now: Millis) {
        let lines = talk.lines(now, &clock::day);
        let loading = talk.is_loading();
        let before = self.rows.len();
        let fresh = embed::is_shown() && !loading && before > 0 && lines.len() <= before + FEW;
        if loading {
            let _ = self.log.set_attribute("aria-busy", "true"); // fails for no name of an attribute
        } else {
            let _ = self.log.class_list().remove_1("known"); // the skeleton of a history to come
        }
        if self.rows.show(lines, fresh) {
            self.after_drawing(loading);
        }
        let around = Around::of(talk, now);
        around.show(&self.around.replace(around.clone()));
    }

    /// The elements are there with the next frame.
    fn after_drawing(&self, loading: bool) {
        let (log, scroll) = (self.log.clone(), self.scroll.clone());
        request_animation_frame(move || {
            scroll.follow();
            if !loading {
                let _ = log.remove_attribute("aria-busy");
            }
        });
    }

    /// The chat was opened, or closed.
    pub fn reveal(&self, shown: bool) {
        if shown {
            let scroll = self.scroll.clone();
            request_animation_frame(move || scroll.restore());
        } else {
            self.rows.settle();
        }
    }

    /// The visitor writes: what they wrote is to be seen.
    pub fn stay_at_end(&self) {
        self.scroll.to_end();
    }

    /// An answer came.
    pub fn count(&self) {
        self.missed.set(self.missed.get() + 1);
        self.show_pill();
    }

    fn scrolled(&self) {
        self.scroll.moved();
        self.show_pill();
    }

    fn jump(&self) {
        self.scroll.to_end();
        self.show_pill();
    }

    fn show_pill(&self) {
        if self.scroll.is_at_end() {
            self.missed.set(0);
        }
        let missed = self.missed.get();
        let pill = (missed > 0 || self.scroll.is_far()).then_some(missed);
        if self.pill.get_untracked() != pill {
            self.pill.set(pill);
        }
    }

    pub fn limit(&self, chars: u32) {
        self.limit.set(chars);
        embed::limit(chars);
    }

    pub fn announce_failure(&self, why: Refusal) {
        let reason = match why {
            Refusal::TooLong => embed::say_count("too_long", self.limit.get() as usize),
            Refusal::FileUnknown => embed::say("file_gone"),
            _ => embed::say("refused"),
        };
        announce(embed::say_with("failed_aria", &[("reason", reason.into())]));
    }
}

/// To the ear.
pub fn announce(words: String) {
    let Some(said) = element("said") else { return };
    // The same words twice are read out twice only if there was nothing between.
    said.set_text_content(None);
    request_animation_frame(move || said.set_text_content(Some(&words)));
}

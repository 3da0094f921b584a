//! What of the conversation shows, and where: the log's lines, the header, the lines around the composer, the count for
//! the launcher. Each place is touched only when what it shows has changed.

use crate::browser::{element, on, on_resize};
use crate::dialogue::What;
use crate::talk::{Link, Strip, Talk};
use crate::view::jump::Jump;
use crate::view::message_list::MessageList;
use crate::view::scroll::Scroll;
use crate::view::{Rows, Wish, keys};
use crate::{clock, embed};
use leptos::mount::mount_to;
use leptos::prelude::*;
use shared::{Author, Millis, Refusal};
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
    last: RefCell<Around>,
}

/// What shows around the log.
#[derive(Clone, Default, PartialEq)]
struct Around {
    header: (String, String, &'static str),
    strip: (&'static str, String),
    hint: String,
    unread: usize,
    online: Option<bool>,
}

impl Screen {
    /// Mounts the list into the log and the pill above the composer.
    pub fn mount(wish: fn(Wish)) -> Option<Self> {
        let (log, foot) = (element("log")?, element("foot")?);
        let rows = Rows::new();
        let pill = RwSignal::new(None);
        let scroll = Rc::new(Scroll::new(log.clone()));
        mount_to(log.clone().unchecked_into(), {
            let rows = rows.clone();
            move || view! { <MessageList rows=rows wish=wish/> }
        })
        .forget();
        let place: HtmlElement = document().create_element("div").ok()?.unchecked_into();
        foot.prepend_with_node_1(&place).ok()?;
        mount_to(place, move || view! { <Jump fresh=pill press=|| super::with(|app| app.screen.jump())/> }).forget();
        on(&log, "scroll", |_| super::with(|app| app.screen.scrolled()));
        // The composer grows, the keyboard opens: the log's end stays in sight.
        on_resize(&log, || super::with(|app| app.screen.scroll.follow()));
        on(&log, "keydown", {
            let log = log.clone();
            move |event| {
                let event: KeyboardEvent = event.unchecked_into();
                if keys::move_focus(&log, &event) {
                    event.prevent_default();
                }
            }
        });
        let (missed, limit, last) = (Cell::new(0), Cell::new(0), RefCell::default());
        Some(Self { log, scroll, rows, missed, pill, limit, last })
    }

    pub fn draw(&self, talk: &Talk, now: Millis) {
        let lines = talk.lines(now, &clock::day);
        let loading = talk.is_loading();
        let before = self.rows.len();
        let fresh = !loading && before > 0 && lines.len() <= before + FEW;
        if loading {
            set(&self.log, "aria-busy", "true");
        } else {
            let _ = self.log.class_list().remove_1("known"); // the skeleton of a history to come
        }
        if self.rows.show(lines, fresh) {
            self.after_drawing(loading);
        }
        let around = self.around(talk, now);
        let last = self.last.replace(around.clone());
        if around.header != last.header {
            let (title, sub, dot) = &around.header;
            embed::header(title, sub, dot);
        }
        if around.strip != last.strip {
            embed::strip(around.strip.0, &around.strip.1);
        }
        if around.hint != last.hint {
            embed::hint(&around.hint);
        }
        if around.unread != last.unread {
            embed::tell_unread(around.unread);
        }
        if let Some(online) = around.online.filter(|_| around.online != last.online) {
            embed::tell_status(online);
        }
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

    fn around(&self, talk: &Talk, now: Millis) -> Around {
        let strip = match talk.link().strip(now) {
            Strip::None => ("", String::new()),
            Strip::Connecting => ("connecting", embed::say("connecting")),
            Strip::Offline => ("offline", embed::say("offline")),
            Strip::Back => (
                "back",
                match talk.waiting() {
                    0 => embed::say("back_online"),
                    n => embed::say_count("back_online_part", n),
                },
            ),
        };
        Around {
            header: header(talk),
            strip,
            hint: talk.wait(now).map(|n| embed::say_count("wait", n as usize)).unwrap_or_default(),
            unread: talk.unread(),
            online: match talk.link() {
                Link::Up { .. } => Some(true),
                link => link.is_broken().then_some(false),
            },
        }
    }

    pub fn limit(&self, chars: u32) {
        self.limit.set(chars);
        embed::limit(chars);
    }

    /// An answer came.
    pub fn count(&self) {
        self.missed.set(self.missed.get() + 1);
        self.show_pill();
    }

    /// The visitor writes: what they wrote is to be seen.
    pub fn stay_at_end(&self) {
        self.scroll.to_end();
    }

    /// The chat was opened, or closed.
    pub fn reveal(&self, shown: bool) {
        if shown {
            let scroll = self.scroll.clone();
            request_animation_frame(move || {
                scroll.follow();
                scroll.to_unread();
            });
        }
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

    pub fn announce_failure(&self, why: Refusal) {
        let reason = match why {
            Refusal::TooLong => embed::say_count("too_long", self.limit.get() as usize),
            _ => embed::say("refused"),
        };
        let Some(said) = element("said") else { return };
        // The same words twice are read out twice only if there was nothing between.
        said.set_text_content(None);
        request_animation_frame(move || {
            said.set_text_content(Some(&embed::say_with("failed_aria", &[("reason", reason.into())])));
        });
    }
}

/// Whose face the header shows, what it says of them, and the dot beside it.
fn header(talk: &Talk) -> (String, String, &'static str) {
    let history = talk.history();
    let operator = history.messages().rev().find(|(_, message)| message.from == Author::Operator);
    let answered = operator.is_some();
    let title = operator.and_then(|(_, message)| message.name.clone()).unwrap_or_else(embed::site_name);
    let finished = history.moments().iter().rev().find_map(|moment| match &moment.what {
        What::Finished => Some(true),
        What::Started => Some(false),
        What::Said(message) => message.calls().then_some(false),
    });
    let (sub, dot) = match finished {
        _ if talk.link().is_broken() => ("no_link", "off"),
        Some(true) => ("finished", "off"),
        _ if answered => ("online", "on"),
        _ => return (title, String::new(), "none"),
    };
    (title, embed::say(sub), dot)
}

fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value); // fails for a bad name only
}

//! What shows around the log: the header, the lines under it and under the field, the count for the launcher.

use crate::talk::{Header, Link, Strip, Sub, Talk};
use crate::{clock, embed};
use shared::Millis;

#[derive(Clone, Default, PartialEq)]
pub struct Around {
    header: (String, String, &'static str, String),
    strip: (&'static str, String),
    hint: String,
    unread: usize,
    online: Option<bool>,
    led: bool,
}

impl Around {
    pub fn of(talk: &Talk, now: Millis) -> Self {
        Self {
            header: header(talk, now),
            strip: strip(talk, now),
            hint: talk.wait(now).map(|n| embed::say_count("wait", n as usize)).unwrap_or_default(),
            unread: talk.unread(),
            led: talk.is_led(),
            online: match talk.link() {
                Link::Up { .. } => Some(true),
                link => link.is_broken().then_some(false),
            },
        }
    }

    /// Shows what is not as it was in `last`.
    pub fn show(&self, last: &Self) {
        if self.header != last.header {
            let (title, sub, dot, photo) = &self.header;
            embed::header(title, sub, dot, photo);
        }
        if self.strip != last.strip {
            embed::strip(self.strip.0, &self.strip.1);
        }
        if self.hint != last.hint {
            embed::hint(&self.hint);
        }
        if self.unread != last.unread {
            embed::tell_unread(self.unread);
        }
        if self.led != last.led {
            embed::led(self.led);
        }
        if let Some(online) = self.online.filter(|_| self.online != last.online) {
            embed::tell_status(online);
        }
    }
}

/// Whose name and face the header shows, what it says of them, and the dot beside it.
fn header(talk: &Talk, now: Millis) -> (String, String, &'static str, String) {
    let Header { name, photo, sub, dot } = talk.header();
    let sub = match sub {
        Sub::None => String::new(),
        Sub::Word(word) => embed::say(word),
        Sub::Count(word, n) => embed::say_count(word, n as usize),
        Sub::Closed(opens_at) => closed(opens_at, now),
    };
    (name.unwrap_or_else(embed::site_name), sub, dot, photo.unwrap_or_default())
}

/// “We are closed now. We will answer tomorrow from 10:00”: in the visitor's own zone.
fn closed(opens_at: Option<Millis>, now: Millis) -> String {
    let closed = embed::say("closed");
    let Some(at) = opens_at else { return closed };
    let word = match clock::day(at).saturating_sub(clock::day(now)) {
        0 => "off_today",
        1 => "off_tomorrow",
        _ => "off_date",
    };
    let opens = embed::say_with(word, &[("time", clock::time(at).into()), ("date", clock::date(at).into())]);
    [closed, opens].join(". ")
}

fn strip(talk: &Talk, now: Millis) -> (&'static str, String) {
    match talk.strip(now) {
        Strip::None => ("", String::new()),
        Strip::Connecting => ("connecting", embed::say("connecting")),
        Strip::Offline => ("offline", embed::say("offline")),
        Strip::TurnedAway { word, seconds } => ("offline", embed::say_count(word, seconds as usize)),
        Strip::Back => (
            "back",
            match talk.waiting() {
                0 => embed::say("back_online"),
                n => embed::say_count("back_online_part", n),
            },
        ),
    }
}

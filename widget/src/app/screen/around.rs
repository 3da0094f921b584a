//! What shows around the log: the header, the lines under it and under the field, the count for the launcher.

use crate::dialogue::What;
use crate::embed;
use crate::talk::{Link, Strip, Talk};
use shared::{Author, Millis};

#[derive(Clone, Default, PartialEq)]
pub struct Around {
    header: (String, String, &'static str),
    strip: (&'static str, String),
    hint: String,
    unread: usize,
    online: Option<bool>,
}

impl Around {
    pub fn of(talk: &Talk, now: Millis) -> Self {
        Self {
            header: header(talk),
            strip: strip(talk, now),
            hint: talk.wait(now).map(|n| embed::say_count("wait", n as usize)).unwrap_or_default(),
            unread: talk.unread(),
            online: match talk.link() {
                Link::Up { .. } => Some(true),
                link => link.is_broken().then_some(false),
            },
        }
    }

    /// Shows what is not as it was in `last`.
    pub fn show(&self, last: &Self) {
        if self.header != last.header {
            let (title, sub, dot) = &self.header;
            embed::header(title, sub, dot);
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
        if let Some(online) = self.online.filter(|_| self.online != last.online) {
            embed::tell_status(online);
        }
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

//! The elements of the log, made of `dialogue`'s lines. Data comes in by `Rows::show`, what the visitor does goes out by
//! `Callback`s. Header, composer and the lines around them are the shell's (`embed`).

pub mod body;
pub mod files;
pub mod jump;
pub mod keys;
pub mod message;
pub mod message_list;
pub mod scroll;

use crate::dialogue::{Line, Shown};
use leptos::prelude::*;
use shared::MessageId;

/// What the visitor can do with a message.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Send its words once more.
    Repeat(MessageId),
    Discard(MessageId),
}

/// A line in the log: its place is its key's, what it shows may change.
#[derive(Clone)]
pub struct Row {
    pub key: String,
    pub drawn: ArcRwSignal<Drawn>,
}

#[derive(Clone)]
pub struct Drawn {
    pub shown: Shown,
    /// It came while somebody could see it: it rises into its place.
    pub fresh: bool,
}

/// The lines as they are on the screen.
#[derive(Clone, Copy)]
pub struct Rows(pub RwSignal<Vec<Row>>);

impl Rows {
    pub fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    pub fn len(&self) -> usize {
        self.0.with_untracked(Vec::len)
    }

    /// Shows `lines`: rows that stay keep their elements, and change only where their line did. Whether any changed.
    pub fn show(&self, lines: Vec<Line>, fresh: bool) -> bool {
        let old = self.0.get_untracked();
        let mut place = 0;
        let mut moved = lines.len() != old.len();
        let mut changed = moved;
        let mut rows = Vec::with_capacity(lines.len());
        for Line { key, shown } in lines {
            // Nearly always the next one: then this is one comparison a line.
            let found = old[place..].iter().chain(&old[..place]).position(|row| row.key == key);
            moved |= found != Some(0);
            let Some(found) = found else {
                rows.push(Row { key, drawn: ArcRwSignal::new(Drawn { shown, fresh }) });
                continue;
            };
            let at = (place + found) % old.len();
            place = at + 1;
            let drawn = &old[at].drawn;
            if drawn.with_untracked(|drawn| drawn.shown != shown) {
                changed = true;
                drawn.update(|drawn| drawn.shown = shown);
            }
            rows.push(old[at].clone());
        }
        if moved {
            self.0.set(rows);
        }
        moved || changed
    }

    /// Nobody looks any more: what has risen does not rise again when somebody does.
    pub fn settle(&self) {
        self.0.with_untracked(|rows| {
            for row in rows.iter().filter(|row| row.drawn.with_untracked(|drawn| drawn.fresh)) {
                row.drawn.update(|drawn| drawn.fresh = false);
            }
        });
    }
}

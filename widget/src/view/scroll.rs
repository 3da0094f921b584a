//! Where the log stands: at its end it follows what comes, elsewhere it stays put.

use std::cell::Cell;
use web_sys::Element;

/// So near to the end counts as there: one line of text, in pixels.
const NEAR: i32 = 24;

pub struct Scroll {
    log: Element,
    at_end: Cell<bool>,
    /// How far down it stood when it was last looked at.
    top: Cell<i32>,
}

impl Scroll {
    pub fn new(log: Element) -> Self {
        Self { log, at_end: Cell::new(true), top: Cell::new(0) }
    }

    fn below(&self) -> i32 {
        self.log.scroll_height() - self.log.client_height() - self.log.scroll_top()
    }

    /// It was scrolled. Who leaves the end goes up: that more lies below may also mean that more has come.
    pub fn moved(&self) {
        if self.log.client_height() == 0 {
            return; // the chat is closed, and nothing has a place
        }
        let top = self.log.scroll_top();
        if self.below() < NEAR {
            self.at_end.set(true);
        } else if top < self.top.get() {
            self.at_end.set(false);
        }
        self.top.set(top);
    }

    pub fn is_at_end(&self) -> bool {
        self.at_end.get()
    }

    /// Whether more than a screen lies below.
    pub fn is_far(&self) -> bool {
        self.below() > self.log.client_height()
    }

    /// Something came or the log's size changed: stays at the end if it was there.
    pub fn follow(&self) {
        if self.is_at_end() {
            self.to_end();
        }
    }

    pub fn to_end(&self) {
        self.at_end.set(true);
        self.log.set_scroll_top(self.log.scroll_height());
        self.top.set(self.log.scroll_top());
    }

    /// The chat was opened: where it was before, or where the unread begins.
    pub fn restore(&self) {
        if self.is_at_end() {
            self.to_end();
        } else {
            self.log.set_scroll_top(self.top.get());
        }

        if let Ok(Some(rule)) = self.log.query_selector(".new") {
            rule.scroll_into_view();
            self.at_end.set(self.below() < NEAR);
        }
    }
}

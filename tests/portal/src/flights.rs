//! Calls that carry messages, from their arrival until all is stored that they store: a connector has one of a dialogue at a time (`imconnector`: the
//! portal's own lock waits for six seconds and then goes on without).

use serde_json::Value;

use crate::php;

/// Their method. Changes are done again where their answer was lost, and may overlap: they do the same once more.
const CARRIES: &str = "imconnector.send.messages";

#[derive(Default)]
pub(crate) struct Flights {
    under_way: Vec<Flight>,
    /// Where there were two at once.
    overlaps: Vec<String>,
}

struct Flight {
    call: usize,
    method: String,
    chats: Vec<String>,
}

impl Flights {
    /// A call of this number begins.
    pub fn begin(&mut self, call: usize, method: &str, args: &Value) {
        if method != CARRIES {
            return;
        }
        let messages = php::list(&args["MESSAGES"]);
        let chats: Vec<String> = messages.iter().filter_map(|one| php::text(&one["chat"]["id"])).collect();
        for other in &self.under_way {
            for chat in other.chats.iter().filter(|chat| chats.contains(chat)) {
                let what = format!("{method} ({call}) of {chat} while {} ({}) was under way", other.method, other.call);
                self.overlaps.push(what);
            }
        }
        self.under_way.push(Flight { call, method: method.to_owned(), chats });
    }

    /// All is stored that this call stores.
    pub fn done(&mut self, call: usize) {
        self.under_way.retain(|flight| flight.call != call);
    }

    /// All are ended, done or not.
    pub fn end(&mut self) {
        self.under_way.clear();
    }

    pub fn overlaps(&self) -> &[String] {
        &self.overlaps
    }
}

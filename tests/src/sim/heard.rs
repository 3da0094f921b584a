//! What the relay was told by events and said that it has, gathered as it happens: long runs have very many of them.

use otklik_portal::{Delivery, Record, SessionId, php};
use serde_json::Value;
use std::collections::HashSet;

/// A message of the portal's: its chat and its number.
pub type Im = (u64, u64);

/// All that was answered with 200.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// How many deliveries have been read, and how many records of the offline queue.
    pub read: usize,
    pub kept: usize,
    /// Messages whose event was taken.
    pub arrived: HashSet<Im>,
    /// Sessions whose beginning or end was told.
    pub sessions: HashSet<SessionId>,
    /// Ids of visitors' messages that the line repeated, by an event that was taken or in the queue.
    pub witnessed: HashSet<String>,
    /// Edits and deletions that were told: which words, or none any more.
    pub changes: HashSet<(Im, Option<String>)>,
}

impl Heard {
    /// Reads what was delivered since.
    pub fn learn(&mut self, deliveries: &[Delivery]) {
        self.read += deliveries.len();
        for delivery in deliveries.iter().filter(|one| one.status == Some(200)) {
            let data = &php::parse_form(delivery.body.as_bytes())["data"];
            match delivery.event.as_str() {
                "ONIMCONNECTORMESSAGEADD" => self.arrived.extend(im(data)),
                "ONIMCONNECTORMESSAGEUPDATE" => self.changed(data, |message| php::text(&message["text"])),
                "ONIMCONNECTORMESSAGEDELETE" => self.changed(data, |_| None),
                "ONOPENLINEMESSAGEADD" => self.witnessed.extend(repeated(data)),
                _ => self.sessions.extend(php::number(&data["DATA"][0]["session"]["id"]).map(SessionId)),
            }
        }
    }

    /// Reads what was put into the offline queue since.
    pub fn learn_kept(&mut self, records: &[Record]) {
        self.kept += records.len();
        let repeats = records.iter().filter(|record| record.event == "ONOPENLINEMESSAGEADD");
        self.witnessed.extend(repeats.filter_map(|record| repeated(&record.data)));
    }

    fn changed(&mut self, data: &Value, text: impl Fn(&Value) -> Option<String>) {
        if let Some(im) = im(data) {
            let text = text(&data["MESSAGES"][0]["message"]);
            // Behind the signature, if there is one.
            let text = text.map(|text| text.split_once("[br] ").map_or(text.clone(), |(_, words)| words.to_owned()));
            self.changes.insert((im, text));
        }
    }
}

fn im(data: &Value) -> Option<Im> {
    let im = &data["MESSAGES"][0]["im"];
    Some((php::number(&im["chat_id"])?, php::number(&im["message_id"])?))
}

/// The id of the visitor's message that a line repeated.
fn repeated(data: &Value) -> Option<String> {
    let one = if data["DATA"].is_array() { &data["DATA"][0] } else { &data["DATA"] };
    php::text(&one["message"]["id"])
}

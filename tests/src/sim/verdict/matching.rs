//! Which of the portal's messages is which act of which visitor: by the id that the portal keeps with it, and where it
//! has none, by its words.

use otklik_portal::{Author, Chat, ChatId, Message, MessageId};
use std::collections::{HashMap, HashSet};

use super::groups::Group;

/// The row around a quotation: 54 hyphens.
const FENCE: &str = "------------------------------------------------------";

/// What keeps a visitor's own digit from being a rating.
pub const JOINER: char = '\u{2060}';

/// Where an act stands in the portal.
#[derive(Clone, Copy)]
pub struct Place<'run> {
    pub chat: ChatId,
    /// Its place in the chat.
    pub nth: usize,
    pub message: &'run Message,
}

/// An act of a visitor, by its id, that makes a message in the portal.
pub struct Act<'run> {
    pub group: usize,
    /// Its place among those of the group.
    pub nth: usize,
    pub versions: Vec<&'run str>,
    /// It may be missing: it was taken back, or nobody can tell.
    pub may_miss: bool,
    pub places: Vec<Place<'run>>,
}

/// Every act and where it stands.
#[derive(Default)]
pub struct Matching<'run> {
    pub acts: HashMap<&'run str, Act<'run>>,
    /// Whose a chat is.
    pub group_of: HashMap<ChatId, usize>,
    /// Messages of visitors that are no act of theirs: files sent again, and links to them.
    pub others: Vec<Place<'run>>,
    /// Words in the portal that nobody said, and chats that have two visitors'.
    pub unknown: Vec<String>,
    pub mixed: Vec<String>,
}

impl<'run> Matching<'run> {
    pub fn of(groups: &'run [Group<'run>], chats: &'run [Chat]) -> Self {
        let mut matching = Self::default();
        for (nth, group) in groups.iter().enumerate() {
            matching.acts.extend(group.acts(nth));
        }
        let mut nameless = Vec::new();
        for chat in chats {
            let is_visitors = |message: &Message| matches!(message.author, Author::Visitor(_));
            for (nth, message) in chat.messages.iter().enumerate().filter(|(_, one)| is_visitors(one)) {
                let place = Place { chat: chat.id, nth, message };
                match message.mids.first() {
                    Some(mid) => matching.named(mid, place),
                    None => nameless.push(place),
                }
            }
        }
        nameless.into_iter().for_each(|place| matching.nameless(place));
        matching
    }

    fn named(&mut self, mid: &str, place: Place<'run>) {
        let Some(act) = self.acts.get_mut(mid) else {
            match is_of_files(place.message) {
                true => self.others.push(place),
                false => self.unknown.push(format!("not accepted yet: {}", short(&place.message.text))),
            }
            return;
        };
        act.places.push(place);
        let group = act.group;
        if *self.group_of.entry(place.chat).or_insert(group) != group {
            self.mixed.push(format!("chat {} has words of two visitors: {}", place.chat, short(&place.message.text)));
        }
    }

    /// A message that the portal never gave an id: of those who may have said it, the one that fits best.
    fn nameless(&mut self, place: Place<'run>) {
        let text = words(&place.message.text);
        let group = self.group_of.get(&place.chat).copied();
        let said_it = |act: &Act| act.versions.iter().any(|version| *version == text);
        let sayers: HashSet<usize> = self.acts.values().filter(|act| said_it(act)).map(|act| act.group).collect();
        // As long as nothing else is in the chat, it may be anybody's who says the same.
        let only = (sayers.len() == 1).then(|| sayers.into_iter().next()).flatten();
        let theirs = group.or(only);
        let theirs = self.acts.values_mut().filter(|act| Some(act.group) == theirs && said_it(act));
        match theirs.min_by_key(|act| (act.places.len(), act.may_miss, act.nth)) {
            Some(act) => {
                act.places.push(place);
                let group = act.group;
                self.group_of.entry(place.chat).or_insert(group);
            }
            None if is_of_files(place.message) => self.others.push(place),
            None => self.unknown.push(format!("not accepted yet: {}", short(&place.message.text))),
        }
    }

    pub fn chats_of(&self, group: usize) -> HashSet<ChatId> {
        self.group_of.iter().filter(|(_, of)| **of == group).map(|(chat, _)| *chat).collect()
    }
}

/// A visitor's words as they were typed, from what the portal has of them.
pub fn words(text: &str) -> String {
    let quoted = text.strip_prefix(FENCE).and_then(|rest| rest.split_once(&format!("\n{FENCE}\n")));
    let text = quoted.map_or(text, |(_, words)| words);
    let text = text.strip_suffix("[FILE]").map_or(text, str::trim_end);
    let text = match (text.strip_prefix("[like]"), text.strip_prefix("[dislike]")) {
        (Some(rest), _) => format!("1{rest}"),
        (_, Some(rest)) => format!("0{rest}"),
        _ => text.to_owned(),
    };
    text.replace(JOINER, "")
}

fn is_of_files(message: &Message) -> bool {
    let text = words(&message.text);
    text.is_empty() || text.contains("/files/")
}

/// The beginning of a text, for people.
pub fn short(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("“{}”", short.replace('\n', " "))
}

/// A message's number in its chat, as in [`super::super::heard::Im`].
pub fn im(chat: ChatId, message: MessageId) -> (u64, u64) {
    (chat.0, message.0)
}

//! What operators and the line said, against what visitors are shown.

use otklik_portal::{Author, Chat, Kind, Message};
use shared::Happening;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    Evidence, Verdict,
    groups::Group,
    matching::{Matching, im, short},
};
use crate::{sim::desk::Spoken, visitor::Seen};

/// What was said and edited, by chat and number.
pub type Book<'run> = HashMap<(u64, u64), &'run Spoken>;

/// Judges what one group is shown.
pub fn judge(verdict: &mut Verdict, evidence: &Evidence, nth: usize, group: &Group, matching: &Matching, book: &Book) {
    let Some(seen) = &group.seen else { return };
    let chats = matching.chats_of(nth);
    let chats: Vec<&Chat> = evidence.chats.iter().filter(|chat| chats.contains(&chat.id)).collect();
    let by_id: HashMap<&str, usize> = seen.iter().enumerate().map(|(at, one)| (one.id.as_str(), at)).collect();
    let by_mid = |message: &Message| message.mids.first().and_then(|mid| by_id.get(mid.as_str())).copied();
    // What the portal has our id of is that one; of what says the same, only another can be meant.
    let mut known: HashSet<usize> = chats.iter().flat_map(|chat| &chat.messages).filter_map(by_mid).collect();
    for chat in &chats {
        let mut places = BTreeMap::new();
        for message in chat.messages.iter().filter(|one| !matches!(one.author, Author::Visitor(_))) {
            let spoken = book.get(&im(chat.id, message.id)).copied();
            let versions = versions(message, spoken);
            let is_it = |at: &usize| {
                let one = &seen[*at];
                !known.contains(at) && one.from != shared::Author::Visitor && says(one, &versions, message)
            };
            let at = by_mid(message).or_else(|| (0..seen.len()).find(is_it));
            let said = Said { chat, message, spoken, versions: &versions, group };
            if said.is_shown(verdict, evidence, at.map(|at| &seen[at])) {
                known.extend(at);
                // As long as it is not confirmed, it may be another that says the same.
                places.extend(by_mid(message).map(|at| (at, message)));
            }
        }
        order(verdict, chat, group, &places);
    }
    unsaid(verdict, group, seen, &known);
}

/// All that a message ever said.
fn versions<'run>(message: &'run Message, spoken: Option<&'run Spoken>) -> Vec<&'run str> {
    let mut versions: Vec<&str> = spoken.iter().flat_map(|spoken| &spoken.versions).map(String::as_str).collect();
    if let Kind::Vote { vote, .. } = &message.kind {
        versions.push(&vote.text); // the widget has buttons in the place of the rest
    }
    versions.push(&message.text);
    versions
}

/// Whether what is shown can be this message.
fn says(one: &Seen, versions: &[&str], message: &Message) -> bool {
    let text_fits = one.versions.iter().any(|text| versions.contains(&text.as_str()));
    text_fits && (!message.text.is_empty() || one.files.iter().any(|file| has_file(message, &file.name)))
}

fn has_file(message: &Message, name: &str) -> bool {
    message.files.iter().any(|file| file.file.name == name)
}

/// Something said in a chat of the group's.
struct Said<'run> {
    chat: &'run Chat,
    message: &'run Message,
    spoken: Option<&'run Spoken>,
    versions: &'run [&'run str],
    group: &'run Group<'run>,
}

impl Said<'_> {
    /// Whether it is shown, and may be.
    fn is_shown(&self, verdict: &mut Verdict, evidence: &Evidence, one: Option<&Seen>) -> bool {
        let Self { chat, message, .. } = self;
        let what = format!("{}: {} of {}", self.group.name, short(self.versions[0]), message.id);
        let is_secret = matches!(message.kind, Kind::Started | Kind::Ended | Kind::Whisper | Kind::Note);
        if is_secret || message.unsent || message.sending.is_none() && message.mids.is_empty() {
            if one.is_some() && is_secret {
                verdict.broken.push(format!("{what} was said among operators, and is shown"));
            }
            return false;
        }
        verdict.spoken += 1;
        let arrived = evidence.heard.arrived.contains(&im(chat.id, message.id));
        let is_in_history = evidence.plan.build.history && !message.deleted && self.is_in_told_session(evidence);
        let is_in_queue = evidence.plan.build.offline_queue && !message.untold;
        match one {
            None if arrived || is_in_queue || is_in_history => {
                let all: Vec<_> = chat.sessions.iter().map(|one| one.id.0).collect();
                let session = message.session;
                verdict.open.push(format!("{what} of session {session} of {all:?} is not shown, arrived: {arrived}"));
            }
            None => verdict.unreachable += 1,
            Some(one) => {
                verdict.shown += 1;
                if message.mids.first().map(String::as_str) != Some(one.id.as_str()) {
                    verdict.open.push(format!("{what} is shown, and not confirmed as such"));
                }
                self.is_as_it_is_now(verdict, evidence, &what, one);
                self.has_its_files(verdict, &what, one);
            }
        }
        one.is_some()
    }

    /// Whether the relay can know of the session: of the last one, of one that a message of the visitor went into, where
    /// the portal's answer names it, and of one whose beginning or end it was told. A history is asked for by session, and
    /// nothing lists those between.
    fn is_in_told_session(&self, evidence: &Evidence) -> bool {
        let Self { chat, message, .. } = self;
        let by_visitor = |one: &Message| one.session == message.session && matches!(one.author, Author::Visitor(_));
        evidence.heard.sessions.contains(&message.session)
            || self.is_in_last_session()
            || evidence.plan.build.tells_sessions && chat.messages.iter().any(by_visitor)
    }

    fn is_in_last_session(&self) -> bool {
        self.chat.session().is_some_and(|last| last.id == self.message.session)
    }

    /// What the operator last made of it is shown, where that was told: by an event, by the queue, or by the history of
    /// the session that is looked at last.
    fn is_as_it_is_now(&self, verdict: &mut Verdict, evidence: &Evidence, what: &str, one: &Seen) {
        let Self { chat, message, spoken, versions, .. } = self;
        let now = Some(message.text.as_str()).filter(|_| !message.deleted);
        let is_it = match (&message.kind, now) {
            (Kind::Vote { .. }, Some(_)) => one.text.as_deref().is_some_and(|text| versions.contains(&text)),
            _ => one.text.as_deref() == now,
        };
        let is_changed = message.edited || message.deleted;
        if is_it {
            return;
        }
        let told = (im(chat.id, message.id), now.map(str::to_owned));
        let untold = spoken.is_some_and(|spoken| spoken.untold_change);
        let is_told = evidence.heard.changes.contains(&told)
            || evidence.plan.build.offline_queue && !untold
            || evidence.plan.build.history && self.is_in_last_session() && !untold;
        if is_told || !is_changed {
            let text = one.text.as_deref().map(short);
            verdict.open.push(format!("{what} is {:?} now, and shown as {text:?}", now.map(short)));
        } else {
            verdict.stale += 1;
        }
    }

    fn has_its_files(&self, verdict: &mut Verdict, what: &str, one: &Seen) {
        if one.text.is_none() || self.message.deleted {
            return;
        }
        for file in &self.message.files {
            let is_it = |shown: &&shared::File| shown.name == file.file.name;
            let size = u64::try_from(file.file.bytes.len()).unwrap_or(u64::MAX);
            match one.files.iter().filter(is_it).collect::<Vec<_>>()[..] {
                [shown] if shown.state.is_none() && shown.size == size => {}
                [_, _, ..] => verdict.broken.push(format!("{what}: the file {} is doubled", file.file.name)),
                ref shown => {
                    let state = shown.first().map(|shown| shown.state);
                    verdict.open.push(format!("{what}: the file {} is not there: {state:?}", file.file.name));
                }
            }
        }
    }
}

/// What is shown and none of the chats has: it was doubled, said to somebody else, or by nobody.
fn unsaid(verdict: &mut Verdict, group: &Group, seen: &[Seen], known: &HashSet<usize>) {
    let is_unknown = |(at, one): &(usize, &Seen)| one.from != shared::Author::Visitor && !known.contains(at);
    for (_, one) in seen.iter().enumerate().filter(is_unknown) {
        let again = known.iter().any(|at| seen[*at].versions.iter().any(|version| one.versions.contains(version)));
        let what = if again { "is doubled" } else { "is shown, and nobody said it to them" };
        verdict.broken.push(format!("{}: {} {what}", group.name, short(&one.versions[0])));
    }
}

/// A message and how the log tells it.
fn told(group: &Group, message: &Message) -> String {
    let entry = group.log.iter().find_map(|entry| match &entry.what {
        Happening::Said { id, before, .. } if message.mids.iter().any(|mid| mid == id.as_str()) => {
            Some((entry.seq, *before))
        }
        _ => None,
    });
    let (seq, before) = entry.unwrap_or_default();
    format!("{} (entry {seq}, before {before:?})", message.id)
}

/// Messages stand in the portal's order, whichever came first: one that was overtaken is told with its place.
fn order(verdict: &mut Verdict, chat: &Chat, group: &Group, places: &BTreeMap<usize, &Message>) {
    let mut highest: Option<&Message> = None;
    for message in places.values() {
        if let Some(before) = highest.filter(|before| before.id > message.id) {
            let what = format!("{} stands after {}", told(group, message), told(group, before));
            verdict.broken.push(format!("{}: in chat {} is swapped: {what}", group.name, chat.id));
        }
        if highest.is_none_or(|before| before.id < message.id) {
            highest = Some(message);
        }
    }
}

//! The comparison at the end: what was said on either side against what the other side has. Pure.

use otklik_portal::{Author, Chat, ChatId, Delivery, Kind, Message, MessageId, SessionId, php};
use shared::MessageState;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::{self, Display},
};

use super::{
    desk::Spoken,
    plan::Plan,
    widget::{Accepted, Diary},
};
use crate::visitor::{self, Seen};

/// The relay waits so long for an event that was overtaken (`relay::settling`), by its own clock.
const SETTLES_MS: u64 = 300;

/// Everything that was seen.
#[derive(Clone)]
pub struct Evidence {
    pub plan: Plan,
    pub chats: Vec<Chat>,
    pub diaries: Vec<Diary>,
    pub spoken: Vec<Spoken>,
    pub deliveries: Vec<Delivery>,
}

/// What the comparison brought.
#[derive(Debug, Default)]
pub struct Verdict {
    pub accepted: usize,
    pub delivered: usize,
    pub unconfirmed: usize,
    pub spoken: usize,
    pub shown: usize,
    /// Shown after one that was said later: its event came so much later.
    pub late: usize,
    /// No channel had them any more.
    pub unreachable: usize,
    /// Nothing is known of them yet; with time this should become none.
    pub open: Vec<String>,
    /// What may never be, nor become.
    pub broken: Vec<String>,
}

impl Verdict {
    pub fn is_clean(&self) -> bool {
        self.open.is_empty() && self.broken.is_empty()
    }
}

impl Display for Verdict {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            to,
            "to operators  {} accepted, {} delivered, {} unconfirmed",
            self.accepted, self.delivered, self.unconfirmed
        )?;
        let (shown, late, gone) = (self.shown, self.late, self.unreachable);
        writeln!(to, "to visitors   {} said, {shown} shown, {late} of them late, {gone} in no channel", self.spoken)?;
        let all = self.broken.iter().map(|what| ("broken", what)).chain(self.open.iter().map(|what| ("open  ", what)));
        all.take(40).try_for_each(|(mark, what)| writeln!(to, "{mark}        {what}"))
    }
}

/// Compares.
pub fn judge(evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::default();
    let places = places(&evidence.chats);
    let mut of_chat = HashMap::new();
    for (nth, diary) in evidence.diaries.iter().enumerate() {
        let seen = visitor::fold(&diary.log);
        to_operators(&mut verdict, &evidence.plan, nth, diary, &seen, &places);
        verdict.broken.extend(diary.broken.iter().map(|what| format!("visitor {nth}: {what}")));
        if let Some(place) = diary.accepted.iter().find_map(|said| found(said, &places).into_iter().next()) {
            of_chat.insert(place.chat, (nth, seen));
        }
    }
    let accepted = evidence.diaries.iter().flat_map(|diary| &diary.accepted).flat_map(|said| &said.versions);
    let accepted: HashSet<&str> = accepted.map(String::as_str).collect();
    let unknown = places.keys().filter(|text| !accepted.contains(*text));
    verdict.open.extend(unknown.map(|text| format!("not accepted yet: {text}")));
    let (arrivals, told_sessions) = (arrivals(evidence), told_sessions(evidence));
    for chat in &evidence.chats {
        let Some((nth, seen)) = of_chat.get(&chat.id) else { continue };
        to_visitor(&mut verdict, evidence, chat, (*nth, seen), &arrivals, &told_sessions);
    }
    verdict
}

/// Where a text stands in the portal.
struct Place<'run> {
    chat: ChatId,
    nth: usize,
    message: &'run Message,
}

type Places<'run> = HashMap<&'run str, Vec<Place<'run>>>;

fn places(chats: &[Chat]) -> Places<'_> {
    let mut places = Places::new();
    for chat in chats {
        for (nth, message) in chat.messages.iter().enumerate() {
            if matches!(message.author, Author::Visitor(_)) {
                places.entry(&message.text).or_default().push(Place { chat: chat.id, nth, message });
            }
        }
    }
    places
}

/// Wherever a message stands, with whichever of its words.
fn found<'run>(said: &Accepted, places: &'run Places<'run>) -> Vec<&'run Place<'run>> {
    said.versions.iter().filter_map(|text| places.get(text.as_str())).flatten().collect()
}

fn to_operators(verdict: &mut Verdict, plan: &Plan, nth: usize, diary: &Diary, seen: &[Seen], places: &Places) {
    verdict.accepted += diary.accepted.len();
    if diary.left > 0 {
        verdict.open.push(format!("visitor {nth} has {} messages left", diary.left));
    }
    let own: Vec<&Seen> = seen.iter().filter(|one| one.from == shared::Author::Visitor).collect();
    let mut before = None;
    for (at, said) in diary.accepted.iter().enumerate() {
        let what = format!("visitor {nth}: “{}”", said.versions[0]);
        let last = said.versions.last().filter(|_| !said.deleted);
        match own.get(at) {
            Some(one) if one.id != said.id => verdict.broken.push(format!("{what} stands in the log as {one:?}")),
            Some(one) if one.text.as_ref() == last => {}
            _ => verdict.open.push(format!("{what} is not in the log as it should be")),
        }
        let found = found(said, places);
        let state = own.get(at).and_then(|one| one.state);
        match (state, found.as_slice()) {
            (_, [_, _, ..]) => verdict.broken.push(format!("{what} is doubled: {} times", found.len())),
            (Some(MessageState::Unconfirmed), _) => {
                verdict.unconfirmed += 1;
                if plan.history {
                    verdict.broken.push(format!("{what} is unconfirmed though histories are shown"));
                }
                continue;
            }
            (_, []) if said.deleted => verdict.delivered += 1, // taken back before it went
            (Some(MessageState::Delivered), [place]) => {
                verdict.delivered += 1;
                // A message that the portal gave no id of ours cannot be changed there.
                let may_change = !place.message.mids.is_empty();
                let shown = Some(&place.message.text).filter(|_| !place.message.deleted);
                if may_change && shown != last {
                    verdict.open.push(format!("{what} is {last:?}, and with the operator {shown:?}"));
                }
            }
            (Some(MessageState::Delivered), []) => verdict.broken.push(format!("{what} is lost")),
            (Some(MessageState::Failed), _) => verdict.broken.push(format!("{what} is given up")),
            (None, _) => verdict.open.push(format!("{what} is unsettled, {} times with the operator", found.len())),
        }
        let Some(place) = found.first() else { continue };
        if let Some((chat, earlier)) = before.filter(|(chat, earlier)| *chat != place.chat || *earlier > place.nth) {
            verdict.broken.push(format!("{what} is swapped: {earlier} of {chat} came before it"));
        }
        before = Some((place.chat, place.nth));
    }
}

/// Whether the relay can know of a session: of the last one, of one that a message of the visitor went into, and of one
/// whose beginning or end it was told. A history is asked for by session, and nothing lists those between.
fn is_told(chat: &Chat, session: Option<SessionId>, told: &HashSet<SessionId>) -> bool {
    let by_visitor = |one: &Message| Some(one.session) == session && matches!(one.author, Author::Visitor(_));
    session.is_none_or(|id| told.contains(&id) || chat.session().is_some_and(|last| last.id == id))
        || chat.messages.iter().any(by_visitor)
}

/// The sessions of which an event told.
fn told_sessions(evidence: &Evidence) -> HashSet<SessionId> {
    let taken = evidence.deliveries.iter().filter(|one| one.event.contains("DIALOG") && one.status == Some(200));
    let session =
        |one: &Delivery| php::number(&php::parse_form(one.body.as_bytes())["data"]["DATA"][0]["session"]["id"]);
    taken.filter_map(session).map(SessionId).collect()
}

/// When the relay took the event of a message, by the portal's clock: not before, and not after.
type Arrivals = HashMap<(u64, u64), (u64, u64)>;

fn arrivals(evidence: &Evidence) -> Arrivals {
    let mut arrivals = Arrivals::new();
    let taken = |one: &&Delivery| one.event == "ONIMCONNECTORMESSAGEADD" && one.status == Some(200);
    for delivery in evidence.deliveries.iter().filter(taken) {
        let took = u64::try_from(delivery.took.as_millis()).unwrap_or(u64::MAX) * u64::from(evidence.plan.times);
        let im = &php::parse_form(delivery.body.as_bytes())["data"]["MESSAGES"][0]["im"];
        if let (Some(chat), Some(id)) = (php::number(&im["chat_id"]), php::number(&im["message_id"])) {
            arrivals.entry((chat, id)).or_insert((delivery.sent_at.0, delivery.sent_at.0 + took));
        }
    }
    arrivals
}

fn to_visitor(
    verdict: &mut Verdict,
    evidence: &Evidence,
    chat: &Chat,
    (nth, seen): (usize, &[Seen]),
    arrivals: &Arrivals,
    told_sessions: &HashSet<SessionId>,
) {
    let told: Vec<(usize, &Seen)> =
        seen.iter().enumerate().filter(|(_, one)| one.from != shared::Author::Visitor).collect();
    let mut known: BTreeMap<usize, MessageId> = BTreeMap::new();
    for spoken in evidence.spoken.iter().filter(|spoken| spoken.chat == chat.id) {
        let what = format!("visitor {nth}: “{}”", spoken.versions[0]);
        let is_it = |one: &&(usize, &Seen)| one.1.versions.iter().any(|text| spoken.versions.contains(text));
        let found: Vec<_> = told.iter().filter(is_it).collect();
        if spoken.whispered {
            if !found.is_empty() {
                verdict.broken.push(format!("{what} was said among operators, and is shown"));
            }
            continue;
        }
        verdict.spoken += 1;
        let arrived = arrivals.contains_key(&(chat.id.0, spoken.id.0));
        let session = chat.message(spoken.id).map(|message| message.session);
        match found.as_slice() {
            [] if arrived || evidence.plan.queue || evidence.plan.history && is_told(chat, session, told_sessions) => {
                let all: Vec<_> = chat.sessions.iter().map(|one| one.id.0).collect();
                verdict.open.push(format!("{what} of session {session:?} of {all:?} is not shown, arrived: {arrived}"));
            }
            [] => verdict.unreachable += 1,
            [one] => {
                verdict.shown += 1;
                known.insert(one.0, spoken.id);
                let is_last = one.1.text.as_ref() == spoken.versions.last().filter(|_| !spoken.deleted);
                // What changed later is told by the events of changes alone.
                if !is_last && evidence.plan.queue {
                    verdict.open.push(format!("{what} is {spoken:?}, and shown as {:?}", one.1.text));
                }
            }
            more => verdict.broken.push(format!("{what} is doubled: {} times", more.len())),
        }
    }
    automatic(verdict, chat, nth, &told, &known, evidence);
    order(verdict, chat.id, nth, &known, arrivals);
}

/// What is shown and nobody said can only be what the line says by itself.
fn automatic(
    verdict: &mut Verdict,
    chat: &Chat,
    nth: usize,
    told: &[(usize, &Seen)],
    known: &BTreeMap<usize, MessageId>,
    evidence: &Evidence,
) {
    let greetings = |text: &str| {
        chat.messages.iter().filter(|one| matches!(one.kind, Kind::Automatic(_)) && one.text == text).count()
    };
    let mut shown: HashMap<&str, usize> = HashMap::new();
    for (at, one) in told {
        let Some(text) = one.versions.first().filter(|_| !known.contains_key(at)) else { continue };
        *shown.entry(text).or_default() += 1;
    }
    for (text, count) in shown {
        let said = greetings(text);
        if said == 0 && !evidence.spoken.iter().any(|spoken| spoken.versions.iter().any(|one| one == text)) {
            verdict.broken.push(format!("visitor {nth} is shown what nobody said: “{text}”"));
        } else if said > 0 && count > said {
            verdict.broken.push(format!("visitor {nth} is greeted {count} times instead of {said}"));
        }
    }
}

/// Messages stand in the portal's order, but for one whose event came after the other's by more than the relay waits.
fn order(verdict: &mut Verdict, chat: ChatId, nth: usize, known: &BTreeMap<usize, MessageId>, arrivals: &Arrivals) {
    let mut highest: Option<MessageId> = None;
    for id in known.values() {
        if let Some(before) = highest.filter(|before| before > id) {
            let of = |id: MessageId| arrivals.get(&(chat.0, id.0));
            match (of(*id), of(before)) {
                (Some((_, latest)), Some((earliest, _))) if *latest <= earliest + SETTLES_MS => {
                    verdict.broken.push(format!("visitor {nth}: {id} is swapped, it stands after {before}"));
                }
                _ => verdict.late += 1,
            }
        }
        highest = highest.max(Some(*id));
    }
}

//! What visitors said, against what operators have.

use otklik_portal::Message;
use shared::{Author, Happening, MessageId, MessageState};
use std::collections::HashMap;

use super::{
    Evidence, Verdict,
    groups::Group,
    matching::{JOINER, Matching, Place, short, words},
};
use crate::sim::diary::{Accepted, Diary};

pub fn judge(verdict: &mut Verdict, evidence: &Evidence, group: &Group, matching: &Matching) {
    let shown: HashMap<&str, Vec<usize>> = places_in_log(group);
    for diary in &group.diaries {
        verdict.broken.extend(diary.broken.iter().map(|what| format!("{}: {what}", diary.whose)));
        if diary.left > 0 {
            verdict.open.push(format!("{} has {} acts left", diary.whose, diary.left));
        }
        if !diary.ended && diary.log.len() < group.log.len() {
            verdict.open.push(format!("{} is not told all yet", diary.whose));
        }
        in_log(verdict, group, diary, &shown);
        diary.rated.iter().for_each(|(id, _)| rated(verdict, group, id, matching));
    }
    strangers(verdict, group);
    let mut before = HashMap::new();
    let mut accepted: Vec<&Accepted> = group.accepted().collect();
    if group.seen.is_some() {
        // What is not told yet was said last.
        accepted.sort_by_key(|said| shown.get(said.id.as_str()).map_or(usize::MAX, |places| places[0]));
    }
    for said in accepted {
        verdict.accepted += 1;
        let what = format!("{}: {}", group.name, short(&said.versions[0]));
        let Some(place) = delivered(verdict, evidence, group, said, &what, matching) else { continue };
        if before.get(&place.chat).is_some_and(|before| *before > place.nth) {
            verdict.broken.push(format!("{what} is swapped: one that was said later stands before it"));
        }
        before.insert(place.chat, place.nth);
        guarded(verdict, evidence, group, said, &what, place, matching);
    }
}

/// Where each message stands in the log.
fn places_in_log<'run>(group: &'run Group) -> HashMap<&'run str, Vec<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (nth, entry) in group.log.iter().enumerate() {
        if let Happening::Said { id, .. } = &entry.what {
            places.entry(id.as_str()).or_default().push(nth);
        }
    }
    places
}

/// Each device finds its words in the log once, in its order, and as they are now.
fn in_log(verdict: &mut Verdict, group: &Group, diary: &Diary, shown: &HashMap<&str, Vec<usize>>) {
    let Some(seen) = &group.seen else { return };
    let mut before = 0;
    for said in &diary.accepted {
        let what = format!("{}: {}", group.name, short(&said.versions[0]));
        let Some([nth]) = shown.get(said.id.as_str()).map(Vec::as_slice) else {
            let times = shown.get(said.id.as_str()).map_or(0, Vec::len);
            let list = if times > 1 { &mut verdict.broken } else { &mut verdict.open };
            list.push(format!("{what} stands {times} times in the log"));
            continue;
        };
        if *nth < before {
            verdict.broken.push(format!("{what} stands in the log before what was said earlier"));
        }
        before = *nth;
        let last = said.versions.last().filter(|_| !said.deleted);
        let text = seen.iter().find(|one| one.id == said.id).and_then(|one| one.text.as_ref());
        if text != last {
            verdict.open.push(format!("{what} is not in the log as it should be"));
        }
    }
}

/// Nobody is shown what another visitor said.
fn strangers(verdict: &mut Verdict, group: &Group) {
    let own: std::collections::HashSet<&MessageId> = group.accepted().map(|said| &said.id).collect();
    for one in group.seen.iter().flatten().filter(|one| one.from == Author::Visitor && !own.contains(&one.id)) {
        let text = short(one.text.as_deref().unwrap_or_default());
        verdict.open.push(format!("{} is shown words of somebody else: {text}", group.name));
    }
}

/// Where an accepted message stands with the operators, if it does.
fn delivered<'run>(
    verdict: &mut Verdict,
    evidence: &Evidence,
    group: &Group,
    said: &Accepted,
    what: &str,
    matching: &'run Matching<'run>,
) -> Option<Place<'run>> {
    let places = matching.acts.get(said.id.as_str()).map_or(&[][..], |act| &act.places);
    let state = group.seen.as_ref().map(|seen| seen.iter().find(|one| one.id == said.id).and_then(|one| one.state));
    match (state, places) {
        (_, [_, _, ..]) => verdict.broken.push(format!("{what} is doubled: {} times", places.len())),
        (Some(Some(MessageState::Unconfirmed)), _) => {
            verdict.unconfirmed += 1;
            let is_told = !may_be_hidden(evidence, said, matching) && !is_unheard_of(evidence, group, said, places);
            witnessed(verdict, evidence, said, is_told, what);
        }
        (Some(Some(MessageState::Failed)), _) => verdict.broken.push(format!("{what} is given up")),
        (_, []) if said.deleted => verdict.delivered += 1, // taken back before it went
        // They are not told any more what became of it.
        (None, []) if !evidence.plan.build.history || may_be_hidden(evidence, said, matching) => {
            verdict.unconfirmed += 1;
        }
        (None, []) if is_unheard_of(evidence, group, said, places) => verdict.unconfirmed += 1,
        (None, []) => verdict.open.push(format!("{what} has not come yet")),
        (Some(Some(MessageState::Delivered)), []) => verdict.broken.push(format!("{what} is lost")),
        (None | Some(Some(MessageState::Delivered)), [place]) => {
            verdict.delivered += 1;
            as_it_is_now(verdict, said, what, place);
        }
        (Some(None), _) => verdict.open.push(format!("{what} is unsettled, {} times with the operator", places.len())),
    }
    places.first().copied()
}

/// With the operator stands what the visitor last made of it. A message that the portal gave no id of ours cannot be
/// changed there. Files without a word may stand there as links.
fn as_it_is_now(verdict: &mut Verdict, said: &Accepted, what: &str, place: &Place) {
    let shown = Some(words(&place.message.text)).filter(|_| !place.message.deleted);
    let last = said.versions.last().filter(|_| !said.deleted);
    let links = |text: &String| text.contains("/files/") && said.files.iter().all(|file| text.contains(&file.name));
    if last.is_some_and(String::is_empty) && !said.files.is_empty() && shown.as_ref().is_some_and(links) {
        return;
    }
    if !place.message.mids.is_empty() && shown.as_ref() != last {
        let (shown, last) = (shown.map(|text| short(&text)), last.map(|text| short(text)));
        verdict.open.push(format!("{what} is {last:?}, and with the operator {shown:?}"));
    }
}

/// Old builds show HTML, in which a quotation cannot be told from any other message that the portal gave no id: where
/// there is such a one, nobody knows whether the quotation arrived, and it is not sent again.
fn may_be_hidden(evidence: &Evidence, said: &Accepted, matching: &Matching) -> bool {
    let Some(act) = matching.acts.get(said.id.as_str()).filter(|_| said.reply) else { return false };
    let chats = matching.chats_of(act.group);
    let messages = evidence.chats.iter().filter(|chat| chats.contains(&chat.id)).flat_map(|chat| &chat.messages);
    let is_nameless = |one: &Message| matches!(one.author, otklik_portal::Author::Visitor(_)) && one.mids.is_empty();
    !evidence.plan.build.plain_texts && messages.into_iter().any(is_nameless)
}

/// The first word of a dialogue of which the portal told nothing is sent once more, and no oftener
/// (`imconnector.send.messages`): where both calls were lost, nobody knows.
fn is_unheard_of(evidence: &Evidence, group: &Group, said: &Accepted, places: &[Place]) -> bool {
    let is_first = |diary: &&Diary| diary.accepted.first().is_some_and(|first| first.id == said.id);
    // Who is a person from the beginning may have said something on another device.
    let begins = group.diaries.iter().any(is_first) && (group.diaries.len() == 1 || said.before_sign_in);
    let is_told = |place: &Place| evidence.heard.sessions.contains(&place.message.session);
    begins && !places.iter().any(is_told)
}

/// Nothing may stay unconfirmed that the portal showed, or told of: of files a line tells nothing.
fn witnessed(verdict: &mut Verdict, evidence: &Evidence, said: &Accepted, is_told: bool, what: &str) {
    if evidence.plan.build.history && is_told {
        verdict.broken.push(format!("{what} is unconfirmed though histories are shown"));
    }
    let is_all_told = evidence.plan.build.history || said.files.is_empty();
    if is_all_told && evidence.heard.witnessed.contains(said.id.as_str()) {
        verdict.open.push(format!("{what} is unconfirmed though the line told that it has it"));
    }
}

/// A rating is one message, and no more.
fn rated(verdict: &mut Verdict, group: &Group, id: &MessageId, matching: &Matching) {
    let what = format!("{}: a rating", group.name);
    let places = matching.acts.get(id.as_str()).map_or(0, |act| act.places.len());
    if places > 1 {
        verdict.broken.push(format!("{what} is doubled: {places} times"));
    }
    if group.seen.is_none() {
        return;
    }
    let done = group.log.iter().find_map(|entry| match &entry.what {
        Happening::Done { id: done, state, .. } if done == id => Some(*state),
        _ => None,
    });
    match done {
        None => verdict.open.push(format!("{what} is unsettled")),
        Some(MessageState::Delivered) if places == 0 => verdict.broken.push(format!("{what} is lost")),
        Some(_) => verdict.ratings += 1,
    }
}

/// A visitor's own digit is no rating while one is asked for.
fn guarded(
    verdict: &mut Verdict,
    evidence: &Evidence,
    group: &Group,
    said: &Accepted,
    what: &str,
    place: Place,
    matching: &Matching,
) {
    let is_digit =
        said.versions.len() == 1 && matches!(said.versions[0].as_bytes(), [b'0' | b'1'] | [b'0' | b'1', b' ', ..]);
    // Where somebody has several chats, the question may have been asked in another.
    let is_alone = matching.acts.get(said.id.as_str()).is_some_and(|act| matching.chats_of(act.group).len() == 1);
    if !is_digit || !is_alone || !evidence.plan.vote.limit.is_zero() {
        return;
    }
    let is_it = |what: &Happening| matches!(what, Happening::Said { id, .. } if *id == said.id);
    let Some(at) = group.log.iter().position(|entry| is_it(&entry.what)) else { return };
    let asked = group.log[..at].iter().rev().find_map(|entry| match &entry.what {
        Happening::Said { id, rating: true, .. } => Some(Some(id.as_str())),
        Happening::Rated { .. } | Happening::Started => Some(None),
        _ => None,
    });
    // One that waited until another conversation began answers nothing of the one before.
    let is_of_its_session = |id: &str| {
        let messages = evidence.chats.iter().filter(|chat| chat.id == place.chat).flat_map(|chat| &chat.messages);
        let mut requests = messages.filter(|one| one.mids.iter().any(|mid| mid == id));
        requests.any(|one| one.session == place.message.session)
    };
    if asked.flatten().is_some_and(is_of_its_session) && !place.message.text.starts_with(JOINER) {
        verdict.broken.push(format!("{what} could be taken for a rating"));
    }
}

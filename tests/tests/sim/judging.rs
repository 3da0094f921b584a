//! The judge is judged: a short and peaceful talk is bent in every way that may never be, and each is told.

use otklik_tests::{
    portal::{Author, Chat, ChatId, Message},
    sim::{self, Evidence, Plan, Size},
    visitor::message_id,
};
use shared::{Happening, MessageState};
use std::time::Duration;

/// What has to be told of bent evidence.
struct Bend {
    word: &'static str,
    how: fn(&mut Evidence),
}

/// The first visitor is nobody's and stays so: what is bent is theirs.
const BENDS: &[Bend] = &[
    Bend {
        word: "is lost",
        how: |seen| {
            let place = words(seen)[0];
            chat(seen).messages.remove(place);
        },
    },
    Bend { word: "is doubled", how: |seen| again(seen, words) },
    Bend {
        word: "is swapped",
        how: |seen| {
            let places = words(seen);
            chat(seen).messages.swap(places[0], places[1]);
        },
    },
    Bend {
        word: "is not shown",
        how: |seen| {
            let place = heard(seen)[0];
            seen.diaries[0].log.remove(place);
        },
    },
    Bend {
        word: "is doubled",
        how: |seen| {
            let mut entry = seen.diaries[0].log[heard(seen)[0]].clone();
            let Happening::Said { id, .. } = &mut entry.what else { panic!("it was said") };
            *id = message_id();
            seen.diaries[0].log.push(entry);
        },
    },
    Bend {
        word: "swapped",
        how: |seen| {
            let (first, second) = (heard(seen)[0], heard(seen)[1]);
            seen.diaries[0].log.swap(first, second);
        },
    },
    Bend {
        word: "said among operators",
        how: |seen| {
            let place = answers(seen)[0];
            chat(seen).messages[place].kind = otklik_tests::portal::Kind::Whisper;
        },
    },
    Bend {
        word: "nobody said it to them",
        how: |seen| {
            let place = answers(seen)[0];
            chat(seen).messages.remove(place);
        },
    },
    Bend {
        word: "words of somebody else",
        how: |seen| {
            let other = seen.diaries[7].log.iter().find(|entry| is_own(&entry.what)).expect("they said something");
            let other = other.clone();
            seen.diaries[0].log.push(other);
        },
    },
    Bend {
        word: "words of two visitors",
        how: |seen| {
            let mid = seen.diaries[7].accepted[0].id.as_str().to_owned();
            let place = words(seen)[0];
            chat(seen).messages[place].mids = vec![mid];
        },
    },
    Bend {
        word: "unconfirmed though histories are shown",
        how: |seen| {
            (seen.plan.build.history, seen.plan.build.plain_texts) = (true, true);
            unconfirmed(seen);
        },
    },
    Bend {
        word: "though the line told",
        how: |seen| {
            seen.plan.build.history = false;
            let id = unconfirmed(seen);
            seen.heard.witnessed.insert(id);
        },
    },
    Bend {
        word: "a rating is doubled",
        how: |seen| {
            let (id, place) = (message_id(), words(seen)[0]);
            let mut rating = chat(seen).messages[place].clone();
            (rating.mids, rating.text) = (vec![id.as_str().to_owned()], "[like]".to_owned());
            chat(seen).messages.extend([rating.clone(), rating]);
            seen.diaries[0].rated.push((id, true));
        },
    },
    Bend {
        word: "could be taken for a rating",
        how: |seen| {
            let place = words(seen)[0];
            let message = &mut chat(seen).messages[place];
            "1".clone_into(&mut message.text);
            let mid = message.mids[0].clone();
            let said = seen.diaries[0].accepted.iter_mut().find(|said| said.id.as_str() == mid).expect("it was said");
            (said.versions, said.before_sign_in) = (vec!["1".to_owned()], false);
            let mut asked = seen.diaries[0].log[heard(seen)[0]].clone();
            if let Happening::Said { rating, .. } = &mut asked.what {
                *rating = true;
            }
            seen.diaries[0].log.insert(0, asked);
        },
    },
    Bend {
        word: "and with the operator",
        how: |seen| {
            let place = words(seen)[0];
            "другое".clone_into(&mut chat(seen).messages[place].text);
        },
    },
    Bend {
        word: "and shown as",
        how: |seen| {
            let place = answers(seen)[0];
            let message = &mut chat(seen).messages[place];
            "другое".clone_into(&mut message.text);
            message.edited = true;
            seen.spoken.iter_mut().for_each(|spoken| spoken.untold_change = false);
        },
    },
    Bend {
        word: "not confirmed as such",
        how: |seen| {
            let place = answers(seen)[0];
            let message = &mut chat(seen).messages[place];
            (message.sending, message.mids) = (Some(message.at), Vec::new());
        },
    },
    Bend { word: "is not with the operator", how: |seen| paper(seen).files.clear() },
    Bend {
        word: "times there, and 0 links",
        how: |seen| {
            let file = paper(seen).files[0].clone();
            paper(seen).files.push(file);
        },
    },
    Bend {
        word: "is not there",
        how: |seen| {
            let place = answers(seen)[0];
            let file = paper(seen).files[0].clone();
            chat(seen).messages[place].files.push(file);
        },
    },
    Bend { word: "at once", how: |seen| seen.overlaps.push("two at once".to_owned()) },
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_doubled_swapped_or_shown_to_the_wrong_one_is_told() {
    let size = Size { length: Duration::from_secs(3), visitors: 8, words: 20, acts: 160, begun: false };
    let plan = Plan { troubles: Vec::new(), ..Plan::of(2, size) };
    let outcome = sim::run(plan).await;
    assert!(outcome.is_good(), "{outcome}");
    let mut untold = Vec::new();
    for Bend { word, how } in BENDS {
        let mut evidence = outcome.evidence.clone();
        how(&mut evidence);
        let verdict = sim::judge(&evidence);
        if !verdict.broken.iter().chain(&verdict.open).any(|what| what.contains(word)) {
            untold.push(format!("{word}: {verdict}"));
        }
    }
    assert!(untold.is_empty(), "{}", untold.join("\n"));
    let mut linked = outcome.evidence;
    link(&mut linked);
    let verdict = sim::judge(&linked);
    assert!(verdict.is_clean(), "files that the portal would not have are there as links: {verdict}");
}

/// The first visitor's chat.
fn chat(seen: &mut Evidence) -> &mut Chat {
    let id = chat_id(seen);
    seen.chats.iter_mut().find(|chat| chat.id == id).expect("it was found")
}

fn chat_id(seen: &Evidence) -> ChatId {
    let theirs = |message: &Message| message.mids.iter().any(|mid| seen.diaries[0].accepted[0].id.as_str() == mid);
    seen.chats.iter().find(|chat| chat.messages.iter().any(theirs)).expect("their first word came").id
}

/// Where the visitor's own words stand in the chat, as they are and not taken back.
fn words(seen: &Evidence) -> Vec<usize> {
    places(seen, |message| {
        let is_visitors = matches!(message.author, Author::Visitor(_)) && !message.deleted && message.files.is_empty();
        let said = seen.diaries[0].accepted.iter();
        is_visitors
            && said.filter(|said| !said.deleted).any(|said| message.mids.iter().any(|mid| mid == said.id.as_str()))
    })
}

/// Where operators' answers stand that are shown.
fn answers(seen: &Evidence) -> Vec<usize> {
    let shown = heard(seen);
    let ids: Vec<_> = shown.iter().filter_map(|nth| id_of(&seen.diaries[0].log[*nth].what)).collect();
    places(seen, |message| !message.deleted && message.mids.iter().any(|mid| ids.contains(mid)))
}

fn places(seen: &Evidence, wanted: impl Fn(&Message) -> bool) -> Vec<usize> {
    let id = chat_id(seen);
    let chat = seen.chats.iter().find(|chat| chat.id == id).expect("it was found");
    chat.messages.iter().enumerate().filter(|(_, message)| wanted(message)).map(|(nth, _)| nth).collect()
}

/// Entries of the first visitor's log that say what operators said.
fn heard(seen: &Evidence) -> Vec<usize> {
    let log = seen.diaries[0].log.iter().enumerate();
    let is_answer = |what: &Happening| matches!(what, Happening::Said { from: shared::Author::Operator, .. });
    log.filter(|(_, entry)| is_answer(&entry.what)).map(|(nth, _)| nth).collect()
}

fn id_of(what: &Happening) -> Option<String> {
    match what {
        Happening::Said { id, .. } => Some(id.as_str().to_owned()),
        _ => None,
    }
}

fn is_own(what: &Happening) -> bool {
    matches!(what, Happening::Said { from: shared::Author::Visitor, .. })
}

fn again(seen: &mut Evidence, which: fn(&Evidence) -> Vec<usize>) {
    let nth = which(seen)[0];
    let again = chat(seen).messages[nth].clone();
    chat(seen).messages.push(again);
}

/// One of the first visitor's messages is unconfirmed; its id.
fn unconfirmed(seen: &mut Evidence) -> String {
    let states = seen.diaries[0].log.iter_mut().filter_map(|entry| match &mut entry.what {
        Happening::State { id, state } => Some((id, state)),
        _ => None,
    });
    let (id, state) = states.last().expect("something was delivered");
    *state = MessageState::Unconfirmed;
    id.as_str().to_owned()
}

/// A visitor's message that has a file in the portal.
fn paper(seen: &mut Evidence) -> &mut Message {
    let messages = seen.chats.iter_mut().flat_map(|chat| &mut chat.messages);
    let is_it = |one: &&mut Message| matches!(one.author, Author::Visitor(_)) && !one.deleted && !one.files.is_empty();
    messages.into_iter().find(is_it).expect("somebody sent a file")
}

/// In the place of files that came without a word the portal has a link for each.
fn link(seen: &mut Evidence) {
    let is_wordless = |one: &&Message| words_of(one).is_empty() && !one.files.is_empty() && !one.deleted;
    let theirs = |one: &&Message| matches!(one.author, Author::Visitor(_));
    let messages = || seen.chats.iter().flat_map(|chat| &chat.messages).filter(theirs);
    let id = messages().find(is_wordless).expect("somebody sent files alone").id;
    let message = seen.chats.iter_mut().flat_map(|chat| &mut chat.messages).find(|one| one.id == id);
    let message = message.expect("it was just there");
    let names = std::mem::take(&mut message.files).into_iter().map(|file| file.file.name.to_string());
    let links: Vec<String> = names.map(|name| format!("{name}: https://relay.example/files/1a/{name}")).collect();
    message.text = links.join("\n");
}

fn words_of(message: &Message) -> &str {
    message.text.trim_end_matches("[FILE]").trim()
}

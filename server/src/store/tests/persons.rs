//! One visitor's data, told and erased.

use super::*;
use crate::identity::PersonId;
use crate::ids::ImId;
use shared::{Author, MessageState};

#[tokio::test]
async fn a_visitors_data_is_told_and_erased() {
    let mut bench = Bench::new().await;
    let token = TokenHash::of("token");
    let dialogue = bench.store.begin_session(key("one"), token, 1).await.unwrap().dialogue;
    let other = bench.dialogue("one").await;
    for nth in 1..=70 {
        bench.say(dialogue, nth).await;
    }
    bench.say(other, 1).await;
    let said = InboxAct::Said {
        dialogue,
        im: ImId { chat: 1, message: 1 },
        line: LineId(1),
        author: Author::Operator,
        name: None,
        text: "hello".to_owned(),
        looks: Looks::default(),
        files: Vec::new(),
        vote: None,
        at: 80,
    };
    bench.store.work_off(&host("a.ru"), vec![], vec![said], 80).await.unwrap();
    let export = bench.store.export(dialogue).await.unwrap().unwrap();
    assert_eq!((export.dialogue.last, export.entries.len()), (71, 71));

    assert_eq!(bench.store.erase(dialogue).await.unwrap(), Some(Vec::new()));
    assert_eq!(bench.store.erase(dialogue).await.unwrap(), None);
    for round in 0..2 {
        assert!(bench.store.export(dialogue).await.unwrap().is_none(), "round {round}");
        assert!(bench.store.session(token).await.unwrap().is_none());
        assert_eq!(bench.pending().await, ["words 1"], "the other's");
        assert!(bench.store.confirmations(&host("a.ru"), 10).await.unwrap().is_empty());
        assert_eq!(bench.say(dialogue, 99).await, Acceptance::Gone);
        bench.kill();
    }
    assert_eq!(bench.say(other, 2).await, Acceptance::New { seq: 2, at: 2 });
}

fn person(id: &str) -> PersonId {
    PersonId::try_from(id.to_owned()).unwrap()
}

/// What the visitor of `dialogue` reads as messages.
async fn told(bench: &Bench, dialogue: DialogueId) -> Vec<String> {
    let entries = bench.store.entries(dialogue, 0, 100).await.unwrap();
    let said = entries.into_iter().filter_map(|entry| match entry.what {
        Told::Said { text, .. } => Some(text),
        Told::Joined { what, .. } => match *what {
            Told::Said { text, .. } => Some(format!("joined {text}")),
            _ => None,
        },
        _ => None,
    });
    said.collect()
}

#[tokio::test]
async fn a_person_has_one_dialogue_a_site_and_words_of_before_join_it_once() {
    let mut bench = Bench::new().await;
    let [first, second, before, elsewhere] = ["first", "second", "before", "elsewhere"].map(TokenHash::of);
    let theirs = bench.store.begin_session_of(key("one"), person("u42"), first, 1).await.unwrap().dialogue;
    bench.say(theirs, 1).await;
    let anonymous = bench.store.begin_session(key("one"), before, 2).await.unwrap().dialogue;
    bench.say(anonymous, 2).await;
    let waiting = bench.store.pending(&host("a.ru"), 10).await.unwrap();
    let joined = bench.store.join(before, person("u42"), 3).await.unwrap().unwrap();
    assert_eq!(joined.dialogue, theirs);
    assert_eq!(bench.store.join(before, person("u43"), 4).await.unwrap(), None, "it is somebody's");
    assert_eq!(bench.say(anonymous, 5).await, Acceptance::Gone);
    for round in 0..2 {
        assert_eq!(told(&bench, theirs).await, ["words 1", "joined words 2"], "round {round}");
        assert_eq!(bench.pending().await, ["words 1", "words 2"], "each waits once");
        let same = bench.store.begin_session_of(key("one"), person("u42"), second, 6).await.unwrap();
        assert_eq!(same.dialogue, theirs);
        let other = bench.store.begin_session_of(key("two"), person("u42"), elsewhere, 6).await.unwrap();
        assert_ne!(other.dialogue, theirs, "another site has its own");
        bench.kill();
    }
    assert!(matches!(bench.say(theirs, 2).await, Acceptance::Repeated { .. }), "said again, it is known");
    let position = waiting.iter().find(|item| item.dialogue == anonymous).unwrap().position;
    let delivered = Outcome::Delivered(AtPortal { chat: Some(9), session: Some(8), user: None });
    bench.store.settle(vec![Settlement { position, outcome: delivered }], 7).await.unwrap();
    let there = bench.store.dialogue(theirs).await.unwrap().unwrap();
    assert_eq!((there.portal_chat, there.joined.as_slice()), (None, [anonymous].as_slice()), "its chat is its own");
    let entries = bench.store.entries(theirs, 0, 100).await.unwrap();
    assert!(matches!(&entries.last().unwrap().what, Told::State { id, .. } if *id == message(2)));

    assert!(bench.store.erase(theirs).await.unwrap().is_some());
    for round in 0..2 {
        assert!(bench.store.dialogue(anonymous).await.unwrap().is_none(), "round {round}");
        assert!(bench.store.session(second).await.unwrap().is_none());
        bench.kill();
    }
    let anew = bench.store.begin_session_of(key("one"), person("u42"), first, 8).await.unwrap();
    assert_ne!(anew.dialogue, theirs);
}

async fn settle(bench: &Bench, nth: u64, outcome: Outcome) {
    let pending = bench.store.pending(&host("a.ru"), 10).await.unwrap();
    let position = pending.iter().find(|item| item.id == message(nth)).unwrap().position;
    bench.store.settle(vec![Settlement { position, outcome }], 9).await.unwrap();
}

#[tokio::test]
async fn what_became_of_a_change_names_its_entry_also_where_it_joined() {
    let bench = Bench::new().await;
    let [first, before] = ["first", "before"].map(TokenHash::of);
    let theirs = bench.store.begin_session_of(key("one"), person("u42"), first, 1).await.unwrap().dialogue;
    bench.say(theirs, 1).await;
    let anonymous = bench.store.begin_session(key("one"), before, 2).await.unwrap().dialogue;
    bench.say(anonymous, 2).await;
    settle(&bench, 2, Outcome::Delivered(AtPortal::default())).await;
    for nth in [3, 4] {
        let edit = Ask::Edit { of: message(2), text: format!("words {nth}") };
        bench.store.accept(anonymous, message(nth), edit, nth).await.unwrap();
    }
    settle(&bench, 3, Outcome::Failed).await;
    bench.store.join(before, person("u42"), 5).await.unwrap().unwrap();
    settle(&bench, 4, Outcome::Failed).await;
    for dialogue in [anonymous, theirs] {
        let entries = bench.store.entries(dialogue, 0, 100).await.unwrap();
        let failed: Vec<_> = entries.iter().filter_map(|told| as_done(&told.what)).collect();
        let changes: Vec<_> = entries.iter().filter(|told| is_edit(&told.what)).map(|told| told.seq).collect();
        assert_eq!((failed, changes.len()), (changes.clone(), 2));
    }
}

/// The entry of what failed.
fn as_done(what: &Told) -> Option<u64> {
    match what {
        Told::Done { entry, state: MessageState::Failed, .. } => Some(*entry),
        _ => None,
    }
}

fn is_edit(what: &Told) -> bool {
    match what {
        Told::Joined { what, .. } => is_edit(what),
        other => matches!(other, Told::Edited { .. }),
    }
}

#[tokio::test]
async fn a_person_without_words_leaves_nothing_behind() {
    let bench = Bench::new().await;
    let token = TokenHash::of("token");
    let opened = bench.store.begin_session_of(key("one"), person("u42"), token, 1).await.unwrap();
    bench.store.drop_unused(100).await.unwrap();
    assert!(bench.store.dialogue(opened.dialogue).await.unwrap().is_none());
    let again = bench.store.begin_session_of(key("one"), person("u42"), token, 101).await.unwrap();
    assert_ne!(again.dialogue, opened.dialogue);
}

#[tokio::test]
async fn a_sites_secret_is_sealed_and_replaced() {
    let mut bench = Bench::new().await;
    assert!(bench.store.site_secret(&key("one")).await.unwrap().is_none());
    for word in ["first-words", "second-words"] {
        bench.store.set_secret(&key("one"), &word.into(), 1).await.unwrap();
    }
    bench.restart().await;
    let secret = bench.store.site_secret(&key("one")).await.unwrap().unwrap();
    assert_eq!(secret.expose_secret(), "second-words");
    assert!(!bench.store.has_secret(&key("two")).await.unwrap());
}

#[tokio::test]
async fn sessions_in_which_nothing_was_said_are_dropped() {
    let mut bench = Bench::new().await;
    let tokens = ["silent", "spoke", "new"].map(TokenHash::of);
    let mut dialogues = Vec::new();
    for (token, at) in tokens.into_iter().zip([1, 1, 100]) {
        dialogues.push(bench.store.begin_session(key("one"), token, at).await.unwrap().dialogue);
    }
    bench.say(dialogues[1], 1).await;
    bench.store.drop_unused(100).await.unwrap();
    for round in 0..2 {
        let mut there = Vec::new();
        for (token, dialogue) in tokens.into_iter().zip(&dialogues) {
            let has_session = bench.store.session(token).await.unwrap().is_some();
            assert_eq!(bench.store.dialogue(*dialogue).await.unwrap().is_some(), has_session, "round {round}");
            there.push(has_session);
        }
        assert_eq!(there, [false, true, true], "round {round}");
        bench.kill();
    }
    assert_eq!(bench.say(dialogues[0], 2).await, Acceptance::Gone);
    assert_eq!(bench.pending().await, ["words 1"]);
}

//! Where something happened lately, and in which of the portal's sessions.

use super::inbox::work;
use super::*;
use std::collections::BTreeSet;

#[tokio::test]
async fn where_something_happened_is_told_once() {
    let bench = Bench::new().await;
    let (one, two) = (bench.dialogue("one").await, bench.dialogue("two").await);
    bench.store.accept(one, message(1), "?".to_owned(), 10).await.unwrap();
    bench.store.accept(two, message(2), "?".to_owned(), 20).await.unwrap();
    bench.store.accept(two, message(3), "?".to_owned(), 30).await.unwrap();
    let all = bench.store.activity(&host("a.ru"), Position::default(), 0).await.unwrap();
    let active = |dialogue, at| Active { dialogue, at, sessions: BTreeSet::new() };
    assert!(all.dialogues.contains(&active(one, 10)) && all.dialogues.contains(&active(two, 30)), "{all:?}");
    let late = bench.store.activity(&host("a.ru"), Position::default(), 15).await.unwrap();
    assert_eq!(late.dialogues, [active(two, 30)]);
    assert_eq!(bench.store.activity(&host("a.ru"), all.until, 0).await.unwrap().dialogues, []);
    let started = |session| InboxAct::Started { dialogue: two, session, user: None };
    work(&bench, vec![started(7), InboxAct::Finished { dialogue: two, session: 7 }, started(9)]).await;
    let told = bench.store.activity(&host("a.ru"), all.until, 0).await.unwrap();
    assert_eq!(told.dialogues, [Active { dialogue: two, at: 50, sessions: BTreeSet::from([7, 9]) }]);
    assert_eq!(bench.store.activity(&host("b.ru"), Position::default(), 0).await.unwrap().dialogues, []);
}

#[tokio::test]
async fn the_sessions_of_the_last_days_are_told_of_one_dialogue() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let started = |session| InboxAct::Started { dialogue, session, user: None };
    let told =
        async |session, at| bench.store.work_off(&host("a.ru"), vec![], vec![started(session)], at).await.unwrap();
    for (session, at) in [(3, 100), (5, 200), (9, 300)] {
        told(session, at).await;
    }
    let since = async |since| bench.store.sessions_of(dialogue, since).await.unwrap();
    assert_eq!(since(0).await, BTreeSet::from([3, 5, 9]));
    assert_eq!(since(200).await, BTreeSet::from([5, 9]));
    assert_eq!(since(1_000).await, BTreeSet::from([9]), "the last one counts whenever it was told of");
    assert_eq!(bench.store.sessions_of(DialogueId::random(), 0).await.unwrap(), BTreeSet::new());
}

/// The portal promises no order of its events, and each of them may be lost.
#[tokio::test]
async fn a_session_told_of_after_a_later_one_is_kept_in_mind() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let started = |session| InboxAct::Started { dialogue, session, user: None };
    let finished = |session| InboxAct::Finished { dialogue, session };
    work(&bench, vec![started(3), finished(3), started(9)]).await;
    let before = bench.store.activity(&host("a.ru"), Position::default(), 0).await.unwrap();
    let touched = work(&bench, vec![finished(5), finished(5), started(5), started(3), finished(9)]).await;
    assert_eq!(touched, [dialogue], "its own end is news, that of the others is none");
    bench.kill();
    let told = bench.store.activity(&host("a.ru"), before.until, 0).await.unwrap();
    assert_eq!(told.dialogues, [Active { dialogue, at: 50, sessions: BTreeSet::from([5, 9]) }]);
    let entries = bench.store.entries(dialogue, 0, 1_000).await.unwrap();
    assert_eq!(entries.iter().filter(|entry| matches!(entry.what, Told::Late { session: 5 })).count(), 1, "once");
    work(&bench, vec![finished(5), started(3)]).await;
    assert_eq!(bench.store.entries(dialogue, 0, 1_000).await.unwrap().len(), entries.len());
}

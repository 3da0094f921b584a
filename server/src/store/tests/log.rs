//! A dialogue's entries in order, from anywhere, also after a reopening.

use super::*;

#[tokio::test]
async fn a_repeated_message_is_taken_once() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    assert_eq!(bench.say(dialogue, 1).await, Acceptance::New { seq: 1, at: 1 });
    assert_eq!(bench.say(dialogue, 2).await, Acceptance::New { seq: 2, at: 2 });
    let again = bench.store.accept(dialogue, message(1), "other words".to_owned(), 9).await.unwrap();
    assert_eq!(again, Acceptance::Repeated { seq: 1, at: 1 });
    bench.kill();
    assert_eq!(bench.say(dialogue, 1).await, Acceptance::Repeated { seq: 1, at: 1 });
    bench.restart().await;
    assert_eq!(bench.say(dialogue, 2).await, Acceptance::Repeated { seq: 2, at: 2 });
    let elsewhere = bench.dialogue("one").await;
    assert_eq!(bench.say(elsewhere, 1).await, Acceptance::New { seq: 1, at: 1 }, "ids belong to their dialogue");
}

#[tokio::test]
async fn nobody_says_anything_in_a_dialogue_that_is_not_there() {
    let bench = Bench::new().await;
    assert_eq!(bench.say(DialogueId::random(), 1).await, Acceptance::Gone);
    assert_eq!(bench.store.entries(DialogueId::random(), 0, 10).await.unwrap(), []);
}

#[tokio::test]
async fn any_part_of_a_long_dialogue_is_read_in_order() {
    let mut bench = Bench::new().await;
    let (dialogue, other) = (bench.dialogue("one").await, bench.dialogue("two").await);
    for nth in 1..=300 {
        bench.say(dialogue, nth).await;
        if nth % 7 == 0 {
            bench.say(other, nth).await;
        }
    }
    for round in 0..2 {
        for (after, limit) in
            [(0, 10), (0, 1_000), (62, 5), (63, 1), (64, 64), (127, 3), (290, 100), (300, 5), (900, 5)]
        {
            let entries = bench.store.entries(dialogue, after, limit).await.unwrap();
            let seqs: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
            let expected: Vec<u64> = (after + 1..=300).take(limit).collect();
            assert_eq!(seqs, expected, "{limit} after {after}, round {round}");
        }
        bench.kill();
    }
    assert_eq!(bench.store.dialogue(dialogue).await.unwrap().unwrap().last, 300);
}

#[tokio::test]
async fn many_at_once_share_commits_and_lose_nothing() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let sayings = (1..=700).map(|nth| bench.say(dialogue, nth));
    let taken = futures_util::future::join_all(sayings).await;
    assert!(taken.iter().all(|acceptance| matches!(acceptance, Acceptance::New { .. })));
    bench.kill();
    let entries = bench.store.entries(dialogue, 0, 1_000).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=700).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_file_of_a_newer_relay_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("otklik.redb");
    {
        let database = Database::create(&data).unwrap();
        let writing = database.begin_write().unwrap();
        writing.open_table(tables::META).unwrap().insert(tables::FORMAT, 2).unwrap();
        writing.commit().unwrap();
    }
    assert!(matches!(Store::open(&data), Err(StoreError::Newer { version: 2, .. })));
}

#[tokio::test]
async fn a_file_in_use_is_not_opened_twice() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("otklik.redb");
    let _store = Store::open(&data).unwrap();
    assert!(matches!(Store::open(&data), Err(StoreError::Held)));
}

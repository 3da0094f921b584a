//! Copies made while the store works, and put back.

use super::*;

#[tokio::test]
async fn a_copy_holds_everything_and_is_put_back() {
    let mut bench = Bench::new().await;
    let token = TokenHash::of("token");
    let dialogue = bench.store.begin_session(key("one"), token, 1).await.unwrap().dialogue;
    bench.store.save_portal(portal("a.ru", "m1", "words")).await.unwrap();
    for nth in 1..=40 {
        bench.say(dialogue, nth).await;
    }
    let copy = bench.folder.path().join("copy.redb");
    bench.store.backup(copy.clone()).await.unwrap();
    assert!(bench.store.backup(copy.clone()).await.is_err(), "a copy is never written over");
    bench.say(dialogue, 41).await;
    assert!(matches!(Store::restore(&copy, &bench.data(0), 50).await, Err(StoreError::Held)));
    assert_eq!(bench.pending().await.len(), 41);

    bench.store.clone().close().await;
    let away = tempfile::tempdir().unwrap();
    let data = away.path().join("otklik.redb");
    Store::restore(&copy, &data, 50).await.unwrap();
    bench.store = Store::open(&data).unwrap();
    let entries = bench.store.entries(dialogue, 0, 100).await.unwrap();
    assert_eq!(entries.len(), 40);
    assert!(bench.pending().await.is_empty(), "what waited may have been sent since");
    assert_eq!(bench.store.in_doubt(&host("a.ru"), Lane::Words).await.unwrap().len(), 40);
    assert!(bench.store.portal(&host("a.ru")).await.unwrap().is_some(), "the key came with it");

    let session = bench.store.session(token).await.unwrap().unwrap();
    assert!(session.epoch < bench.store.epoch(), "what it has seen since is not here");
    bench.store.renew_session(token).await.unwrap();
    assert_eq!(bench.store.session(token).await.unwrap().unwrap().epoch, bench.store.epoch());
}

#[tokio::test]
async fn a_copy_leaves_no_table_out() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    bench.say(dialogue, 1).await;
    bench.store.save_portal(portal("a.ru", "m1", "words")).await.unwrap();
    bench.store.choose(&host("a.ru"), Choices { newsletter: true, ..Choices::default() }).await.unwrap();
    bench.store.keep_event(&host("a.ru"), b"event".to_vec(), 1).await.unwrap();
    super::farewell::furnish(&bench, "a.ru", "one", dialogue).await;
    bench.store.clone().close().await; // what is in memory alone is written down then
    let copy = bench.folder.path().join("copy.redb");
    bench.store.backup(copy.clone()).await.unwrap();
    let there = bench.store.read(|view| Ok(view.reading.list_tables()?.count())).await.unwrap();
    let copied = Store::open(&copy).unwrap();
    assert_eq!(copied.read(|view| Ok(view.reading.list_tables()?.count())).await.unwrap(), there);
    assert_eq!(rows(&copied).await, rows(&bench.store).await);
}

#[tokio::test]
async fn what_was_there_stays_beside_it() {
    let bench = Bench::new().await;
    let copy = bench.folder.path().join("copy.redb");
    bench.store.backup(copy.clone()).await.unwrap();
    bench.say(bench.dialogue("one").await, 1).await;
    let (data, before) = (bench.data(0), bench.folder.path().join("0.redb.before"));
    bench.store.clone().close().await;
    drop(bench.store);
    Store::restore(&copy, &data, 50).await.unwrap();
    std::fs::copy(data.with_extension("key"), bench.folder.path().join("0.redb.key")).unwrap();
    let old = Store::open(&before).unwrap();
    assert_eq!(old.pending(&host("a.ru"), 10).await.unwrap().len(), 1);
    let nonsense = bench.folder.path().join("nonsense.redb");
    std::fs::write(&nonsense, "nonsense").unwrap();
    assert!(Store::restore(&nonsense, &data, 50).await.is_err());
    assert!(Store::open(&data).is_ok(), "nothing was changed");
}

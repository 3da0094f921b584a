//! What is left when an application is removed from a portal.

use super::*;

/// Two portals, each with a visitor whose word waits; the first one's visitor has more to lose.
async fn furnished() -> (Bench, DialogueId, DialogueId) {
    let bench = Bench::new().await;
    let (here, there) = (bench.dialogue("one").await, bench.dialogue("far").await);
    for nth in 1..=40 {
        bench.say(here, nth).await; // beyond a checkpoint, and some behind it
    }
    bench.say(there, 1).await;
    bench.store.save_portal(portal("a.ru", "m1", "first")).await.unwrap();
    bench.store.save_portal(portal("b.ru", "m2", "second")).await.unwrap();
    bench.store.keep_event(&host("a.ru"), b"event".to_vec(), 1).await.unwrap();
    bench.store.choose(&host("a.ru"), Choices { newsletter: true, ..Choices::default() }).await.unwrap();
    (bench, here, there)
}

#[tokio::test]
async fn an_erased_portal_leaves_nothing_and_takes_nothing_of_others() {
    let (mut bench, here, there) = furnished().await;
    assert!(bench.store.erase_portal(&host("a.ru")).await.unwrap().is_empty(), "there were no files");
    for round in 0..2 {
        assert!(bench.store.export(here).await.unwrap().is_none(), "round {round}");
        assert!(bench.store.site(&key("one")).await.unwrap().is_none());
        assert!(bench.store.sites_of(&host("a.ru")).await.unwrap().is_empty());
        assert!(bench.store.portal(&host("a.ru")).await.unwrap().is_none());
        assert!(bench.store.kept_events(10).await.unwrap().is_empty());
        assert_eq!(bench.store.choices(&host("a.ru")).await.unwrap(), Choices::default());
        assert!(bench.pending().await.is_empty());
        assert_eq!(bench.say(here, 99).await, Acceptance::Gone);
        assert!(bench.store.export(there).await.unwrap().is_some());
        assert!(bench.store.portal(&host("b.ru")).await.unwrap().is_some());
        assert_eq!(bench.store.pending(&host("b.ru"), 10).await.unwrap().len(), 1);
        bench.kill();
    }
}

#[tokio::test]
async fn a_forgotten_portal_closes_its_sites_and_keeps_what_was_said() {
    let (mut bench, here, _) = furnished().await;
    bench.store.forget_portal(&host("a.ru")).await.unwrap();
    bench.kill();
    assert!(bench.store.portal(&host("a.ru")).await.unwrap().is_none());
    assert!(bench.store.export(here).await.unwrap().is_some());
    assert!(bench.store.sites_of(&host("a.ru")).await.unwrap().iter().all(|site| !site.connected));
    assert_eq!(bench.store.line_of(&key("one")), None);
}

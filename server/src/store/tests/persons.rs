//! One visitor's data, told and erased.

use super::*;
use crate::ids::ImId;
use shared::Author;

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

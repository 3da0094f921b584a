//! What waits for a portal, what is under way, and what became of it.

use super::inbox::work;
use super::*;
use shared::MessageState;

fn delivered(position: Position) -> Settlement {
    let at_portal = AtPortal { chat: Some(1807), session: Some(5), user: Some(585) };
    Settlement { position, outcome: Outcome::Delivered(at_portal) }
}

async fn items(bench: &Bench) -> Vec<OutboxItem> {
    bench.store.pending(&host("a.ru"), 1_000).await.unwrap()
}

async fn doubtful(bench: &Bench) -> Vec<String> {
    let items = bench.store.in_doubt(&host("a.ru"), Lane::Words).await.unwrap();
    items.iter().map(words).collect()
}

#[tokio::test]
async fn messages_wait_for_their_own_portal_in_order() {
    let bench = Bench::new().await;
    let (one, two, far) = (bench.dialogue("one").await, bench.dialogue("two").await, bench.dialogue("far").await);
    for (dialogue, nth) in [(one, 1), (two, 2), (far, 3), (one, 4)] {
        bench.say(dialogue, nth).await;
    }
    assert_eq!(bench.pending().await, ["words 1", "words 2", "words 4"]);
    let first = &items(&bench).await[0];
    assert_eq!((first.line, first.number, first.at, first.id.clone()), (LineId(1), 1, 1, message(1)));
    assert_eq!(bench.store.pending(&host("b.ru"), 10).await.unwrap().len(), 1);
    assert_eq!(bench.store.pending(&host("a.ru"), 2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_line_that_is_connected_again_is_told_once() {
    let bench = Bench::new().await;
    let (portal, saved) = (host("a.ru"), || bench.store.lines_saved(&host("a.ru"), Lane::Words));
    assert_eq!(saved(), [LineId(1), LineId(2)].into());
    assert!(saved().is_empty());
    let bell = bench.store.outbox_woken(&portal, Lane::Words);
    let _ = futures_util::poll!(Box::pin(bell.notified())); // of the first time
    bench.store.save_site(SiteRecord { connected: false, ..site("one", "a.ru", 1) }).await.unwrap();
    assert!(saved().is_empty());
    bench.store.save_site(site("one", "a.ru", 1)).await.unwrap();
    assert!(futures_util::poll!(Box::pin(bell.notified())).is_ready());
    assert_eq!(saved(), [LineId(1)].into());
}

#[tokio::test]
async fn who_sends_is_told_though_the_visitor_has_left() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    let bell = bench.store.outbox_woken(&host("a.ru"), Lane::Words);
    let _ = futures_util::poll!(Box::pin(bell.notified())); // the site was saved
    let mut accepting = Box::pin(bench.store.accept(one, message(1), "Hello".to_owned(), 1));
    assert!(futures_util::poll!(accepting.as_mut()).is_pending());
    drop(accepting);
    tokio::time::timeout(std::time::Duration::from_secs(20), bell.notified()).await.expect("it rings");
    assert_eq!(bench.pending().await, ["Hello"]);
}

#[tokio::test]
async fn what_follows_a_message_under_way_waits_behind_it() {
    let bench = Bench::new().await;
    let (one, two) = (bench.dialogue("one").await, bench.dialogue("two").await);
    for (dialogue, nth) in [(one, 1), (one, 2), (two, 3)] {
        bench.say(dialogue, nth).await;
    }
    let first = items(&bench).await[0].position;
    bench.store.mark_sending(vec![first], 10).await.unwrap();
    assert_eq!(bench.pending().await, ["words 3"]);
    bench.store.unmark(vec![first]).await.unwrap();
    assert_eq!(bench.pending().await, ["words 1", "words 2", "words 3"]);
    assert_eq!(items(&bench).await[0].attempts, 0, "that call does not count");
    bench.store.mark_sending(vec![first], 11).await.unwrap();
    assert_eq!(bench.store.settle(vec![delivered(first)], 12).await.unwrap(), [one]);
    assert_eq!(bench.pending().await, ["words 2", "words 3"]);
}

#[tokio::test]
async fn a_batch_has_one_message_of_each_dialogue_that_nothing_holds() {
    let bench = Bench::new().await;
    let (one, two) = (bench.dialogue("one").await, bench.dialogue("two").await);
    for (dialogue, nth) in [(one, 1), (one, 2), (two, 3), (two, 4)] {
        bench.say(dialogue, nth).await;
    }
    let next = async |held: Held, limit| -> Vec<String> {
        let items = bench.store.next_batch(&host("a.ru"), limit, &held).await.unwrap();
        items.iter().map(words).collect()
    };
    assert_eq!(next(Held::default(), 50).await, ["words 1", "words 3"]);
    assert_eq!(next(Held::default(), 1).await, ["words 1"]);
    assert_eq!(next(Held { dialogues: [one].into(), ..Held::default() }, 50).await, ["words 3"]);
    let first = items(&bench).await[0].position;
    assert_eq!(next(Held { errands: [first].into(), ..Held::default() }, 50).await, ["words 3"]);
    assert_eq!(next(Held { only: Some([first].into()), ..Held::default() }, 50).await, ["words 1"]);
    assert_eq!(next(Held { lines: [LineId(1)].into(), ..Held::default() }, 50).await, ["words 3"]);
    let first = items(&bench).await[0].position;
    bench.store.mark_sending(vec![first], 10).await.unwrap();
    assert_eq!(next(Held::default(), 50).await, ["words 3"]);
    assert_eq!(bench.store.in_doubt(&host("a.ru"), Lane::Words).await.unwrap()[0].sending, Some(10));
}

/// What one call after the other carries, each at most `limit` messages of one line, all delivered.
async fn calls(bench: &Bench, count: usize, limit: usize) -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    for _ in 0..count {
        let mut items = bench.store.next_batch(&host("a.ru"), limit, &Held::default()).await.unwrap();
        let line = items[0].line;
        items.retain(|item| item.line == line);
        bench.store.mark_sending(items.iter().map(|item| item.position).collect(), 1).await.unwrap();
        bench.store.settle(items.iter().map(|item| delivered(item.position)).collect(), 2).await.unwrap();
        calls.push(items.iter().map(words).collect());
    }
    calls
}

#[tokio::test]
async fn dialogues_that_wait_take_turns() {
    let bench = Bench::new().await;
    for first in [0, 10, 20] {
        let flood = bench.dialogue("one").await;
        for nth in first..first + 3 {
            bench.say(flood, nth).await;
        }
    }
    let late = bench.dialogue("one").await;
    bench.say(late, 99).await;
    let calls = calls(&bench, 3, 2).await;
    assert_eq!(calls, [["words 0", "words 10"], ["words 20", "words 99"], ["words 1", "words 11"]]);
}

#[tokio::test]
async fn lines_that_wait_take_turns() {
    let bench = Bench::new().await;
    for nth in 1..=3 {
        bench.say(bench.dialogue("one").await, nth).await;
    }
    for nth in 4..=5 {
        bench.say(bench.dialogue("two").await, nth).await;
    }
    let calls = calls(&bench, 4, 1).await.concat();
    assert_eq!(calls, ["words 1", "words 4", "words 2", "words 5"]);
}

#[tokio::test]
async fn what_was_under_way_is_in_doubt_after_a_crash() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    for nth in 1..=3 {
        bench.say(dialogue, nth).await;
    }
    let all: Vec<Position> = items(&bench).await.iter().map(|item| item.position).collect();
    bench.store.settle(vec![delivered(all[0])], 9).await.unwrap();
    bench.store.mark_sending(vec![all[1]], 10).await.unwrap();
    bench.kill();
    assert_eq!(doubtful(&bench).await, ["words 2"]);
    assert!(bench.pending().await.is_empty(), "what follows must not overtake it");
    bench.store.settle(vec![Settlement { position: all[1], outcome: Outcome::Unconfirmed }], 20).await.unwrap();
    assert_eq!(bench.pending().await, ["words 3"]);
    bench.restart().await;
    assert!(doubtful(&bench).await.is_empty());
    assert_eq!(bench.pending().await, ["words 3"]);
}

#[tokio::test]
async fn calls_that_left_a_message_in_doubt_are_counted_over_a_crash() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    bench.say(dialogue, 1).await;
    let position = items(&bench).await[0].position;
    for now in [10, 20] {
        bench.store.mark_sending(vec![position], now).await.unwrap();
        bench.store.send_again(position).await.unwrap();
    }
    bench.kill();
    assert_eq!(items(&bench).await[0].attempts, 2);
}

#[tokio::test]
async fn a_settlement_is_told_once_and_teaches_the_portals_numbers() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    bench.say(dialogue, 1).await;
    let position = items(&bench).await[0].position;
    bench.store.settle(vec![delivered(position), delivered(position)], 9).await.unwrap();
    assert!(bench.store.settle(vec![delivered(position)], 10).await.unwrap().is_empty());
    bench.kill();
    assert!(bench.store.settle(vec![delivered(position)], 11).await.unwrap().is_empty());
    let entries = bench.store.entries(dialogue, 1, 10).await.unwrap();
    let [StoredEntry { seq: 2, at: 9, what: Told::State { id, state: MessageState::Delivered, .. } }] = &entries[..]
    else {
        panic!("one state: {entries:?}")
    };
    assert_eq!(id, &message(1));
    let record = bench.store.dialogue(dialogue).await.unwrap().unwrap();
    assert_eq!((record.portal_chat, record.portal_session, record.portal_user), (Some(1807), Some(5), Some(585)));
}

#[tokio::test]
async fn a_line_that_is_off_keeps_its_messages_until_it_is_on() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    bench.say(dialogue, 1).await;
    let off = InboxAct::LineDeleted { line: LineId(1) };
    bench.store.work_off(&host("a.ru"), vec![], vec![off], 5).await.unwrap();
    assert!(!bench.store.site(&key("one")).await.unwrap().unwrap().connected);
    assert!(bench.pending().await.is_empty());
    bench.restart().await;
    assert!(bench.pending().await.is_empty());
    let bell = bench.store.outbox_woken(&host("a.ru"), Lane::Words);
    bench.store.save_site(site("one", "a.ru", 1)).await.unwrap();
    bell.notified().await;
    assert_eq!(bench.pending().await, ["words 1"]);
}

#[tokio::test]
async fn a_message_rings_for_its_portal() {
    let bench = Bench::new().await;
    let (near, far) =
        (bench.store.outbox_woken(&host("a.ru"), Lane::Words), bench.store.outbox_woken(&host("b.ru"), Lane::Words));
    for bell in [&near, &far] {
        bell.notified().await; // their sites have come
    }
    bench.say(bench.dialogue("one").await, 1).await;
    near.notified().await;
    assert!(futures_util::poll!(Box::pin(far.notified())).is_pending());
}

#[tokio::test]
async fn what_is_set_aside_holds_up_nothing_and_is_not_sent_again() {
    let mut bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    for nth in [1, 2] {
        bench.say(one, nth).await;
    }
    let first = items(&bench).await.remove(0);
    bench.store.let_others_go(&first).await.unwrap();
    assert_eq!(bench.pending().await, ["words 1", "words 2"], "it is not under way");
    let first = bench.store.mark_sending(vec![first.position], 10).await.unwrap().remove(0);
    assert!(bench.pending().await.is_empty());
    for _ in 0..2 {
        bench.store.let_others_go(&first).await.unwrap();
        assert_eq!(bench.pending().await, ["words 2"]);
        bench.kill();
        assert_eq!(bench.pending().await, ["words 2"], "nor after a crash");
    }
    assert!(bench.store.is_aside(&bench.store.in_doubt(&host("a.ru"), Lane::Words).await.unwrap()[0]));
    bench.store.send_again(first.position).await.unwrap();
    let next = bench.store.next_batch(&host("a.ru"), 9, &Held::default()).await.unwrap();
    assert_eq!(next.iter().map(words).collect::<Vec<_>>(), ["words 2"]);
    assert!(bench.store.is_waiting(&first) && bench.store.is_in_doubt(one));
    bench.store.settle(vec![delivered(next[0].position)], 11).await.unwrap();
    assert!(bench.store.is_in_doubt(one), "the first is still awaited");
    assert_eq!(bench.store.settle(vec![delivered(first.position)], 12).await.unwrap(), [one]);
    assert!(!bench.store.is_in_doubt(one) && !bench.store.is_waiting(&first));
    bench.say(one, 3).await;
    assert_eq!(bench.pending().await, ["words 3"]);
}

#[tokio::test]
async fn what_was_given_up_is_in_doubt_after_a_crash_too() {
    for outcome in [Outcome::Unconfirmed, Outcome::Failed] {
        let mut bench = Bench::new().await;
        let (one, two) = (bench.dialogue("one").await, bench.dialogue("two").await);
        bench.say(one, 1).await;
        bench.say(two, 2).await;
        let items = items(&bench).await;
        let given_up = Settlement { position: items[0].position, outcome };
        bench.store.settle(vec![given_up, delivered(items[1].position)], 2).await.unwrap();
        bench.kill();
        assert!(bench.store.is_in_doubt(one) && !bench.store.is_in_doubt(two), "{outcome:?}");
        assert_eq!(bench.store.doubtful(one, 100).await.unwrap(), [message(1)]);
    }
}

#[tokio::test]
async fn what_arrived_before_is_told_with_its_session() {
    let bench = Bench::new().await;
    let (one, other) = (bench.dialogue("one").await, bench.dialogue("two").await);
    for (dialogue, nth) in [(one, 1), (one, 2), (other, 3), (one, 4), (one, 5), (one, 6)] {
        bench.say(dialogue, nth).await;
    }
    let items = items(&bench).await;
    let of = |nth: usize| items[nth - 1].position;
    let nowhere = Settlement { position: of(4), outcome: Outcome::Delivered(AtPortal::default()) };
    let unknown = Settlement { position: of(2), outcome: Outcome::Unconfirmed };
    bench.store.settle(vec![delivered(of(1)), unknown, delivered(of(3)), nowhere, delivered(of(6))], 9).await.unwrap();
    let told = |since| {
        let (store, item) = (bench.store.clone(), items[4].clone());
        async move {
            let arrived = store.arrived_before(&item, since).await.unwrap();
            arrived.into_iter().map(|one| (one.id, one.session)).collect::<Vec<_>>()
        }
    };
    assert_eq!(told(0).await, [(message(1), Some(5)), (message(4), Some(5))], "the last that was known then");
    assert_eq!(told(3).await, [(message(4), Some(5))], "the first is older");
}

#[tokio::test]
async fn what_arrived_when_no_session_was_known_is_told_without_one() {
    let bench = Bench::new().await;
    let one = bench.dialogue("one").await;
    for nth in 1..=3 {
        bench.say(one, nth).await;
    }
    let items = items(&bench).await;
    let nowhere = Settlement { position: items[0].position, outcome: Outcome::Delivered(AtPortal::default()) };
    bench.store.settle(vec![nowhere, delivered(items[1].position)], 9).await.unwrap();
    let arrived = bench.store.arrived_before(&items[2], 0).await.unwrap();
    assert_eq!(arrived.into_iter().map(|one| one.session).collect::<Vec<_>>(), [None, Some(5)]);
}

/// Each of the sessions that were told of since a message was said may hold it, and so may the one before.
#[tokio::test]
async fn a_message_may_be_in_any_session_since() {
    let bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    let started = |session| InboxAct::Started { dialogue, session, user: None };
    let finished = |session| InboxAct::Finished { dialogue, session };
    bench.say(dialogue, 1).await;
    let first = items(&bench).await.remove(0);
    assert_eq!(bench.store.sessions_since(&first).await.unwrap(), [].into());
    work(&bench, vec![started(7), finished(7), started(8), finished(8), finished(3)]).await;
    bench.say(dialogue, 2).await;
    let second = items(&bench).await.remove(1);
    work(&bench, vec![started(9), finished(9), started(10)]).await;
    assert_eq!(bench.store.sessions_since(&second).await.unwrap(), [3, 8, 9, 10].into(), "3 was told of late");
    assert_eq!(bench.store.sessions_since(&first).await.unwrap(), [3, 7, 8, 9, 10].into());
}

/// What the line's own event tells that a message arrived, before its call is answered: less than the answer.
async fn witnessed(bench: &Bench, dialogue: DialogueId, nth: u64) {
    let at_portal = AtPortal { chat: Some(1807), session: None, user: Some(585) };
    work(bench, vec![InboxAct::Arrived { dialogue, id: message(nth), at_portal }]).await;
}

#[tokio::test]
async fn an_answer_that_comes_after_its_witness_is_kept_once_and_tells_no_second_time_that_it_arrived() {
    let mut bench = Bench::new().await;
    let dialogue = bench.dialogue("one").await;
    bench.say(dialogue, 1).await;
    let position = items(&bench).await[0].position;
    bench.store.mark_sending(vec![position], 10).await.unwrap();
    witnessed(&bench, dialogue, 1).await;
    for now in [60, 61] {
        bench.store.settle(vec![delivered(position)], now).await.unwrap();
    }
    witnessed(&bench, dialogue, 1).await;
    bench.kill();
    bench.store.settle(vec![delivered(position)], 62).await.unwrap();
    let entries = bench.store.entries(dialogue, 1, 10).await.unwrap();
    let [state, started, answered] = &entries[..] else { panic!("{entries:?}") };
    assert!(matches!(state.what, Told::State { .. }) && matches!(started.what, Told::Started { session: 5, .. }));
    assert!(matches!(answered.what, Told::Answered { .. }));
}

#[tokio::test]
async fn a_change_knows_whether_the_portal_may_not_know_its_message_by_its_id_yet() {
    for is_answered in [false, true] {
        let bench = Bench::new().await;
        let dialogue = bench.dialogue("one").await;
        bench.say(dialogue, 1).await;
        let position = items(&bench).await[0].position;
        bench.store.mark_sending(vec![position], 10).await.unwrap();
        for (nth, ask) in
            [(11, Ask::Edit { of: message(1), text: "x".to_owned() }), (12, Ask::Delete { of: message(1) })]
        {
            bench.store.accept(dialogue, message(nth), ask, 12).await.unwrap();
        }
        if is_answered {
            bench.store.settle(vec![delivered(position)], 20).await.unwrap();
        }
        witnessed(&bench, dialogue, 1).await;
        let since = items(&bench).await.into_iter().map(|item| item.unnamed_since).collect::<Vec<_>>();
        assert_eq!(since, [(!is_answered).then_some(50); 2]);
        bench.store.settle(vec![delivered(position)], 60).await.unwrap();
        assert!(items(&bench).await.iter().all(|item| item.unnamed_since.is_none()), "it has answered");
    }
}

//! The simulation for a short while: `cargo xtask soak` runs it for longer, and with any seed.

use otklik_tests::sim::{self, Evidence, Plan, Size};
use shared::{Author, Happening};
use std::time::Duration;

async fn holds(seed: u64) {
    let plan = Plan::of(seed, Size::SHORT);
    println!("seed {seed}: {plan}");
    let outcome = sim::run(plan).await;
    println!("{outcome}");
    assert!(outcome.is_good(), "once more with: cargo xtask soak --short --seed {seed}\n{outcome}");
}

/// Histories are refused: what was lost comes from the offline queue alone.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_every_word_arrives_once_and_in_order_and_no_log_has_one() {
    holds(1).await;
}

/// Histories are shown, and the line greets.
#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_line_is_no_exception() {
    holds(2).await;
}

/// A short and peaceful talk is bent in every way that may never be; each is told.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_doubled_swapped_or_shown_to_the_wrong_one_is_told() {
    let size = Size { length: Duration::from_secs(2), visitors: 2, words: 4, acts: 60, begun: false };
    let plan = Plan { troubles: Vec::new(), ..Plan::of(2, size) };
    let outcome = sim::run(plan).await;
    assert!(outcome.is_good(), "{outcome}");
    let told = |word: &str, bend: &dyn Fn(&mut Evidence)| {
        let mut evidence = outcome.evidence.clone();
        bend(&mut evidence);
        let verdict = sim::judge(&evidence);
        let all = verdict.broken.iter().chain(&verdict.open);
        assert!(all.into_iter().any(|what| what.contains(word)), "{word}: {verdict}");
    };
    let by_visitor = |chat: &otklik_tests::portal::Chat| {
        let is_visitors =
            |one: &otklik_tests::portal::Message| matches!(one.author, otklik_tests::portal::Author::Visitor(_));
        let places = chat.messages.iter().enumerate().filter(|(_, one)| is_visitors(one) && !one.deleted);
        places.map(|(nth, _)| nth).collect::<Vec<_>>()
    };
    told("is lost", &|evidence| {
        let nth = by_visitor(&evidence.chats[0])[0];
        evidence.chats[0].messages.remove(nth);
    });
    told("is doubled", &|evidence| {
        let nth = by_visitor(&evidence.chats[0])[0];
        let again = evidence.chats[0].messages[nth].clone();
        evidence.chats[0].messages.push(again);
    });
    told("is swapped", &|evidence| {
        let places = by_visitor(&evidence.chats[0]);
        evidence.chats[0].messages.swap(places[0], places[1]);
    });
    let answers = |evidence: &Evidence| {
        let is_answer = |what: &Happening| matches!(what, Happening::Said { from: Author::Operator, .. });
        let log = evidence.diaries[0].log.iter().enumerate();
        log.filter(|(_, entry)| is_answer(&entry.what)).map(|(nth, _)| nth).collect::<Vec<_>>()
    };
    told("is not shown", &|evidence| {
        let nth = answers(evidence)[0];
        evidence.diaries[0].log.remove(nth);
    });
    told("is doubled", &|evidence| {
        let again = evidence.diaries[0].log[answers(evidence)[0]].clone();
        evidence.diaries[0].log.push(again);
    });
    told("is swapped", &|evidence| {
        let (first, second) = (answers(evidence)[0], answers(evidence)[1]);
        evidence.diaries[0].log.swap(first, second);
    });
    told("said among operators", &|evidence| evidence.spoken.iter_mut().for_each(|one| one.whispered = true));
    told("what nobody said", &|evidence| evidence.spoken.clear());
}

//! Whatever happens in whatever order, with the process killed or restarted between any two steps: nothing that was
//! answered is lost, nothing is there twice, and the same messages wait.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
enum Step {
    /// Visitor `who` says message `nth`, perhaps again.
    Say {
        who: usize,
        nth: u64,
    },
    /// The `which`-th of the messages that may be sent is marked.
    Mark {
        which: usize,
    },
    Unmark {
        which: usize,
    },
    Settle {
        which: usize,
        outcome: Outcome,
    },
    Operator {
        who: usize,
        nth: u64,
    },
    Kill,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let outcome =
        prop_oneof![Just(Outcome::Delivered(AtPortal::default())), Just(Outcome::Unconfirmed), Just(Outcome::Failed)];
    prop_oneof![
        6 => (0..3usize, 0..24u64).prop_map(|(who, nth)| Step::Say { who, nth }),
        4 => (0..6usize).prop_map(|which| Step::Mark { which }),
        2 => (0..6usize).prop_map(|which| Step::Unmark { which }),
        4 => (0..6usize, outcome).prop_map(|(which, outcome)| Step::Settle { which, outcome }),
        3 => (0..3usize, 0..9u64).prop_map(|(who, nth)| Step::Operator { who, nth }),
        1 => Just(Step::Kill),
        1 => Just(Step::Restart),
    ]
}

/// What must be true, kept without any of the store's devices.
#[derive(Default)]
struct Model {
    entries: BTreeMap<usize, Vec<String>>,
    /// Messages that wait, in order: whose, which.
    waiting: Vec<(usize, u64)>,
    marked: BTreeSet<(usize, u64)>,
    heard: BTreeSet<u64>,
    said: BTreeSet<(usize, u64)>,
}

impl Model {
    fn sendable(&self) -> Vec<(usize, u64)> {
        let held: BTreeSet<usize> = self.marked.iter().map(|(who, _)| *who).collect();
        self.waiting.iter().filter(|(who, _)| !held.contains(who)).copied().collect()
    }

    fn tell(&mut self, who: usize, what: String) {
        self.entries.entry(who).or_default().push(what);
    }
}

struct Run {
    bench: Bench,
    who: Vec<DialogueId>,
    model: Model,
}

impl Run {
    async fn step(&mut self, step: Step, now: u64) {
        match step {
            Step::Say { who, nth } => {
                let taken = self.bench.say(self.who[who], nth).await;
                let is_new = self.model.said.insert((who, nth));
                assert_eq!(matches!(taken, Acceptance::New { .. }), is_new);
                if is_new {
                    self.model.tell(who, format!("words {nth}"));
                    self.model.waiting.push((who, nth));
                }
            }
            Step::Mark { which } => {
                let Some(message) = self.model.sendable().get(which).copied() else { return };
                let position = self.position(message).await;
                self.bench.store.mark_sending(vec![position], now).await.unwrap();
                self.model.marked.insert(message);
            }
            Step::Unmark { which } => {
                let Some(message) = self.model.marked.iter().nth(which).copied() else { return };
                let position = self.position(message).await;
                self.bench.store.unmark(vec![position]).await.unwrap();
                self.model.marked.remove(&message);
            }
            Step::Settle { which, outcome } => {
                let Some(message) = self.model.waiting.get(which).copied() else { return };
                if !self.model.marked.contains(&message) && !self.model.sendable().contains(&message) {
                    return; // behind one under way: not in sight
                }
                let position = self.position(message).await;
                self.bench.store.settle(vec![Settlement { position, outcome }], now).await.unwrap();
                self.model.waiting.retain(|waiting| *waiting != message);
                self.model.marked.remove(&message);
                self.model.tell(message.0, format!("settled {}", message.1));
            }
            Step::Operator { who, nth } => self.operator(who, nth, now).await,
            Step::Kill => self.bench.kill(),
            Step::Restart => self.bench.restart().await,
        }
    }

    async fn operator(&mut self, who: usize, nth: u64, now: u64) {
        let act = InboxAct::Said {
            dialogue: self.who[who],
            im: crate::ids::ImId { chat: 1, message: nth },
            line: LineId(1),
            author: shared::Author::Operator,
            name: None,
            text: format!("answer {nth}"),
            looks: Looks::default(),
            files: Vec::new(),
            vote: None,
            at: now,
        };
        self.bench.store.work_off(&host("a.ru"), vec![], vec![act], now).await.unwrap();
        if self.model.heard.insert(nth) {
            self.model.tell(who, format!("answer {nth}"));
        }
    }

    async fn position(&self, (who, nth): (usize, u64)) -> Position {
        let mut items = self.bench.store.pending(&host("a.ru"), 1_000).await.unwrap();
        items.extend(self.bench.store.in_doubt(&host("a.ru"), Lane::Words).await.unwrap());
        let item = items.into_iter().find(|item| item.dialogue == self.who[who] && item.id == message(nth));
        item.expect("what waits is found").position
    }

    async fn check(&self) {
        for (who, dialogue) in self.who.iter().enumerate() {
            let entries = self.bench.store.entries(*dialogue, 0, 1_000).await.unwrap();
            let seqs: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
            assert_eq!(seqs, (1..=entries.len() as u64).collect::<Vec<_>>(), "in order and without gaps");
            let told: Vec<String> = entries.into_iter().map(|entry| short(entry.what)).collect();
            assert_eq!(told, self.model.entries.get(&who).cloned().unwrap_or_default());
        }
        let said = |messages: Vec<(usize, u64)>| messages.iter().map(|(_, nth)| format!("words {nth}")).collect();
        let sendable: Vec<String> = said(self.model.sendable());
        assert_eq!(self.bench.pending().await, sendable);
        let marked = self.model.waiting.iter().filter(|message| self.model.marked.contains(message));
        let expected: Vec<String> = said(marked.copied().collect());
        let doubt = self.bench.store.in_doubt(&host("a.ru"), Lane::Words).await.unwrap();
        assert_eq!(doubt.iter().map(words).collect::<Vec<_>>(), expected);
    }
}

fn short(what: Told) -> String {
    match what {
        Told::Said { text, .. } => text,
        Told::State { id, .. } => format!("settled {}", u64::from_str_radix(&id.as_str()[24..], 16).unwrap()),
        other => panic!("nothing else was told: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_lost_or_doubled_whatever_happens(steps in proptest::collection::vec(step(), 1..90)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new().await;
            let mut who = Vec::new();
            for on in ["one", "one", "two"] {
                who.push(bench.dialogue(on).await);
            }
            let mut run = Run { bench, who, model: Model::default() };
            for (now, step) in steps.into_iter().enumerate() {
                run.step(step, now as u64).await;
            }
            run.check().await;
            run.bench.kill();
            run.check().await;
            run.bench.restart().await;
            run.check().await;
        });
    }
}

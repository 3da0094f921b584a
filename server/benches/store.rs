//! How much of the disk's own pace the store reaches: `cargo bench -p otklik-server --bench store`.
//!
//! Absolute times say little on a shared machine; what counts are the ratios: to a plain file that takes the same bytes,
//! 512 messages a flush, as the committer does, and to redb taking them as the rows of one table.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
#![expect(clippy::unwrap_used, reason = "where anything fails there is nothing to measure")]

use futures_util::stream::{self, StreamExt};
use otklik_server::ids::{DialogueId, LineId, PortalHost};
use otklik_server::store::{Look, Outcome, Settlement, SiteRecord, Store, TokenHash};
use redb::{Database, TableDefinition};
use shared::{MessageId, SiteKey};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// How many messages each row writes.
const MESSAGES: usize = 60_000;

/// What the committer takes into one transaction at most.
const GROUP: usize = 512;

/// About what a record holds beside its text.
const AROUND: usize = 200;

const TEXT: &str = "Is the blue one still in stock, and could you send it to Kazan before Friday?";

#[tokio::main]
async fn main() {
    println!("{MESSAGES} messages of {} bytes, up to {GROUP} a flush\n", TEXT.len());
    println!("{:<32}{:>13}{:>11}{:>11}", "", "", "of a file", "of redb");
    row("accept, 100 dialogues", accepted(100)).await;
    row("accept, 1,000 dialogues", accepted(1_000)).await;
    row("accept, 10,000 dialogues", accepted(10_000)).await;
    row("accept one at a time", one_by_one()).await;
    row("accept, mark, settle", settled()).await;
    row("read 20 entries of a dialogue", read(20)).await;
    row("read the first 20 of 10,000", read(10_000)).await;
}

/// One line. What the machine itself can do is measured beside it each time, for it changes from minute to minute.
async fn row(name: &str, measured: impl Future<Output = f64>) {
    let (file, redb) = (plain_file(), log_alone());
    let rate = measured.await;
    println!("{name:<32}{rate:>10.0} /s{:>11.3}{:>11.3}", rate / file, rate / redb);
}

fn plain_file() -> f64 {
    let folder = folder();
    let mut file = std::fs::File::create(folder.path().join("raw")).unwrap();
    let record = vec![b'x'; TEXT.len() + AROUND];
    let begun = Instant::now();
    for _ in 0..MESSAGES / GROUP {
        file.write_all(&record.repeat(GROUP)).unwrap();
        file.sync_data().unwrap();
    }
    rate(MESSAGES, begun)
}

fn log_alone() -> f64 {
    const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");
    let folder = folder();
    let database = Database::create(folder.path().join("log.redb")).unwrap();
    let record = vec![b'x'; TEXT.len() + AROUND];
    let begun = Instant::now();
    for group in 0..MESSAGES / GROUP {
        let mut writing = database.begin_write().unwrap();
        writing.set_quick_repair(true);
        let mut table = writing.open_table(LOG).unwrap();
        for nth in 0..GROUP {
            table.insert((group * GROUP + nth) as u64, record.as_slice()).unwrap();
        }
        drop(table);
        writing.commit().unwrap();
    }
    rate(MESSAGES, begun)
}

async fn accepted(dialogues: usize) -> f64 {
    let folder = folder();
    let (store, dialogues) = furnished(folder.path(), dialogues).await;
    let begun = Instant::now();
    say(&store, &dialogues, 0, MESSAGES).await;
    rate(MESSAGES, begun)
}

async fn one_by_one() -> f64 {
    let folder = folder();
    let (store, dialogues) = furnished(folder.path(), 1).await;
    let begun = Instant::now();
    for nth in 0..500 {
        store.accept(dialogues[0], message(nth), TEXT.to_owned(), 1).await.unwrap();
    }
    rate(500, begun)
}

async fn settled() -> f64 {
    let folder = folder();
    let (store, dialogues) = furnished(folder.path(), 1_000).await;
    let begun = Instant::now();
    for round in 0..MESSAGES / 2_000 {
        say(&store, &dialogues, round * 2_000, 2_000).await;
        loop {
            let items = store.pending(&portal(), 50).await.unwrap();
            if items.is_empty() {
                break;
            }
            let positions: Vec<_> = items.iter().map(|item| item.position).collect();
            store.mark_sending(positions.clone(), 1).await.unwrap();
            let outcome = Outcome::Delivered(Default::default());
            let settlements = positions.into_iter().map(|position| Settlement { position, outcome });
            store.settle(settlements.collect(), 2).await.unwrap();
        }
    }
    rate(MESSAGES / 2_000 * 2_000, begun)
}

/// Entries a second, read twenty at a time from the beginning of a dialogue of `length`.
async fn read(length: usize) -> f64 {
    let folder = folder();
    let (store, dialogues) = furnished(folder.path(), 1).await;
    say(&store, &dialogues, 0, length).await;
    let begun = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(store.entries(dialogues[0], 0, 20).await.unwrap().len(), 20);
    }
    rate(20_000, begun)
}

/// Messages by turns of the dialogues, as many at once as the committer takes.
async fn say(store: &Store, dialogues: &[DialogueId], from: usize, count: usize) {
    let sayings = stream::iter(from..from + count).map(|nth| {
        let (store, dialogue) = (store.clone(), dialogues[nth % dialogues.len()]);
        async move { store.accept(dialogue, message(nth), TEXT.to_owned(), 1).await.unwrap() }
    });
    sayings.buffer_unordered(GROUP * 2).for_each(|_| async {}).await;
}

async fn furnished(folder: &Path, dialogues: usize) -> (Store, Vec<DialogueId>) {
    let store = Store::open(&folder.join("otklik.redb")).unwrap();
    let key = SiteKey::try_from("k3v9x".to_owned()).unwrap();
    let site = SiteRecord {
        key: key.clone(),
        portal: portal(),
        line: LineId(1),
        line_name: "Line".to_owned(),
        connected: true,
        origins: vec![],
        look: Look::default(),
        notes: None,
        closed_by: None,
    };
    store.save_site(site).await.unwrap();
    let begun = stream::iter(0..dialogues).map(|nth| {
        let (store, key) = (store.clone(), key.clone());
        async move { store.begin_session(key, TokenHash::of(&nth.to_string()), 1).await.unwrap().dialogue }
    });
    let dialogues = begun.buffer_unordered(GROUP).collect().await;
    (store, dialogues)
}

fn portal() -> PortalHost {
    PortalHost::try_from("portal.example".to_owned()).unwrap()
}

fn message(nth: usize) -> MessageId {
    MessageId::try_from(format!("00000000-0000-4000-8000-{nth:012x}")).unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn rate(count: usize, begun: Instant) -> f64 {
    count as f64 / begun.elapsed().as_secs_f64()
}

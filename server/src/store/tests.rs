//! What every part of the store promises, across closing and opening it again.

mod activity;
mod arrivals;
mod asks;
mod copies;
mod crash;
mod escrow;
mod faces;
mod farewell;
mod inbox;
mod joining;
mod log;
mod outbox;
mod persons;

use super::tables::Tables;
use super::*;
use crate::ids::{DialogueId, LineId, PortalHost};
use secrecy::ExposeSecret;
use shared::{MessageId, SiteKey};

pub fn host(text: &str) -> PortalHost {
    PortalHost::try_from(text.to_owned()).unwrap()
}

pub fn key(text: &str) -> SiteKey {
    SiteKey::try_from(text.to_owned()).unwrap()
}

pub fn site(name: &str, portal: &str, line: u64) -> SiteRecord {
    SiteRecord {
        key: key(name),
        portal: host(portal),
        line: LineId(line),
        line_name: "Line".to_owned(),
        connected: true,
        origins: vec!["https://shop.example".to_owned()],
        look: Look::default(),
        notes: None,
        closed_by: None,
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new().await;
    let mode = std::fs::metadata(bench.data(0)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// A store in a folder of its own, which can be left as a killed process leaves it.
pub struct Bench {
    folder: tempfile::TempDir,
    kills: usize,
    pub store: Store,
}

impl Bench {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("0.redb")).unwrap();
        for (name, portal, line) in [("one", "a.ru", 1), ("two", "a.ru", 2), ("far", "b.ru", 1)] {
            store.save_site(site(name, portal, line)).await.unwrap();
        }
        Self { folder, kills: 0, store }
    }

    /// Goes on with the file as it is on the disk at this moment, as after `kill -9`.
    pub fn kill(&mut self) {
        let (from, to) = (self.data(self.kills), self.data(self.kills + 1));
        std::fs::copy(&from, &to).unwrap();
        std::fs::copy(from.with_extension("key"), to.with_extension("key")).unwrap();
        self.kills += 1;
        self.store = Store::open(&to).unwrap();
    }

    /// Ends in order and begins again.
    pub async fn restart(&mut self) {
        self.store.clone().close().await;
        self.kill();
    }

    pub async fn dialogue(&self, on: &str) -> DialogueId {
        let token = TokenHash::of(&DialogueId::random().to_string());
        self.store.begin_session(key(on), token, 1).await.unwrap().dialogue
    }

    pub async fn say(&self, dialogue: DialogueId, nth: u64) -> Acceptance {
        self.store.accept(dialogue, message(nth), format!("words {nth}"), nth).await.unwrap()
    }

    /// The texts that wait to be sent to a.ru, in order.
    pub async fn pending(&self) -> Vec<String> {
        let items = self.store.pending(&host("a.ru"), 1_000).await.unwrap();
        items.iter().map(words).collect()
    }

    fn data(&self, nth: usize) -> PathBuf {
        self.folder.path().join(format!("{nth}.redb"))
    }
}

/// Every row of every table, as bytes.
struct Walk<'a> {
    view: &'a View,
    rows: Vec<(String, Vec<u8>)>,
}

impl Tables for Walk<'_> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        let Some(rows) = self.view.table(table)? else { return Ok(()) };
        for row in rows.iter()? {
            let (key, value) = row?;
            let (key, value) = (key.value(), value.value());
            let bytes = [K::as_bytes(&key).as_ref(), V::as_bytes(&value).as_ref()].concat();
            self.rows.push((redb::TableHandle::name(&table).to_owned(), bytes));
        }
        Ok(())
    }
}

/// All of them.
pub async fn rows(store: &Store) -> Vec<(String, Vec<u8>)> {
    let read = store.read(|view| {
        let mut walk = Walk { view, rows: Vec::new() };
        tables::each(&mut walk)?;
        Ok(walk.rows)
    });
    read.await.unwrap()
}

/// The words that wait.
pub fn words(item: &OutboxItem) -> String {
    match &item.what {
        Errand::Say { text, .. } => text.clone(),
        other => format!("{other:?}"),
    }
}

pub fn message(nth: u64) -> MessageId {
    MessageId::try_from(format!("00000000-0000-4000-8000-{nth:012x}")).unwrap()
}

fn tokens(word: &str) -> Tokens {
    Tokens { access: word.into(), refresh: format!("{word}-again").into(), expires_at: 3_600_000 }
}

fn portal(name: &str, member: &str, word: &str) -> PortalRecord {
    PortalRecord {
        signature_may_be_old: false,
        host: host(name),
        member_id: member.to_owned(),
        client_endpoint: format!("https://{name}/rest/"),
        application_token: Some("the application's".into()),
        tokens: tokens(word),
        user: Some(1),
        installed_at: 5,
    }
}

fn install(member: &str, at: u64) -> PendingInstall {
    PendingInstall {
        member_id: member.to_owned(),
        host: host("a.ru"),
        endpoint: "https://a.ru/rest/".to_owned(),
        tokens: tokens("parked"),
        application_token: None,
        verified: false,
        at,
    }
}

#[tokio::test]
async fn a_portal_and_its_tokens_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("otklik.redb");
    let store = Store::open(&data).unwrap();
    store.save_portal(portal("a.ru", "m1", "first-words")).await.unwrap();
    store.save_portal(portal("a.ru", "m1", "second-words")).await.unwrap();
    store.close().await;
    let bytes = std::fs::read(&data).unwrap();
    assert!(!bytes.windows(12).any(|window| window == b"second-words"), "tokens are sealed on disk");
    let store = Store::open(&data).unwrap();
    let found = store.portal(&host("a.ru")).await.unwrap().unwrap();
    assert_eq!(found.tokens.access.expose_secret(), "second-words");
    assert_eq!(store.portal_of_member("m1").await.unwrap().unwrap().host, host("a.ru"));
    store.forget_portal(&host("a.ru")).await.unwrap();
    assert!(store.portal(&host("a.ru")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_renamed_portal_leaves_no_old_record() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("otklik.redb")).unwrap();
    store.save_portal(portal("old.ru", "m1", "words")).await.unwrap();
    store.save_portal(portal("new.ru", "m1", "words")).await.unwrap();
    assert!(store.portal(&host("old.ru")).await.unwrap().is_none());
    assert_eq!(store.portal_of_member("m1").await.unwrap().unwrap().host, host("new.ru"));
}

#[tokio::test]
async fn a_secret_of_another_key_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("otklik.redb");
    let store = Store::open(&data).unwrap();
    store.save_portal(portal("a.ru", "m1", "words")).await.unwrap();
    store.close().await;
    std::fs::remove_file(folder.path().join("otklik.key")).unwrap();
    let store = Store::open(&data).unwrap();
    assert!(matches!(store.portal(&host("a.ru")).await, Err(StoreError::Sealed)));
}

#[tokio::test]
async fn eight_installs_park_for_a_day_and_strangers_give_way() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("otklik.redb")).unwrap();
    let waiting = async |at| {
        let parked = store.parked_installs(at).await.unwrap();
        parked.into_iter().map(|one| one.member_id).collect::<Vec<_>>()
    };
    let verified = |n: u64| PendingInstall { verified: true, ..install(&format!("v{n}"), n) };
    for n in 0..8 {
        assert_eq!(store.park_install(install(&format!("m{n}"), n)).await.unwrap(), Parked::Parked);
    }
    assert_eq!(store.park_install(install("m8", 8)).await.unwrap(), Parked::Parked);
    assert_eq!(waiting(8).await, ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"], "the oldest stranger gives way");
    assert_eq!(store.park_install(install("m1", 9)).await.unwrap(), Parked::Parked, "the same portal's replaces it");
    assert_eq!(waiting(9).await.len(), 8);
    for n in 10..18 {
        assert_eq!(store.park_install(verified(n)).await.unwrap(), Parked::Parked);
    }
    assert!(waiting(18).await.iter().all(|member| member.starts_with('v')));
    assert_eq!(store.park_install(install("m9", 18)).await.unwrap(), Parked::Full, "no stranger displaces the known");
    store.unpark("v17").await.unwrap();
    assert_eq!(store.park_install(install("m9", 19)).await.unwrap(), Parked::Parked);
    let day = 24 * 60 * 60 * 1_000;
    assert_eq!(waiting(day + 15).await, ["m9", "v16"], "the others are older than a day");
    assert_eq!(store.park_install(install("m10", day + 16)).await.unwrap(), Parked::Parked);
}

#[tokio::test]
async fn a_site_is_found_by_key_and_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("otklik.redb")).unwrap();
    for (name, portal, line) in [("one", "a.ru", 1), ("two", "a.ru", 2), ("three", "a.ru.b", 1)] {
        store.save_site(site(name, portal, line)).await.unwrap();
    }
    assert_eq!(store.site(&key("two")).await.unwrap().unwrap().line, LineId(2));
    assert_eq!(store.site_of_line(&host("a.ru"), LineId(1)).await.unwrap().unwrap().key, key("one"));
    let keys = store.sites_of(&host("a.ru")).await.unwrap().into_iter().map(|site| site.key);
    assert_eq!(keys.collect::<Vec<_>>(), [key("one"), key("two")]);
    assert!(store.site_of_line(&host("b.ru"), LineId(1)).await.unwrap().is_none());
}

#[tokio::test]
async fn visitors_of_a_site_are_numbered() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("otklik.redb");
    let store = Store::open(&data).unwrap();
    let first = store.begin_session(key("one"), TokenHash::of("a"), 5).await.unwrap();
    store.close().await;
    let store = Store::open(&data).unwrap();
    let second = store.begin_session(key("one"), TokenHash::of("b"), 6).await.unwrap();
    let elsewhere = store.begin_session(key("two"), TokenHash::of("c"), 7).await.unwrap();
    assert_eq!(store.session(TokenHash::of("a")).await.unwrap(), Some(first.clone()));
    assert_eq!(store.session(TokenHash::of("d")).await.unwrap(), None);
    let mut numbers = Vec::new();
    for session in [first, second, elsewhere] {
        numbers.push(store.dialogue(session.dialogue).await.unwrap().unwrap().number);
    }
    assert_eq!(numbers, [1, 2, 1]);
}

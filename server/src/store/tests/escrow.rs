//! Pairs of tokens that come when the store can keep nothing any more.

use super::*;

/// A store with an installed portal, in a folder of its own.
async fn furnished() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("otklik.redb")).unwrap();
    store.save_portal(portal("a.ru", "m1", "first")).await.unwrap();
    (folder, store)
}

fn renewed(used: &str) -> NewPair {
    NewPair::Renewed {
        used: used.into(),
        tokens: tokens("second-words"),
        endpoint: Some("https://b.ru/rest/".to_owned()),
    }
}

async fn access(store: &Store) -> String {
    store.portal(&host("a.ru")).await.unwrap().unwrap().tokens.access.expose_secret().to_owned()
}

fn pairs(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|end| end == "pair")).collect()
}

#[tokio::test]
async fn a_pair_that_came_as_the_disk_filled_up_is_there_at_the_next_start() {
    let (folder, store) = furnished().await;
    store.make_room(&host("a.ru")).await.unwrap();
    store.clone().close().await; // from here on it takes nothing
    store.hold_pair(&host("a.ru"), renewed("first-again")).await.unwrap();
    assert!(store.change_portal(&host("a.ru"), |_| ()).await.is_err());
    assert!(store.make_room(&host("a.ru")).await.is_err(), "the next one who wants to exchange takes nothing away");
    drop(store);
    let pair = pairs(&folder).pop().unwrap();
    let bytes = std::fs::read(&pair).unwrap();
    assert!(!bytes.windows(12).any(|window| window == b"second-words"), "it is sealed");
    let store = Store::open(&folder.path().join("otklik.redb")).unwrap();
    assert_eq!(access(&store).await, "second-words");
    let record = store.portal(&host("a.ru")).await.unwrap().unwrap();
    assert_eq!(record.client_endpoint, "https://b.ru/rest/");
    assert_eq!(record.application_token.unwrap().expose_secret(), "the application's");
    assert!(pairs(&folder).is_empty());
}

#[tokio::test]
async fn a_store_that_takes_nothing_has_no_room() {
    let (_folder, store) = furnished().await;
    store.clone().close().await;
    assert!(store.make_room(&host("a.ru")).await.is_err());
}

#[tokio::test]
async fn a_disk_without_room_has_none_for_a_pair_either() {
    let (folder, store) = furnished().await;
    store.make_room(&host("a.ru")).await.unwrap();
    let pair = pairs(&folder).pop().unwrap();
    let length = std::fs::metadata(&pair).unwrap().len();
    store.hold_pair(&host("a.ru"), renewed("first-again")).await.unwrap();
    assert_eq!(std::fs::metadata(&pair).unwrap().len(), length, "what comes asks nothing new of the disk");
    std::fs::remove_file(&pair).unwrap();
    std::fs::create_dir(&pair).unwrap(); // as good as no room
    assert!(store.make_room(&host("a.ru")).await.is_err());
}

#[tokio::test]
async fn an_installation_that_came_meanwhile_keeps_its_own_pair() {
    let (folder, store) = furnished().await;
    store.make_room(&host("a.ru")).await.unwrap();
    store.hold_pair(&host("a.ru"), renewed("another")).await.unwrap();
    store.clone().close().await;
    drop(store);
    let store = Store::open(&folder.path().join("otklik.redb")).unwrap();
    assert_eq!(access(&store).await, "first");
    store.make_room(&host("a.ru")).await.unwrap(); // and nothing came
    store.clone().close().await;
    drop(store);
    let store = Store::open(&folder.path().join("otklik.redb")).unwrap();
    assert_eq!(access(&store).await, "first");
    assert!(pairs(&folder).is_empty());
}

#[tokio::test]
async fn an_install_whose_pair_was_exchanged_waits_on_with_the_new_one() {
    let (folder, store) = furnished().await;
    store.make_room(&host("a.ru")).await.unwrap();
    let mut waiting = install("m2", 5);
    waiting.tokens = tokens("exchanged");
    store.hold_pair(&host("a.ru"), NewPair::Install(waiting)).await.unwrap();
    store.clone().close().await;
    drop(store);
    let store = Store::open(&folder.path().join("otklik.redb")).unwrap();
    let parked = store.parked_installs(6).await.unwrap();
    assert_eq!(parked[0].tokens.refresh.expose_secret(), "exchanged-again");
}

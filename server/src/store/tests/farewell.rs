//! What is left when an application is removed from a portal.

use super::*;
use crate::ids::ImId;
use crate::profile::Profile;
use sha2::{Digest, Sha256};
use shared::{Author, FileKind};

/// The tables in which one of these stands, as text or as the bytes of an id.
async fn traces(bench: &Bench, words: &[&[u8]]) -> Vec<String> {
    let rows = rows(&bench.store).await;
    let has = |row: &[u8], word: &[u8]| row.windows(word.len()).any(|window| window == word);
    // Where a site's key is the key of the row, or all of its value.
    let is_sites =
        |row: &[u8]| ["one", "two"].iter().any(|key| row.starts_with(key.as_bytes()) || row.ends_with(key.as_bytes()));
    let found = rows.into_iter().filter(|(_, row)| is_sites(row) || words.iter().any(|word| has(row, word)));
    found.map(|(table, _)| table).collect()
}

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
    furnish(&bench, "a.ru", "one", here).await;
    furnish(&bench, "b.ru", "far", there).await;
    (bench, here, there)
}

/// Something in every other table.
pub async fn furnish(bench: &Bench, portal: &str, site: &str, dialogue: DialogueId) {
    let (store, at, site) = (&bench.store, host(portal), key(site));
    store.change_ways(&at, |ways| ways.tells_sessions = true).await.unwrap();
    let endpoint = format!("https://{portal}/rest/");
    store.park_install(PendingInstall { host: at.clone(), endpoint, ..install(portal, 1) }).await.unwrap();
    store.set_secret(&site, &"secret".into(), 1).await.unwrap();
    let person = crate::identity::PersonId::try_from("u42".to_owned()).unwrap();
    store.begin_session_of(site, person, TokenHash::of(portal), 1).await.unwrap();
    store.describe(dialogue, Profile { title: Some("a page".to_owned()), ..Profile::default() }).await.unwrap();
    store.keep_photo(&at, portal.as_bytes().to_vec(), 1).await.unwrap();
    store.keep_photo(&at, b"of both".to_vec(), 1).await.unwrap();
    let file = shared::File {
        id: "0000000000".to_owned().try_into().unwrap(),
        name: "a.pdf".to_owned(),
        size: 1,
        kind: FileKind::File,
        width: None,
        height: None,
        state: None,
        href: None,
    };
    store.keep_upload(dialogue, file, "application/pdf".to_owned(), 1).await.unwrap();
    let source = FileSource { name: "b.pdf".to_owned(), link: Some("/b".to_owned()), ..FileSource::default() };
    let said = InboxAct::Said {
        dialogue,
        im: ImId { chat: 1, message: 1 },
        line: LineId(1),
        author: Author::Operator,
        name: None,
        text: "hello".to_owned(),
        looks: Looks { signature: Signature::Missing(Setting::Unknown), ..Looks::default() },
        files: vec![source],
        vote: None,
        at: 80,
    };
    store.work_off(&at, vec![], vec![said], 80).await.unwrap();
}

#[tokio::test]
async fn an_erased_portal_is_in_no_table() {
    let (mut bench, here, _) = furnished().await;
    let id = here.to_string().into_bytes();
    let words = [b"a.ru".as_slice(), b"\"one\"", b"\"two\"", b"oneu42", &id, &here.bytes()];
    let before = traces(&bench, &words).await;
    for table in ["portals", "ways", "choices", "parking", "sites", "lines", "answers", "unsigned lines", "photos of"] {
        assert!(before.iter().any(|name| name == table), "{table} has something to lose: {before:?}");
    }
    let photo = |name: &[u8]| hex::encode(&Sha256::digest(name)[..16]);
    bench.store.erase_portal(&host("a.ru"), 5).await.unwrap();
    for round in 0..2 {
        assert_eq!(traces(&bench, &words).await, Vec::<String>::new(), "round {round}");
        assert!(bench.store.photo(&photo(b"a.ru")).await.unwrap().is_none());
        assert!(bench.store.photo(&photo(b"of both")).await.unwrap().is_some(), "the other portal has it, too");
        assert!(bench.store.photo(&photo(b"b.ru")).await.unwrap().is_some());
        assert_eq!(bench.store.parked_installs(6).await.unwrap().len(), 1);
        bench.kill();
    }
}

#[tokio::test]
async fn an_install_that_came_after_the_farewell_waits_on() {
    let (bench, ..) = furnished().await;
    bench.store.park_install(PendingInstall { at: 6, ..install("m9", 6) }).await.unwrap();
    bench.store.erase_portal(&host("a.ru"), 5).await.unwrap();
    let waiting = bench.store.parked_installs(7).await.unwrap();
    assert_eq!(waiting.iter().map(|one| one.member_id.as_str()).collect::<Vec<_>>(), ["b.ru", "m9"]);
}

#[tokio::test]
async fn an_erased_portal_leaves_nothing_and_takes_nothing_of_others() {
    let (mut bench, here, there) = furnished().await;
    assert_eq!(bench.store.erase_portal(&host("a.ru"), 5).await.unwrap().len(), 1, "the file on the disk");
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

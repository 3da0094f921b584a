//! The commands beside `serve`, as an owner types them: with the relay running, and after it was killed.
#![expect(clippy::unwrap_used, reason = "a test's own scene")]

use otklik_server::ids::{DialogueId, LineId, PortalHost};
use otklik_server::store::{Look, SiteRecord, Store, TokenHash};
use shared::{MessageId, SiteKey};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The binary in `folder`.
fn otklik(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otklik"));
    command.args(arguments).current_dir(folder).env_remove("RUST_LOG");
    command
}

/// What a command that must succeed prints.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output: Output = otklik(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command that must fail says: one line.
fn complaint(folder: &Path, arguments: &[&str]) -> String {
    let output: Output = otklik(folder, arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap().trim().to_owned()
}

struct Serving(Child);

impl Serving {
    fn start(folder: &Path) -> Self {
        let mut child = otklik(folder, &["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("\"serving\"")), "it serves");
        Self(child)
    }

    /// As `kill -9`.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A store with one visitor who has said one thing.
fn furnish(folder: &Path) -> DialogueId {
    std::fs::write(folder.join("otklik.toml"), "listen = '127.0.0.1:0'\npublic_url = 'http://127.0.0.1:1'\n").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&folder.join("otklik.redb")).unwrap();
        let key = SiteKey::try_from("k3v9x".to_owned()).unwrap();
        let site = SiteRecord {
            key: key.clone(),
            portal: PortalHost::try_from("portal.example".to_owned()).unwrap(),
            line: LineId(1),
            line_name: "Line".to_owned(),
            connected: true,
            origins: vec![],
            look: Look::default(),
            notes: None,
            closed_by: None,
        };
        store.save_site(site).await.unwrap();
        let dialogue = store.begin_session(key, TokenHash::of("token"), 1).await.unwrap().dialogue;
        let id = MessageId::try_from("00000000-0000-4000-8000-000000000001".to_owned()).unwrap();
        store.accept(dialogue, id, "Hello".to_owned(), 2).await.unwrap();
        store.close().await;
        dialogue
    })
}

#[test]
fn an_owner_copies_tells_erases_and_puts_back() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let dialogue = furnish(here).to_string();
    let relay = Serving::start(here);
    printed(here, &["backup", "running.redb"]);
    let told: serde_json::Value = serde_json::from_str(&printed(here, &["export", &dialogue])).unwrap();
    assert_eq!(told["entries"][0]["what"]["said"]["text"], "Hello");
    printed(here, &["erase", &dialogue]);
    assert_eq!(complaint(here, &["export", &dialogue]), "otklik: there is no such dialogue");
    assert_eq!(complaint(here, &["restore", "running.redb"]), "otklik: stop the relay first: it holds the data file");
    relay.kill();

    assert!(here.join("otklik.sock").exists(), "a killed relay leaves its socket");
    assert_eq!(complaint(here, &["export", &dialogue]), "otklik: there is no such dialogue");
    printed(here, &["restore", "running.redb"]);
    assert!(printed(here, &["export", &dialogue]).contains("Hello"));
    printed(here, &["backup", "stopped.redb"]);
    let look = otklik(here, &["check"]).output().unwrap();
    assert!(!look.status.success());
    let told = String::from_utf8(look.stdout).unwrap();
    assert!(told.contains("?     address: the relay does not run: start it and check again"), "{told}");
    assert!(told.contains("FAIL  portal: the settings name none"), "{told}");
    Serving::start(here).kill();
}

#[test]
fn a_wrong_settings_file_stops_the_start_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(complaint(folder.path(), &["serve"]), "otklik: public_url: missing");
    std::fs::write(folder.path().join("otklik.toml"), "public_url = 'http://127.0.0.1:1'\npublik = 1\n").unwrap();
    assert_eq!(complaint(folder.path(), &["serve"]), "otklik: publik: no such setting");
    let nowhere = "listen = '127.0.0.1:0'\npublic_url = 'http://127.0.0.1:1'\ndata = 'no/where.redb'\n";
    std::fs::write(folder.path().join("otklik.toml"), nowhere).unwrap();
    let told = complaint(folder.path(), &["serve"]);
    assert!(told.ends_with("otklik: no/where.redb cannot be opened: the data file cannot be read or written: I/O error: No such file or directory (os error 2)"), "{told}");
    assert!(complaint(folder.path(), &["export", "v-1"]).contains("not the id of a dialogue"));
}

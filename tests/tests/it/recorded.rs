//! The recorded bodies of `tests/fixtures/bitrix24`: each is read or made by a test that names its file, or stands here
//! with the reason why it is not yet. The list only shrinks.

use otklik_tests::root;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const BOT: &str = "bots come later";
const MESSENGER: &str = "the messenger's own methods are not used";

/// Which are not used, and why.
const UNUSED: &[(&str, &str)] = &[
    ("event.ONIMBOTDELETE.form", BOT),
    ("event.ONIMBOTJOINCHAT.form", BOT),
    ("event.ONIMBOTMESSAGEDELETE.form", BOT),
    ("event.ONIMBOTMESSAGEUPDATE.form", BOT),
    ("event.ONIMBOTV2MESSAGEADD.webhook.form", BOT),
    ("event.ONIMCOMMANDADD.form", BOT),
    ("im.counters.get.response.json", MESSENGER),
    ("im.dialog.messages.get.response.json", MESSENGER),
    ("im.message.add.request.json", MESSENGER),
    ("im.notify.system.add.request.json", MESSENGER),
    ("imbot.command.register.request.json", BOT),
    ("imbot.message.add.keyboard.request.json", BOT),
    ("imbot.message.add.request.json", BOT),
    ("imbot.message.add.response.json", BOT),
    ("imbot.register.request.json", BOT),
    ("imbot.register.response.json", BOT),
    ("imbot.v2.Bot.register.request.json", BOT),
    ("imbot.v2.Bot.register.response.json", BOT),
    ("imbot.v2.Chat.Message.send.request.json", BOT),
    ("imbot.v2.Chat.Message.send.response.json", BOT),
    ("imbot.v2.Event.get.response.json", BOT),
    ("imopenlines.bot.session.operator.error.response.json", BOT),
    ("imopenlines.bot.session.transfer.request.json", BOT),
    ("imopenlines.config.update.bot.request.json", BOT),
    ("imopenlines.operator.transfer.request.json", "operators transfer in the portal"),
];

#[test]
fn every_recorded_body_is_used_or_has_a_reason() {
    let folder = root().join("tests/fixtures/bitrix24");
    let recorded: BTreeSet<String> = files(&folder).iter().filter_map(|path| name(path)).collect();
    let sources: Vec<String> = ["server/src", "tests/portal", "tests/src", "tests/tests"]
        .iter()
        .flat_map(|folder| files(&root().join(folder)))
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("it/recorded.rs"))
        .map(|path| fs::read_to_string(path).expect("a source can be read"))
        .collect();
    let used = |file: &str| sources.iter().any(|source| source.contains(&format!("\"{file}\"")));
    for file in &recorded {
        let reason = UNUSED.iter().find(|(name, _)| name == file);
        match (used(file), reason) {
            (true, Some(_)) => panic!("{file} is used: take it off the list"),
            (false, None) => panic!("{file} is neither used nor on the list"),
            _ => {}
        }
    }
    let gone: Vec<_> = UNUSED.iter().filter(|(file, _)| !recorded.contains(*file)).collect();
    assert!(gone.is_empty(), "on the list, and not there: {gone:?}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.expect("a folder can be read").path()) {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

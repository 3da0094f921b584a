//! What inputs are bent from: bodies as portals send them, frames of the protocol page, texts with every code; and
//! whatever once broke something, kept under `fixtures/fuzz`.

use std::{fs, path::Path};

/// Texts as operators and visitors write them, every code that is read among them.
const TEXTS: &[&str] = &[
    "[b]bold[/b], [i]italic[/i], [u]under[/u], [s]struck[/s]",
    "[url=https://example.org/?a=1&b=2]a link[/url] and [url]http://example.org[/url]",
    "[user=27]Анна[/user] [chat=1807]чат[/chat] [call=+74951234567]позвонить[/call] [send=1]да[/send] [put=2]нет[/put]",
    "[code]let x = \"[b]\";[/code]\n[quote]слова[/quote]",
    "------------------------------------------------------\nАнна [17.03.2026 17:52:40]\nслова\n\
     ------------------------------------------------------\nответ",
    ">>первая\n>>вторая\nтретья",
    "[icon=https://example.org/a.png size=20 title=a] [size=20]big[/size] [color=#ff0000]red[/color]",
    "[timestamp=1790000000 format=LONG] [disk=5] [rating=5] [attach=1] [br][BR]",
    ":smile: :-) ;) 👋🏽 \u{202e}txet\u{202c} \u{0}",
    "[b][i][u][s]открыто и не закрыто",
    "[b]Анна Петрова, Менеджер:[/b][br] Здравствуйте!",
    "[B]Анна Петрова:[/B] [br]Здравствуйте!",
    "javascript:alert(1) data:text/html,x [url=javascript:alert(1)]x[/url] [url=//evil]y[/url]",
    "https://example.org/(a), www.example.org. +7 (495) 123-45-67 a@example.org",
    "",
];

/// What bots and applications send beside a text, a block of every kind among it.
const ATTACHMENTS: &[&str] = &[
    r##"{"ID":1,"COLOR":"#29619b","BLOCKS":[{"MESSAGE":"Заказ [b]№1542[/b]"},{"GRID":[{"DISPLAY":"LINE","NAME":"Сумма","VALUE":"4 500 ₽"}]},{"LINK":[{"NAME":"Оплатить","LINK":"https://example.com/pay/1542"}]}]}"##,
    r##"[{"USER":{"NAME":"Анна","LINK":"/company/personal/user/27/"}},{"DELIMITER":{"SIZE":200,"COLOR":"#c6c6c6"}},{"IMAGE":[{"LINK":"https://example.com/a b[1].png","NAME":"a"}]},{"FILE":[{"LINK":"https://example.com/a.pdf","SIZE":15}]}]"##,
    r##"{"blocks":{"0":{"richLink":[{"link":"https://example.com","name":"a","desc":"b
c"}]},"10":{"message":"x"}}}"##,
];

/// Frames of either side beside those of the protocol page.
const FRAMES: &[&str] = &[
    r#"{"type":"ping"}"#,
    r#"{"frames":[{"type":"hello","version":1,"site":"k3v9x","seen":0}],"wait":25}"#,
    r#"{"type":"entries","list":[{"seq":1,"at":2,"kind":"said","id":"aaaaaaaa","from":"bot","body":[{"t":"quote","c":{"name":"A","body":[{"t":"link","c":{"href":"https://a.b","body":[{"t":"time","c":1}]}}]}}]}]}"#,
];

/// What the settings page asks for.
const SETTINGS: &[&str] = &[
    r#"{"do":"connect","sites":"https://shop.example\nhttps://www.shop.example"}"#,
    r#"{"do":"disconnect"}"#,
    r##"{"do":"save","sites":"https://shop.example","look":{"name":"Otklik","color":"#0a84ff","theme":"dark","corner":"left","launcher":"bubble","label":"Chat","greeting":"Hello"}}"##,
    r#"{"do":"state"}"#,
    r##"{"do":"color","color":"#0a84ff"}"##,
];

/// Where the bodies of the corpus named `name` begin: a name for each, for whoever reads of a failure.
pub fn of(name: &str) -> Vec<(String, Vec<u8>)> {
    let recorded = crate::root().join("tests/fixtures/bitrix24");
    let mut corpus = match name {
        "forms" | "events" => files(&recorded, ".form"),
        "answers" | "histories" => files(&recorded, ".json"),
        "frames" => frames(),
        "settings" => said(SETTINGS),
        "attachments" => said(ATTACHMENTS),
        _ => said(TEXTS),
    };
    corpus.extend(files(&crate::root().join("tests/fixtures/fuzz").join(name), ""));
    corpus
}

fn said(texts: &[&str]) -> Vec<(String, Vec<u8>)> {
    texts.iter().map(|text| ((*text).to_owned(), text.as_bytes().to_vec())).collect()
}

fn frames() -> Vec<(String, Vec<u8>)> {
    let page = fs::read_to_string(crate::root().join("shared/PROTOCOL.md")).expect("the protocol has its page");
    let said = page.lines().filter_map(|line| line.strip_prefix("→ ").or_else(|| line.strip_prefix("← ")));
    said.chain(FRAMES.iter().copied()).map(|frame| (frame.to_owned(), frame.as_bytes().to_vec())).collect()
}

/// The files of a folder, in the order of their names; none where there is no folder.
fn files(folder: &Path, ending: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<(String, Vec<u8>)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.to_owned();
            name.ends_with(ending).then(|| (name, fs::read(&path).expect("a fixture can be read")))
        })
        .collect();
    files.sort();
    files
}

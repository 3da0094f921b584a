//! What a visitor downloads before the bubble shows, and before a first word can be sent: every response of the relay,
//! in bytes of brotli as it serves them, and how many there are. A browser says what is asked for; each answer is then
//! fetched again and weighed. Writes `target/budgets.txt`.

use otklik_server::assets;
use otklik_tests::{
    browser::{Browser, Key, Window},
    site::Site,
    stage::{SALES, Stage},
};
use std::fmt::Write;

/// A part of the way to the first word, and what it may cost.
struct Part {
    name: &'static str,
    addresses: Vec<String>,
    most_requests: usize,
    /// Of 1,024 bytes.
    most_kb: usize,
}

/// A part, weighed.
struct Weighed {
    part: Part,
    bytes: Vec<usize>,
}

/// Each language with the names of bubble and field, and what its two parts are called.
const LANGUAGES: [(&str, [&str; 2], &str, &str); 2] = [
    ("en", ["Open chat", "Message"], "launcher", "usable, launcher included"),
    ("ru", ["Открыть чат", "Сообщение"], "launcher, in Russian", "usable in Russian, launcher included"),
];

#[tokio::test]
async fn a_first_word_costs_what_it_may() {
    let stage = Stage::start().await;
    let mut weighed = Vec::new();
    for (lang, [bubble, field], launcher, usable) in LANGUAGES {
        let (before_intent, all) = first_word(&stage, lang, bubble, field).await;
        let part = |name, addresses, most_requests, most_kb| Part { name, addresses, most_requests, most_kb };
        weighed.push(weigh(part(launcher, before_intent, 1, 3)).await);
        weighed.push(weigh(part(usable, all, 5, 100)).await);
    }
    // What a visitor gets on top, once it is used.
    let extra = |name, path, most_kb| {
        let addresses = vec![format!("{}{path}", stage.url())];
        Part { name, addresses, most_requests: 1, most_kb }
    };
    let (acts, files) = (extra("acts, when used", assets::ACTS_JS, 5), extra("files, when used", assets::ATTACH_JS, 5));
    for part in [acts, files] {
        weighed.push(weigh(part).await);
    }
    let table = table(&weighed);
    println!("{table}");
    std::fs::write(otklik_tests::root().join("target/budgets.txt"), &table).expect("the table is written");
    for Weighed { part, bytes } in &weighed {
        assert!(part.addresses.len() <= part.most_requests, "{}: too many requests\n{table}", part.name);
        let total: usize = bytes.iter().sum();
        // A widget built for development is several times as large; `cargo xtask ci` builds the real one.
        assert!(!assets::IS_SHIPPED || total <= part.most_kb * 1024, "{}: too many bytes\n{table}", part.name);
    }
}

/// What a browser asks for until the bubble shows on a page in `lang`, and until a first word has got to the operator.
async fn first_word(stage: &Stage, lang: &str, bubble: &str, field: &str) -> (Vec<String>, Vec<String>) {
    let site = Site::start("shop").await;
    let chat = stage.connect(SALES, &[&site.origin]).await;
    site.carry(&chat.snippet, lang);
    let browser = Browser::start().await;
    let tab = browser.window(Window::WIDE).await;
    tab.go(&site.origin).await;
    let bubble = tab.host().find("button", bubble).await;
    let before_intent = tab.requests_to(&stage.url());
    bubble.press().await;
    tab.chat().find("textbox", field).await.type_text("Hello").await;
    tab.press(Key::Enter).await;
    tab.chat().until("document.querySelector('[data-from=visitor]')?.dataset.state === 'delivered'").await;
    (before_intent, tab.requests_to(&stage.url()))
}

/// The bytes of each answer's body in brotli.
async fn weigh(part: Part) -> Weighed {
    let mut bytes = Vec::new();
    for address in &part.addresses {
        let answer = otklik_tests::http().get(address).header("accept-encoding", "br").send().await;
        let answer = answer.expect("the relay answers");
        assert!(answer.status().is_success(), "{address}: {}", answer.status());
        assert_eq!(answer.headers().get("content-encoding").expect("it is compressed"), "br", "{address}");
        bytes.push(answer.bytes().await.expect("a body").len());
    }
    Weighed { part, bytes }
}

fn table(weighed: &[Weighed]) -> String {
    let mut out = String::new();
    let kind = if assets::IS_SHIPPED { "as shipped" } else { "BUILT FOR DEVELOPMENT, bytes are not enforced" };
    writeln!(out, "Budgets ({kind}), bytes of brotli").expect("a string takes all");
    for Weighed { part, bytes } in weighed {
        for (address, bytes) in part.addresses.iter().zip(bytes) {
            writeln!(out, "  {bytes:>9}  {}", path(address)).expect("a string takes all");
        }
        let (total, most) = (bytes.iter().sum::<usize>(), part.most_kb * 1024);
        let (requests, most_requests) = (bytes.len(), part.most_requests);
        let name = part.name;
        writeln!(out, "  {total:>9}  of {most}, {requests} of {most_requests} requests: {name}\n")
            .expect("a string takes all");
    }
    out
}

/// An address without its origin and its query.
fn path(address: &str) -> &str {
    let path = address.splitn(4, '/').nth(3).unwrap_or_default();
    path.split('?').next().unwrap_or_default()
}

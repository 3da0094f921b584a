//! The demo, as `cargo xtask demo` runs it: two programs and two addresses to open.

use otklik_tests::{process::program, wait::DEADLINE};
use std::process::Stdio;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpStream,
    process::{ChildStdout, Command},
    time::timeout,
};

/// The address on the next line that begins with `what`.
async fn address(lines: &mut Lines<BufReader<ChildStdout>>, what: &str) -> String {
    let line = timeout(DEADLINE, lines.next_line()).await.expect("the demo begins in time").expect("it tells text");
    let line = line.expect("the demo goes on");
    let rest = line.strip_prefix(what).unwrap_or_else(|| panic!("{what}, not {line}"));
    rest.split_whitespace().next().expect("an address").to_owned()
}

async fn text(address: &str) -> String {
    let answer = otklik_tests::http().get(address).send().await.expect("it answers");
    answer.text().await.expect("a document is text")
}

#[tokio::test]
async fn the_demo_opens_a_shop_with_the_chat_and_a_desk_and_leaves_nothing_behind() {
    let mut command = Command::new(program("otklik-portal"));
    command.arg("demo").arg("--relay").arg(program("otklik")).stdout(Stdio::piped()).kill_on_drop(true);
    let mut demo = command.spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let shop = address(&mut lines, "Shop").await;
    let desk = address(&mut lines, "Operator's desk").await;

    let page = text(&shop).await;
    let launcher = page.split_once("<script async src=\"").and_then(|(_, rest)| rest.split_once('"')).unwrap().0;
    assert!(launcher.contains("/widget/") && page.contains(&desk), "{page}");
    let answer = otklik_tests::http().get(launcher).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(text(&desk).await.contains("/desk/main.js"));

    let id = demo.id().expect("it runs").to_string();
    assert!(Command::new("kill").arg("-INT").arg(id).status().await.unwrap().success());
    let ended = timeout(DEADLINE, demo.wait()).await.expect("it ends in time").unwrap();
    assert!(ended.success());
    for gone in [launcher, shop.as_str(), desk.as_str()] {
        let host = gone.split('/').nth(2).unwrap();
        assert!(TcpStream::connect(host).await.is_err(), "{gone} still answers");
    }
}

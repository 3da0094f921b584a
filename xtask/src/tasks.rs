//! The commands that build something and run it.

use crate::{
    browser,
    step::{self, Done},
};
use std::{fs, process::Command};

/// The demo, until Ctrl-C. Further words go to it.
pub fn demo(rest: &[String]) -> Done {
    let words = ["build", "--locked", "--package", "otklik-server", "--package", "otklik-portal", "--bins"];
    step::run("building relay, widget and stand-in portal (minutes the first time)", &mut step::cargo(&words))?;
    let programs = step::programs()?;
    let mut demo = Command::new(programs.join("otklik-portal"));
    demo.arg("demo").arg("--relay").arg(programs.join("otklik")).args(rest);
    become_it(demo)
}

/// Every test, or those whose name contains a word of `rest`.
pub fn test(rest: &[String]) -> Done {
    browser::ensure()?;
    let words = ["test", "--locked", "--workspace"];
    step::run("tests of relay, portal and browser", step::cargo(&words).args(rest))?;
    let widget = ["test", "--locked", "--manifest-path", "widget/Cargo.toml", "--target-dir", "target/widget"];
    step::run("tests of the widget's own decisions", step::cargo(&widget).args(rest))
}

/// The binary to ship. The widget inside is the small one.
pub fn dist() -> Done {
    let words = ["build", "--locked", "--release", "--package", "otklik-server", "--bin", "otklik"];
    step::run("building the release binary (minutes)", &mut step::cargo(&words))?;
    let binary = step::programs()?.with_file_name("release").join("otklik");
    let size = fs::metadata(&binary).map_err(|e| format!("{}: {e}", binary.display()))?.len();
    println!("{} ({:.1} MB, everything inside)", binary.display(), size as f64 / 1e6);
    Ok(())
}

/// The store's benchmark, the bridge's, or both: the first word of `rest` chooses. Neither needs the widget.
pub fn bench(rest: &[String]) -> Done {
    let (which, rest) = match rest.split_first() {
        Some((word, rest)) if word == "store" || word == "bridge" => (Some(word.as_str()), rest),
        _ => (None, rest),
    };
    let plain = |words: &[&str]| {
        let mut command = step::cargo(words);
        command.args(rest).env("BUILD_SKIP_WIDGET", "1");
        command
    };
    if which != Some("bridge") {
        let words = ["bench", "--locked", "--package", "otklik-server", "--bench", "store", "--"];
        step::run("the store", &mut plain(&words))?;
    }
    if which != Some("store") {
        let words =
            ["bench", "--locked", "--profile", "bridge", "--package", "otklik-tests", "--bench", "bridge", "--"];
        step::run("the bridge (four minutes after building)", &mut plain(&words))?;
    }
    Ok(())
}

/// The simulation, for long. The relay in it needs no widget.
pub fn soak(rest: &[String]) -> Done {
    let words = ["run", "--locked", "--package", "otklik-tests", "--bin", "soak", "--"];
    step::run("simulation", step::cargo(&words).args(rest).env("BUILD_SKIP_WIDGET", "1"))
}

/// Pictures into `target/gallery`.
pub fn gallery(rest: &[String]) -> Done {
    browser::ensure()?;
    let words = ["run", "--locked", "--package", "otklik-tests", "--bin", "gallery", "--"];
    step::run("pictures of every state", step::cargo(&words).args(rest))
}

/// This program becomes `command`: Ctrl-C then reaches that one alone, which has things to stop.
#[cfg(unix)]
fn become_it(mut command: Command) -> Done {
    use std::os::unix::process::CommandExt;
    Err(format!("the demo does not start: {}", command.exec()))
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> Done {
    step::run("demo", &mut command)
}

//! What must hold before a change goes in.

use crate::{
    browser,
    step::{self, Done},
};
use std::{fs, time::Instant};

/// Everything, quick findings first. The widget is built as it is shipped, so that its budgets and its behaviour are
/// those of a release.
pub fn ci() -> Done {
    let began = Instant::now();
    browser::ensure()?;
    let fmt = ["fmt", "--all", "--check"];
    step::run("format", &mut step::cargo(&fmt))?;
    let widget = ["--manifest-path", "widget/Cargo.toml"];
    step::run("format of the widget", step::cargo(&fmt).args(widget))?;
    let strict = ["--", "--deny", "warnings"];
    let clippy = ["clippy", "--locked", "--workspace", "--all-targets"];
    step::run("lints", full(step::cargo(&clippy).args(strict)))?;
    let clippy = ["clippy", "--locked", "--lib", "--target-dir", "target/widget"];
    let wasm = ["--target", "wasm32-unknown-unknown"];
    step::run("lints of the widget", step::cargo(&clippy).args(widget).args(wasm).args(strict))?;
    let test = ["test", "--locked", "--workspace"];
    step::run("tests of relay, portal and browser, licences, budgets", full(&mut step::cargo(&test)))?;
    let test = ["test", "--locked", "--target-dir", "target/widget"];
    step::run("tests of the widget's own decisions", step::cargo(&test).args(widget))?;
    let budgets = step::programs()?.with_file_name("budgets.txt");
    let table = fs::read_to_string(&budgets).map_err(|e| format!("the budgets were not measured: {e}"))?;
    println!("\n{table}\nall checks passed in {} s", began.elapsed().as_secs());
    Ok(())
}

/// With the widget as in a release, whatever the profile around it.
fn full(command: &mut std::process::Command) -> &mut std::process::Command {
    command.env("BUILD_WIDGET", "full")
}

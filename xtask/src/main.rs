//! What is not a build: `cargo xtask demo`, `test`, `ci`, `dist`, `bench`, `soak`, `gallery`. Depends on nothing but the
//! toolchain, so that it starts at once; what needs more lives in the `tests` package and is called from here.

mod browser;
mod checks;
mod step;
mod tasks;

use std::process::ExitCode;

const HELP: &str = "cargo xtask COMMAND

  demo      a shop page with the chat, the relay and a stand-in portal with an operator's desk; prints the addresses
  test      every test: unit, over HTTP, in a real browser; a word after it chooses tests by name
  ci        format, lints, budgets, licences, tests: what .ci/run runs
  dist      one self-contained release binary
  soak      visitors and operators talk while everything goes wrong; then every word is looked for. --seed N repeats a
            run, --minutes N and --runs N make it longer, --short is as in the tests, --fuzz bends untrusted input
  bench     the benchmarks as tables: `store`, `bridge` (then perhaps steady, rush, ways or flood), or both
  gallery   pictures of every state of the chat, to be looked at";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let rest: Vec<String> = words.collect();
    let done = match command.as_str() {
        "demo" => tasks::demo(&rest),
        "test" => tasks::test(&rest),
        "ci" => checks::ci(),
        "dist" => tasks::dist(),
        "bench" => tasks::bench(&rest),
        "soak" => tasks::soak(&rest),
        "gallery" => tasks::gallery(&rest),
        _ => Err(HELP.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

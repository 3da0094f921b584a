//! A Chromium for the tests: the one that is there, else the distribution's.

use crate::step::{self, Done};
use std::{env, process::Command};

/// Names under which Chromium is installed; the tests look for the same ones.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Sees to it that there is a Chromium. `TEST_CHROMIUM` names one that lies elsewhere.
pub fn ensure() -> Done {
    if let Ok(named) = env::var("TEST_CHROMIUM") {
        return if works(&named) { Ok(()) } else { Err(format!("TEST_CHROMIUM={named} does not answer --version")) };
    }
    if NAMES.iter().any(|name| works(name)) {
        return Ok(());
    }
    let missing = "the browser tests need Chromium: install it, or name one in TEST_CHROMIUM";
    let Some(mut apt) = apt_get() else { return Err(missing.to_owned()) };
    let mut update = apt_get().unwrap_or_else(|| Command::new("apt-get"));
    step::run("no Chromium here: reading the package lists", update.args(["-qq", "update"]))?;
    let words = ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-liberation"];
    step::run("installing Chromium (about 100 MB)", apt.env("DEBIAN_FRONTEND", "noninteractive").args(words))?;
    if NAMES.iter().any(|name| works(name)) { Ok(()) } else { Err(missing.to_owned()) }
}

fn works(program: &str) -> bool {
    step::answers(program, &["--version"])
}

/// apt-get, where it is there and may install: as root, or by a sudo that asks nothing.
fn apt_get() -> Option<Command> {
    if !step::answers("apt-get", &["--version"]) {
        return None;
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0");
    if is_root {
        return Some(Command::new("apt-get"));
    }
    step::answers("sudo", &["-n", "true"]).then(|| {
        let mut command = Command::new("sudo");
        command.args(["-n", "apt-get"]);
        command
    })
}

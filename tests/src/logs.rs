//! What the relays of a test log, at their most talkative, and the audit of it: no words, names, tokens or secrets.

use aho_corasick::AhoCorasick;
use std::{
    io::{self, Write},
    sync::{
        Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tracing_subscriber::EnvFilter;

/// Everything our own packages can log; of others what an administrator would see.
pub const EVERYTHING: &str = "otklik_server=trace,otklik=trace,shared=trace,info,hyper=warn,reqwest=warn";

/// What one line of a log shows of a secret, with what surrounds it.
const AROUND: usize = 300;

/// How much of a secret is looked for, in characters.
const BEGINNING: usize = 100;

static LOG: Mutex<String> = Mutex::new(String::new());
static SECRETS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static QUIET: AtomicBool = AtomicBool::new(false);

/// Keeps what relays in this process log, from now on.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let lines = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(EVERYTHING)).json().flatten_event(true);
        let _ = lines.with_writer(|| Sink).try_init();
    });
}

/// Keeps a line of a relay's log.
pub fn note(line: &str) {
    let mut log = log();
    log.push_str(line);
    log.push('\n');
}

/// Where the log ends now: an audit may begin there.
pub fn end() -> usize {
    log().len()
}

/// Nothing of the relays' logs goes to our own standard error from now on.
pub fn hush() {
    QUIET.store(true, Ordering::Relaxed);
}

pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Whether a line is one that an administrator would not see.
pub(crate) fn is_detail(line: &str) -> bool {
    line.contains("\"level\":\"TRACE\"") || line.contains("\"level\":\"DEBUG\"")
}

/// Something that no log may have, for every audit to come.
pub fn confide(secret: &str) {
    SECRETS.lock().unwrap_or_else(PoisonError::into_inner).push(secret.to_owned());
}

/// The lines since `from` that have one of `secrets`, or of what was confided. What is so short that it may stand
/// anywhere is not looked for: under four letters, or under eight of our own alphabet.
pub fn audit(from: usize, secrets: impl IntoIterator<Item = String>) -> Vec<String> {
    let confided = SECRETS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let is_telling = |secret: &String| secret.chars().count() >= if secret.is_ascii() { 8 } else { 4 };
    // The beginning of a long text is telling enough, and the finder grows with every letter.
    let beginning = |secret: String| secret.chars().take(BEGINNING).collect::<String>();
    let secrets: Vec<String> = secrets.into_iter().chain(confided).filter(is_telling).map(beginning).collect();
    let finder = AhoCorasick::new(&secrets).expect("the secrets fit into memory");
    let log = log();
    let told = log.get(from..).unwrap_or_default().lines().filter_map(|line| {
        let found = finder.find(line)?;
        let short: String = line.chars().take(AROUND).collect();
        Some(format!("{:?} in {short}", secrets[found.pattern().as_usize()]))
    });
    told.collect()
}

/// The last lines that an administrator would see.
pub fn last(count: usize) -> Vec<String> {
    log().lines().rev().filter(|line| !is_detail(line)).take(count).map(str::to_owned).collect()
}

fn log() -> MutexGuard<'static, String> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        log().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

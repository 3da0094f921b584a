//! Bytes of untrusted input, bent: recorded bodies, mutated by dice that a seed repeats. Nothing may panic, take long, or
//! answer with much more than it was given.
//!
//! ```text
//! corpus   what was recorded, and what once broke something     mutate   how it is bent     target   what reads it
//! ```

mod corpus;
mod mutate;
mod target;

pub use self::target::{TARGETS, Target};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

/// How long a processor may work on one input, without optimisation: what is read in a straight line takes a hundredth of
/// it, what is read in the square of its length many times as much. Time that others had the processor does not count.
const WITHIN: Duration = Duration::from_secs(10);

/// Gives `target` all of its corpus as it is, then `cases` inputs bent from it.
///
/// # Errors
/// The shortest input found that it fails for, and why.
pub fn run(target: &Target, seed: u64, cases: u32) -> Result<(), String> {
    let corpus = corpus::of(target.name);
    for (name, bytes) in &corpus {
        check(target, bytes).map_err(|why| format!("{}: {name}: {why}", target.name))?;
    }
    let checked = runner(seed, cases)
        .run(&mutate::bent(bodies(target.name)), |bytes| check(target, &bytes).map_err(TestCaseError::fail));
    checked.map_err(|error| match error {
        TestError::Fail(why, bytes) => {
            let shown = bytes.escape_ascii().to_string();
            format!("{}: {why}\nas a file of tests/fixtures/fuzz/{} it is kept: {shown}", target.name, target.name)
        }
        TestError::Abort(why) => format!("{}: {why}", target.name),
    })
}

/// `count` inputs bent from the corpus `name`.
pub fn samples(name: &str, seed: u64, count: u32) -> Vec<Vec<u8>> {
    let (mut runner, bent) = (runner(seed, count), mutate::bent(bodies(name)));
    (0..count).map(|_| bent.new_tree(&mut runner).expect("nothing is thrown away").current()).collect()
}

fn runner(seed: u64, cases: u32) -> TestRunner {
    let mut noise = [0; 32];
    noise[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_time: 20_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &noise))
}

fn bodies(name: &str) -> Vec<Vec<u8>> {
    let corpus = corpus::of(name);
    assert!(!corpus.is_empty(), "{name} has nothing to begin with");
    corpus.into_iter().map(|(_, bytes)| bytes).collect()
}

/// Gives `target` one input.
///
/// # Errors
/// What was wrong: a panic, an answer out of proportion, too long a time.
pub fn check(target: &Target, bytes: &[u8]) -> Result<(), String> {
    let began = worked();
    let read = catch_unwind(AssertUnwindSafe(|| (target.read)(bytes)));
    let took = worked().saturating_sub(began);
    let told = read.map_err(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        words.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
    })?;
    told?;
    if took > WITHIN { Err(format!("{} bytes took {} ms", bytes.len(), took.as_millis())) } else { Ok(()) }
}

/// How long this thread has had a processor (`Documentation/scheduler/sched-stats.rst`); nothing where no Linux tells it.
fn worked() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

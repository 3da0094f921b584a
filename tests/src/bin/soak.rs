//! The long runs: the simulation, or the readers of untrusted bytes. Prints its seed, what goes on, and what came of it.

use clap::Parser;
use otklik_tests::{
    fuzz::{self, TARGETS},
    logs,
    sim::{self, Plan, Size},
};
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

/// How many inputs a reader gets of one seed.
const CASES: u32 = 5_000;

/// Lets everything go wrong between visitors and operators, and looks whether every word arrives once and in order.
#[derive(Parser)]
#[command(name = "soak")]
struct Arguments {
    /// Throws the same troubles as the run that printed it.
    #[arg(long)]
    seed: Option<u64>,
    /// How long there is trouble, each time.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// How many runs, each with the next seed.
    #[arg(long, default_value_t = 1)]
    runs: u64,
    /// Bends untrusted input for that long instead.
    #[arg(long)]
    fuzz: bool,
    /// As short as the run in the tests.
    #[arg(long)]
    short: bool,
    /// Shows the relay's own log as well.
    #[arg(long)]
    log: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.log {
        logs::hush();
    }
    let first = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    if arguments.fuzz {
        return fuzz(first, Duration::from_secs(arguments.minutes * 60));
    }
    for seed in first..first + arguments.runs {
        let size = if arguments.short { Size::SHORT } else { Size::of(arguments.minutes) };
        let plan = Plan::of(seed, size);
        println!("seed {seed}: {plan}");
        let outcome = sim::run(plan).await;
        println!("{outcome}");
        if !outcome.is_good() {
            println!("again with: --seed {seed}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Gives every reader inputs until the time is over.
fn fuzz(first: u64, length: Duration) -> ExitCode {
    let began = Instant::now();
    for seed in (first..).take_while(|_| began.elapsed() < length) {
        for target in TARGETS {
            if let Err(why) = fuzz::run(target, seed, CASES) {
                println!("seed {seed}: {why}");
                return ExitCode::FAILURE;
            }
        }
        println!("seed {seed}: {CASES} inputs for each of {} readers, none of them broke one", TARGETS.len());
    }
    ExitCode::SUCCESS
}

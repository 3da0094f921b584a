//! The simulation for a short while: `cargo xtask soak` runs it for longer, and with any seed.

mod judging;

use otklik_tests::sim::{self, Plan, Size};
use tokio::sync::Mutex;

/// One at a time: two at once starve each other, and time flies.
static STAGE: Mutex<()> = Mutex::const_new(());

async fn holds(seed: u64) {
    let _alone = STAGE.lock().await;
    let plan = Plan::of(seed, Size::SHORT);
    println!("seed {seed}: {plan}");
    let outcome = sim::run(plan).await;
    println!("{outcome}");
    assert!(outcome.is_good(), "once more with: cargo xtask soak --short --seed {seed}\n{outcome}");
}

/// Histories are refused: what was lost comes from the offline queue alone.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_every_word_arrives_once_and_in_order_and_no_log_has_one() {
    holds(1).await;
}

/// Histories are shown, and the line greets.
#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_line_is_no_exception() {
    holds(3).await;
}

//! The simulation for a while: `cargo xtask soak` runs it for longer, and with any seed.

use otklik_tests::sim::{self, Plan, Size};

/// Both ways back for what is lost are there, or one of them.
const SEEDS: [u64; 1] = [1];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_every_word_arrives_once_and_in_order_and_no_log_has_one() {
    for seed in SEEDS {
        let plan = Plan::of(seed, Size::SHORT);
        println!("seed {seed}: {plan}");
        let outcome = sim::run(plan).await;
        println!("{outcome}");
        assert!(outcome.is_good(), "once more with: cargo xtask soak --short --seed {seed}\n{outcome}");
    }
}

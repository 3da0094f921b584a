//! What a visitor has to say, and when.

use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

use super::plan::{Plan, dice};

/// One thing that a visitor does.
#[derive(Clone, Debug)]
pub enum Saying {
    Say(String),
    /// What was said last is this now.
    Edit(String),
    /// What was said last is taken back.
    Delete,
}

/// What one visitor does, each at its time.
pub type Script = VecDeque<(Instant, Saying)>;

/// A visitor's part of the plan: spread over its length, in bursts now and then, one act in eight a change of mind.
pub fn of(plan: &Plan, nth: usize, mark: &str) -> Script {
    let mut dice = dice(plan.seed, &format!("visitor {nth}"));
    let mean = plan.size.length / u32::try_from(plan.size.words.max(1)).unwrap_or(u32::MAX);
    let is_early = plan.size.begun || nth.is_multiple_of(2);
    let mut at = Instant::now() + if is_early { Duration::ZERO } else { mean * 4 };
    let acts = (0..plan.size.words).map(|word| {
        let saying = match dice.u32(0..16) {
            0 if word > 0 => Saying::Edit(format!("поправка {nth}.{word} {mark}")),
            1 if word > 1 => Saying::Delete,
            _ => Saying::Say(format!("вопрос {nth}.{word} {mark}")),
        };
        let act = (at, saying);
        at += if dice.u32(0..4) == 0 { Duration::ZERO } else { mean.mul_f64(dice.f64() * 2.4) };
        act
    });
    acts.collect()
}

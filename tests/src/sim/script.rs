//! What a visitor has to say, and when; who they are, and who they become.

use fastrand::Rng;
use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

use super::plan::{Plan, dice};

/// The longest text the relay takes, in characters (`[limits] text_chars`).
pub const LONGEST: usize = 10_000;

/// One thing that a visitor does.
#[derive(Clone, Debug)]
pub enum Saying {
    /// `reply`: to what somebody said last.
    Say { text: String, reply: bool, files: Vec<Parcel> },
    /// What was said last is this now.
    Edit(String),
    /// What was said last is taken back.
    Delete,
    /// The answer to a request for a rating.
    Rate(bool),
    /// The visitor ends the conversation.
    Finish,
    /// From now on the page says that they are this person.
    SignIn(String),
    /// They log out, and are somebody new.
    Leave,
}

/// A file on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Parcel {
    /// One with bytes that no other has.
    pub fn new(dice: &mut Rng, what: &str) -> Self {
        let length = dice.usize(200..6_000);
        let noise = std::iter::repeat_with(|| dice.alphanumeric()).take(length).collect::<String>();
        Self { name: format!("{what}.txt"), bytes: format!("{what}\n{noise}").into_bytes() }
    }
}

/// What one visitor does, each at its time.
pub type Script = VecDeque<(Instant, Saying)>;

/// Whom the site vouches for when visitor `nth` comes, and what changes of it in the midst of the talk.
pub fn role(nth: usize) -> (Option<String>, Vec<Saying>) {
    let person = || format!("person-{}", nth / 8);
    match nth % 8 {
        // Two devices of one person.
        1 | 2 => (Some(person()), Vec::new()),
        // Somebody whose words join them.
        3 => (None, vec![Saying::SignIn(person())]),
        // Somebody whose words become a person's first.
        4 => (None, vec![Saying::SignIn(format!("alone-{nth}"))]),
        // A device that changes hands.
        5 => (Some(format!("before-{nth}")), vec![Saying::Leave, Saying::SignIn(person())]),
        6 => (None, vec![Saying::Leave]),
        _ => (None, Vec::new()),
    }
}

/// A visitor's part of the plan: spread over its length, in bursts now and then.
pub fn of(plan: &Plan, nth: usize, mark: &str) -> Script {
    let mut dice = dice(plan.seed, &format!("visitor {nth}"));
    let words = plan.size.words;
    let mean = plan.size.length / u32::try_from(words.max(1)).unwrap_or(u32::MAX);
    let is_early = plan.size.begun || nth.is_multiple_of(2);
    let mut at = Instant::now() + if is_early { Duration::ZERO } else { mean * 4 };
    let mut script = Script::new();
    for word in 0..words {
        if word == words / 2 {
            script.extend(role(nth).1.into_iter().map(|change| (at, change)));
        }
        script.push_back((at, saying(&mut dice, word, &format!("{nth}.{word} {mark}"))));
        at += if dice.u32(0..4) == 0 { Duration::ZERO } else { mean.mul_f64(dice.f64() * 2.4) };
    }
    script
}

fn saying(dice: &mut Rng, word: usize, what: &str) -> Saying {
    let say = |text: String| Saying::Say { text, reply: false, files: Vec::new() };
    match dice.u32(0..64) {
        0..4 if word > 0 => Saying::Edit(format!("поправка {what}")),
        4..8 if word > 1 => Saying::Delete,
        8..12 => Saying::Rate(dice.bool()),
        12 if word > 2 => Saying::Finish,
        13..16 => say(dice.choice(["1", "0", "1 да", "0 нет"]).expect("four").to_owned()),
        // Said more than once in a talk.
        16..20 => say(format!("понятно {}", what.replace('.', " ").split(' ').next_back().unwrap_or_default())),
        20..24 => Saying::Say { text: format!("возражение {what}"), reply: true, files: Vec::new() },
        24..27 => {
            let files = (0..dice.usize(1..3)).map(|file| Parcel::new(dice, &format!("бумага {file} {what}"))).collect();
            let text = if dice.bool() { format!("смотрите {what}") } else { String::new() };
            Saying::Say { text, reply: false, files }
        }
        27 => say(long(&format!("подробно {what} "))),
        _ => say(format!("вопрос {what}")),
    }
}

/// A text as long as they may be.
pub fn long(beginning: &str) -> String {
    beginning.chars().chain("и так далее ".chars().cycle()).take(LONGEST - 1).chain(['.']).collect()
}

//! What one run of the simulation is made of, all of it thrown from a seed: the same seed, length and size give the same
//! plan again.

use fastrand::Rng;
use otklik_portal::{Fault, Mood};
use std::{
    fmt::{self, Display},
    time::Duration,
};

const SEND: &str = "imconnector.send.messages";
const ADD: &str = "ONIMCONNECTORMESSAGEADD";

/// How much is said, and for how long there is trouble, in the machine's time.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub length: Duration,
    pub visitors: usize,
    /// Messages of each visitor.
    pub words: usize,
    /// Acts of the operators, all together: mostly answers.
    pub acts: usize,
    /// Every talk has begun before the trouble does; else every other one begins in the midst of it.
    pub begun: bool,
}

impl Size {
    /// For a test.
    pub const SHORT: Self = Self { length: Duration::from_secs(20), visitors: 40, words: 25, acts: 1_200, begun: true };

    /// A run of `minutes`, as dense as the short one.
    pub fn of(minutes: u64) -> Self {
        let times = usize::try_from(minutes * 3).unwrap_or(usize::MAX);
        let short = Self::SHORT;
        Self {
            length: Duration::from_secs(minutes * 60),
            visitors: 120,
            words: short.words * times / 3,
            acts: short.acts * times,
            begun: false,
        }
    }
}

/// Something goes wrong.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// The portal's next calls, or events, that this fits.
    Fault { on: Option<&'static str>, fault: Fault, times: u32 },
    /// How the portal answers altogether, for so long.
    Mood(Mood, Duration),
    /// The network before the relay, for so long.
    Network(Network, Duration),
    /// `kill -9`, and so long nothing.
    Kill(Duration),
    /// `SIGTERM`, and so long nothing.
    Stop(Duration),
    /// `kill -9`, then a disk that takes nothing more behind so many hundredths of the data file, for so long.
    FullDisk(u64, Duration),
}

#[derive(Clone, Copy, Debug)]
pub enum Network {
    Cut,
    CutVisitors,
    Swallow,
    SwallowVisitors,
}

/// What one run is.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub size: Size,
    /// How many times as fast as the machine's the time of relay and portal runs.
    pub times: u32,
    /// The portal shows histories.
    pub history: bool,
    /// The portal has its offline queue.
    pub queue: bool,
    /// The line greets.
    pub greeting: bool,
    /// What happens when, counted from the start.
    pub troubles: Vec<(Duration, Trouble)>,
}

impl Plan {
    pub fn of(seed: u64, size: Size) -> Self {
        let mut dice = dice(seed, "plan");
        // Of the two ways back for what was lost, one at least is there.
        let (history, queue) = dice.choice([(true, true), (true, true), (false, true), (true, false)]).expect("four");
        let greeting = dice.bool();
        let mut plan = Self { seed, size, times: 20, history, queue, greeting, troubles: Vec::new() };
        plan.throw(&mut dice);
        plan
    }

    /// Four small troubles a second; a death of the relay about every three.
    fn throw(&mut self, dice: &mut Rng) {
        let (mut at, mut deaths) = (Duration::ZERO, 0);
        let mut death = Duration::from_millis(dice.u64(1_000..4_000));
        while at < self.size.length {
            at += Duration::from_millis(dice.u64(60..400));
            if at >= death {
                death = at + Duration::from_millis(dice.u64(1_500..5_000));
                self.troubles.push((at, deadly(deaths, dice)));
                deaths += 1;
            }
            self.troubles.push((at, small(dice)));
        }
    }
}

impl Display for Plan {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { length, visitors, words, acts, .. } = self.size;
        let has = |there: bool| if there { "with" } else { "without" };
        write!(
            to,
            "{visitors} visitors with {words} messages each, {acts} acts of operators, {} troubles in {} s, {} histories, \
             {} the offline queue, {} a greeting",
            self.troubles.len(),
            length.as_secs(),
            has(self.history),
            has(self.queue),
            has(self.greeting),
        )
    }
}

/// A die for one thrower: what one throws changes nothing for the others.
pub fn dice(seed: u64, who: &str) -> Rng {
    // FNV-1a, so that a seed means the same everywhere.
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    Rng::with_seed(who.bytes().chain(seed.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, hash))
}

/// Every fourth time the disk is full, every seventh the relay is only stopped.
fn deadly(nth: u32, dice: &mut Rng) -> Trouble {
    let away = Duration::from_millis(dice.u64(0..600));
    match (nth % 4, nth % 7) {
        (1, _) => Trouble::FullDisk(dice.u64(50..101), Duration::from_millis(dice.u64(800..2_000))),
        (_, 2) => Trouble::Stop(away),
        _ => Trouble::Kill(away),
    }
}

fn small(dice: &mut Rng) -> Trouble {
    let short = Duration::from_millis(dice.u64(50..900));
    match dice.u32(0..100) {
        0..3 => Trouble::Mood(dice.choice([Mood::Busy, Mood::Silent, Mood::Off]).expect("three"), short),
        3..9 => {
            let network =
                [Network::Cut, Network::CutVisitors, Network::CutVisitors, Network::Swallow, Network::SwallowVisitors];
            Trouble::Network(dice.choice(network).expect("five"), short)
        }
        9..35 => event(dice),
        _ => call(dice),
    }
}

fn event(dice: &mut Rng) -> Trouble {
    let late = Duration::from_millis(dice.u64(100..20_000));
    let fault = [Fault::EventLost, Fault::EventTwice, Fault::EventsSwapped, Fault::EventDelayed(late)];
    let on = if dice.bool() { Some(ADD) } else { None };
    Trouble::Fault { on, fault: dice.choice(fault).expect("four"), times: dice.u32(1..4) }
}

fn call(dice: &mut Rng) -> Trouble {
    let slow = Fault::Slow(Duration::from_millis(dice.u64(500..30_000)));
    let refusal = |code: &str| Fault::Refuse(code.to_owned());
    let any = [
        Fault::CutBefore,
        Fault::CutAfter,
        slow.clone(),
        Fault::Silent,
        Fault::Limit,
        Fault::HtmlPage,
        Fault::ExpiredToken,
        refusal("INTERNAL_SERVER_ERROR"),
        refusal("ERROR_UNEXPECTED_ANSWER"),
        Fault::CutAfter,
    ];
    let sends = [
        Fault::CutAt(dice.usize(0..4)),
        Fault::ElementFailure,
        Fault::LostSession,
        Fault::OuterFailure,
        Fault::LineOff,
    ];
    let oauth = [Fault::CutBefore, Fault::HtmlPage, slow];
    let (on, fault) = match dice.u32(0..40) {
        0..2 => (Some("oauth.token"), dice.choice(oauth)),
        2 => (Some(SEND), Some(refusal("OPERATION_TIME_LIMIT"))),
        3..11 => (Some(SEND), dice.choice(sends)),
        11..26 => (Some(SEND), dice.choice(any)),
        _ => (None, dice.choice(any)),
    };
    Trouble::Fault { on, fault: fault.expect("none of the lists is empty"), times: dice.u32(1..3) }
}

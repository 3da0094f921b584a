//! What one run of the simulation is made of, all of it thrown from a seed: the same seed, length and size give the same
//! plan again.

use fastrand::Rng;
use otklik_portal::{Build, Fault, Mood, Vote};
use std::{
    fmt::{self, Display},
    time::Duration,
};

const SEND: &str = "imconnector.send.messages";
const UPDATE: &str = "imconnector.update.messages";
const DELETE: &str = "imconnector.delete.messages";
const FINISH: &str = "imopenlines.operator.another.finish";
const ADD: &str = "ONIMCONNECTORMESSAGEADD";

/// A run that is so long takes all troubles there are.
const LONG: Duration = Duration::from_secs(60);

/// How much is said, and for how long there is trouble, in the machine's time.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub length: Duration,
    pub visitors: usize,
    /// Acts of each visitor: mostly messages.
    pub words: usize,
    /// Acts of the operators, all together: mostly answers.
    pub acts: usize,
    /// Every talk has begun before the trouble does; else every other one begins in the midst of it.
    pub begun: bool,
}

impl Size {
    /// For a test: it has to hold beside everything else that a machine does.
    pub const SHORT: Self = Self { length: Duration::from_secs(8), visitors: 16, words: 12, acts: 300, begun: true };

    /// A run of `minutes`: in each a visitor acts 25 times, and operators 3,600 times.
    pub fn of(minutes: u64) -> Self {
        let times = usize::try_from(minutes).unwrap_or(usize::MAX);
        Self {
            length: Duration::from_secs(minutes * 60),
            visitors: 120,
            words: 25 * times,
            acts: 3_600 * times,
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
    /// The portal is renamed.
    Rename,
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
    /// Of which build the portal is: whether it has histories and an offline queue, and what they are like.
    pub build: Build,
    /// How many events it sends side by side.
    pub workers: usize,
    /// The line greets.
    pub greeting: bool,
    /// How the line asks for ratings.
    pub vote: Vote,
    /// What happens when, counted from the start.
    pub troubles: Vec<(Duration, Trouble)>,
}

impl Plan {
    pub fn of(seed: u64, size: Size) -> Self {
        let mut dice = dice(seed, "plan");
        let (build, workers, greeting) = (build(&mut dice), dice.usize(1..5), dice.bool());
        let reopened = Duration::from_secs(dice.choice([0, 30]).expect("two"));
        let vote = Vote { closing_delay: dice.bool(), reopened, ..Vote::default() };
        let mut plan = Self { seed, size, times: 20, build, workers, greeting, vote, troubles: Vec::new() };
        plan.throw(&mut dice);
        plan
    }

    /// Four small troubles a second; a death of the relay about every three.
    fn throw(&mut self, dice: &mut Rng) {
        let (mut at, mut deaths) = (Duration::ZERO, 0);
        let mut death = Duration::from_millis(dice.u64(1_000..4_000));
        // It can be renamed once, and a block by hand ends ten minutes after it was met.
        let renamed = dice.bool().then(|| self.size.length.mul_f64(dice.f64()));
        let blocked = (self.size.length >= LONG).then(|| self.size.length.mul_f64(dice.f64()));
        while at < self.size.length {
            at += Duration::from_millis(dice.u64(60..400));
            if at >= death {
                death = at + Duration::from_millis(dice.u64(1_500..5_000));
                self.troubles.push((at, deadly(deaths, dice)));
                deaths += 1;
            }
            self.troubles.push((at, self.small(dice)));
        }
        let once = [(renamed, Trouble::Rename), (blocked, Trouble::Mood(Mood::Blocked, Duration::from_millis(500)))];
        self.troubles.extend(once.into_iter().filter_map(|(at, trouble)| Some((at?, trouble))));
        self.troubles.sort_by_key(|(at, _)| *at);
    }

    fn small(&self, dice: &mut Rng) -> Trouble {
        let short = Duration::from_millis(dice.u64(50..900));
        match dice.u32(0..100) {
            0..4 => {
                let moods = [Mood::Busy, Mood::Silent, Mood::Off, Mood::Unpaid, Mood::Deleted];
                Trouble::Mood(dice.choice(moods).expect("five"), short)
            }
            4..10 => {
                let network = [
                    Network::Cut,
                    Network::CutVisitors,
                    Network::CutVisitors,
                    Network::Swallow,
                    Network::SwallowVisitors,
                ];
                Trouble::Network(dice.choice(network).expect("five"), short)
            }
            10..35 => event(dice),
            35..40 => file(dice),
            _ => self.call(dice),
        }
    }

    fn call(&self, dice: &mut Rng) -> Trouble {
        let slow = Fault::Slow(Duration::from_millis(dice.u64(500..30_000)));
        // A request ends after a minute, whatever it does (`limits.md`), and the relay counts on that. Time flies here: a
        // busy machine moves two clocks apart by half a minute of theirs, and what is late is over before that.
        let late = Fault::Late(Duration::from_millis(dice.u64(1_000..30_000)));
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
        // `LostSession` is not among them: of a rating it would say that it was stored (`imconnector.send.messages`), and
        // it was not. Tests of its own throw it at other words.
        let cut = Fault::CutAt(dice.usize(0..5));
        let sends = [cut.clone(), cut.clone(), Fault::ElementFailure, Fault::OuterFailure, Fault::LineOff];
        let changes = [late.clone(), cut, Fault::CutAfter, Fault::CutBefore];
        let oauth = [Fault::CutBefore, Fault::HtmlPage, slow];
        let (on, fault) = match dice.u32(0..48) {
            0..2 => (Some("oauth.token"), dice.choice(oauth)),
            2 => (Some(SEND), Some(refusal("OPERATION_TIME_LIMIT"))),
            3 => (Some("imopenlines.session.history.get"), Some(refusal("INTERNAL_SERVER_ERROR"))),
            4..13 => (Some(SEND), dice.choice(sends)),
            13..17 => (Some(SEND), Some(late)),
            17..20 => (dice.choice([UPDATE, DELETE, FINISH]), dice.choice(changes)),
            20..34 => (Some(SEND), dice.choice(any)),
            _ => (None, dice.choice(any)),
        };
        Trouble::Fault { on, fault: fault.expect("none of the lists is empty"), times: dice.u32(1..3) }
    }
}

impl Display for Plan {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { length, visitors, words, acts, .. } = self.size;
        let has = |there: bool| if there { "with" } else { "without" };
        let Build { history, offline_queue, marks_sending, plain_texts, tells_sessions, .. } = self.build;
        write!(
            to,
            "{visitors} visitors with {words} acts each, {acts} acts of operators, {} troubles in {} s, {} histories \
             ({} marks, {} plain texts), {} the offline queue, {} sessions in answers, {} a greeting, {} events at once",
            self.troubles.len(),
            length.as_secs(),
            has(history),
            has(marks_sending),
            has(plain_texts),
            has(offline_queue),
            has(tells_sessions),
            has(self.greeting),
            self.workers,
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

/// Of the two ways back for what was lost, one at least is there.
fn build(dice: &mut Rng) -> Build {
    let (history, offline_queue) =
        dice.choice([(true, true), (true, true), (false, true), (true, false)]).expect("four");
    let is_old = dice.u32(0..3) == 0;
    Build {
        history,
        offline_queue,
        marks_sending: dice.bool(),
        plain_texts: !is_old,
        tells_sessions: !is_old || dice.bool(),
        throws_line_errors: !is_old,
        knows_sessions: !is_old,
        overwrites_mids: is_old,
        one_message: dice.bool(),
        ..Build::default()
    }
}

/// Something is wrong with an operator's file, or with a visitor's.
fn file(dice: &mut Rng) -> Trouble {
    let fault = [Fault::FileGone, Fault::FilePage, Fault::FileTorn, Fault::FileDropped, Fault::DriveFull];
    Trouble::Fault { on: None, fault: dice.choice(fault).expect("five"), times: 1 }
}

fn event(dice: &mut Rng) -> Trouble {
    let late = Duration::from_millis(dice.u64(100..20_000));
    let fault = [Fault::EventLost, Fault::EventTwice, Fault::EventsSwapped, Fault::EventDelayed(late)];
    let on = if dice.bool() { Some(ADD) } else { None };
    Trouble::Fault { on, fault: dice.choice(fault).expect("four"), times: dice.u32(1..4) }
}

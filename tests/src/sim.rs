//! A seeded simulation: the relay as a real process between visitors and a portal, everything going wrong, and at the end
//! the question whether every word arrived once and in order. A seed throws the same troubles again; what the machine's
//! own timing adds to them differs from run to run.
//!
//! ```text
//! plan      what happens when, thrown from the seed     widget   a visitor     desk   the operators
//! keeper    starts, kills and starves the relay         script   what a visitor has to say
//! verdict   what was said against what was heard
//! ```

mod desk;
mod keeper;
mod plan;
mod script;
mod verdict;
mod widget;

pub use self::{
    keeper::Lives,
    plan::{Plan, Size},
    verdict::Verdict,
};

use otklik_portal::{Fault, Line, Mood, Options, Portal};
use otklik_server::clock::Clock;
use std::{
    fmt::{self, Display},
    path::Path,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use self::{
    keeper::{Keeper, Order},
    plan::{Network, Trouble},
    verdict::Evidence,
    widget::{Diary, Door, Widget},
};
use crate::{
    admin,
    chaos::ChaosProxy,
    logs,
    stage::{CONNECTOR, SALES},
};

const HISTORY: &str = "imopenlines.session.history.get";
const QUEUE: [&str; 3] = ["event.offline.list", "event.offline.get", "event.offline.clear"];
const GREETING: &str = "Здравствуйте, чем помочь?";

/// How often the portal's clock is moved, and a condition looked at.
const BEAT: Duration = Duration::from_millis(5);
const LOOK: Duration = Duration::from_millis(400);

/// How long everything may take to settle once nothing goes wrong any more, and how long it must stay so: by the
/// machine's time. In the relay's, what is in doubt is sought for minutes.
const SETTLES: Duration = Duration::from_secs(90);
const STAYS: Duration = Duration::from_secs(4);

/// One run, and what came of it.
pub struct Outcome {
    pub verdict: Verdict,
    /// Lines of the relay's log that tell what no log may.
    pub leaks: Vec<String>,
    /// How the relay fared.
    pub lives: Arc<Lives>,
}

/// Everything around the relay.
struct Scene {
    plan: Plan,
    portal: Arc<Portal>,
    front: Arc<ChaosProxy>,
    lives: Arc<Lives>,
    diaries: Vec<Arc<Mutex<Diary>>>,
    door: Option<Door>,
    book: desk::Book,
    orders: mpsc::Sender<Order>,
    /// In every word that is said, and nowhere else.
    mark: String,
}

/// Runs a plan to its end.
pub async fn run(plan: Plan) -> Outcome {
    let log = logs::end();
    let folder = tempfile::tempdir().expect("a folder for the relay's data");
    let (mut scene, relay, racing) = Scene::set(plan, folder.path()).await;
    let stop = CancellationToken::new();
    let mut visitors = scene.visitors(&stop).await;
    scene.begin().await;
    let desk = tokio::spawn(desk::work(
        Arc::clone(&scene.portal),
        scene.plan.clone(),
        scene.mark.clone(),
        Arc::clone(&scene.book),
    ));
    scene.suffer().await;
    desk.await.expect("the operators never fail");
    scene.recover().await;
    let mut verdict = scene.settle().await;
    stop.cancel();
    while visitors.join_next().await.is_some() {}
    verdict.broken.extend(scene.read_anew().await);
    let lives = Arc::clone(&scene.lives);
    let portal = Arc::clone(&scene.portal);
    drop(scene); // no orders any more: the keeper hands the relay back
    relay.await.expect("the keeper never fails").kill().await;
    racing.abort();
    Outcome { verdict, leaks: logs::audit(log, portal.secrets()), lives }
}

impl Scene {
    async fn set(plan: Plan, folder: &Path) -> (Self, JoinHandle<crate::process::Process>, JoinHandle<()>) {
        let mut options = Options { event_delay: Duration::from_millis(400), ..Options::default() };
        if plan.greeting {
            options.lines[0] = Line::new(SALES, "Отдел продаж").greeting(GREETING);
        }
        let portal = Arc::new(Portal::start(options).await.expect("free ports on the loopback"));
        let front = Arc::new(ChaosProxy::start().await);
        let settings = folder.join("otklik.toml");
        let limits = "[limits]\naddress_burst = 100000\naddress_per_minute = 100000\naddress_connections = 100000\n\
             sessions_burst = 100000\nsessions_per_minute = 100000\n";
        let text = crate::settings::file(&front.url(), folder, Some(&portal), limits);
        std::fs::write(&settings, text).expect("the settings are written");
        let (since, times) = (Clock::real().now(), plan.times);
        let racing = tokio::spawn(race(Arc::clone(&portal), times));
        let lives = Arc::new(Lives::default());
        let data = folder.join("otklik.redb");
        let keeper = Keeper { settings, data, since, times, front: Arc::clone(&front), lives: Arc::clone(&lives) };
        let (orders, ordered) = mpsc::channel(1);
        let relay = tokio::spawn(keeper.keep(ordered));
        let mark = format!("{:016x}", plan::dice(plan.seed, "mark").u64(..));
        let (diaries, book) = (Vec::new(), desk::Book::default());
        let scene = Self { plan, portal, front, lives, diaries, door: None, book, orders, mark };
        (scene, relay, racing)
    }

    /// Installs, connects, and lets visitors in.
    async fn visitors(&mut self, stop: &CancellationToken) -> JoinSet<()> {
        let url = self.front.url();
        crate::wait::until("a relay that answers", || async {
            crate::http().get(format!("{url}/healthz")).send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
        assert_eq!(self.portal.install_into(&url).await, Some(200), "the relay takes ONAPPINSTALL");
        self.portal.wait_ready(CONNECTOR).await;
        let page = admin::Page::open(&url, &self.portal.open_settings(SALES, "ru")).await;
        let site = page.connect(&["https://shop.example"]).await.key;
        self.lasting_faults();
        let mut visitors = JoinSet::new();
        let door = Door { relay: url, site };
        self.door = Some(door.clone());
        for nth in 0..self.plan.size.visitors {
            let dice = plan::dice(self.plan.seed, &format!("widget {nth}"));
            let (widget, diary) = Widget::new(door.clone(), dice, script::of(&self.plan, nth, &self.mark));
            self.diaries.push(diary);
            visitors.spawn(widget.live(stop.clone()));
        }
        visitors
    }

    /// Returns when half of the talks have begun: the others begin in the midst of trouble.
    async fn begin(&self) {
        let begun = || async { (self.portal.chat_ids().len() * 2 >= self.diaries.len()).then_some(()) };
        crate::wait::until("talks to begin", begun).await;
    }

    /// What this portal does not have, in this plan.
    fn lasting_faults(&self) {
        if !self.plan.history {
            self.portal.fault_on(HISTORY, Fault::HistoryRefused, u32::MAX);
        }
        for method in QUEUE.iter().filter(|_| !self.plan.queue) {
            self.portal.fault_on(method, Fault::Refuse("ERROR_METHOD_NOT_FOUND".to_owned()), u32::MAX);
        }
    }

    /// Lets everything happen, each at its time.
    async fn suffer(&self) {
        let began = Instant::now();
        for (at, trouble) in &self.plan.troubles {
            sleep_until(began + *at).await;
            match trouble.clone() {
                Trouble::Fault { on: Some(on), fault, times } => self.portal.fault_on(on, fault, times),
                Trouble::Fault { on: None, fault, times } => self.portal.fault(fault, times),
                Trouble::Mood(mood, lasts) => self.sulk(mood, lasts).await,
                Trouble::Network(network, lasts) => self.cut(network, lasts).await,
                Trouble::Kill(away) => self.order(Order::Kill(away)).await,
                Trouble::Stop(away) => self.order(Order::Stop(away)).await,
                Trouble::FullDisk(room, lasts) => self.order(Order::FullDisk(room, lasts)).await,
            }
        }
        sleep_until(began + self.plan.size.length).await;
    }

    async fn order(&self, order: Order) {
        self.orders.send(order).await.expect("the keeper waits for orders");
    }

    async fn sulk(&self, mood: Mood, lasts: Duration) {
        self.portal.set_mood(mood).await.expect("its own port is free");
        sleep_until(Instant::now() + lasts).await;
        self.portal.set_mood(Mood::Answers).await.expect("its own port is free");
    }

    async fn cut(&self, network: Network, lasts: Duration) {
        match network {
            Network::Cut => self.front.cut(),
            Network::CutVisitors => self.front.cut_visitors(),
            Network::Swallow => self.front.swallow(),
            Network::SwallowVisitors => self.front.swallow_visitors(),
        }
        sleep_until(Instant::now() + lasts).await;
        self.front.restore();
    }

    /// Nothing goes wrong any more. Where a kill cost the tokens, the administrator lets the application in again.
    async fn recover(&self) {
        self.portal.clear_faults();
        self.lasting_faults();
        self.front.restore();
        self.order(Order::Kill(Duration::ZERO)).await; // the last one, and the end of every full disk
    }

    /// Waits until both sides agree, and looks whether it stays so.
    async fn settle(&self) -> Verdict {
        let deadline = Instant::now() + SETTLES;
        let mut clean_since = None;
        loop {
            let verdict = self.look();
            let now = Instant::now();
            if verdict.is_clean() {
                let since = *clean_since.get_or_insert(now);
                if now > since + STAYS {
                    return verdict;
                }
            } else if !verdict.broken.is_empty() || now > deadline {
                return verdict;
            } else {
                clean_since = None;
            }
            self.let_in_again().await;
            sleep_until(now + LOOK).await;
        }
    }

    fn look(&self) -> Verdict {
        let diaries = self.diaries.iter().map(|diary| diary.lock().expect("no holder panics").clone());
        verdict::judge(&Evidence {
            plan: &self.plan,
            diaries: diaries.collect(),
            spoken: self.book.lock().expect("no holder panics").clone(),
            chats: self.portal.chats(),
            deliveries: self.portal.deliveries(),
        })
    }

    /// Visitors whose log, read anew, is another than they were told.
    async fn read_anew(&self) -> Vec<String> {
        let mut other = Vec::new();
        let diaries = self.diaries.iter().map(|diary| diary.lock().expect("no holder panics").clone());
        for (nth, diary) in diaries.collect::<Vec<Diary>>().into_iter().enumerate() {
            let (Some(door), Some(session)) = (&self.door, &diary.session) else { continue };
            if door.read(session).await.as_ref() != Some(&diary.log) {
                other.push(format!("visitor {nth} is told another talk when it is read anew"));
            }
        }
        other
    }

    /// A pair of tokens whose answer was lost is lost, and only the administrator's browser brings another.
    async fn let_in_again(&self) {
        let last = self.portal.calls("oauth.token").pop();
        if last.is_none_or(|call| call.status != Some(400)) {
            return;
        }
        let mut address = format!("{}/bitrix24/oauth", self.front.url());
        for _ in 0..3 {
            let Ok(answer) = crate::http().get(&address).send().await else { return };
            let Some(next) = answer.headers().get("location").and_then(|to| to.to_str().ok()) else { return };
            next.clone_into(&mut address);
        }
    }
}

/// Keeps the portal's time as fast as the relay's.
async fn race(portal: Arc<Portal>, times: u32) {
    let began = Instant::now();
    let mut moved = Duration::ZERO;
    let mut beat = tokio::time::interval(BEAT);
    loop {
        beat.tick().await;
        let ahead = began.elapsed() * times.saturating_sub(1);
        portal.advance(ahead.saturating_sub(moved));
        moved = ahead;
    }
}

impl Display for Outcome {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "the relay     {}\n{}", self.lives, self.verdict)?;
        self.leaks.iter().take(10).try_for_each(|line| writeln!(to, "leak          {line}"))
    }
}

impl Outcome {
    /// Whether all is as it must be.
    pub fn is_good(&self) -> bool {
        self.verdict.is_clean() && self.leaks.is_empty() && self.lives.fell.load(Ordering::Relaxed) == 0
    }
}

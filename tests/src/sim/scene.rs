//! Everything around the relay, and what happens to it: set up as people do it, then let go wrong as the plan says.

use otklik_portal::{Line, Mood, Options, Portal};
use otklik_server::clock::Clock;
use serde_json::json;
use shared::Happening;
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    desk,
    door::{Door, SILENCE},
    heard::Heard,
    keeper::{Keeper, Lives, Order},
    plan::{self, Network, Plan, Trouble},
    script,
    widget::{Diaries, Widget},
};
use crate::{
    admin,
    chaos::ChaosProxy,
    logs,
    process::{Process, program},
    stage::{CONNECTOR, SALES, SUPPORT},
};

const GREETING: &str = "Здравствуйте, чем помочь?";

/// How long a talk stays open that its operator has finished.
const CLOSES: Duration = Duration::from_secs(60);

/// How long talks may take to begin: all of them at once, on a machine that does something else as well.
const BEGINS: Duration = Duration::from_secs(180);

/// How often the portal's clock is moved.
const BEAT: Duration = Duration::from_millis(5);

/// Everything around the relay.
pub struct Scene {
    pub plan: Plan,
    pub portal: Arc<Portal>,
    pub front: Arc<ChaosProxy>,
    pub lives: Arc<Lives>,
    pub diaries: Vec<Diaries>,
    pub heard: Mutex<Heard>,
    pub door: Option<Door>,
    pub book: desk::Book,
    orders: mpsc::Sender<Order>,
    /// In every word that is said, and nowhere else.
    pub mark: String,
}

impl Scene {
    pub async fn set(plan: Plan, folder: &Path) -> (Self, JoinHandle<Process>, JoinHandle<()>) {
        let mut options = Options {
            event_delay: Duration::from_millis(400),
            build: plan.build,
            workers: plan.workers,
            ..Options::default()
        };
        options.lines[0] = Line {
            greeting: plan.greeting.then(|| GREETING.to_owned()),
            vote: Some(plan.vote.clone()),
            full_close: CLOSES,
            ..Line::new(SALES, "Отдел продаж")
        };
        program("racing-relay"); // building it may take its time, before anything is waited for
        let portal = Arc::new(Portal::start(options).await.expect("free ports on the loopback"));
        let front = Arc::new(ChaosProxy::start().await);
        let settings = folder.join("otklik.toml");
        let limits = "[limits]\naddress_burst = 100000\naddress_per_minute = 100000\naddress_connections = 100000\n\
             sessions_burst = 100000\nsessions_per_minute = 100000\nfiles_burst = 100000\nfiles_per_minute = 100000\n";
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
        let heard = Mutex::default();
        let scene = Self { plan, portal, front, lives, diaries, heard, door: None, book, orders, mark };
        (scene, relay, racing)
    }

    /// Installs, connects, and lets visitors in.
    pub async fn visitors(&mut self, stop: &CancellationToken) -> JoinSet<()> {
        let url = self.front.url();
        crate::wait::until("a relay that answers", || async {
            crate::http().get(format!("{url}/healthz")).send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
        assert_eq!(self.portal.install_into(&url).await, Some(200), "the relay takes ONAPPINSTALL");
        self.portal.wait_ready(CONNECTOR).await;
        let page = admin::Page::open(&url, &self.portal.open_settings(SALES, "ru")).await;
        let site = page.connect(&["https://shop.example"]).await.key;
        let answer = page.ask("secret", json!({})).await;
        let secret = answer["secret"].as_str().unwrap_or_else(|| panic!("no secret: {answer}")).to_owned();
        logs::confide(&secret);
        self.portal.connect_line(CONNECTOR, SUPPORT); // talks are handed over to it
        let mut visitors = JoinSet::new();
        let door = Door { relay: url, site, secret, clock: self.portal.clock().clone(), patience: SILENCE };
        self.door = Some(door.clone());
        for nth in 0..self.plan.size.visitors {
            let dice = plan::dice(self.plan.seed, &format!("widget {nth}"));
            let (whose, script) = (format!("visitor {nth}"), script::of(&self.plan, nth, &self.mark));
            let (widget, diaries) = Widget::new(door.clone(), dice, whose, script::role(nth).0, script);
            self.diaries.push(diaries);
            visitors.spawn(widget.live(stop.clone()));
        }
        visitors
    }

    /// Returns when those talks have begun that are to begin in peace.
    pub async fn begin(&self) {
        let is_early = |nth: usize| self.plan.size.begun || nth.is_multiple_of(2);
        let has_begun = |diaries: &Diaries| {
            let diaries = diaries.lock().expect("no holder panics");
            diaries.iter().any(|diary| diary.log.iter().any(|entry| matches!(entry.what, Happening::State { .. })))
        };
        let early = || self.diaries.iter().enumerate().filter(|(nth, _)| is_early(*nth));
        let begun = || async { early().all(|(_, diaries)| has_begun(diaries)).then_some(()) };
        crate::wait::until_within(BEGINS, "talks to begin", begun).await;
    }

    /// Lets everything happen, each at its time.
    pub async fn suffer(&self) {
        let began = Instant::now();
        for (at, trouble) in &self.plan.troubles {
            sleep_until(began + *at).await;
            match trouble.clone() {
                Trouble::Fault { on: Some(on), fault, times } => self.portal.fault_on(on, fault, times),
                Trouble::Fault { on: None, fault, times } => self.portal.fault(fault, times),
                Trouble::Rename => self.portal.rename(),
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
    pub async fn recover(&self) {
        self.portal.clear_faults();
        self.front.restore();
        self.order(Order::Kill(Duration::ZERO)).await; // the last one, and the end of every full disk
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

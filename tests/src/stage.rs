//! Everything a conversation needs, set up as people set it up: a stand-in portal, a relay behind a network that can be
//! cut, the application installed, a line connected on the settings page.

use otklik_portal::{Chat, LineId, Options, Portal, UserId};
use otklik_server::clock::Clock;
use shared::SiteKey;
use std::{path::PathBuf, time::Duration};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::{
    admin::{self, Connected},
    chaos::ChaosProxy,
    logs,
    process::Process,
    server::Server,
    settings,
    visitor::Visitor,
    wait,
};

/// Our connector's name at the portal.
pub const CONNECTOR: &str = "otklik";
/// The stand-in's first line.
pub const SALES: LineId = LineId(107);
/// The stand-in's second line.
pub const SUPPORT: LineId = LineId(109);
/// “Анна Петрова”, who answers.
pub const ANNA: UserId = UserId(27);

/// While time flies it leaps this far, this often: 20 times as fast, and connections are still seen to be alive.
const LEAP: Duration = Duration::from_millis(200);
const BEAT: Duration = Duration::from_millis(10);

/// Longer than the relay searches for a message in doubt.
const DOUBT: Duration = Duration::from_secs(240);

/// Time flies until this is dropped.
pub struct Hurry {
    flying: JoinHandle<()>,
}

impl Drop for Hurry {
    fn drop(&mut self) {
        self.flying.abort();
    }
}

/// A relay, however it runs.
enum Relay {
    Here(Server),
    Process(Process),
}

/// The scene of a test.
pub struct Stage {
    pub portal: Portal,
    /// Between the relay and everybody who comes to it; its address is the relay's public one.
    pub front: ChaosProxy,
    pub clock: Clock,
    relay: Option<Relay>,
    further: String,
    folder: TempDir,
    /// Where the relays' log was when the scene began.
    log: usize,
}

/// Whatever was played: no log has a word of it, and no dialogue was in two calls at once.
impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let leaks = logs::audit(self.log, self.portal.secrets());
            assert!(leaks.is_empty(), "a log tells what no log may:\n{}", leaks.join("\n"));
            let overlaps = self.portal.overlaps();
            assert!(overlaps.is_empty(), "two calls of one dialogue at once:\n{}", overlaps.join("\n"));
        }
    }
}

impl Stage {
    /// A relay in this process, in real time, installed in the portal.
    pub async fn start() -> Self {
        Self::start_with(Clock::real(), "").await
    }

    /// As `start`, with a clock that stands still until `advance` moves it.
    pub async fn by_hand() -> Self {
        Self::start_with(Clock::by_hand(Clock::real().now()), "").await
    }

    /// As `start`, with another clock and more of the relay's settings file.
    pub async fn start_with(clock: Clock, further: &str) -> Self {
        let mut stage = Self::empty(clock, further).await;
        stage.start_here().await;
        stage.install().await;
        stage
    }

    /// The real binary, installed in the portal.
    pub async fn with_process() -> Self {
        let mut stage = Self::empty(Clock::real(), "").await;
        stage.start_process().await;
        stage.install().await;
        stage
    }

    /// As `start`, at a portal that sends so many events side by side.
    pub async fn crowded(workers: usize) -> Self {
        let options = Options { workers, ..Options::default() };
        let mut stage = Self::empty_at(options, Clock::real(), "").await;
        stage.start_here().await;
        stage.install().await;
        stage
    }

    /// A portal and no relay yet. `further` is more of the relay's settings file.
    pub async fn empty(clock: Clock, further: &str) -> Self {
        Self::empty_at(Options::default(), clock, further).await
    }

    /// As `empty`, with a portal that is made otherwise.
    pub async fn empty_at(options: Options, clock: Clock, further: &str) -> Self {
        let portal = Portal::start(options).await.expect("free ports on the loopback");
        let front = ChaosProxy::start().await;
        let folder = tempfile::tempdir().expect("a folder for the relay's data");
        Self { portal, front, clock, relay: None, further: further.to_owned(), folder, log: logs::end() }
    }

    /// Starts the relay in this process.
    pub async fn start_here(&mut self) {
        let server = Server::start(&self.settings(), self.clock.clone()).await;
        self.front.lead_to(server.address());
        self.relay = Some(Relay::Here(server));
    }

    /// Starts the real binary.
    pub async fn start_process(&mut self) {
        let process = Process::start(&self.settings_file()).await;
        self.front.lead_to(process.address());
        self.relay = Some(Relay::Process(process));
    }

    /// Starts the real binary on a disk on which no file may grow beyond so many bytes.
    pub async fn start_process_confined(&mut self, most_bytes: u64) {
        let process = Process::start_confined(&self.settings_file(), most_bytes).await;
        self.front.lead_to(process.address());
        self.relay = Some(Relay::Process(process));
    }

    /// Returns when the real binary has ended by itself.
    pub async fn ended(&mut self) {
        match self.relay.take() {
            Some(Relay::Process(mut process)) => drop(process.ended().await),
            _ => panic!("there is no process to end"),
        }
    }

    /// The relay's data file; others lie beside it.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("otklik.redb")
    }

    /// Starts the relay in this process without the portal's keys in its settings.
    pub async fn start_without_portal(&mut self) {
        let server =
            Server::start(&settings::file(&self.url(), self.folder.path(), None, ""), self.clock.clone()).await;
        self.front.lead_to(server.address());
        self.relay = Some(Relay::Here(server));
    }

    /// The relay's public address.
    pub fn url(&self) -> String {
        self.front.url()
    }

    /// The text of the relay's settings file.
    pub fn settings(&self) -> String {
        settings::file(&self.url(), self.folder.path(), Some(&self.portal), &self.further)
    }

    fn settings_file(&self) -> PathBuf {
        let path = self.folder.path().join("otklik.toml");
        std::fs::write(&path, self.settings()).expect("the settings are written");
        path
    }

    /// The administrator saves the application's card; returns when connector and events are registered.
    pub async fn install(&self) {
        assert_eq!(self.portal.install_into(&self.url()).await, Some(200), "the relay takes ONAPPINSTALL");
        self.portal.wait_ready(CONNECTOR).await;
    }

    /// The administrator connects `line` for `origins` on the settings page.
    pub async fn connect(&self, line: LineId, origins: &[&str]) -> Connected {
        let page = admin::Page::open(&self.url(), &self.portal.open_settings(line, "ru")).await;
        let connected = page.connect(origins).await;
        self.portal.wait_channel(CONNECTOR, line, true).await;
        connected
    }

    /// The first line, connected for a site that nobody looks at.
    pub async fn site(&self) -> SiteKey {
        self.connect(SALES, &["https://shop.example"]).await.key
    }

    /// A new visitor of a site.
    pub async fn visitor(&self, site: &SiteKey) -> Visitor {
        Visitor::arrive(&self.url(), site).await
    }

    /// Moves the relay's clock and the portal's.
    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
        self.portal.advance(span);
    }

    /// Lets time fly, for the relay and the portal, until the answer is dropped: for what takes minutes by design. Needs a
    /// clock by hand.
    pub fn hurry(&self) -> Hurry {
        self.hurry_by(LEAP)
    }

    /// As `hurry`, in leaps so far: where no page is open, whose connection would seem to be dead.
    pub fn hurry_by(&self, leap: Duration) -> Hurry {
        let (relay, portal) = (self.clock.clone(), self.portal.clock().clone());
        let flying = tokio::spawn(async move {
            let mut beat = tokio::time::interval(BEAT);
            loop {
                beat.tick().await;
                relay.advance(leap);
                portal.advance(leap);
            }
        });
        Hurry { flying }
    }

    /// Waits for a chat in which the visitor said exactly this. A relay that was killed with a call under way looks for
    /// its message in the portal's history for minutes before it sends it again: so long this waits.
    pub async fn wait_for_texts(&self, texts: &[&str]) -> Chat {
        let found = || async { self.portal.chats().into_iter().find(|chat| chat.visitor_texts() == texts) };
        wait::until_within(DOUBT, &format!("a chat with {texts:?}"), found).await
    }

    /// `kill -9`: of the process, or of every task of the relay in this one.
    pub async fn kill(&mut self) {
        match self.relay.take() {
            Some(Relay::Process(process)) => process.kill().await,
            Some(Relay::Here(server)) => server.crash(),
            None => panic!("there is no relay to kill"),
        }
    }

    /// The relay stops in order, and starts again on the same data.
    pub async fn restart(&mut self) {
        match self.relay.take() {
            Some(Relay::Here(server)) => {
                server.stop().await;
                self.start_here().await;
            }
            Some(Relay::Process(process)) => {
                assert!(process.terminate().await, "the relay ends without a fault");
                self.start_process().await;
            }
            None => panic!("there is no relay to restart"),
        }
    }
}

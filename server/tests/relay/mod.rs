//! A relay in this process for the tests of one part: its port, file and clock are its own.
#![expect(clippy::disallowed_methods, reason = "a test's own client and task, which end with it")]
#![expect(clippy::unwrap_used, reason = "a test's own scene")]

use futures_util::{SinkExt, StreamExt};
use otklik_server::clock::Clock;
use otklik_server::config::Config;
use otklik_server::ids::{LineId, PortalHost};
use otklik_server::store::{Look, SiteRecord, Store};
use otklik_server::{RunError, run};
use serde_json::{Value, json};
use shared::SiteKey;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

pub const SITE: &str = "k3v9x";

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(20);

pub struct Relay {
    pub address: SocketAddr,
    /// The port of `/metrics`.
    pub metrics: u16,
    pub clock: Clock,
    pub shutdown: CancellationToken,
    folder: tempfile::TempDir,
    running: JoinHandle<Result<(), RunError>>,
}

impl Relay {
    /// A relay with two sites that are on and one that is off.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("otklik.redb")).unwrap();
        for (key, line, connected) in [(SITE, 1, true), ("other", 2, true), ("off", 3, false)] {
            store.save_site(site(key, line, connected)).await.unwrap();
        }
        store.close().await;
        Self::on(folder).await
    }

    pub async fn on(folder: tempfile::TempDir) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let data = folder.path().join("otklik.redb");
        // Free a moment ago: the relay itself says nothing of a port that it chose.
        let metrics = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let (data, metrics_listen) = (data.display(), format!("127.0.0.1:{metrics}"));
        let portal = "[[portal]]\nhost='portal.example'\nclient_id='local.1'\nclient_secret='x'";
        let settings =
            format!("public_url='http://{address}'\ndata='{data}'\nmetrics_listen='{metrics_listen}'\n{portal}");
        let config = Config::from_table(settings.parse().unwrap(), std::iter::empty()).unwrap();
        let (clock, shutdown) = (Clock::by_hand(1_790_000_000_000), CancellationToken::new());
        let running = tokio::spawn(run(listener, config, clock.clone(), shutdown.clone()));
        Self { address, metrics, clock, shutdown, folder, running }
    }

    /// Stops in order.
    pub async fn stop(self) -> tempfile::TempDir {
        self.shutdown.cancel();
        tokio::time::timeout(DEADLINE, self.running).await.expect("it stops").unwrap().unwrap();
        self.folder
    }

    pub async fn restart(self) -> Self {
        Self::on(self.stop().await).await
    }

    pub async fn socket(&self) -> Socket {
        let origin = format!("http://{}", self.address);
        Socket::connect(self.address, Some(&origin)).await.expect("its own origin is let in")
    }

    /// A new visitor and the token of the session.
    pub async fn visitor(&self) -> (Socket, String) {
        let mut socket = self.socket().await;
        socket.send(&hello(None, 0)).await;
        let token = socket.read().await["session"].as_str().expect("a new session").to_owned();
        (socket, token)
    }

    /// A connection of the session, and the welcome it got.
    pub async fn greeted(&self, token: &str, seen: u64) -> (Socket, Value) {
        let mut socket = self.socket().await;
        socket.send(&hello(Some(token), seen)).await;
        let welcome = socket.read().await;
        (socket, welcome)
    }

    pub async fn poll(&self, body: &Value) -> Vec<Value> {
        let (status, answer) = self.post("application/json", body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        answer["frames"].as_array().unwrap().iter().filter(|frame| frame["type"] != "presence").cloned().collect()
    }

    pub async fn poll_from(&self, origin: Option<&str>, body: &Value) -> (u16, Value) {
        self.request(origin, "application/json", body.to_string()).await
    }

    pub async fn post(&self, kind: &str, body: String) -> (u16, Value) {
        self.request(Some(&format!("http://{}", self.address)), kind, body).await
    }

    async fn request(&self, origin: Option<&str>, kind: &str, body: String) -> (u16, Value) {
        send(self.address, origin, kind, body).await.unwrap()
    }

    /// Moves the clock, `step` by step, until `wanted` is there.
    pub async fn advance_until<T>(&self, step: Duration, wanted: impl Future<Output = T>) -> T {
        let moving = async {
            loop {
                self.clock.advance(step);
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            there = wanted => there,
            () = moving => unreachable!("it moves for ever"),
        }
    }
}

/// A plain request of our own page, whether or not the relay is there to answer it.
pub async fn request(to: SocketAddr, body: &Value) -> reqwest::Result<(u16, Value)> {
    send(to, Some(&format!("http://{to}")), "application/json", body.to_string()).await
}

async fn send(to: SocketAddr, origin: Option<&str>, kind: &str, body: String) -> reqwest::Result<(u16, Value)> {
    let client = reqwest::Client::builder().timeout(DEADLINE).build()?;
    let mut request = client.post(format!("http://{to}/v1/poll")).header("content-type", kind);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let answer = request.body(body).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

/// One WebSocket, spoken by hand.
pub struct Socket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Whether it answers the relay's pings: it does so by reading.
    pub pongs: bool,
}

impl Socket {
    /// # Errors
    /// The status that the relay answers instead.
    pub async fn connect(to: SocketAddr, origin: Option<&str>) -> Result<Self, u16> {
        let mut request = format!("ws://{to}/v1/stream").into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self { socket, pongs: true }),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("no connection: {error}"),
        }
    }

    pub async fn send(&mut self, frame: &Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame; who is there to answer comes between and is passed over.
    pub async fn read(&mut self) -> Value {
        let next = async {
            loop {
                match self.socket.next().await.expect("the relay keeps the connection").unwrap() {
                    Message::Text(text) => {
                        let frame: Value = serde_json::from_str(&text).unwrap();
                        if frame["type"] != "presence" {
                            return frame;
                        }
                    }
                    Message::Close(_) => panic!("the relay closed the connection"),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(DEADLINE, next).await.expect("a frame comes")
    }

    /// Returns once the relay has closed the connection.
    pub async fn is_closed(&mut self) -> bool {
        if !self.pongs {
            return self.is_dropped().await;
        }
        while let Some(Ok(message)) = self.socket.next().await {
            if let Message::Close(_) = message {
                return true;
            }
        }
        true
    }

    /// As `is_closed`, but answers no ping: it looks at the bytes below the protocol.
    async fn is_dropped(&mut self) -> bool {
        use tokio::io::AsyncReadExt;
        let mut bytes = [0; 64];
        while self.socket.get_mut().read(&mut bytes).await.is_ok_and(|read| read > 0) {}
        true
    }

    pub async fn close(mut self) {
        self.socket.close(None).await.unwrap();
    }
}

pub fn hello(session: Option<&str>, seen: u64) -> Value {
    let mut hello = json!({"type": "hello", "version": 1, "site": SITE, "seen": seen});
    if let Some(session) = session {
        hello["session"] = json!(session);
    }
    hello
}

pub fn say(nth: u64, text: &str) -> Value {
    json!({"type": "say", "id": format!("00000000-0000-4000-8000-{nth:012x}"), "text": text})
}

fn site(key: &str, line: u64, connected: bool) -> SiteRecord {
    SiteRecord {
        key: SiteKey::try_from(key.to_owned()).unwrap(),
        portal: PortalHost::try_from("portal.example".to_owned()).unwrap(),
        line: LineId(line),
        line_name: "Line".to_owned(),
        connected,
        origins: vec!["https://shop.example".to_owned()],
        look: Look::default(),
        notes: None,
        closed_by: None,
    }
}

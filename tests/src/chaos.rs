//! A TCP proxy that can cut, restore and swallow what passes through it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Who opened a connection, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The portal: it posts to `/bitrix24/…`.
    Portal,
    /// Anyone else.
    Visitor,
}

/// What happens to connections, those that are open included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Weather {
    #[default]
    Fair,
    /// Closed at once, and new ones too.
    Cut,
    /// Open, but nothing passes: a connection that is dead without saying so.
    Swallowed,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    visitors: Weather,
    portal: Weather,
}

/// The proxy. Its address stays while what is behind it comes and goes.
pub struct ChaosProxy {
    address: SocketAddr,
    target: Arc<Mutex<Option<SocketAddr>>>,
    weather: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl ChaosProxy {
    /// A proxy with nothing behind it yet: it closes every connection until `lead_to`.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on the loopback");
        let address = listener.local_addr().expect("a bound listener has an address");
        let target = Arc::new(Mutex::new(None));
        let (weather, seen) = watch::channel(State::default());
        let accepting = tokio::spawn(accept(listener, Arc::clone(&target), seen));
        Self { address, target, weather, accepting }
    }

    /// A proxy before `target`.
    pub async fn before(target: SocketAddr) -> Self {
        let proxy = Self::start().await;
        proxy.lead_to(target);
        proxy
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` and the address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// New connections go to `target` from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        *self.target.lock().expect("no holder panics") = Some(target);
    }

    /// Closes every connection and refuses new ones, until `restore`.
    pub fn cut(&self) {
        self.weather.send_replace(State { visitors: Weather::Cut, portal: Weather::Cut });
    }

    /// As `cut`, for visitors alone: the portal still reaches the relay.
    pub fn cut_visitors(&self) {
        self.weather.send_modify(|state| state.visitors = Weather::Cut);
    }

    /// Keeps connections open and lets nothing pass, until `restore` closes them.
    pub fn swallow(&self) {
        self.weather.send_replace(State { visitors: Weather::Swallowed, portal: Weather::Swallowed });
    }

    /// As `swallow`, for visitors alone.
    pub fn swallow_visitors(&self) {
        self.weather.send_modify(|state| state.visitors = Weather::Swallowed);
    }

    /// Fair weather again.
    pub fn restore(&self) {
        self.weather.send_replace(State::default());
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, target: Arc<Mutex<Option<SocketAddr>>>, weather: watch::Receiver<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let to = *target.lock().expect("no holder panics");
        tokio::spawn(carry(stream, to, weather.clone()));
    }
}

/// Carries one connection until either end closes it or the weather turns.
async fn carry(mut from: TcpStream, to: Option<SocketAddr>, mut weather: watch::Receiver<State>) {
    let mut head = [0; 32];
    let Ok(read @ 1..) = from.read(&mut head).await else { return };
    let caller = if head.starts_with(b"POST /bitrix24/") { Caller::Portal } else { Caller::Visitor };
    let at = move |state: &State| match caller {
        Caller::Portal => state.portal,
        Caller::Visitor => state.visitors,
    };
    let now = at(&weather.borrow_and_update());
    if now == Weather::Fair
        && let Some(to) = to
        && let Ok(mut to) = TcpStream::connect(to).await
    {
        if to.write_all(&head[..read]).await.is_err() {
            return;
        }
        tokio::select! {
            _ = copy_bidirectional(&mut from, &mut to) => return,
            _ = weather.wait_for(|state| at(state) != Weather::Fair) => {}
        }
        // What is behind learns of a swallowed connection no sooner than what is before.
        hold(&mut weather, at).await;
        return;
    }
    if now == Weather::Swallowed {
        hold(&mut weather, at).await;
    }
}

/// Returns when connections may close: at once unless they are swallowed.
async fn hold(weather: &mut watch::Receiver<State>, at: impl Fn(&State) -> Weather) {
    let _ = weather.wait_for(|state| at(state) != Weather::Swallowed).await;
}

//! A running stand-in: starts it, switches it off and on, and lets tests do and see what people in a portal do and see.

mod acts;
mod looks;

pub use self::{acts::FramePost, looks::PATIENCE};

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    routing::{MethodFilter, get, on},
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    faults::Mood,
    oauth,
    options::Options,
    rest::door,
    sender,
    server::{self, Port},
    world::{Address, World},
};

/// The state that requests, the sender and tests share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shared {
    inner: Arc<Inner>,
}

struct Inner {
    world: Mutex<World>,
    changed: watch::Sender<u64>,
    clock: Clock,
}

impl Shared {
    fn new(world: World, clock: Clock) -> Self {
        Self { inner: Arc::new(Inner { world: Mutex::new(world), changed: watch::Sender::new(0), clock }) }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the world and wakes whoever waits for a change.
    pub fn change<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let done = act(&mut self.lock());
        self.inner.changed.send_modify(|count| *count += 1);
        done
    }

    /// Changes what nobody waits for.
    pub fn change_quietly<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.lock())
    }

    pub fn look<T>(&self, at: impl FnOnce(&World) -> T) -> T {
        at(&self.lock())
    }

    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }
}

/// A stand-in portal on ports of 127.0.0.1. It stops when dropped.
pub struct Portal {
    shared: Shared,
    port: Port,
    router: Router,
    /// Tasks end with `stop`; the tracker only keeps them from being loose.
    _tasks: TaskTracker,
    stop: CancellationToken,
    power: tokio::sync::Mutex<Power>,
}

/// What serves the portal's own port, while it is on.
struct Power {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Portal {
    /// # Errors
    /// When no port of 127.0.0.1 can be had.
    pub async fn start(options: Options) -> io::Result<Self> {
        let (port, side) = (Port::take()?, Port::take()?);
        let clock = Clock::default();
        let address = Address { portal: port.address().to_string(), side: side.address().to_string() };
        let shared = Shared::new(World::new(options, address, clock.clone()), clock);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let router = portal_routes(shared.clone());
        let power = tokio::sync::Mutex::new(Power::on(&port, &router, &stop)?);
        let portal = Self { shared: shared.clone(), port, router, _tasks: tasks.clone(), stop: stop.clone(), power };
        tasks.spawn(server::serve(side.listen()?, side_routes(shared.clone()), tasks.clone(), stop.clone()));
        tasks.spawn(sender::run(shared, stop));
        Ok(portal)
    }

    /// How the portal answers from now on. [`Mood::Off`] closes the port and breaks every open connection; both are
    /// done when this returns.
    ///
    /// # Errors
    /// When the port cannot be opened again.
    pub async fn set_mood(&self, mood: Mood) -> io::Result<()> {
        let mut power = self.power.lock().await;
        let before = self.shared.change(|world| std::mem::replace(&mut world.mood, mood));
        match (before, mood) {
            (Mood::Off, Mood::Off) => {}
            (Mood::Off, _) => *power = Power::on(&self.port, &self.router, &self.stop)?,
            (_, Mood::Off) => power.off().await,
            _ => {}
        }
        Ok(())
    }
}

impl Power {
    fn on(port: &Port, router: &Router, stop: &CancellationToken) -> io::Result<Self> {
        let (tasks, stop) = (TaskTracker::new(), stop.child_token());
        tasks.spawn(server::serve(port.listen()?, router.clone(), tasks.clone(), stop.clone()));
        Ok(Self { tasks, stop })
    }

    async fn off(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What stands at the portal's own address.
fn portal_routes(shared: Shared) -> Router {
    let any = MethodFilter::GET.or(MethodFilter::POST);
    Router::new()
        .route("/rest/{*method}", on(any, door::call))
        .route("/oauth/authorize/", get(oauth::authorize))
        .with_state(shared)
}

/// What stands beside the portal and stays when it is off.
fn side_routes(shared: Shared) -> Router {
    let any = MethodFilter::GET.or(MethodFilter::POST);
    Router::new().route("/oauth/token/", on(any, oauth::token)).with_state(shared)
}

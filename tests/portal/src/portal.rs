//! A running stand-in: starts it, switches it off and on, and lets tests do and see what people in a portal do and see.

mod acts;
mod life;
mod looks;
mod power;

pub(crate) use self::power::Switch;
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
    desk, drive,
    faults::Mood,
    oauth,
    options::Options,
    pages,
    rest::{door, users},
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
    switch: Arc<Switch>,
    /// Tasks end with `stop`; the tracker only keeps them from being loose.
    _tasks: TaskTracker,
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
        let switch = Arc::new(Switch::on(port, portal_routes(shared.clone()), stop.clone())?);
        let beside = side_routes(shared.clone(), Arc::clone(&switch));
        tasks.spawn(server::serve(side.listen()?, beside, tasks.clone(), stop.clone()));
        tasks.spawn(sender::run(shared.clone(), stop.clone()));
        Ok(Self { shared, switch, _tasks: tasks, stop })
    }

    /// How the portal answers from now on. [`Mood::Off`] closes the port and breaks every open connection; both are
    /// done when this returns.
    ///
    /// # Errors
    /// When the port cannot be opened again.
    pub async fn set_mood(&self, mood: Mood) -> io::Result<()> {
        self.switch.set(&self.shared, mood).await
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
        .route("/upload/main/{mark}/{file}", get(users::photo))
        .route("/oauth/authorize/", get(oauth::authorize))
        .merge(pages::routes(&shared))
        .merge(drive::routes())
        .with_state(shared)
}

/// What stands beside the portal and stays when it is off.
fn side_routes(shared: Shared, switch: Arc<Switch>) -> Router {
    let any = MethodFilter::GET.or(MethodFilter::POST);
    let oauth = Router::new()
        .route("/oauth/token/", on(any, oauth::token))
        // Where a renamed portal answers.
        .route("/rest/{*method}", on(any, door::call))
        .route("/upload/main/{mark}/{file}", get(users::photo))
        .merge(drive::routes())
        .with_state(shared.clone());
    oauth.merge(desk::routes(shared, switch))
}

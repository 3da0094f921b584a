//! The portal's own port: open while it is on, refused while it is off.

use std::io;

use axum::Router;
use tokio::sync::Mutex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Shared;
use crate::{
    faults::Mood,
    server::{self, Port},
};

/// Changes how the portal answers, to the point of closing its port.
pub(crate) struct Switch {
    port: Port,
    router: Router,
    stop: CancellationToken,
    power: Mutex<Power>,
}

/// What serves the port while the portal is on.
struct Power {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Switch {
    /// Begins switched on.
    ///
    /// # Errors
    /// When the port cannot be opened.
    pub fn on(port: Port, router: Router, stop: CancellationToken) -> io::Result<Self> {
        let power = Mutex::new(Power::on(&port, &router, &stop)?);
        Ok(Self { port, router, stop, power })
    }

    /// What [`Mood::Off`] closes and breaks is closed and broken when this returns.
    ///
    /// # Errors
    /// When the port cannot be opened again.
    pub async fn set(&self, shared: &Shared, mood: Mood) -> io::Result<()> {
        let mut power = self.power.lock().await;
        let before = shared.change(|world| std::mem::replace(&mut world.mood, mood));
        match (before, mood) {
            (Mood::Off, Mood::Off) => {}
            (Mood::Off, _) => *power = Power::on(&self.port, &self.router, &self.stop)?,
            (_, Mood::Off) => {
                power.off().await;
                shared.change(|world| world.flights.end());
            }
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

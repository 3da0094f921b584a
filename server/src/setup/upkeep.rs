//! Sees to it that a portal's event handlers stay. Saving the application's card may drop them (local applications,
//! `settings/app-installation/local-apps/`), and nobody is told: then no answer came until the relay was restarted.

use super::Setup;
use super::bindings;
use super::register::{EVENTS, bind};
use crate::bitrix::client::{Portal, Urgency};
use crate::bitrix::error::PortalError;
use crate::bitrix::methods::bindings::{Bind, Bindings};
use crate::telemetry::chain;
use std::time::Duration;

/// Between two looks at a portal with lines that are connected: one call.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Every how many looks what not every portal has is tried again.
const NETS: u32 = 24;

impl Setup {
    /// Looks after every portal's handlers until the shutdown.
    pub(super) fn keep_bound(&self) {
        let setup = self.clone();
        self.inner.tasks.spawn(async move {
            for nth in 1u32.. {
                tokio::select! {
                    () = setup.inner.shutdown.cancelled() => return,
                    () = setup.inner.clock.sleep(EVERY) => {}
                }
                for portal in setup.inner.portals.iter() {
                    setup.look_after(portal, nth.is_multiple_of(NETS)).await;
                }
            }
        });
    }

    /// Binds what is missing; `nets` too, where a portal may be without. What cannot be done now is due again.
    pub(super) async fn look_after(&self, portal: &Portal, nets: bool) {
        if portal.trouble().is_some() || !self.is_used(portal).await {
            return;
        }
        let portal = portal.for_calls_of(Urgency::Upkeep);
        match self.bind_missing(&portal, nets).await {
            Ok(0) | Err(PortalError::NotInstalled) => {}
            Ok(missing) => {
                tracing::warn!(portal = %portal.host(), missing, "event handlers were lost, and are bound anew")
            }
            Err(error) => tracing::warn!(portal = %portal.host(), error = chain(&error), "events may be missed"),
        }
    }

    /// Whether a line is connected: without one there is nothing to hear.
    async fn is_used(&self, portal: &Portal) -> bool {
        let sites = self.inner.store.sites_of(portal.host()).await.unwrap_or_default();
        sites.iter().any(|site| site.connected)
    }

    async fn bind_missing(&self, portal: &Portal, nets: bool) -> Result<usize, PortalError> {
        let bound = portal.call(&Bindings::default()).await?;
        let handler = self.inner.config.public_url.at(EVENTS);
        let changes = bindings::changes(&bound, &handler, self.needs_witnesses(portal).await?);
        // Where what every portal has is gone, the rest has gone with it.
        let is_gone = !changes.bind.iter().all(Bind::is_a_net);
        if !is_gone && !nets {
            return Ok(0);
        }
        bind(portal, &changes.bind).await?;
        Ok(if is_gone { changes.bind.len() } else { 0 })
    }
}

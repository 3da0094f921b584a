//! Registers the connector and binds the events at an installed portal, again at each start, until it works.

use super::bindings;
use super::words::Lang;
use super::{Setup, SetupError, page};
use crate::bitrix::client::Portal;
use crate::bitrix::error::PortalError;
use crate::bitrix::methods::app::Info;
use crate::bitrix::methods::batch::Batch;
use crate::bitrix::methods::bindings::{Bind, Binding, Bindings};
use crate::bitrix::methods::channel::{Flags, Icon, Register};
use crate::config::PublicUrl;
use crate::ids::PortalHost;
use crate::store::Choices;
use crate::telemetry::chain;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// The pause after the first failure; it doubles up to `LONGEST`.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// Where the portal posts its events.
pub(super) const EVENTS: &str = "/bitrix24/events";

/// The mark: a bubble, and in it a question and its echo. The portal draws it on the colour.
const MARK: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><path d="M32 10a24 22 0 0 1 24 22v16a6 6 0 0 1-6 6H32a22 22 0 0 1 0-44z" fill="white"/><g fill="COLOR"><rect x="20" y="25" width="24" height="5" rx="2.5"/><rect x="30" y="36" width="14" height="5" rx="2.5"/></g></svg>"#;
/// The default colour of the chat, and a grey for a line that is not connected.
const ON: &str = "#1e6b58";
const OFF: &str = "#a8adb4";

impl Setup {
    /// Sees to it, in the background and for as long as it takes, that `host` knows connector and events. Where a task
    /// does so already, nothing happens.
    pub fn register(&self, host: &PortalHost) {
        let Some(portal) = self.inner.portals.get(host) else { return };
        let mut running = self.inner.registering.lock().unwrap_or_else(PoisonError::into_inner);
        if !running.insert(host.clone()) {
            return;
        }
        let setup = self.clone();
        self.inner.tasks.spawn(async move {
            setup.register_until_done(&portal).await;
            let mut running = setup.inner.registering.lock().unwrap_or_else(PoisonError::into_inner);
            running.remove(portal.host());
        });
    }

    /// Registers connector and events at `host` now.
    ///
    /// # Errors
    /// `Portal`, where it did not work at once; it is tried on in the background.
    pub async fn registered(&self, host: &PortalHost) -> Result<(), SetupError> {
        let portal = self.inner.portals.get(host).ok_or(SetupError::UnknownPortal)?;
        let done = self.register_once(&portal).await;
        if done.is_err() {
            self.register(host);
        }
        Ok(done?)
    }

    async fn register_until_done(&self, portal: &Portal) {
        let mut pause = SHORTEST;
        loop {
            match self.register_once(portal).await {
                Ok(()) => return,
                Err(PortalError::NotInstalled) => return,
                Err(error) => {
                    tracing::warn!(portal = %portal.host(), error = chain(&error), retry_s = pause.as_secs(), "not registered");
                }
            }
            tokio::select! {
                () = self.inner.shutdown.cancelled() => return,
                () = self.inner.clock.sleep(pause) => pause = (pause * 2).min(LONGEST),
            }
        }
    }

    /// Registers connector and events once.
    ///
    /// # Errors
    /// The first call that did not work; repeating all of it is safe.
    async fn register_once(&self, portal: &Portal) -> Result<(), PortalError> {
        let app = match portal.call(&Info::default()).await {
            Err(error) if error.is_unknown_method() => None, // an older portal
            app => Some(app?),
        };
        let installed = app.as_ref().map(|app| app.installed);
        let lang = Lang::of(app.as_ref().and_then(|app| app.language.as_deref()));
        let choices =
            self.inner.store.choices(portal.host()).await.map_err(|error| PortalError::Keeper(Arc::new(error)))?;
        portal.call(&connector(lang, self.inner.config.public_url.at(page::ADDRESS), choices)).await?;
        let handler = self.inner.config.public_url.at(EVENTS);
        let bound = portal.call(&Bindings::default()).await?;
        let changes = bindings::changes(&bound, &handler, self.needs_witnesses(portal).await?);
        bind(portal, &changes.bind).await?;
        for old in &changes.unbind {
            portal.call(old).await?;
        }
        tracing::info!(portal = %portal.host(), changed = changes.len(), installed, "registered");
        Ok(())
    }

    /// Whether nothing but its lines' own word tells what became of a message at this portal.
    pub(super) async fn needs_witnesses(&self, portal: &Portal) -> Result<bool, PortalError> {
        let ways = self.inner.store.ways(portal.host()).await.map_err(|error| PortalError::Keeper(Arc::new(error)))?;
        Ok(ways.history_refused.is_some())
    }
}

/// How many of our events `bound` lacks, or has at another address.
pub fn missing_events(bound: &[Binding], public_url: &PublicUrl) -> usize {
    bindings::changes(bound, &public_url.at(EVENTS), false).len()
}

/// Binds all in one request: one by one, an installation would take a third of what the portal's bucket holds.
pub(super) async fn bind(portal: &Portal, missing: &[Bind]) -> Result<(), PortalError> {
    if missing.is_empty() {
        return Ok(());
    }
    let outcomes = portal.call(&Batch::new(missing.iter().cloned())).await?;
    for (bind, outcome) in missing.iter().zip(outcomes) {
        let Err(error) = outcome else { continue };
        // The code says many things; one is that the event is bound, by another call of ours that came first.
        if error.code() == Some("ERROR_CORE") && is_bound(portal, bind).await? {
            continue;
        }
        if bind.is_a_net() && matches!(error, PortalError::Refused { .. }) {
            tracing::warn!(portal = %portal.host(), error = chain(&error), ?bind, "the portal has no such net");
            continue;
        }
        return Err(error);
    }
    Ok(())
}

async fn is_bound(portal: &Portal, bind: &Bind) -> Result<bool, PortalError> {
    Ok(portal.call(&Bindings::default()).await?.iter().any(|bound| bound.is(bind)))
}

fn connector(lang: Lang, handler: String, choices: Choices) -> Register {
    let name = lang.words().get("title").unwrap_or("Otklik").to_owned();
    let flags = Flags {
        delete_external: choices.delete_visitors,
        change_internal: choices.change_own,
        newsletter: choices.newsletter,
        system_messages: choices.system_texts,
        signature: choices.signature,
    };
    Register { name, icon: icon(ON), icon_disabled: icon(OFF), handler, flags }
}

fn icon(color: &str) -> Icon {
    let picture = MARK.replace("COLOR", color);
    Icon {
        data_image: format!("data:image/svg+xml;charset=US-ASCII,{}", utf8_percent_encode(&picture, NON_ALPHANUMERIC)),
        color: color.to_owned(),
        size: "90%".to_owned(),
        position: "center".to_owned(),
    }
}

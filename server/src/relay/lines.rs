//! Whether a line that the portal says went off is off. The word may be old, or an echo: the administrator may have
//! connected it again meanwhile, so the portal is asked before visitors are told.

use super::Relay;
use crate::bitrix::client::Urgency;
use crate::bitrix::error::{Advice, PortalError};
use crate::bitrix::methods::channel::{ChannelState, Status};
use crate::ids::{LineId, PortalHost};
use crate::store::{EventNo, InboxAct, StoreError};
use std::time::Duration;

/// Between two questions to a portal that does not answer.
const AGAIN: Duration = Duration::from_secs(30);

/// Asks until there is an answer, then drops the event `no`. At the shutdown the event stays for the next start.
pub async fn switch_off_if_so(relay: &Relay, host: &PortalHost, line: LineId, no: EventNo) -> Result<(), StoreError> {
    while !relay.shutdown.is_cancelled() {
        if let Some(is_off) = ask(relay, host, line).await {
            let acts = is_off.then_some(InboxAct::LineOff { line });
            tracing::info!(portal = %host, line = line.0, is_off, "a line was said to be off");
            return relay.heard(host, vec![no], acts.into_iter().collect()).await;
        }
        tokio::select! {
            () = relay.shutdown.cancelled() => {}
            () = relay.clock.sleep(AGAIN) => {}
        }
    }
    Ok(())
}

/// `None` where the portal could not be asked just now.
async fn ask(relay: &Relay, host: &PortalHost, line: LineId) -> Option<bool> {
    let Some(portal) = relay.portals.get(host) else { return Some(true) };
    match portal.for_calls_of(Urgency::Upkeep).call(&Status { line }).await {
        Ok(ChannelState { usable, .. }) => Some(!usable),
        Err(PortalError::NotInstalled) => Some(true),
        Err(error) => match error.advice() {
            Advice::Hold | Advice::LineOff => Some(true), // it will not say anything else
            _ => None,
        },
    }
}

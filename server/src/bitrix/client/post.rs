//! One call on its way: the request that carries it, and what its answer says of where the portal is.

use super::envelope;
use super::read_answer;
use crate::bitrix::endpoint::Endpoint;
use crate::bitrix::error::PortalError;
use crate::bitrix::guard::{Guard, GuardError};
use crate::bitrix::methods::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

/// One POST: what came back, and where the portal is now, if it sent the call on. The token travels in the body: it works
/// there on every build of the portal, and stands in nobody's log.
pub(super) async fn post<M: Method>(
    guard: &Guard,
    endpoint: &str,
    access: &SecretString,
    method: &M,
) -> (Result<envelope::Answer, PortalError>, Option<Endpoint>) {
    let url = Url::parse(endpoint).and_then(|base| base.join(&format!("{}.json", M::NAME)));
    let Ok(url) = url else {
        return (Err(PortalError::Unreached(GuardError::Forbidden(endpoint.to_owned()))), None);
    };
    let mut body = serde_json::to_value(method).expect("a method is a plain record");
    body["auth"] = Value::from(access.expose_secret());
    match guard.post(url.clone(), body.to_string().into_bytes(), M::WITHIN).await {
        Ok(answer) => {
            let read = read_answer(answer.status, &answer.body);
            // Only a portal's own answer tells where a portal is.
            let is_portals = matches!(read, Ok(_) | Err(PortalError::Refused { .. }));
            let has_moved = is_portals && answer.from.origin() != url.origin();
            (
                read,
                has_moved.then(|| answer.from.join("./").ok()).flatten().and_then(|base| Endpoint::read(base.as_str())),
            )
        }
        Err(error) if error.is_unsent() => (Err(PortalError::Unreached(error)), None),
        Err(error) => (Err(PortalError::Unanswered(error)), None),
    }
}

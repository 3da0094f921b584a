//! `app.info`, `user.admin`, `profile`: what the token in hand is good for.

use super::{Method, Nothing};
use crate::bitrix::error::PortalError;
use crate::bitrix::value::{number_at, text_at, truth};
use serde::Serialize;
use serde_json::Value;

/// `app.info`: which application the token belongs to.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Info(pub Nothing);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppState {
    /// The `client_id` of the application.
    pub code: String,
    /// Until this is true, no events are sent.
    pub installed: bool,
    /// `L` for a local application.
    pub status: String,
    pub language: Option<String>,
    pub id: Option<u64>,
}

impl Method for Info {
    const NAME: &'static str = "app.info";
    type Reply = AppState;

    fn reply(result: Value) -> Result<AppState, PortalError> {
        Ok(AppState {
            code: text_at(&result, &["CODE"]).ok_or_else(Self::shape)?,
            installed: result.get("INSTALLED").is_some_and(truth),
            status: text_at(&result, &["STATUS"]).unwrap_or_default(),
            language: text_at(&result, &["LANGUAGE_ID"]),
            id: number_at(&result, &["ID"]),
        })
    }
}

/// `user.admin`: whether the token's user administers the portal.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct UserAdmin(pub Nothing);

impl Method for UserAdmin {
    const NAME: &'static str = "user.admin";
    type Reply = bool;

    fn reply(result: Value) -> Result<bool, PortalError> {
        Ok(truth(&result))
    }
}

/// `profile`: the token's user, by number (`api-reference/user/profile.md`).
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Profile(pub Nothing);

impl Method for Profile {
    const NAME: &'static str = "profile";
    type Reply = u64;

    fn reply(result: Value) -> Result<u64, PortalError> {
        number_at(&result, &["ID"]).ok_or_else(Self::shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::fixtures::result;

    #[test]
    fn the_application_is_recognised() {
        let state = Info::reply(result("app.info.response.json")).unwrap();
        assert_eq!(state.code, "local.66b1f0a4c7d2e3.12345678");
        assert!(state.installed);
        assert_eq!(serde_json::to_value(Info::default()).unwrap(), serde_json::json!({}));
        assert!(UserAdmin::reply(Value::Bool(true)).unwrap() && !UserAdmin::reply(serde_json::json!([])).unwrap());
    }
}

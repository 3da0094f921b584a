//! Why a call to the portal brought nothing, and what that asks of whoever carries messages. The one place that knows
//! the portal's error codes (`_includes/system-errors.md`, `settings/oauth/error-codes.md` and the pages of each
//! method).

use super::guard::GuardError;
use super::oauth::OAuthError;
use shared::Millis;
use std::sync::Arc;
use std::time::Duration;

/// A failure of whoever keeps the tokens, with its own words.
pub type KeeperError = Arc<dyn std::error::Error + Send + Sync>;

/// Why a call brought nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PortalError {
    /// The portal answered, and its answer was no.
    #[error("the portal refused with {code:?} ({status}): {description}")]
    Refused { status: u16, code: String, description: String },
    /// No answer came after the call was on its way: it may have worked.
    #[error("the portal's answer was lost")]
    Unanswered(#[source] GuardError),
    /// The call never left.
    #[error("the portal was not reached")]
    Unreached(#[source] GuardError),
    /// Something answered, but not as a portal does (a page of some server between, a broken body): the call may have
    /// worked.
    #[error("the answer ({status}) is none of a portal's")]
    Unreadable { status: u16 },
    /// The portal answered, with something this method does not answer with: the call has probably worked.
    #[error("the answer to {method} has an unknown shape")]
    Shape { method: &'static str },
    /// An earlier answer forbids calls until then: nothing was sent.
    #[error("no calls are made before {until}")]
    Paused { until: Millis },
    /// The application is not installed there, or not any more.
    #[error("the application is not installed in this portal")]
    NotInstalled,
    #[error("the tokens cannot be renewed")]
    Renewal(#[source] OAuthError),
    #[error("the tokens cannot be read or kept")]
    Keeper(#[source] KeeperError),
}

/// What to do with the messages that met an error. Nothing here drops one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Not taken, and nothing is wrong with it: send it again after a pause that grows.
    Later,
    /// As `Later`; this one method is blocked for a while, others are not.
    PauseMethod,
    /// As `Later`; Bitrix24 blocked every call by hand. The administrator should know.
    PausePortal,
    /// Not taken: the access token ran out.
    RenewToken,
    /// It may have been taken. Look before sending it again.
    FindOut,
    /// Not taken: the connector is off on this line. Ask for its state, tell the administrator.
    LineOff,
    /// Not taken, and nothing will be until somebody pays, opens or reinstalls: try again after that long.
    Suspend(Duration),
    /// Not taken, for a reason that needs a person. Kept, and told to the administrator.
    Hold,
}

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl PortalError {
    /// What to do with the messages that met this error.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Refused { status, code, description } => refusal(*status, code, description),
            // A server before the portal that has had enough: it did not pass the call on.
            Self::Unreadable { status: 429 } => Advice::Later,
            Self::Unanswered(_) | Self::Unreadable { .. } | Self::Shape { .. } => Advice::FindOut,
            Self::Unreached(_) | Self::Paused { .. } | Self::Keeper(_) => Advice::Later,
            Self::NotInstalled => Advice::Suspend(HOUR),
            Self::Renewal(error) => renewal(error),
        }
    }

    /// The portal's own word for what is wrong.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } | Self::Renewal(OAuthError::Refused { code }) => Some(code),
            _ => None,
        }
    }

    /// Whether the portal had more calls than its bucket holds.
    pub(super) fn is_haste(&self) -> bool {
        self.code() == Some("QUERY_LIMIT_EXCEEDED")
    }

    /// Whether a call may be refused so for one of the messages in it. Rights, scopes and methods are wanting for all.
    pub fn may_be_of_one(&self) -> bool {
        const OF_ALL: [&str; 9] = [
            "ACCESS_DENIED",
            "ERROR_BATCH_METHOD_NOT_ALLOWED",
            "ERROR_METHOD_NOT_FOUND",
            "INVALID_CREDENTIALS",
            "INVALID_REQUEST",
            "WRONG_AUTH_TYPE",
            "insufficient_scope",
            "invalid_scope",
            "user_access_error",
        ];
        matches!(self, Self::Refused { code, .. } if !OF_ALL.contains(&code.as_str()))
            && matches!(self.advice(), Advice::Hold)
    }

    /// Whether the portal is older than the method.
    pub fn is_unknown_method(&self) -> bool {
        self.code() == Some("ERROR_METHOD_NOT_FOUND")
    }

    /// Whether the answer was more than is taken: asking for less may help.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::Unanswered(GuardError::TooLarge))
    }

    /// Whether the access token is said to be no good: the one thing the client mends by itself.
    pub(super) fn wants_new_token(&self) -> bool {
        let Self::Refused { code, .. } = self else { return false };
        matches!(code.as_str(), "expired_token" | "invalid_token" | "NO_AUTH_FOUND")
    }
}

fn refusal(status: u16, code: &str, description: &str) -> Advice {
    match code {
        "QUERY_LIMIT_EXCEEDED" | "CONNECTION_ERROR" | "authorization_error" => Advice::Later,
        "OPERATION_TIME_LIMIT" => Advice::PauseMethod,
        "OVERLOAD_LIMIT" => Advice::PausePortal,
        "expired_token" => Advice::RenewToken,
        // Neither says that the call did not work.
        "INTERNAL_SERVER_ERROR" | "ERROR_UNEXPECTED_ANSWER" => Advice::FindOut,
        "NOT_ACTIVE_LINE"
        | "IMCONNECTOR_NO_CORRECT_PROVIDER"
        | "IMCONNECTOR_NOT_SPECIFIED_CORRECT_COMMAND"
        | "IMCONNECTOR_NOT_SPECIFIED_CORRECT_CONNECTOR" => Advice::LineOff,
        // What remains of these after a renewal: the application is gone from there.
        "NO_AUTH_FOUND" | "invalid_token" | "APPLICATION_NOT_FOUND" | "PORTAL_DELETED" => Advice::Suspend(HOUR),
        "PAYMENT_REQUIRED" => Advice::Suspend(DAY),
        // One code for a plan without REST and for a right that is missing; only the text tells them apart.
        "ACCESS_DENIED" if description.contains("REST is available") => Advice::Suspend(DAY),
        _ if status >= 500 => Advice::FindOut,
        // Rights, scopes, wrong arguments: `INVALID_CREDENTIALS`, `insufficient_scope`, `ERROR_ARGUMENT` and all
        // others.
        _ => Advice::Hold,
    }
}

fn renewal(error: &OAuthError) -> Advice {
    match error {
        OAuthError::Refused { code } => match code.as_str() {
            "PAYMENT_REQUIRED" => Advice::Suspend(DAY),
            "invalid_client" | "invalid_grant" => Advice::Suspend(HOUR),
            _ => Advice::Hold,
        },
        OAuthError::NoAnswer(_) | OAuthError::Unreadable { .. } => Advice::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::client::read_answer;
    use crate::bitrix::fixtures::bytes;

    fn refused(status: u16, code: &str) -> PortalError {
        PortalError::Refused { status, code: code.to_owned(), description: String::new() }
    }

    #[test]
    fn every_refusal_has_its_advice() {
        for (status, code, advice) in [
            (503, "QUERY_LIMIT_EXCEEDED", Advice::Later),
            (429, "OPERATION_TIME_LIMIT", Advice::PauseMethod),
            (503, "OVERLOAD_LIMIT", Advice::PausePortal),
            (401, "expired_token", Advice::RenewToken),
            (401, "NO_AUTH_FOUND", Advice::Suspend(HOUR)),
            (401, "invalid_token", Advice::Suspend(HOUR)),
            (401, "authorization_error", Advice::Later),
            (403, "INVALID_CREDENTIALS", Advice::Hold),
            (403, "insufficient_scope", Advice::Hold),
            (403, "user_access_error", Advice::Hold),
            (403, "ACCESS_DENIED", Advice::Hold),
            (403, "WRONG_AUTH_TYPE", Advice::Hold),
            (400, "INVALID_REQUEST", Advice::Hold),
            (400, "ERROR_ARGUMENT", Advice::Hold),
            (404, "ERROR_METHOD_NOT_FOUND", Advice::Hold),
            (405, "ERROR_BATCH_METHOD_NOT_ALLOWED", Advice::Hold),
            (500, "INTERNAL_SERVER_ERROR", Advice::FindOut),
            (500, "ERROR_UNEXPECTED_ANSWER", Advice::FindOut),
            (500, "PORTAL_DELETED", Advice::Suspend(HOUR)),
            (403, "PAYMENT_REQUIRED", Advice::Suspend(DAY)),
            (400, "NOT_ACTIVE_LINE", Advice::LineOff),
            (400, "IMCONNECTOR_NO_CORRECT_PROVIDER", Advice::LineOff),
            (400, "IMCONNECTOR_NOT_SPECIFIED_CORRECT_COMMAND", Advice::LineOff),
            (400, "IMCONNECTOR_NOT_SPECIFIED_CORRECT_CONNECTOR", Advice::LineOff),
            (400, "", Advice::Hold),
            (502, "SOMETHING_NEW", Advice::FindOut),
        ] {
            assert_eq!(refused(status, code).advice(), advice, "{code}");
        }
        assert_eq!(PortalError::Unreadable { status: 429 }.advice(), Advice::Later);
        assert_eq!(PortalError::Unreadable { status: 403 }.advice(), Advice::FindOut);
        let unpaid = "REST is available only on commercial plans".to_owned();
        let unpaid = PortalError::Refused { status: 401, code: "ACCESS_DENIED".to_owned(), description: unpaid };
        assert_eq!(unpaid.advice(), Advice::Suspend(DAY));
    }

    #[test]
    fn what_is_wanting_for_all_is_told_from_what_may_be_wrong_with_one() {
        for code in ["ERROR_ARGUMENT", "", "SOMETHING_NEW"] {
            assert!(refused(400, code).may_be_of_one(), "{code}");
        }
        for code in ["insufficient_scope", "ERROR_METHOD_NOT_FOUND", "NOT_ACTIVE_LINE", "QUERY_LIMIT_EXCEEDED"] {
            assert!(!refused(400, code).may_be_of_one(), "{code}");
        }
        assert!(!PortalError::NotInstalled.may_be_of_one());
    }

    #[test]
    fn recorded_refusals_are_read() {
        for (fixture, status, advice) in [
            ("error.400.ERROR_ARGUMENT.json", 400, Advice::Hold),
            ("error.400.NOT_ACTIVE_LINE.json", 400, Advice::LineOff),
            ("error.401.NO_AUTH_FOUND.json", 401, Advice::Suspend(HOUR)),
            ("error.401.expired_token.json", 401, Advice::RenewToken),
            ("error.403.WRONG_AUTH_TYPE.json", 403, Advice::Hold),
            ("error.403.insufficient_scope.json", 403, Advice::Hold),
            ("error.429.OPERATION_TIME_LIMIT.json", 429, Advice::PauseMethod),
            ("error.503.QUERY_LIMIT_EXCEEDED.json", 503, Advice::Later),
        ] {
            let error = read_answer(status, &bytes(fixture)).unwrap_err();
            assert_eq!((error.code(), error.advice()), (fixture.split('.').nth(2), advice));
        }
    }
}

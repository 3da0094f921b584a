//! What keeps a whole portal from being called, as errors tell it, and since when it may be believed. Pure.

use super::error::PortalError;
use super::oauth::OAuthError;
use crate::clock::millis;
use serde::Serialize;
use shared::Millis;
use std::time::Duration;

/// Why nothing can be told to a portal. Each has its own remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The application is not installed there, or not any more.
    NotInstalled,
    /// The tokens are good for nothing: an administrator has to authorise the relay again.
    Tokens,
    /// The keys of the settings are not the application's.
    Keys,
    /// The employee behind the tokens was dismissed, or may not use the application any more.
    Installer,
    /// The portal's plan or trial is over.
    Unpaid,
    /// The portal was closed.
    Deleted,
    /// Bitrix24 has blocked the application's calls by hand.
    Blocked,
    /// The portal, or the server that renews its tokens, does not answer.
    Away,
}

impl Trouble {
    /// As metrics and the settings page's words name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotInstalled => "not_installed",
            Self::Tokens => "tokens",
            Self::Keys => "keys",
            Self::Installer => "installer",
            Self::Unpaid => "unpaid",
            Self::Deleted => "deleted",
            Self::Blocked => "blocked",
            Self::Away => "away",
        }
    }

    /// Whether an administrator's visit at the full OAuth flow ends it.
    pub fn ends_with_authorisation(self) -> bool {
        matches!(self, Self::NotInstalled | Self::Tokens | Self::Installer)
    }
}

/// What one answer says of the portal as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It answered one whom it knows.
    Well,
    Ill(Trouble),
    /// It may pass in a moment: believed when it lasts.
    Doubtful(Trouble),
    /// Nothing either way.
    Silent,
}

/// How long doubtful signs have to last. A restart of the portal's server, or of ours, is shorter.
const LASTS: Duration = Duration::from_secs(60);

impl PortalError {
    /// What this failure says of the portal as a whole (`_includes/system-errors.md`, `settings/oauth/error-codes.md`).
    pub fn sign(&self) -> Sign {
        match self {
            Self::NotInstalled => Sign::Ill(Trouble::NotInstalled),
            Self::Renewal(error) => renewal(error),
            Self::Unreached(_) | Self::Unanswered(_) | Self::Unreadable { .. } => Sign::Doubtful(Trouble::Away),
            Self::Refused { status, code, description } => refusal(*status, code, description),
            Self::Shape { .. } => Sign::Well,
            Self::Paused { .. } | Self::Keeper(_) => Sign::Silent,
        }
    }
}

fn refusal(status: u16, code: &str, description: &str) -> Sign {
    match code {
        // What remains of these after a renewal.
        "NO_AUTH_FOUND" | "invalid_token" | "APPLICATION_NOT_FOUND" => Sign::Ill(Trouble::Tokens),
        "INVALID_CREDENTIALS" | "user_access_error" => Sign::Ill(Trouble::Installer),
        // Passes by itself, or the employee was dismissed: only time tells.
        "authorization_error" => Sign::Doubtful(Trouble::Installer),
        "PAYMENT_REQUIRED" => Sign::Ill(Trouble::Unpaid),
        "ACCESS_DENIED" if description.contains("REST is available") => Sign::Ill(Trouble::Unpaid),
        "PORTAL_DELETED" => Sign::Ill(Trouble::Deleted),
        "OVERLOAD_LIMIT" => Sign::Ill(Trouble::Blocked),
        // Judged before anybody looks at the token.
        "QUERY_LIMIT_EXCEEDED" | "expired_token" => Sign::Silent,
        "CONNECTION_ERROR" => Sign::Doubtful(Trouble::Away),
        _ if status >= 500 => Sign::Doubtful(Trouble::Away),
        // It refuses this one call, and knows who asks.
        _ => Sign::Well,
    }
}

fn renewal(error: &OAuthError) -> Sign {
    match error {
        OAuthError::Refused { code } => match code.as_str() {
            "invalid_client" => Sign::Ill(Trouble::Keys),
            "PAYMENT_REQUIRED" => Sign::Ill(Trouble::Unpaid),
            _ => Sign::Ill(Trouble::Tokens),
        },
        OAuthError::NoAnswer(_) | OAuthError::Unreadable { .. } => Sign::Doubtful(Trouble::Away),
    }
}

/// What is known of a portal. In memory: a new start finds out anew.
#[derive(Debug, Default)]
pub struct Health {
    trouble: Option<Trouble>,
    suspected: Option<(Trouble, Millis)>,
    /// The last word was a good one.
    is_well: bool,
}

impl Health {
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble
    }

    /// Whether the portal has answered, and nothing has been wrong since.
    pub fn is_well(&self) -> bool {
        self.is_well
    }

    /// Takes a sign seen at `now`.
    pub fn note(&mut self, sign: Sign, now: Millis) {
        match sign {
            Sign::Silent => {}
            Sign::Well => *self = Self { is_well: true, ..Self::default() },
            Sign::Ill(trouble) => *self = Self { trouble: Some(trouble), ..Self::default() },
            Sign::Doubtful(trouble) => {
                let since = self.suspected.filter(|(before, _)| *before == trouble).map_or(now, |(_, since)| since);
                (self.suspected, self.is_well) = (Some((trouble, since)), false);
                if now.saturating_sub(since) >= millis(LASTS) {
                    self.trouble = Some(trouble);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(status: u16, code: &str, description: &str) -> Sign {
        PortalError::Refused { status, code: code.to_owned(), description: description.to_owned() }.sign()
    }

    fn renewed(code: &str) -> Sign {
        PortalError::Renewal(OAuthError::Refused { code: code.to_owned() }).sign()
    }

    #[test]
    fn errors_of_the_whole_portal_are_told_from_those_of_one_call() {
        for (status, code, expected) in [
            (401, "NO_AUTH_FOUND", Sign::Ill(Trouble::Tokens)),
            (404, "APPLICATION_NOT_FOUND", Sign::Ill(Trouble::Tokens)),
            (403, "user_access_error", Sign::Ill(Trouble::Installer)),
            (401, "authorization_error", Sign::Doubtful(Trouble::Installer)),
            (402, "PAYMENT_REQUIRED", Sign::Ill(Trouble::Unpaid)),
            (500, "PORTAL_DELETED", Sign::Ill(Trouble::Deleted)),
            (503, "OVERLOAD_LIMIT", Sign::Ill(Trouble::Blocked)),
            (503, "QUERY_LIMIT_EXCEEDED", Sign::Silent),
            (500, "INTERNAL_SERVER_ERROR", Sign::Doubtful(Trouble::Away)),
            (400, "NOT_ACTIVE_LINE", Sign::Well),
            (403, "insufficient_scope", Sign::Well),
            (404, "ERROR_METHOD_NOT_FOUND", Sign::Well),
        ] {
            assert_eq!(sign(status, code, ""), expected, "{code}");
        }
        assert_eq!(sign(403, "ACCESS_DENIED", "Access denied! Admin rights required."), Sign::Well);
        let plan = "REST is available only on commercial plans";
        assert_eq!(sign(401, "ACCESS_DENIED", plan), Sign::Ill(Trouble::Unpaid));
        assert_eq!(renewed("invalid_grant"), Sign::Ill(Trouble::Tokens));
        assert_eq!(renewed("invalid_client"), Sign::Ill(Trouble::Keys));
        assert_eq!(renewed("PAYMENT_REQUIRED"), Sign::Ill(Trouble::Unpaid));
        assert_eq!(PortalError::NotInstalled.sign(), Sign::Ill(Trouble::NotInstalled));
    }

    #[test]
    fn a_moments_silence_is_no_trouble_and_a_minutes_is() {
        let (mut health, away) = (Health::default(), Sign::Doubtful(Trouble::Away));
        health.note(away, 1_000);
        health.note(Sign::Silent, 30_000);
        health.note(away, 60_999);
        assert_eq!(health.trouble(), None);
        health.note(away, 61_000);
        assert_eq!(health.trouble(), Some(Trouble::Away));
        health.note(Sign::Well, 61_001);
        assert_eq!(health.trouble(), None);
        health.note(away, 200_000);
        assert_eq!(health.trouble(), None, "what was before the good answer does not count");
    }

    #[test]
    fn a_clear_word_is_believed_at_once_and_the_last_one_counts() {
        let mut health = Health::default();
        health.note(Sign::Ill(Trouble::Unpaid), 5);
        health.note(Sign::Doubtful(Trouble::Away), 6);
        assert_eq!(health.trouble(), Some(Trouble::Unpaid));
        health.note(Sign::Ill(Trouble::Deleted), 7);
        assert_eq!(health.trouble(), Some(Trouble::Deleted));
    }
}

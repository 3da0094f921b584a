//! Access and refresh tokens: who they stand for, how long they live, and that a used refresh token is dead.

use std::{collections::HashMap, time::Duration};

use crate::{
    clock::{Clock, Millis},
    ids::UserId,
};

/// `oauth.md` of the official documentation: access for an hour, refresh for 180 days, a code for 30 seconds.
pub const ACCESS_LIFE: Duration = Duration::from_secs(3600);
const REFRESH_LIFE: Duration = Duration::from_secs(180 * 24 * 3600);
const CODE_LIFE: Duration = Duration::from_secs(30);

/// What an access token says of who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user: UserId,
    /// The token came inside an event: what it does raises no further events.
    pub from_event: bool,
}

/// A fresh pair.
#[derive(Clone, Debug)]
pub struct Pair {
    pub access: String,
    pub refresh: String,
    pub expires: Millis,
    pub user: UserId,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    Expired,
    Unknown,
}

#[derive(Debug)]
struct Access {
    caller: Caller,
    expires: Millis,
}

#[derive(Debug)]
struct Once {
    user: UserId,
    expires: Millis,
}

#[derive(Default)]
pub(crate) struct Tokens {
    access: HashMap<String, Access>,
    refresh: HashMap<String, Once>,
    codes: HashMap<String, Once>,
    /// Every token and code there ever was: nobody's log may have one.
    issued: Vec<String>,
}

impl Tokens {
    pub fn issue(&mut self, user: UserId, clock: &Clock) -> Pair {
        let now = clock.now();
        let (access, expires) = self.issue_access(Caller { user, from_event: false }, now);
        let refresh = random_hex(30);
        self.issued.push(refresh.clone());
        self.refresh.insert(refresh.clone(), Once { user, expires: now.plus(REFRESH_LIFE) });
        Pair { access, refresh, expires, user }
    }

    /// A token that travels inside an event.
    pub fn issue_for_event(&mut self, user: UserId, clock: &Clock) -> (String, Millis) {
        self.issue_access(Caller { user, from_event: true }, clock.now())
    }

    fn issue_access(&mut self, caller: Caller, now: Millis) -> (String, Millis) {
        let token = random_hex(30);
        self.issued.push(token.clone());
        let expires = now.plus(ACCESS_LIFE);
        self.access.insert(token.clone(), Access { caller, expires });
        (token, expires)
    }

    pub fn caller(&self, token: &str, clock: &Clock) -> Result<Caller, Bad> {
        match self.access.get(token) {
            None => Err(Bad::Unknown),
            Some(known) if known.expires <= clock.now() => Err(Bad::Expired),
            Some(known) => Ok(known.caller),
        }
    }

    /// Spends a refresh token for a new pair.
    pub fn rotate(&mut self, refresh: &str, clock: &Clock) -> Option<Pair> {
        let spent = self.refresh.remove(refresh)?;
        (spent.expires > clock.now()).then(|| self.issue(spent.user, clock))
    }

    pub fn issue_code(&mut self, user: UserId, clock: &Clock) -> String {
        let code = random_hex(30);
        self.issued.push(code.clone());
        self.codes.insert(code.clone(), Once { user, expires: clock.now().plus(CODE_LIFE) });
        code
    }

    /// Spends a code of `/oauth/authorize/` for the first pair.
    pub fn redeem(&mut self, code: &str, clock: &Clock) -> Option<Pair> {
        let spent = self.codes.remove(code)?;
        (spent.expires > clock.now()).then(|| self.issue(spent.user, clock))
    }

    /// Whatever was to be exchanged is not taken any more.
    pub fn forget_refresh(&mut self) {
        self.refresh.clear();
    }

    /// The application was deleted.
    pub fn forget_all(&mut self) {
        let issued = std::mem::take(&mut self.issued);
        *self = Self { issued, ..Self::default() };
    }

    pub fn issued(&self) -> &[String] {
        &self.issued
    }
}

/// `bytes` random bytes as lower-case hex.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut noise = vec![0; bytes];
    getrandom::fill(&mut noise).expect("the system has random bytes");
    hex::encode(noise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_lives_an_hour_and_a_refresh_token_works_once() {
        let clock = Clock::default();
        let mut tokens = Tokens::default();
        let first = tokens.issue(UserId(1), &clock);
        assert_eq!(tokens.caller(&first.access, &clock).map(|caller| caller.user), Ok(UserId(1)));
        clock.advance(ACCESS_LIFE);
        assert_eq!(tokens.caller(&first.access, &clock), Err(Bad::Expired));
        let second = tokens.rotate(&first.refresh, &clock).expect("the first use");
        assert!(tokens.caller(&second.access, &clock).is_ok());
        assert!(tokens.rotate(&first.refresh, &clock).is_none());
        assert_eq!(tokens.caller("made up", &clock), Err(Bad::Unknown));
    }

    #[test]
    fn a_code_lives_thirty_seconds() {
        let clock = Clock::default();
        let mut tokens = Tokens::default();
        let code = tokens.issue_code(UserId(1), &clock);
        clock.advance(Duration::from_secs(31));
        assert!(tokens.redeem(&code, &clock).is_none());
    }
}

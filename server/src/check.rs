//! The doctor: for each thing that must hold before a visitor and an operator can talk, whether it does, and what to do
//! where not. It only looks: a token that has run out is renewed, nothing else is changed.

mod portal;

use crate::bitrix::client::Portals;
use crate::bitrix::guard::Guard;
use crate::channel::Channels;
use crate::config::{Config, PublicUrl};
use crate::store::Store;
use crate::telemetry::chain;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;

/// How long our own address may take to answer.
const OWN_ADDRESS: Duration = Duration::from_secs(10);

/// One prerequisite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// `address`, `tls`, or `company.bitrix24.ru: tokens`.
    pub what: String,
    pub verdict: Verdict,
    /// What was seen, and where it does not hold, what to do.
    pub told: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Holds,
    Fails,
    /// It cannot be said, because something before it fails.
    Unknown,
}

/// Everything the doctor looks at, in the order in which to mend it.
pub async fn check(
    config: &Config,
    store: &Store,
    portals: &Portals,
    channels: &Channels,
    is_running: bool,
) -> Vec<Finding> {
    let mut report = Report::default();
    tls(&mut report, &config.public_url);
    address(&mut report, &config.public_url, is_running).await;
    if config.portals.is_empty() {
        report.fails("portal", "the settings name none: add a [[portal]] with host, client_id and client_secret");
    }
    for settings in &config.portals {
        let visit = portal::Visit { config, settings, store, portals, channels };
        visit.look(&mut report).await;
    }
    unlisted(&mut report, config, store).await;
    report.findings
}

/// Browsers keep microphone, storage and more from pages without it, and Bitrix24 frames and calls https alone.
fn tls(report: &mut Report, public_url: &PublicUrl) {
    let url = Url::parse(public_url.as_str()).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
    let is_near = crate::ids::PortalHost::try_from(host).is_ok_and(|host| host.is_loopback());
    match (public_url.as_str().starts_with("https://"), is_near) {
        (true, _) => report.holds("tls", "public_url is https"),
        (false, true) => report.holds("tls", "public_url is this machine: good for a try, out of a portal's reach"),
        (false, false) => report.fails("tls", "public_url is http: put a proxy with a certificate before the relay"),
    }
}

async fn address(report: &mut Report, public_url: &PublicUrl, is_running: bool) {
    if !is_running {
        return report.unknown("address", "the relay does not run: start it and check again");
    }
    let url = Url::parse(&public_url.at("/healthz")).expect("the settings hold an origin");
    let Ok(guard) = Guard::new([url.clone()]) else {
        return report.unknown("address", "this machine has no certificates to check others' with");
    };
    match guard.get(url, OWN_ADDRESS).await {
        Ok(answer) if answer.status == 200 && answer.body == b"alive\n" => {
            report.holds("address", &format!("{} leads here", public_url.as_str()));
        }
        Ok(answer) => {
            let told = format!("{} leads to something else ({}): see the proxy", public_url.as_str(), answer.status);
            report.fails("address", &told);
        }
        Err(error) => {
            let told = format!("{} does not answer, seen from here: {}", public_url.as_str(), chain(&error));
            report.fails("address", &told);
        }
    }
}

/// Sites whose portal the settings do not name (any more): their visitors are told that the chat is closed.
async fn unlisted(report: &mut Report, config: &Config, store: &Store) {
    let sites = match store.sites().await {
        Ok(sites) => sites,
        Err(error) => return report.fails("sites", &chain(&error)),
    };
    for site in sites.iter().filter(|site| site.connected && config.portal(&site.portal).is_none()) {
        let waiting = store.waiting_of(&site.key);
        report.fails(
            &format!("{}: line {}", site.portal, site.line),
            &format!("the settings do not name this portal: its chat is closed, {waiting} messages wait; add it again"),
        );
    }
}

/// What was found so far.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
    /// Whose things are looked at.
    of: Option<String>,
}

impl Report {
    fn holds(&mut self, what: &str, told: &str) {
        self.find(what, Verdict::Holds, told);
    }

    fn fails(&mut self, what: &str, told: &str) {
        self.find(what, Verdict::Fails, told);
    }

    fn unknown(&mut self, what: &str, told: &str) {
        self.find(what, Verdict::Unknown, told);
    }

    fn find(&mut self, what: &str, verdict: Verdict, told: &str) {
        let what = self.of.as_ref().map_or(what.to_owned(), |of| format!("{of}: {what}"));
        self.findings.push(Finding { what, verdict, told: told.to_owned() });
    }
}

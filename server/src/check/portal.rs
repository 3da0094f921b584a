//! What must hold at one portal.

use super::Report;
use crate::bitrix::CONNECTOR;
use crate::bitrix::client::{Portal, Portals};
use crate::bitrix::error::PortalError;
use crate::bitrix::methods::app::{Info, UserAdmin};
use crate::bitrix::methods::bindings::Bindings;
use crate::bitrix::methods::channel::{Connectors, Status};
use crate::bitrix::methods::lines::GetLine;
use crate::bitrix::methods::offline::List;
use crate::bitrix::trouble::{Sign, Trouble};
use crate::channel::{Channels, LineFault};
use crate::config::{Config, PortalConfig};
use crate::setup::missing_events;
use crate::store::{Closing, SiteRecord, Store, StoreError};
use crate::telemetry::chain;

/// Without these the application cannot do its work.
const SCOPES: &str = "imopenlines, imconnector, im, placement, user_basic";

/// One portal of the settings, being looked at.
pub struct Visit<'a> {
    pub config: &'a Config,
    pub settings: &'a PortalConfig,
    pub store: &'a Store,
    pub portals: &'a Portals,
    pub channels: &'a Channels,
}

impl Visit<'_> {
    /// Looks from the outside in, and no further than something works.
    pub(super) async fn look(&self, report: &mut Report) {
        report.of = Some(self.settings.host.to_string());
        if let Some(portal) = self.installed(report).await
            && self.tokens(report, &portal).await
        {
            self.administrator(report, &portal).await;
            self.connector(report, &portal).await;
            self.events(report, &portal).await;
            self.queue(report, &portal).await;
            self.histories(report).await;
            self.lines(report, &portal).await;
        }
        report.of = None;
    }

    async fn installed(&self, report: &mut Report) -> Option<Portal> {
        let url = &self.config.public_url;
        match self.store.portal(&self.settings.host).await {
            Ok(Some(_)) => report.holds("portal", "the application is installed"),
            Ok(None) => {
                let (install, oauth) = (url.at("/bitrix24/install"), url.at("/bitrix24/oauth"));
                let why = match self.store.ways(&self.settings.host).await {
                    Ok(ways) if ways.given_up.is_some() => {
                        "the portal refused the application's tokens for a day, so it counts as removed and its chats are \
                         closed; they open again with it"
                    }
                    _ => "the application is not installed",
                };
                report.fails(
                    "portal",
                    &format!(
                        "{why}: give its card the installation path {install} and press \
                         “Reinstall”, or open {oauth}?portal={} as an administrator",
                        self.settings.host
                    ),
                );
                return None;
            }
            Err(StoreError::Sealed) => {
                let told =
                    "the tokens were sealed with another key: put the right otklik.key beside the data, or reinstall";
                report.fails("portal", told);
                return None;
            }
            Err(error) => {
                report.fails("portal", &chain(&error));
                return None;
            }
        }
        self.portals.get(&self.settings.host)
    }

    async fn tokens(&self, report: &mut Report, portal: &Portal) -> bool {
        match portal.call(&Info::default()).await {
            Ok(app) if app.code != self.settings.client_id => {
                let told = "the tokens are another application's: client_id in the settings is not this card's";
                report.fails("tokens", told);
                false
            }
            Ok(app) if !app.installed => {
                report.fails("tokens", "the installation was not finished, so no events come: press “Reinstall”");
                true
            }
            Ok(_) => {
                report.holds("tokens", "the portal knows them");
                true
            }
            Err(error) if error.is_unknown_method() => {
                report.holds("tokens", "the portal knows them; it is too old to tell more");
                true
            }
            Err(error) => {
                report.fails("tokens", &self.advice(&error));
                false
            }
        }
    }

    /// Whether conversations can be read: what became of a lost answer is looked up there.
    async fn histories(&self, report: &mut Report) {
        match self.store.ways(&self.settings.host).await {
            Ok(ways) if ways.history_refused.is_some() => report.fails(
                "histories",
                &format!(
                    "the portal shows no conversations, for whoever installed the application is no administrator: have \
                     one open {}",
                    self.oauth()
                ),
            ),
            Ok(_) => report.holds("histories", "the portal has refused none"),
            Err(error) => report.fails("histories", &chain(&error)),
        }
    }

    async fn queue(&self, report: &mut Report, portal: &Portal) {
        match portal.call(&List).await {
            Ok(_) => report.holds("offline queue", "the portal keeps events for us"),
            Err(error) => {
                let told = format!(
                    "the portal keeps no events for us ({}): answers that come while this relay is down are looked for \
                     in its histories alone",
                    error.code().unwrap_or("no answer")
                );
                report.unknown("offline queue", &told);
            }
        }
    }

    async fn administrator(&self, report: &mut Report, portal: &Portal) {
        match portal.call(&UserAdmin::default()).await {
            Ok(true) => report.holds("administrator", "the tokens' user administers the portal"),
            Ok(false) => {
                let told = "the tokens' user is no administrator any more, so histories are closed: have one reinstall";
                report.fails("administrator", told);
            }
            Err(error) => report.unknown("administrator", &self.advice(&error)),
        }
    }

    async fn connector(&self, report: &mut Report, portal: &Portal) {
        match portal.call(&Connectors::default()).await {
            Ok(connectors) if connectors.iter().any(|(id, _)| id == CONNECTOR) => {
                report.holds("scopes", "the connector's methods are open");
                report.holds("connector", "it is registered");
            }
            Ok(_) => {
                report.holds("scopes", "the connector's methods are open");
                report.fails("connector", "it is not registered: restart the relay, which registers it");
            }
            Err(error) if error.code() == Some("insufficient_scope") => {
                report.fails("scopes", &format!("some are missing: tick {SCOPES} in the card and press “Reinstall”"));
                report.unknown("connector", "its methods are closed");
            }
            Err(error) => report.unknown("connector", &self.advice(&error)),
        }
    }

    async fn events(&self, report: &mut Report, portal: &Portal) {
        match portal.call(&Bindings::default()).await {
            Ok(bound) => match missing_events(&bound, &self.config.public_url) {
                0 => report.holds("events", "each has its handler"),
                missing => {
                    let told = format!(
                        "{missing} handlers are missing or lead elsewhere: restart the relay, which binds them"
                    );
                    report.fails("events", &told);
                }
            },
            Err(error) => report.unknown("events", &self.advice(&error)),
        }
    }

    async fn lines(&self, report: &mut Report, portal: &Portal) {
        let sites = match self.store.sites_of(&self.settings.host).await {
            Ok(sites) => sites,
            Err(error) => return report.fails("line", &chain(&error)),
        };
        if !sites.iter().any(|site| site.connected) {
            report.fails("line", "none is connected: open the chat in the portal's Contact Center and press “Connect”");
        }
        for site in sites.iter().filter(|site| site.closed_by == Some(Closing::LineDeleted)) {
            let told = "the line was deleted, so its chat is closed: connect another line for the same sites, the chat goes \
                        on there";
            report.fails(&format!("line {}", site.line), &self.waits(site, told));
        }
        for site in sites.iter().filter(|site| site.connected) {
            let what = format!("line {}", site.line);
            self.line(report, &what, portal, site).await;
            match site.origins.as_slice() {
                [] => report.fails(&what, "no site may show the chat: list the sites on the connector's page"),
                origins => report.holds(&what, &format!("shown on {}", origins.join(", "))),
            }
        }
    }
}

impl Visit<'_> {
    async fn line(&self, report: &mut Report, what: &str, portal: &Portal, site: &SiteRecord) {
        match portal.call(&GetLine::new(site.line)).await {
            Ok(Some(line)) if line.active => {}
            Ok(Some(_)) => return report.fails(what, &self.waits(site, "the line is switched off in the portal")),
            Ok(None) => return report.fails(what, &self.waits(site, "the line was deleted: connect another")),
            Err(error) => return report.unknown(what, &self.advice(&error)),
        }
        let seen = self.channels.channel(portal.host(), site.line);
        if let Some(LineFault::Refused(code)) = seen.fault() {
            let told = format!("the portal refuses visitors' messages with {code:?}: {}", self.remedy_of(code));
            return report.fails(what, &self.waits(site, &told));
        }
        match portal.call(&Status { line: site.line }).await {
            Ok(state) if state.usable => report.holds(what, "the connector is on"),
            Ok(state) if state.error => {
                report.fails(
                    what,
                    &self.waits(site, "the portal shows an error: press “Connect” on the connector's page"),
                );
            }
            Ok(_) => {
                let told = "the connector is off: press “Connect” on its page for this line";
                report.fails(what, &self.waits(site, told));
            }
            Err(error) => report.unknown(what, &self.advice(&error)),
        }
    }

    /// What is wrong with a line, and what that means for its visitors.
    fn waits(&self, site: &SiteRecord, told: &str) -> String {
        match self.store.waiting_of(&site.key) {
            0 => told.to_owned(),
            waiting => format!("{told}; until then {waiting} messages wait"),
        }
    }

    /// What went wrong with a call, and what helps.
    fn advice(&self, error: &PortalError) -> String {
        let help = match error.sign() {
            Sign::Ill(trouble) | Sign::Doubtful(trouble) => self.remedy(trouble),
            Sign::Well | Sign::Silent => self.remedy_of(error.code().unwrap_or_default()),
        };
        format!("{}; {help}", chain(error))
    }

    fn remedy_of(&self, code: &str) -> String {
        let help = match code {
            "insufficient_scope" => "tick the missing scopes in the application's card and press “Reinstall”",
            "ACCESS_DENIED" => "the rights of the employee who installed the application forbid it",
            "ERROR_METHOD_NOT_FOUND" => "this portal is too old for it",
            _ => "try again later",
        };
        help.to_owned()
    }

    /// Where an administrator authorises the relay anew.
    fn oauth(&self) -> String {
        format!("{}?portal={}", self.config.public_url.at("/bitrix24/oauth"), self.settings.host)
    }

    fn remedy(&self, trouble: Trouble) -> String {
        let authorise = self.oauth();
        match trouble {
            Trouble::NotInstalled | Trouble::Tokens => {
                format!("open {authorise} as an administrator of the portal, or press “Reinstall” in the card")
            }
            Trouble::Installer => format!(
                "whoever installed the application was dismissed or may not use it: have another administrator open \
                 {authorise}"
            ),
            Trouble::Keys => "client_id or client_secret in the settings are not the card's: copy them anew".to_owned(),
            Trouble::Unpaid => "the portal's plan is over: messages are kept, and go once it is paid".to_owned(),
            Trouble::Deleted => "the portal was closed: messages are kept, in case it is opened again".to_owned(),
            Trouble::Blocked => "Bitrix24 has blocked the application's calls: ask its support".to_owned(),
            Trouble::Away => "can this machine reach the portal? Messages are kept meanwhile".to_owned(),
        }
    }
}

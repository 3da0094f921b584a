//! What must hold at one portal.

use super::Report;
use crate::bitrix::CONNECTOR;
use crate::bitrix::client::{Portal, Portals};
use crate::bitrix::error::PortalError;
use crate::bitrix::methods::app::{Info, UserAdmin};
use crate::bitrix::methods::bindings::Bindings;
use crate::bitrix::methods::channel::{Connectors, Status};
use crate::bitrix::methods::lines::GetLine;
use crate::config::{Config, PortalConfig};
use crate::setup::missing_events;
use crate::store::{SiteRecord, Store, StoreError};
use crate::telemetry::chain;

/// Without these the application cannot do its work.
const SCOPES: &str = "imopenlines, imconnector, im, placement, user_basic";

/// One portal of the settings, being looked at.
pub struct Visit<'a> {
    pub config: &'a Config,
    pub settings: &'a PortalConfig,
    pub store: &'a Store,
    pub portals: &'a Portals,
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
                report.fails(
                    "portal",
                    &format!(
                        "the application is not installed: give its card the installation path {install} and press \
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
            Err(error) => {
                report.fails("tokens", &advice(&error));
                false
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
            Err(error) => report.unknown("administrator", &advice(&error)),
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
            Err(error) => report.unknown("connector", &advice(&error)),
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
            Err(error) => report.unknown("events", &advice(&error)),
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
        for site in sites.iter().filter(|site| site.connected) {
            let what = format!("line {}", site.line);
            line(report, &what, portal, site).await;
            match site.origins.as_slice() {
                [] => report.fails(&what, "no site may show the chat: list the sites on the connector's page"),
                origins => report.holds(&what, &format!("shown on {}", origins.join(", "))),
            }
        }
    }
}

async fn line(report: &mut Report, what: &str, portal: &Portal, site: &SiteRecord) {
    match portal.call(&GetLine::new(site.line)).await {
        Ok(Some(line)) if line.active => {}
        Ok(Some(_)) => return report.fails(what, "the line is switched off in the portal"),
        Ok(None) => return report.fails(what, "the line was deleted: connect another"),
        Err(error) => return report.unknown(what, &advice(&error)),
    }
    match portal.call(&Status { line: site.line }).await {
        Ok(state) if state.usable => report.holds(what, "the connector is on"),
        Ok(_) => report.fails(what, "the connector is off: press “Connect” on its page for this line"),
        Err(error) => report.unknown(what, &advice(&error)),
    }
}

/// What went wrong, and what helps.
fn advice(error: &PortalError) -> String {
    let help = match error {
        PortalError::Unreached(_) => "can this machine reach the portal?",
        PortalError::Renewal(_) => "is client_secret the card's? Else press “Reinstall” there",
        PortalError::NotInstalled => "press “Reinstall” in the application's card",
        _ => match error.code() {
            Some("insufficient_scope") => "tick the missing scopes in the card and press “Reinstall”",
            Some("PAYMENT_REQUIRED" | "ACCESS_DENIED") => "the portal's plan or the user's rights forbid it",
            _ => "try again later",
        },
    };
    format!("{}; {help}", chain(error))
}

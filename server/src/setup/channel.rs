//! A line's site as its settings page works it: opened by the portal, connected, saved, disconnected. Knows nothing of
//! how requests arrive; what comes in here is typed by an administrator, and checked.

use super::appearance::{LookFault, LookForm, default_name};
use super::choices::ChoicesForm;
use super::keys::Opened;
use super::origins::{self, SitesFault};
use super::placement::Frame;
use super::verify::{address, same};
use super::view::View;
use super::words::Lang;
use super::{Setup, SetupError};
use crate::bitrix::CONNECTOR;
use crate::bitrix::client::Portal;
use crate::bitrix::endpoint::Endpoint;
use crate::bitrix::methods::app::{Info, Profile};
use crate::bitrix::methods::channel::{Activate, SetData};
use crate::bitrix::methods::lines::GetLine;
use crate::channel::{LineFault, Seen};
use crate::ids::{LineId, PortalHost};
use crate::store::{Closing, Look, PortalRecord, SiteRecord, StoreError};
use crate::telemetry::chain;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use shared::SiteKey;
use std::net::IpAddr;

/// The name of the placement that the settings open in (api-reference/imopenlines/imconnector).
const PLACEMENT: &str = "SETTING_CONNECTOR";

/// An opened settings page.
#[derive(Debug)]
pub struct Settings {
    /// Under which name the portal shows the page.
    pub framed_by: PortalHost,
    /// What the page shows with every call.
    pub key: String,
    pub view: View,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldFault {
    Sites(SitesFault),
    Look(LookFault),
}

impl Setup {
    /// Opens the settings that the portal posted `frame` for.
    ///
    /// # Errors
    /// `UnknownPortal`, `NotInstalled`, `Forged`, `Stale`, `NotAdmin`, `NoLine`; `Portal` where the portal could not be
    /// asked.
    pub async fn open(&self, frame: &Frame, from: IpAddr) -> Result<Settings, SetupError> {
        let record = self.installed(frame, from).await?;
        let portal = self.inner.portals.get(&record.host).ok_or(SetupError::UnknownPortal)?;
        match record.application_token.as_ref().zip(frame.application_token.as_ref()) {
            Some((kept, given)) if same(kept, given) => {}
            Some(_) if record.signature_may_be_old => self.doubt(&record.host, from)?,
            Some(_) => return Err(SetupError::Forged("the signature is not the one of the installation")),
            None => self.doubt(&record.host, from)?,
        }
        let at = Endpoint { host: record.host.clone(), url: record.client_endpoint.clone() };
        self.prove_admin(&at, &frame.access).await?;
        let user = self.asked(&at, &frame.access, &Profile::default()).await?;
        self.learn_signature(&record, frame).await?;
        let ours = frame.placement == PLACEMENT && frame.options.connector.as_deref().is_none_or(|id| id == CONNECTOR);
        let line = frame.options.line.filter(|_| ours).ok_or(SetupError::NoLine)?;

        let site = self.inner.store.site_of_line(&record.host, line).await?;
        let name = self.line_name(&portal, line, site.as_ref()).await;
        let view = self.view(&portal, line, name, site.as_ref()).await;
        let framed_by = address(&record);
        let opened = Opened { portal: record.host, line, user };
        let key = self.inner.pages.issue(opened, self.inner.clock.now());
        Ok(Settings { framed_by, key, view })
    }

    /// What the page with `key` was opened for; nothing after its hour.
    pub fn page(&self, key: &str) -> Option<Opened> {
        self.inner.pages.page(key, self.inner.clock.now())
    }

    /// The line as it is now.
    pub async fn state(&self, page: &Opened) -> Result<View, SetupError> {
        let portal = self.inner.portals.get(&page.portal).ok_or(SetupError::UnknownPortal)?;
        let site = self.inner.store.site_of_line(&page.portal, page.line).await?;
        let name = match &site {
            Some(site) => site.line_name.clone(),
            None => self.line_name(&portal, page.line, None).await,
        };
        Ok(self.view(&portal, page.line, name, site.as_ref()).await)
    }

    /// Switches the connector on for the page's line, for these sites. A line that was never connected gets a new site.
    ///
    /// # Errors
    /// `Fields`, `LineGone`; `Portal` where the portal did not do it.
    pub async fn connect(&self, page: &Opened, sites: &str, look: Option<&LookForm>) -> Result<View, SetupError> {
        let portal = self.inner.portals.get(&page.portal).ok_or(SetupError::UnknownPortal)?;
        let before = match self.inner.store.site_of_line(&page.portal, page.line).await? {
            Some(site) => Some(site),
            // What was said, what waits and the code on the pages go on at this line.
            None => {
                let origins = origins::read(sites).unwrap_or_default();
                self.without_line(&page.portal, &origins).await?
            }
        };
        let (origins, look) = checked(sites, look, before.as_ref())?;
        // The portal would switch on a line that does not exist.
        let line = portal.call(&GetLine::new(page.line)).await?.ok_or(SetupError::LineGone)?;
        let key = match &before {
            Some(site) => site.key.clone(),
            None => self.new_key().await?,
        };
        let (portal_host, line_name) = (page.portal.clone(), line.name);
        // A line that is on stays so: a chat that works must not close because the portal does not answer now.
        let connected = before.as_ref().is_some_and(|site| site.connected && site.line == page.line);
        let notes = before.and_then(|site| site.notes);
        let mut site = SiteRecord {
            key,
            portal: portal_host,
            line: page.line,
            line_name,
            connected,
            origins,
            look,
            notes,
            closed_by: None,
        };
        // Known before it is on: the first event must not find a line without a site.
        self.inner.store.save_site(site.clone()).await?;
        portal.call(&Activate { line: page.line, active: true }).await?;
        portal.call(&data_of(&site)).await?;
        site.connected = true;
        self.inner.store.save_site(site).await?;
        self.inner.portals.news().send_replace(());
        self.inner.channels.see(&page.portal, page.line, Seen::Connected);
        tracing::info!(portal = %page.portal, line = page.line.0, user = page.user, "line connected");
        let setup = self.clone();
        self.inner.tasks.spawn(async move { setup.look_after(&portal, false).await });
        self.state(page).await
    }

    /// The site on one of these pages whose line was deleted: so the portal told, or so it was found.
    async fn without_line(&self, portal: &PortalHost, origins: &[String]) -> Result<Option<SiteRecord>, StoreError> {
        let is_gone = |site: &SiteRecord| {
            site.closed_by == Some(Closing::LineDeleted)
                || self.inner.channels.channel(portal, site.line).fault() == Some(&LineFault::Gone)
        };
        let is_it = |site: &SiteRecord| is_gone(site) && site.origins.iter().any(|origin| origins.contains(origin));
        Ok(self.inner.store.sites_of(portal).await?.into_iter().find(is_it))
    }

    /// Keeps what was changed. `notes`: operators are told what the portal has no field for, in this language.
    ///
    /// # Errors
    /// `Fields`, `LineGone` where the line was never connected.
    pub async fn save(
        &self,
        page: &Opened,
        sites: &str,
        look: &LookForm,
        notes: Option<Lang>,
        choices: &ChoicesForm,
    ) -> Result<View, SetupError> {
        let portal = self.inner.portals.get(&page.portal).ok_or(SetupError::UnknownPortal)?;
        let before = self.inner.store.site_of_line(&page.portal, page.line).await?.ok_or(SetupError::LineGone)?;
        let (origins, look) = checked(sites, Some(look), Some(&before))?;
        let notes = notes.map(|lang| lang.code().to_owned());
        let site = SiteRecord { origins, look, notes, ..before.clone() };
        self.inner.store.save_site(site.clone()).await?;
        self.choose(&page.portal, choices).await?;
        let told = (&site.look.name, site.origins.first()) != (&before.look.name, before.origins.first());
        if site.connected
            && told
            && let Err(error) = portal.call(&data_of(&site)).await
        {
            // Only what the Contact Center shows is old now; the next connecting tells it again.
            tracing::warn!(portal = %page.portal, line = page.line.0, error = chain(&error), "the portal shows old data");
        }
        tracing::info!(portal = %page.portal, line = page.line.0, user = page.user, "settings saved");
        self.state(page).await
    }

    /// Keeps what the connector may do at a portal, and registers it anew: where the portal does not answer, as soon as it
    /// does.
    async fn choose(&self, host: &PortalHost, changed: &ChoicesForm) -> Result<(), SetupError> {
        let known = self.inner.store.choices(host).await?;
        let choices = changed.over(known);
        if choices == known {
            return Ok(());
        }
        self.inner.store.choose(host, choices).await?;
        tracing::info!(portal = %host, ?choices, "what the connector may do has changed");
        if let Err(error) = self.registered(host).await {
            tracing::warn!(portal = %host, error = chain(&error), "the portal does not know that yet");
        }
        Ok(())
    }

    /// Switches the connector off for the page's line. What waits to be sent is kept.
    ///
    /// # Errors
    /// `LineGone` where it was never connected; `Portal` where the portal did not do it.
    pub async fn disconnect(&self, page: &Opened) -> Result<View, SetupError> {
        let portal = self.inner.portals.get(&page.portal).ok_or(SetupError::UnknownPortal)?;
        let mut site = self.inner.store.site_of_line(&page.portal, page.line).await?.ok_or(SetupError::LineGone)?;
        portal.call(&Activate { line: page.line, active: false }).await?;
        (site.connected, site.closed_by) = (false, None);
        self.inner.store.save_site(site).await?;
        self.inner.portals.news().send_replace(());
        tracing::info!(portal = %page.portal, line = page.line.0, user = page.user, "line disconnected");
        self.state(page).await
    }

    /// A new secret for the page's site, to sign its visitors' ids with: 32 random bytes. It is told this once; what the one
    /// before had proven has to be proven anew.
    ///
    /// # Errors
    /// `LineGone` where the line was never connected.
    pub async fn make_secret(&self, page: &Opened) -> Result<(SiteKey, String), SetupError> {
        let site = self.inner.store.site_of_line(&page.portal, page.line).await?.ok_or(SetupError::LineGone)?;
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        let secret = URL_SAFE_NO_PAD.encode(bytes);
        self.inner.store.set_secret(&site.key, &secret.clone().into(), self.inner.clock.now()).await?;
        tracing::info!(portal = %page.portal, line = page.line.0, user = page.user, "a site's secret was made");
        Ok((site.key, secret))
    }

    /// The installed portal that a frame names, by its id and by its host: the one of the settings, or, where the portal
    /// was renamed, the one it answers at.
    async fn installed(&self, frame: &Frame, from: IpAddr) -> Result<PortalRecord, SetupError> {
        let store = &self.inner.store;
        let Some(record) = store.portal_of_member(&frame.member_id).await? else {
            let is_known = frame.domain.as_ref().is_some_and(|host| self.inner.config.portal(host).is_some());
            let Some(host) = frame.domain.as_ref().filter(|_| is_known) else { return Err(SetupError::UnknownPortal) };
            let is_given_up = store.ways(host).await?.given_up.is_some();
            return Err(if is_given_up { SetupError::GivenUp } else { SetupError::NotInstalled });
        };
        let portal = self.inner.portals.get(&record.host).ok_or(SetupError::UnknownPortal)?;
        let Some(domain) = frame.domain.as_ref().filter(|host| **host != record.host) else { return Ok(record) };
        if *domain == address(&record) {
            return Ok(record);
        }
        // Renamed, and not called since: a call finds out.
        self.doubt(&record.host, from)?;
        let _ = portal.call(&Info::default()).await;
        let record = store.portal(&record.host).await?.ok_or(SetupError::NotInstalled)?;
        if *domain == address(&record) { Ok(record) } else { Err(SetupError::UnknownPortal) }
    }

    /// An installation by the full OAuth flow has no signature, or one of before; this frame's has just been proven.
    async fn learn_signature(&self, record: &PortalRecord, frame: &Frame) -> Result<(), SetupError> {
        let is_wanted = record.application_token.is_none() || record.signature_may_be_old;
        let Some(signature) = frame.application_token.clone().filter(|_| is_wanted) else { return Ok(()) };
        let learnt = self.inner.store.change_portal(&record.host, |record| {
            record.application_token = Some(signature);
            record.signature_may_be_old = false;
        });
        Ok(learnt.await?)
    }

    /// What the portal calls a line; where it does not say, what it said before.
    async fn line_name(&self, portal: &Portal, line: LineId, site: Option<&SiteRecord>) -> String {
        let named = match portal.call(&GetLine::new(line)).await {
            Ok(found) => found.map(|line| line.name).filter(|name| !name.is_empty()),
            Err(error) => {
                tracing::warn!(portal = %portal.host(), line = line.0, error = chain(&error), "the line's name is unknown");
                None
            }
        };
        named.or_else(|| site.map(|site| site.line_name.clone())).unwrap_or_else(|| format!("{line}"))
    }

    /// A key that no site has: 10 of `a-z0-9`, 51 bits.
    async fn new_key(&self) -> Result<SiteKey, SetupError> {
        loop {
            let key = random_key();
            if self.inner.store.site(&key).await?.is_none() {
                return Ok(key);
            }
        }
    }
}

/// Sites and look as typed; a line that was never connected has the default look, one that was keeps its own where
/// none is given.
fn checked(
    sites: &str,
    look: Option<&LookForm>,
    before: Option<&SiteRecord>,
) -> Result<(Vec<String>, Look), SetupError> {
    let origins = origins::read(sites);
    let named_after = origins.as_deref().unwrap_or_default();
    let look = match (look, before) {
        (Some(form), _) => form.read(named_after),
        (None, Some(site)) => Ok(site.look.clone()),
        (None, None) => Ok(Look { name: default_name(named_after), ..Look::default() }),
    };
    match (origins, look) {
        (Ok(origins), Ok(look)) => Ok((origins, look)),
        (origins, look) => {
            let sites = origins.err().unwrap_or_default().into_iter().map(FieldFault::Sites);
            Err(SetupError::Fields(
                sites.chain(look.err().unwrap_or_default().into_iter().map(FieldFault::Look)).collect(),
            ))
        }
    }
}

/// What the Contact Center shows: the first site, and the address there that opens the chat.
fn data_of(site: &SiteRecord) -> SetData {
    let first = site.origins.first().map_or("", String::as_str);
    SetData {
        line: site.line,
        id: site.key.to_string(),
        url: format!("{first}/"),
        url_im: format!("{first}/#otklik"),
        name: site.look.name.clone(),
    }
}

fn random_key() -> SiteKey {
    const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut key = String::with_capacity(10);
    while key.len() < 10 {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        // Above the last whole multiple of 36 some letters would come more often.
        let fair = bytes.iter().filter(|byte| **byte < 252).map(|byte| LETTERS[usize::from(*byte % 36)]);
        key.extend(fair.take(10 - key.len()).map(char::from));
    }
    SiteKey::try_from(key).expect("ten of its letters are a key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ten_letters_and_never_the_same() {
        let (one, two) = (random_key(), random_key());
        assert_eq!(one.as_str().len(), 10);
        assert_ne!(one, two);
    }

    #[test]
    fn faults_of_all_fields_come_together() {
        let look = serde_json::json!({"name": "", "color": "red", "theme": "auto", "corner": "right",
            "launcher": "bubble", "label": "", "greeting": ""});
        let look = serde_json::from_value(look).unwrap();
        match checked("", Some(&look), None) {
            Err(SetupError::Fields(faults)) => {
                assert_eq!(faults, [FieldFault::Sites(SitesFault::None), FieldFault::Look(LookFault::Color)])
            }
            other => panic!("{other:?}"),
        }
    }
}

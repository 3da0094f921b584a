//! `/chat`: the document in the widget's frame. Decides who may have which; `document` puts it together. Knows the site's
//! record; nothing of dialogues.

mod document;
mod lang;

use super::deliver::{self, Page};
use crate::AppState;
use crate::config::Config;
use crate::error::Failure;
use crate::ids::PortalHost;
use crate::look::Rgb;
use crate::store::{SiteRecord, Theme};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::Response;
use document::{Document, Policy};
use lang::Lang;
use serde::Deserialize;
use shared::{Presence, SiteKey};
use url::Url;

const HTML: &str = "text/html; charset=utf-8";
const EMBEDDER_POLICY: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");

/// As a settings page may ask for it: longer words are cut.
const NAME_CHARS: usize = 80;
const GREETING_CHARS: usize = 160;

/// What the loader, or the settings page's preview, asks for. Whatever cannot be understood is as if it were not there.
#[derive(Deserialize, Default)]
pub struct Asked {
    site: Option<String>,
    lang: Option<String>,
    theme: Option<String>,
    /// `#rrggbb`, the hash may be missing.
    color: Option<String>,
    /// The loader wants no app yet.
    news: Option<String>,
    preview: Option<String>,
    name: Option<String>,
    greeting: Option<String>,
}

impl Asked {
    fn theme(&self) -> Option<Theme> {
        match self.theme.as_deref()? {
            "light" => Some(Theme::Light),
            "dark" => Some(Theme::Dark),
            "auto" => Some(Theme::Auto),
            _ => None,
        }
    }

    fn color(&self) -> Option<Rgb> {
        let digits = self.color.as_deref()?.trim_start_matches('#');
        Rgb::try_from(format!("#{digits}").as_str()).ok()
    }

    fn lang(&self, headers: &HeaderMap) -> Lang {
        let named = self.lang.as_deref().and_then(Lang::named);
        named.unwrap_or_else(|| Lang::understood(text_of(headers, header::ACCEPT_LANGUAGE)))
    }
}

/// `GET /chat`
pub async fn chat(
    State(state): State<AppState>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if asked.preview.is_some() {
        let portals = state.setup.addresses().await;
        return Ok(preview(&asked, &headers, &state.config, &portals).await);
    }
    let key = asked.site.clone().and_then(|key| SiteKey::try_from(key).ok());
    let site = match key {
        Some(key) => state.store.site(&key).await?,
        None => None,
    };
    let Some(site) = site else { return Ok(refusal(StatusCode::NOT_FOUND, &headers).await) };
    if !may_frame(&site, &headers, &state.config) {
        return Ok(refusal(StatusCode::FORBIDDEN, &headers).await);
    }
    let is_open = state.channels.takes(&site.key);
    let document = Document {
        site: Some(&site.key),
        name: name_of(&site),
        greeting: site.look.greeting.as_deref().unwrap_or_default(),
        lang: asked.lang(&headers),
        theme: asked.theme().unwrap_or(site.look.theme),
        color: asked.color().or_else(|| Rgb::try_from(site.look.color.as_str()).ok()),
        origins: &site.origins,
        connected: is_open,
        limits: &state.config.limits,
        asleep: asked.news.is_some(),
        presence: state.relay.presences().now(&site.key).await?,
    };
    let policy = Policy { relay: state.config.public_url.as_str(), ancestors: &site.origins.join(" ") };
    Ok(answer(StatusCode::OK, document.html(), document.policy(&policy), asked.color.is_none(), &headers).await)
}

/// The site's name as visitors read it.
pub fn name_of(site: &SiteRecord) -> &str {
    if site.look.name.is_empty() { &site.line_name } else { &site.look.name }
}

/// Whether the page that holds the frame is on the site's list. One that does not say who it is, is held off by
/// `frame-ancestors`; this is for telling the loader, which can say it in words.
fn may_frame(site: &SiteRecord, headers: &HeaderMap, config: &Config) -> bool {
    let Ok(referer) = Url::parse(text_of(headers, header::REFERER)) else { return true };
    let origin = referer.origin().ascii_serialization();
    // Our own: the document loads itself anew in another language.
    site.origins.contains(&origin) || config.public_url.is_origin(&origin)
}

/// The chat as the settings page's fields make it look: made-up messages, no session, nothing is sent.
async fn preview(asked: &Asked, headers: &HeaderMap, config: &Config, portals: &[PortalHost]) -> Response {
    let cut = |text: &Option<String>, most| text.as_deref().unwrap_or_default().chars().take(most).collect::<String>();
    let (name, greeting) = (cut(&asked.name, NAME_CHARS), cut(&asked.greeting, GREETING_CHARS));
    let document = Document {
        site: None,
        name: &name,
        greeting: &greeting,
        lang: asked.lang(headers),
        theme: asked.theme().unwrap_or_default(),
        color: asked.color(),
        origins: &[],
        connected: true,
        limits: &config.limits,
        asleep: false,
        presence: Presence::default(),
    };
    // Our settings page stands in a frame of the portal's: of which one is not known here, for a policy needs every
    // frame around, and a referrer, our own page's, does not tell. Whoever asks sees the hosts of all.
    let portals = portals.iter().map(PortalHost::origin).collect::<Vec<_>>().join(" ");
    let policy = Policy { relay: config.public_url.as_str(), ancestors: &format!("'self' {portals}") };
    answer(StatusCode::OK, document.html(), document.policy(&policy), false, headers).await
}

/// A bare document that tells the loader, and nobody else, that there is no chat for it.
async fn refusal(status: StatusCode, headers: &HeaderMap) -> Response {
    let (html, policy) = document::refusal();
    answer(status, html, policy, true, headers).await
}

async fn answer(status: StatusCode, html: String, policy: String, common: bool, headers: &HeaderMap) -> Response {
    let page = Page { status, mime: HTML, text: html, cache: "private, no-cache", common };
    let mut response = deliver::page(page, headers).await;
    deliver::set(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
    deliver::set(&mut response, header::REFERRER_POLICY, "same-origin");
    deliver::set(&mut response, EMBEDDER_POLICY, "require-corp");
    deliver::set(&mut response, deliver::RESOURCE_POLICY, "cross-origin");
    response
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

//! `/widget/KEY.js` and `/widget-HASH.js`: the launcher, with its site's look inside, or without. Knows the site's record;
//! nothing of dialogues.

use super::chat;
use super::deliver::{self, Page};
use crate::AppState;
use crate::assets::{self, text};
use crate::config::PublicUrl;
use crate::error::Failure;
use crate::look::{self, Rgb};
use crate::store::{Launcher, Look, Side, SiteRecord, Theme};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use sha2::{Digest, Sha256};
use shared::SiteKey;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// A change of settings reaches pages within a minute; a returning visitor waits for no answer.
const A_MINUTE: &str = "public, max-age=60, stale-while-revalidate=86400";

/// Instead of the launcher where there is no site, or it is disconnected: nothing shows, its developer is told why.
const NO_SITE: &str = "document.currentScript?.dataset.debug!==undefined&&console.warn(\"otklik: REASON\")";

/// Around the launcher of a site that is closed (the history is kept, the chat shown as offline): who has written there
/// lately still reads what was said, to nobody else anything shows. The mark is the host part's, see `assets/host.js`. The
/// launcher of an open site carries nothing of this.
const CLOSED: &str = "{let a=0;try{a=localStorage[\"otklik:KEY\"]>Date.now()}catch{}if(a){LAUNCHER\n}else NO_SITE}";

/// What the launcher is told. Names are those of the tag's attributes, which are stronger; what is left out is as usual.
#[derive(Serialize, Default)]
struct Options<'a> {
    origin: &'a str,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    launcher: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    /// Fill and mark, unless they are the launcher's own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    colors: Option<[String; 2]>,
    /// The same on the dark theme, where they differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    dark: Option<[String; 2]>,
    /// Nothing is taken here (any more): what was said can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<bool>,
}

/// `GET /widget/KEY.js`
pub async fn of_site(
    State(state): State<AppState>,
    Path(file): Path<String>,
    asked: HeaderMap,
) -> Result<Response, Failure> {
    let key = file.strip_suffix(".js").and_then(|key| SiteKey::try_from(key.to_owned()).ok());
    let site = match key {
        Some(key) => state.store.site(&key).await?,
        None => None,
    };
    let script = match &site {
        Some(site) if site.connected => with_look(site, &state.config.public_url),
        Some(site) => closed(site, &state.config.public_url),
        None => NO_SITE.replace("REASON", "no such site"),
    };
    Ok(answer(script, A_MINUTE, &asked).await)
}

/// The answer to `GET /widget-HASH.js`, if that is what `path` is. The relay's own address is in the script, so the hash
/// is this relay's.
pub async fn of_any_site(path: &str, public_url: &PublicUrl, asked: &HeaderMap) -> Option<Response> {
    let named = path.strip_prefix("/widget-")?.strip_suffix(".js")?;
    let text = of_no_site(public_url);
    if named != hash(&text) {
        return None;
    }
    Some(answer(text, deliver::FOR_EVER, asked).await)
}

fn of_no_site(public_url: &PublicUrl) -> String {
    script(&Options { origin: public_url.as_str(), version: env!("CARGO_PKG_VERSION"), ..Options::default() })
}

/// As long as the names of the embedded files.
fn hash(text: &str) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..6])
}

/// `script` as any page may run it.
async fn answer(text: String, cache: &'static str, asked: &HeaderMap) -> Response {
    let mut response =
        deliver::page(Page { status: StatusCode::OK, mime: JAVASCRIPT, text, cache, common: true }, asked).await;
    deliver::for_any_page(&mut response);
    response
}

/// The launcher of a site that is closed.
fn closed(site: &SiteRecord, public_url: &PublicUrl) -> String {
    let nothing = NO_SITE.replace("REASON", "this chat is disconnected from its line");
    CLOSED.replacen("KEY", site.key.as_str(), 1).replacen("NO_SITE", &nothing, 1).replacen(
        "LAUNCHER",
        &with_look(site, public_url),
        1,
    )
}

fn with_look(site: &SiteRecord, public_url: &PublicUrl) -> String {
    let look = &site.look;
    let [colors, dark] = colors(look);
    let usual = [look::DEFAULT_COLOR.to_string(), "#ffffff".to_owned()];
    script(&Options {
        origin: public_url.as_str(),
        version: env!("CARGO_PKG_VERSION"),
        site: Some(site.key.as_str()),
        name: Some(chat::name_of(site)),
        position: (look.position == Side::Left).then_some("left"),
        theme: match look.theme {
            Theme::Auto => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        },
        launcher: match look.launcher {
            Launcher::Bubble => None,
            Launcher::Label => Some("label"),
            Launcher::None => Some("none"),
        },
        label: look.label.as_deref(),
        dark: (dark != colors).then_some(dark),
        colors: (colors != usual).then_some(colors),
        closed: (!site.connected).then_some(true),
    })
}

/// The launcher's fill and mark on the light and on the dark theme. With words on it, it is filled as a button is, so that
/// they read.
fn colors(look: &Look) -> [[String; 2]; 2] {
    let owner = Rgb::try_from(look.color.as_str()).unwrap_or(look::DEFAULT_COLOR);
    [look::Theme::Light, look::Theme::Dark].map(|theme| {
        let roles = look::derive(owner, theme);
        match look.launcher {
            Launcher::Label => [roles.accent.to_string(), roles.on_accent.to_string()],
            Launcher::Bubble | Launcher::None => [roles.launcher.to_string(), roles.on_launcher.to_string()],
        }
    })
}

fn script(options: &Options) -> String {
    let json = |value: &str| serde_json::Value::from(value).to_string();
    let options = serde_json::to_string(options).expect("texts become JSON");
    // The site's own words go in last: nothing in them is a place.
    text::LAUNCHER_JS
        .replacen("OTKLIK_CSS", &json(text::LAUNCHER_CSS), 1)
        .replacen("OTKLIK_HOST", &json(assets::HOST_JS), 1)
        .replacen("OTKLIK_SITE", &options, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{LineId, PortalHost};

    fn site(look: Look) -> SiteRecord {
        SiteRecord {
            key: SiteKey::try_from("k3v9x7q2m1".to_owned()).unwrap(),
            portal: PortalHost::try_from("company.bitrix24.ru".to_owned()).unwrap(),
            line: LineId(1),
            line_name: "Website".to_owned(),
            connected: true,
            origins: vec!["https://shop.example".to_owned()],
            look,
            notes: None,
            closed_by: None,
        }
    }

    fn told(look: Look) -> String {
        let script = with_look(&site(look), &"https://chat.example.ru".parse().unwrap());
        let start = script.find(r#"{"origin""#).expect("the options are inside");
        let end = script[start..].find(",...").expect("the tag's attributes follow");
        script[start..start + end].to_owned()
    }

    #[test]
    fn a_site_as_usual_tells_little() {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            told(Look::default()),
            format!(
                r#"{{"origin":"https://chat.example.ru","version":"{version}","site":"k3v9x7q2m1","name":"Website"}}"#
            )
        );
    }

    #[test]
    fn a_closed_site_shows_to_who_has_written_there() {
        let look = Look { name: "LAUNCHER NO_SITE".to_owned(), ..Look::default() };
        let script =
            closed(&SiteRecord { connected: false, ..site(look) }, &"https://chat.example.ru".parse().unwrap());
        assert!(script.starts_with(r#"{let a=0;try{a=localStorage["otklik:k3v9x7q2m1"]>Date.now()}"#), "{script}");
        assert!(script.contains(r#""name":"LAUNCHER NO_SITE""#) && script.contains(r#""closed":true}"#), "{script}");
        assert!(script.ends_with(r#"console.warn("otklik: this chat is disconnected from its line")}"#), "{script}");
    }

    #[test]
    fn an_owners_look_is_inside() {
        let told = told(Look {
            name: "OTKLIK_CSS \"</script>".to_owned(),
            color: "#ffffff".to_owned(),
            position: Side::Left,
            theme: Theme::Dark,
            launcher: Launcher::Label,
            label: Some("Спросить мастера".to_owned()),
            greeting: None,
        });
        assert!(told.contains(r#""name":"OTKLIK_CSS \"</script>","position":"left","theme":"dark""#), "{told}");
        assert!(told.contains(r##""colors":["#262626","#ffffff"],"dark":["#ffffff","#0b0d0c"]"##), "{told}");
    }

    #[tokio::test]
    async fn the_launcher_of_no_site_lies_under_its_own_hash() {
        let relay: PublicUrl = "https://chat.example.ru".parse().unwrap();
        let text = of_no_site(&relay);
        let path = format!("/widget-{}.js", hash(&text));
        let response = of_any_site(&path, &relay, &HeaderMap::new()).await.expect("this is its address");
        assert_eq!(response.headers()["cache-control"], deliver::FOR_EVER);
        assert!(of_any_site("/widget-0123456789ab.js", &relay, &HeaderMap::new()).await.is_none());
        assert!(!text.contains("\"site\":"));
    }

    #[test]
    fn every_place_is_filled() {
        let script = script(&Options::default());
        assert!(!script.contains("OTKLIK_"), "{script}");
        assert!(script.contains(assets::HOST_JS));
    }
}

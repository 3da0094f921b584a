//! The settings: `otklik.toml` and the environment, parsed once. Unknown keys and impossible values are refused by a
//! line that names the key. Knows nothing of what the settings are for.

mod limits;
mod source;

pub use limits::LimitsConfig;

use crate::ids::PortalHost;
use secrecy::SecretString;
use source::Section;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use url::Url;

const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
const DATA: &str = "otklik.redb";
/// Bitrix24's own servers (settings/oauth/index.md; the second one in its newer pages), the usual one first. Which of them
/// knows a portal is not written anywhere.
const OAUTH_URLS: [&str; 3] =
    ["https://oauth.bitrix.info", "https://oauth.bitrix24.tech", "https://oauth.bitrix24.info"];

/// Why the relay does not start with these settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    #[error("{} is not TOML", .0.display())]
    Syntax(PathBuf, #[source] Box<toml::de::Error>),
    #[error("{0}: no such setting")]
    Unknown(String),
    #[error("{0}: missing")]
    Missing(String),
    #[error("{key}: {expected}")]
    Wrong { key: String, expected: String },
}

/// All that the relay is told from outside.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: PublicUrl,
    /// The store's file; its key and its socket lie beside it.
    pub data: PathBuf,
    /// Where `/metrics` is served; without it nowhere.
    pub metrics_listen: Option<SocketAddr>,
    pub portals: Vec<PortalConfig>,
    pub limits: LimitsConfig,
}

/// One Bitrix24 and the keys of our application in it.
#[derive(Clone, Debug)]
pub struct PortalConfig {
    pub host: PortalHost,
    pub client_id: String,
    pub client_secret: SecretString,
    /// Who renews tokens: an origin without a slash at its end.
    pub oauth_url: String,
}

impl PortalConfig {
    /// Who may renew tokens: the origin of the settings alone, unless that is the usual one.
    pub fn oauth_urls(&self) -> Vec<&str> {
        if self.oauth_url == OAUTH_URLS[0] { OAUTH_URLS.to_vec() } else { vec![self.oauth_url.as_str()] }
    }
}

/// The relay's own origin, as browsers and the portal reach it: scheme, host and port, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of `path`, which begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether an `Origin` header names this very origin.
    pub fn is_origin(&self, origin: &str) -> bool {
        self.0 == origin
    }
}

impl std::str::FromStr for PublicUrl {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        origin_of(text).map(Self).ok_or(())
    }
}

impl Config {
    /// Reads `file`, where there is one, and the variables of the environment.
    ///
    /// # Errors
    /// `ConfigError`, naming the key that is unknown, missing or wrong.
    pub fn load(file: &Path, environment: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            // Everything may come from the environment.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ConfigError::Unreadable(file.to_owned(), error)),
        };
        let table = text.parse().map_err(|error| ConfigError::Syntax(file.to_owned(), Box::new(error)))?;
        Self::from_table(table, environment)
    }

    /// As `load`, from a table already read.
    pub fn from_table(
        mut table: toml::Table,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        source::overlay(&mut table, environment)?;
        let mut root = Section::root(table);
        const ADDRESS: &str = "an address and a port are expected, like 127.0.0.1:8080";
        let config = Self {
            listen: root.parsed("listen", ADDRESS)?.unwrap_or(LISTEN),
            public_url: root
                .parsed("public_url", "an origin is expected, like https://chat.example.ru, without a path")?
                .ok_or_else(|| root.missing("public_url"))?,
            data: root.text("data")?.unwrap_or_else(|| DATA.to_owned()).into(),
            metrics_listen: root.parsed("metrics_listen", ADDRESS)?,
            portals: portals(&mut root)?,
            limits: LimitsConfig::read(root.section("limits")?)?,
        };
        root.end()?;
        Ok(config)
    }

    /// The settings of `host`, if it is one of ours.
    pub fn portal(&self, host: &PortalHost) -> Option<&PortalConfig> {
        self.portals.iter().find(|portal| &portal.host == host)
    }
}

fn portals(root: &mut Section) -> Result<Vec<PortalConfig>, ConfigError> {
    let mut portals: Vec<PortalConfig> = Vec::new();
    for mut section in root.sections("portal")? {
        let host = section.text("host")?.ok_or_else(|| section.missing("host"))?;
        let host = PortalHost::try_from(host)
            .map_err(|_| section.wrong("host", "a host is expected, like company.bitrix24.ru, without https://"))?;
        if portals.iter().any(|other| other.host == host) {
            return Err(section.wrong("host", "this portal is there twice"));
        }
        let client_id = section.text("client_id")?.ok_or_else(|| section.missing("client_id"))?;
        let client_secret = section.text("client_secret")?.ok_or_else(|| section.missing("client_secret"))?;
        let oauth_url = section.text("oauth_url")?.unwrap_or_else(|| OAUTH_URLS[0].to_owned());
        let oauth_url = origin_of(&oauth_url)
            .filter(|origin| origin.starts_with("https://") || is_loopback(origin))
            .ok_or_else(|| section.wrong("oauth_url", "an origin is expected; http only on the loopback"))?;
        portals.push(PortalConfig { host, client_id, client_secret: client_secret.into(), oauth_url });
        section.end()?;
    }
    Ok(portals)
}

/// The origin a text spells, without a slash at its end; None where it says more than an origin.
fn origin_of(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (bare && url.password().is_none()).then(|| url.origin().ascii_serialization())
}

fn is_loopback(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").map(str::to_owned).map(PortalHost::try_from);
    host.is_some_and(|host| host.is_ok_and(|host| host.is_loopback()))
}

#[cfg(test)]
mod tests;

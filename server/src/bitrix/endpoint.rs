//! Where a portal answers calls. Pure.

use crate::ids::PortalHost;
use url::Url;

/// The base of a portal's REST calls, and the portal it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub host: PortalHost,
    /// With a slash at its end.
    pub url: String,
}

impl Endpoint {
    /// Reads `https://company.bitrix24.ru/rest/`; plain http only of this machine itself.
    pub fn read(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let mut host = url.host_str()?.to_owned();
        if let Some(port) = url.port() {
            host = format!("{host}:{port}");
        }
        let host = PortalHost::try_from(host).ok()?;
        let right = url.origin().ascii_serialization() == host.origin() && url.path().ends_with('/');
        (right && url.query().is_none() && url.username().is_empty()).then(|| Self { host, url: url.into() })
    }

    /// Where every portal answers calls, as far as it does not say otherwise.
    pub fn of(host: &PortalHost) -> Self {
        Self { host: host.clone(), url: format!("{}/rest/", host.origin()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_belongs_to_its_host() {
        let read = |text| Endpoint::read(text).map(|endpoint| endpoint.host.to_string());
        assert_eq!(read("https://Company.bitrix24.ru/rest/").as_deref(), Some("company.bitrix24.ru"));
        assert_eq!(read("http://127.0.0.1:4567/rest/").as_deref(), Some("127.0.0.1:4567"));
        for wrong in [
            "http://company.bitrix24.ru/rest/",
            "https://company.bitrix24.ru/rest",
            "https://company.bitrix24.ru/rest/?x",
            "https://u:p@company.bitrix24.ru/rest/",
            "ftp://company.bitrix24.ru/rest/",
            "company.bitrix24.ru",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let host = PortalHost::try_from("company.bitrix24.ru".to_owned()).unwrap();
        assert_eq!(Endpoint::read(&Endpoint::of(&host).url), Some(Endpoint::of(&host)));
    }
}

//! What the portal posts when it opens a page of ours in a frame: the settings of one line, or the installation. Pure:
//! nothing of it is true until it is verified. Knows no REST call.
//!
//! Fields: `api-reference/widgets/` of the Bitrix24 REST documentation, and the form of older portals, which leave out
//! `APPLICATION_TOKEN` and `SERVER_ENDPOINT`.

use super::words::Lang;
use crate::bitrix::form;
use crate::bitrix::value::{number_at, text_at};
use crate::ids::{LineId, PortalHost};
use secrecy::SecretString;
use serde_json::Value;

/// One frame as it was posted.
#[derive(Debug)]
pub struct Frame {
    pub member_id: String,
    /// The host the portal says it has.
    pub domain: Option<PortalHost>,
    pub lang: Lang,
    /// The access token of the person who opened the page: proves who that is, and is used for nothing else.
    pub access: SecretString,
    /// That person's refresh token, and how many seconds `access` is good for: kept of an installation only.
    pub refresh: Option<SecretString>,
    pub expires_in: u64,
    /// What the portal signs its posts with; absent in older portals.
    pub application_token: Option<SecretString>,
    pub placement: String,
    pub options: Options,
}

/// Which line the settings were opened for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub connector: Option<String>,
    pub line: Option<LineId>,
}

/// An access token lives an hour (settings/oauth/index.md).
const HOUR: u64 = 3_600;

impl Frame {
    /// Reads the address' query and the body together; `None` where this is no frame of a portal at all.
    pub fn read(query: &str, body: &[u8]) -> Option<Self> {
        let (query, body) = (form::parse(query.as_bytes()).ok()?, form::parse(body).ok()?);
        let field = |name: &str| text_at(&body, &[name]).or_else(|| text_at(&query, &[name]));
        Some(Self {
            member_id: field("member_id").filter(|id| is_member_id(id))?,
            domain: field("DOMAIN").and_then(|domain| PortalHost::try_from(domain).ok()),
            lang: Lang::of(field("LANG").as_deref()),
            access: field("AUTH_ID")?.into(),
            refresh: field("REFRESH_ID").map(Into::into),
            expires_in: number_at(&body, &["AUTH_EXPIRES"]).unwrap_or(HOUR),
            application_token: field("APPLICATION_TOKEN").map(Into::into),
            placement: field("PLACEMENT").unwrap_or_default(),
            options: field("PLACEMENT_OPTIONS").map(|json| Options::read(&json)).unwrap_or_default(),
        })
    }
}

impl Options {
    /// They are JSON in a string; a line may be a number or its digits.
    fn read(json: &str) -> Self {
        let tree: Value = serde_json::from_str(json).unwrap_or_default();
        Self {
            connector: text_at(&tree, &["CONNECTOR"]).map(|name| name.to_ascii_lowercase()),
            line: number_at(&tree, &["LINE"]).filter(|line| *line > 0).map(LineId),
        }
    }
}

/// 32 hex digits on every portal seen; anything of that kind is taken, since it is a name in our store.
pub fn is_member_id(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrix::fixtures::bytes;
    use secrecy::ExposeSecret;

    const QUERY: &str = "DOMAIN=romashka.bitrix24.ru&PROTOCOL=1&LANG=ru&APP_SID=0f9a3c1d7b5e42f8a6c4d2e1b3f5a7c9";
    const MEMBER: &str = "b7d1f2c94e0a4a6f8e35d0c1a2b3c4d5";

    #[test]
    fn the_frame_of_a_line_is_read() {
        let query = String::from_utf8(bytes("placement.SETTING_CONNECTOR.query.form")).unwrap();
        let frame = Frame::read(query.trim(), &bytes("placement.SETTING_CONNECTOR.body.form")).unwrap();
        assert_eq!((frame.member_id.as_str(), frame.lang), (MEMBER, Lang::Ru));
        assert_eq!(frame.domain.map(String::from).as_deref(), Some("romashka.bitrix24.ru"));
        assert_eq!((frame.access.expose_secret().len(), frame.expires_in), (62, 3600));
        assert!(frame.refresh.is_some());
        let signature = frame.application_token.unwrap();
        assert_eq!(signature.expose_secret(), "3f7e90ab61c24d58b0aa5c1e97d2f846", "not `APP_SID`, which looks like it");
        assert_eq!(frame.placement, "SETTING_CONNECTOR");
        let options = Options { connector: Some("site_widget".to_owned()), line: Some(LineId(107)) };
        assert_eq!(frame.options, options);
    }

    #[test]
    fn an_old_portal_leaves_things_out() {
        let body = format!("AUTH_ID=aa&member_id={MEMBER}&PLACEMENT_OPTIONS=%7B%22LINE%22%3A3%7D");
        let frame = Frame::read("", body.as_bytes()).unwrap();
        assert!(frame.application_token.is_none() && frame.refresh.is_none());
        assert_eq!((frame.lang, frame.options.line), (Lang::En, Some(LineId(3))));
    }

    #[test]
    fn what_is_no_frame_is_nothing() {
        assert!(Frame::read(QUERY, b"").is_none());
        assert!(Frame::read(QUERY, b"AUTH_ID=aa&member_id=../../x").is_none());
        assert!(Frame::read(QUERY, format!("member_id={MEMBER}").as_bytes()).is_none());
        let lineless = format!("AUTH_ID=aa&member_id={MEMBER}&PLACEMENT_OPTIONS=%5B%5D");
        assert_eq!(Frame::read("", lineless.as_bytes()).unwrap().options, Options::default());
    }
}

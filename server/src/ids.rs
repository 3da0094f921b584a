//! Identifiers the relay adds to the wire's own: of portals, lines, dialogues and the portal's messages.
//! Checked once, where they come in; knows nothing of where they are kept.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shared::{FileId, MessageId};
use std::fmt;
use std::net::IpAddr;
use uuid::Uuid;

/// What is wrong with an identifier of the portal's side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortalIdError {
    #[error("not a host name with an optional port")]
    Host,
    #[error("not the id of a dialogue")]
    Dialogue,
}

/// Where a portal answers: a host name in lower case, with `:port` where there is one. No scheme, no path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortalHost(String);

impl PortalHost {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its port.
    pub fn name(&self) -> &str {
        match self.0.rsplit_once(':') {
            Some((name, port)) if !name.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => &self.0,
        }
    }

    /// Whether the host is this machine itself: `localhost` or an address of the loopback.
    pub fn is_loopback(&self) -> bool {
        let name = self.name();
        name == "localhost"
            || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The portal's origin: http on the loopback, https everywhere else.
    pub fn origin(&self) -> String {
        let scheme = if self.is_loopback() { "http" } else { "https" };
        format!("{scheme}://{}", self.0)
    }
}

impl TryFrom<String> for PortalHost {
    type Error = PortalIdError;
    fn try_from(text: String) -> Result<Self, PortalIdError> {
        let text = text.to_ascii_lowercase();
        let origin = url::Url::parse(&format!("https://{text}/")).map_err(|_| PortalIdError::Host)?;
        let mut host = origin.host_str().ok_or(PortalIdError::Host)?.to_owned();
        if let Some(port) = origin.port() {
            host = format!("{host}:{port}");
        }
        // Whatever the parser understood as a path, a user or another spelling is not a plain host.
        if host == text.trim_end_matches(":443") { Ok(Self(host)) } else { Err(PortalIdError::Host) }
    }
}

impl From<PortalHost> for String {
    fn from(host: PortalHost) -> String {
        host.0
    }
}

impl fmt::Display for PortalHost {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// The portal's number of an open line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LineId(pub u64);

impl fmt::Display for LineId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(to)
    }
}

/// One visitor's conversation on one site. Its text, `v-` and 32 hex digits, is both `user.id` and `chat.id` at the
/// portal: unguessable, without the `|` that the portal joins its own codes with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DialogueId(Uuid);

impl DialogueId {
    /// A new one, never seen before.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    pub(crate) fn bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }
}

impl TryFrom<String> for DialogueId {
    type Error = PortalIdError;
    fn try_from(text: String) -> Result<Self, PortalIdError> {
        let digits = text.strip_prefix("v-").filter(|digits| digits.len() == 32).ok_or(PortalIdError::Dialogue)?;
        Uuid::try_parse(digits).map(Self).map_err(|_| PortalIdError::Dialogue)
    }
}

impl std::str::FromStr for DialogueId {
    type Err = PortalIdError;
    fn from_str(text: &str) -> Result<Self, PortalIdError> {
        Self::try_from(text.to_owned())
    }
}

impl From<DialogueId> for String {
    fn from(id: DialogueId) -> String {
        id.to_string()
    }
}

impl fmt::Display for DialogueId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "v-{}", self.0.simple())
    }
}

impl fmt::Debug for DialogueId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, to)
    }
}

/// Which attachment on the disk: follows from its dialogue, which nobody guesses, and its name in there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileKey([u8; 16]);

impl FileKey {
    pub fn of(dialogue: DialogueId, file: &FileId) -> Self {
        let digest = Sha256::new().chain_update(dialogue.bytes()).chain_update(file.as_str()).finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }

    pub(crate) fn bytes(self) -> [u8; 16] {
        self.0
    }
}

impl From<[u8; 16]> for FileKey {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl std::str::FromStr for FileKey {
    type Err = hex::FromHexError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map(|()| Self(bytes))
    }
}

impl fmt::Display for FileKey {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, to)
    }
}

/// A message as the portal's messenger numbers it: `im.chat_id` and `im.message_id`. The key that repeats and edits
/// are recognised by, and what orders the messages of one chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ImId {
    pub chat: u64,
    pub message: u64,
}

impl ImId {
    /// The name this message has with the visitor and, as its external id, at the portal: always the same one.
    pub fn message_id(&self, portal: &PortalHost) -> MessageId {
        let name = named(self.digest(portal));
        MessageId::try_from(name).expect("a UUID is 36 hex digits and dashes")
    }

    /// The name that the `nth` file of this message has with the visitor: always the same one.
    pub fn file_id(&self, portal: &PortalHost, nth: usize) -> FileId {
        let name = named(self.digest(portal).chain_update((nth as u64).to_be_bytes()));
        FileId::try_from(name).expect("a UUID is 36 hex digits and dashes")
    }

    fn digest(&self, portal: &PortalHost) -> Sha256 {
        Sha256::new()
            .chain_update(portal.as_str())
            .chain_update(self.chat.to_be_bytes())
            .chain_update(self.message.to_be_bytes())
    }
}

/// A UUID made of what `digest` was fed.
fn named(digest: Sha256) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().hyphenated().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<PortalHost, PortalIdError> {
        PortalHost::try_from(text.to_owned())
    }

    #[test]
    fn a_portal_is_a_host_and_nothing_more() {
        assert_eq!(host("Company.Bitrix24.ru").map(|h| h.to_string()), Ok("company.bitrix24.ru".to_owned()));
        assert_eq!(host("127.0.0.1:4567").map(|h| h.origin()), Ok("http://127.0.0.1:4567".to_owned()));
        assert_eq!(host("[::1]:80").map(|h| h.is_loopback()), Ok(true));
        assert_eq!(host("company.bitrix24.ru:443").map(|h| h.origin()), Ok("https://company.bitrix24.ru".to_owned()));
        for wrong in ["", "a/b", "https://a.ru", "u@a.ru", "a b", "a.ru:99999", "a.ru?x", "a.ru#x"] {
            assert_eq!(host(wrong), Err(PortalIdError::Host), "{wrong}");
        }
    }

    #[test]
    fn a_dialogue_reads_back_from_its_text() {
        let id = DialogueId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(!id.to_string().contains('|'));
        assert_eq!("v-1".parse::<DialogueId>(), Err(PortalIdError::Dialogue));
        assert_eq!("v-{5f0c2a7e-4b1c-4d7e-8f00-1234567890}".parse::<DialogueId>(), Err(PortalIdError::Dialogue));
    }

    #[test]
    fn a_portal_message_always_has_the_same_name() {
        let (one, other) = (host("a.ru").unwrap(), host("b.ru").unwrap());
        let im = ImId { chat: 1807, message: 17 };
        assert_eq!(im.message_id(&one), im.message_id(&one));
        assert_ne!(im.message_id(&one), im.message_id(&other));
        assert_ne!(im.message_id(&one), ImId { chat: 1807, message: 18 }.message_id(&one));
    }
}

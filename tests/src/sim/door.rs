//! The relay as visitors reach it.

use hmac::{Hmac, KeyInit, Mac};
use otklik_portal::Clock;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use shared::{Entry, File, FileId, Hello, Identity, PROTOCOL_VERSION, SiteKey, ToServer, ToWidget};
use std::time::Duration;
use tokio::time::timeout;

use super::script::Parcel;

/// After so long without a word a widget takes its connection for dead, in the machine's time.
pub const SILENCE: Duration = Duration::from_secs(3);

/// How long the site's word for a person is good, in seconds.
const VOUCHED: u64 = 3_600;

#[derive(Clone)]
pub struct Door {
    pub relay: String,
    pub site: SiteKey,
    /// What the site's server signs with.
    pub secret: String,
    /// The time that site, portal and relay share.
    pub clock: Clock,
    /// How long an answer is waited for.
    pub patience: Duration,
}

#[derive(Serialize)]
struct Poll<'frames> {
    frames: &'frames [ToServer],
    wait: u64,
}

#[derive(Deserialize)]
struct Polled {
    frames: Vec<ToWidget>,
}

impl Door {
    pub fn hello(&self, session: Option<String>, seen: u64, person: Option<&str>) -> ToServer {
        let (version, site) = (PROTOCOL_VERSION, self.site.clone());
        let identity = person.map(|person| self.sign(person));
        ToServer::Hello(Hello { version, site, session, seen, identity })
    }

    fn sign(&self, id: &str) -> Identity {
        let exp = self.clock.now().seconds() + VOUCHED;
        let mut signer = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("a key of any length will do");
        signer.update(format!("{}|{id}|{exp}", self.site).as_bytes());
        Identity { id: id.to_owned(), exp, sig: hex::encode(signer.finalize().into_bytes()) }
    }

    /// The whole log of a session, read anew; none where the relay does not tell it.
    pub async fn read(&self, session: &str, person: Option<&str>) -> Option<Vec<Entry>> {
        let mut log: Vec<Entry> = Vec::new();
        loop {
            let seen = log.last().map_or(0, |entry| entry.seq);
            let frames = self.ask(&[self.hello(Some(session.to_owned()), seen, person)], 0).await?;
            let ToWidget::Welcome { last, .. } = frames.first()? else { return None };
            let last = *last;
            let told = frames.into_iter().filter_map(|frame| match frame {
                ToWidget::Entries { list } => Some(list),
                _ => None,
            });
            log.extend(told.flatten());
            if log.last().map_or(0, |entry| entry.seq) >= last {
                return Some(log);
            }
        }
    }

    /// The answer to a request; none where there is none in time.
    pub async fn ask(&self, frames: &[ToServer], wait: u64) -> Option<Vec<ToWidget>> {
        let request = crate::http().post(format!("{}/v1/poll", self.relay)).header("origin", &self.relay);
        let answer = timeout(self.patience, request.json(&Poll { frames, wait }).send()).await.ok()?.ok()?;
        Some(timeout(self.patience, answer.json::<Polled>()).await.ok()?.ok()?.frames)
    }

    /// Uploads a file. Whether the relay has it: none where it did not say.
    pub async fn upload(&self, session: &str, id: &FileId, parcel: &Parcel) -> Option<bool> {
        let request = crate::http().put(format!("{}/v1/files/{id}", self.relay)).query(&[("name", &parcel.name)]);
        let request = request.header("origin", &self.relay).bearer_auth(session).body(parcel.bytes.clone());
        Some(timeout(self.patience, request.send()).await.ok()?.ok()?.status().is_success())
    }

    /// The bytes of a file that the relay shows.
    pub async fn fetch(&self, file: &File) -> Option<Vec<u8>> {
        let href = file.href.as_ref().filter(|_| file.state.is_none())?;
        let address = format!("{}{href}", self.relay);
        let answer = timeout(self.patience, crate::http().get(address).send()).await.ok()?.ok()?;
        let answer = answer.error_for_status().ok()?;
        Some(timeout(self.patience, answer.bytes()).await.ok()?.ok()?.to_vec())
    }
}

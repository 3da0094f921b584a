//! Fetches operators' files from the portals, at once and then for a while again: their addresses may work just once and
//! not for long, so visitors get our own copy. The message they belong to has long been told.

mod numbered;

use super::Relay;
use crate::bitrix::client::Portal;
use crate::bitrix::error::PortalError;
use crate::bitrix::guard::{Download, GuardError};
use crate::clock::millis;
use crate::files::{Claim, Look};
use crate::ids::{FileKey, PortalHost};
use crate::store::{Fetch, Fetched, StoreError};
use crate::telemetry::chain;
use shared::Millis;
use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use url::Url;

/// How many files of one portal are fetched at the same time: one that hangs holds up no other.
const AT_ONCE: usize = 4;

/// How long one file may take in all, by the machine's time.
const WITHIN: Duration = Duration::from_secs(120);

/// How long after each attempt that failed comes the next; after the last of them the file is given up.
const AGAIN: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(20 * 60),
    Duration::from_secs(60 * 60),
];

/// How often the store is looked at without a ring.
const IDLE: Duration = Duration::from_secs(60);

/// Why an address brought no file.
#[derive(Debug, thiserror::Error)]
enum Miss {
    #[error("no address that may be asked")]
    Address,
    #[error("no answer")]
    Unanswered(#[from] GuardError),
    #[error("the status {0}")]
    Status(u16),
    #[error("a page in the file's place")]
    Page,
    #[error("it is larger than this relay takes")]
    TooLarge,
    #[error("{0} bytes, where the portal tells {1}")]
    Size(u64, u64),
    #[error("it took too long")]
    Late,
    #[error("the portal gives no address")]
    Untold(#[from] PortalError),
    #[error("it was not written")]
    Disk(#[source] std::io::Error),
    #[error("no token")]
    Token,
}

impl From<std::io::Error> for Miss {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::FileTooLarge { Self::TooLarge } else { Self::Disk(error) }
    }
}

impl Miss {
    /// Whether another attempt can bring something else.
    fn is_final(&self) -> bool {
        matches!(self, Self::Address | Self::TooLarge | Self::Unanswered(GuardError::Forbidden(_)))
    }
}

/// Files that are being fetched, and from where.
type UnderWay = Arc<Mutex<HashMap<FileKey, PortalHost>>>;

/// Fetches until the shutdown.
pub async fn run(relay: Relay) -> Result<(), StoreError> {
    let under_way = UnderWay::default();
    while !relay.shutdown.is_cancelled() {
        let next = begin(&relay, &under_way).await?;
        let wait = next.map_or(IDLE, |due| Duration::from_millis(due.saturating_sub(relay.clock.now())).min(IDLE));
        tokio::select! {
            () = relay.shutdown.cancelled() => {}
            () = relay.bells.fetch.notified() => {}
            () = relay.clock.sleep(wait) => {}
        }
    }
    Ok(())
}

/// Begins what is due, as far as there is room; tells when the next falls due. Each that ends rings.
async fn begin(relay: &Relay, under_way: &UnderWay) -> Result<Option<Millis>, StoreError> {
    let now = relay.clock.now();
    // One that ends while the store is read may still stand in what is read: to fetch it anew would cost what was fetched.
    let before: HashSet<FileKey> = lock(under_way).keys().copied().collect();
    for fetch in relay.store.fetches().await? {
        let key = fetch.key();
        if fetch.due > now {
            return Ok(Some(fetch.due));
        }
        if !before.contains(&key) && take(&mut lock(under_way), key, &fetch.host) {
            let (relay, under_way) = (relay.clone(), Arc::clone(under_way));
            relay.tasks.clone().spawn(async move {
                tokio::select! {
                    () = relay.shutdown.cancelled() => {} // it is tried again at the next start
                    () = attend(&relay, &fetch) => {}
                }
                lock(&under_way).remove(&key);
                relay.bells.fetch.notify_one();
            });
        }
    }
    Ok(None)
}

/// Notes that `key` is fetched from `host`, if there is room and nobody does so already.
fn take(under_way: &mut HashMap<FileKey, PortalHost>, key: FileKey, host: &PortalHost) -> bool {
    let busy = under_way.values().filter(|of| *of == host).count();
    let is_free = busy < AT_ONCE && !under_way.contains_key(&key);
    if is_free {
        under_way.insert(key, host.clone());
    }
    is_free
}

fn lock(under_way: &UnderWay) -> MutexGuard<'_, HashMap<FileKey, PortalHost>> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One attempt, and what follows from it.
async fn attend(relay: &Relay, fetch: &Fetch) {
    let fetched = tokio::time::timeout(WITHIN, get(relay, fetch)).await.unwrap_or(Err(Miss::Late));
    let now = relay.clock.now();
    let (outcome, claim) = match fetched {
        Ok((look, claim)) => {
            let (file, mime) = look.describe(fetch.file.id.clone(), fetch.file.name.clone());
            (Fetched::Kept { file, mime: mime.to_owned() }, Some(claim))
        }
        Err(miss) => {
            let (attempts, error) = (fetch.attempts + 1, chain(&miss));
            tracing::warn!(dialogue.id = %fetch.dialogue, attempts, error, "an operator's file was not fetched");
            let again = AGAIN.get(fetch.attempts as usize).filter(|_| !miss.is_final());
            match again {
                Some(wait) => (Fetched::Later(now + millis(*wait)), None),
                None => (Fetched::Lost { href: address(relay, fetch).await }, None),
            }
        }
    };
    let is_final = !matches!(outcome, Fetched::Later(_));
    match relay.store.fetched(fetch, outcome, now).await {
        Ok(true) if is_final => relay.hub.wake(fetch.dialogue),
        Ok(true) => {}
        Ok(false) => relay.files.remove(claim.is_some().then(|| fetch.key())).await,
        Err(error) => tracing::error!(error = chain(&error), "a file's fate was not kept"),
    }
}

/// Tries every address that the portal gave, the best first, then the one that it gives for the file's number.
async fn get(relay: &Relay, fetch: &Fetch) -> Result<(Look, Claim), Miss> {
    let portal = relay.portals.get(&fetch.host).ok_or(Miss::Address)?;
    let origin = portal.origin().await;
    let mut missed = Miss::Address;
    for link in [&fetch.source.download, &fetch.source.link].into_iter().flatten() {
        let Some(url) = resolved(&fetch.host, &origin, link) else { continue };
        match from(relay, (&portal, &origin), fetch, url).await {
            Ok(got) => return Ok(got),
            Err(Miss::TooLarge) => return Err(Miss::TooLarge),
            // What may pass says more than what may not.
            Err(miss) if missed.is_final() => missed = miss,
            Err(_) => {}
        }
    }
    let address = numbered::address(relay, &portal, fetch).await?;
    match address.and_then(|address| resolved(&fetch.host, &origin, &address)) {
        Some(url) => from(relay, (&portal, &origin), fetch, url).await,
        None => Err(missed),
    }
}

/// Asks an address, once more with our token where the portal, whose `origin` that is, wants to know who asks.
async fn from(
    relay: &Relay,
    (portal, origin): (&Portal, &str),
    fetch: &Fetch,
    url: Url,
) -> Result<(Look, Claim), Miss> {
    let guard = relay.portals.guard();
    let mut download = guard.download(url.clone(), origin).await?;
    if download.status == 401 && url.origin().ascii_serialization() == origin {
        let url = portal.with_token(url).await.map_err(|_| Miss::Token)?;
        download = guard.download(url, origin).await?;
    }
    if download.status != 200 {
        return Err(Miss::Status(download.status));
    }
    if is_page(&download.mime) && !is_page_itself(fetch) {
        return Err(Miss::Page);
    }
    save(relay, fetch, download).await
}

async fn save(relay: &Relay, fetch: &Fetch, mut download: Download) -> Result<(Look, Claim), Miss> {
    if download.size.is_some_and(|size| size > relay.files.most()) {
        return Err(Miss::TooLarge);
    }
    let mut writer = relay.files.write(fetch.key()).await?;
    while let Some(piece) = download.piece().await? {
        writer.write(&piece).await?;
    }
    match fetch.source.size {
        Some(told) if told > 0 && told != writer.size() => Err(Miss::Size(writer.size(), told)),
        _ => Ok(writer.finish().await?),
    }
}

fn is_page(mime: &str) -> bool {
    matches!(mime, "text/html" | "application/xhtml+xml")
}

/// Whether the operator has sent a page of HTML.
fn is_page_itself(fetch: &Fetch) -> bool {
    let name = fetch.source.name.to_ascii_lowercase();
    fetch.source.mime.as_deref().is_some_and(is_page) || name.ends_with(".html") || name.ends_with(".htm")
}

/// An address that the portal gave, at its present `origin`: a former name of its leads to no file any more.
fn resolved(host: &PortalHost, origin: &str, link: &str) -> Option<Url> {
    let mut now = Url::parse(origin).ok()?;
    let mut url = now.join(link).ok()?;
    if url.origin().ascii_serialization() == host.origin() {
        now.set_path(url.path());
        now.set_query(url.query());
        url = now;
    }
    url.set_fragment(None); // `#img.jpg` is for the portal's own windows
    Some(url)
}

/// Where the visitor may try for themselves: the public link, at the portal or Bitrix24 alone.
async fn address(relay: &Relay, fetch: &Fetch) -> Option<String> {
    let named = fetch.host.origin();
    let now = match relay.portals.get(&fetch.host) {
        Some(portal) => portal.origin().await,
        None => named.clone(),
    };
    let url = Url::parse(&now).ok()?.join(fetch.source.link.as_deref()?).ok()?;
    let (origin, host) = (url.origin().ascii_serialization(), url.host_str()?);
    let is_bitrix24 = url.scheme() == "https" && crate::bitrix::guard::is_bitrix24(host);
    ([now, named].contains(&origin) || is_bitrix24).then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DialogueId;

    #[test]
    fn an_address_at_a_former_name_is_asked_for_at_the_present_one() {
        let host = PortalHost::try_from("old.bitrix24.ru".to_owned()).unwrap();
        let at = |link: &str| resolved(&host, "https://new.bitrix24.ru", link).unwrap().to_string();
        assert_eq!(at("https://old.bitrix24.ru/disk/1?x=2#a.jpg"), "https://new.bitrix24.ru/disk/1?x=2");
        assert_eq!(at("/disk/1"), "https://new.bitrix24.ru/disk/1");
        assert_eq!(at("https://cdn.bitrix24.ru/f"), "https://cdn.bitrix24.ru/f");
        assert_eq!(at("https://old.bitrix24.ru//cdn.example/f"), "https://new.bitrix24.ru//cdn.example/f");
    }

    #[test]
    fn a_portal_that_hangs_holds_up_no_other() {
        let host = |name: &str| PortalHost::try_from(name.to_owned()).unwrap();
        let key = || FileKey::of(DialogueId::random(), &"0123456789abcdef".to_owned().try_into().unwrap());
        let (mut under_way, first) = (HashMap::new(), key());
        assert!(take(&mut under_way, first, &host("a.ru")));
        assert!(!take(&mut under_way, first, &host("a.ru")), "it is on its way");
        for _ in 1..AT_ONCE {
            assert!(take(&mut under_way, key(), &host("a.ru")));
        }
        assert!(!take(&mut under_way, key(), &host("a.ru")));
        assert!(take(&mut under_way, key(), &host("b.ru")));
    }
}

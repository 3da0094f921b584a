//! The application was removed from a portal: its tokens go, and where its administrator asked for that, everything that
//! came from there or was on its way to it.

use super::committer::Batch;
use super::dialogues::Head;
use super::parking::ParkedRow;
use super::persons::{erase_log_of, erase_traces};
use super::row;
use super::tables::{
    ANSWERS, CHOICES, CONFIRMATIONS, DIALOGUES, EVENTS, HEARD, LINES, PARKING, PERSONS, PORTALS, SECRETS, SITES,
    UNSIGNED, VISITORS, WAYS,
};
use super::{Closing, SiteRecord, Store, StoreError, Ways};
use crate::ids::{DialogueId, FileKey, PortalHost};
use redb::ReadableTable;
use shared::{Millis, SiteKey};
use std::collections::HashSet;
use std::sync::Arc;

impl Store {
    /// The application was removed from the portal at `host`: its tokens go, its sites are closed. Sites and dialogues
    /// stay.
    pub async fn forget_portal(&self, host: &PortalHost) -> Result<(), StoreError> {
        let host = host.clone();
        self.commit(move |batch| close(batch, &host, None)).await
    }

    /// The portal has refused our tokens for so long, as of `now`, that the application counts as removed: as
    /// `forget_portal`, until it is there again.
    pub async fn give_up_portal(&self, host: &PortalHost, now: Millis) -> Result<(), StoreError> {
        let host = host.clone();
        self.commit(move |batch| {
            let ways: Ways = batch.row(WAYS, host.as_str())?.unwrap_or_default();
            batch.put(WAYS, host.as_str(), &Ways { refused_since: None, given_up: Some(now), ..ways })?;
            close(batch, &host, Some(Closing::AccessLost))
        })
        .await
    }

    /// The application is there again: sites that were closed because it seemed not to be are open.
    pub async fn take_portal_back(&self, host: &PortalHost) -> Result<(), StoreError> {
        let (host, board) = (host.clone(), Arc::clone(&self.shared.board));
        let work = move |batch: &mut Batch<'_>| {
            let ways: Ways = batch.row(WAYS, host.as_str())?.unwrap_or_default();
            if ways.given_up.is_some() || ways.refused_since.is_some() {
                batch.put(WAYS, host.as_str(), &Ways { refused_since: None, given_up: None, ..ways })?;
            }
            let mut opened = Vec::new();
            for key in sites(batch, &host)? {
                let Some(mut site) = batch.row::<_, SiteRecord>(SITES, key.as_str())? else { continue };
                if site.closed_by == Some(Closing::AccessLost) {
                    (site.connected, site.closed_by) = (true, None);
                    batch.board().set_site(&site);
                    batch.put(SITES, key.as_str(), &site)?;
                    opened.push(key);
                }
            }
            Ok(opened)
        };
        let ring = move |opened: &Vec<SiteKey>| opened.iter().for_each(|key| board.ring(key));
        self.commit_then(work, ring).await.map(drop)
    }

    /// As `forget_portal`, and for good: the portal's sites with every dialogue, session and waiting message in them, its
    /// events and what was heard from it, its people's photos, and installs that waited since before `at`. Tells which files
    /// are to be removed from the disk.
    pub async fn erase_portal(&self, host: &PortalHost, at: Millis) -> Result<Vec<FileKey>, StoreError> {
        self.release_pair(host).await;
        let host = host.clone();
        self.commit(move |batch| {
            let sites = sites(batch, &host)?;
            let dialogues = dialogues(batch, &sites)?;
            for dialogue in &dialogues {
                erase_log_of(batch, *dialogue)?;
            }
            let files = erase_traces(batch, |dialogue| dialogues.contains(&dialogue))?;
            for key in &sites {
                batch.remove(SITES, key.as_str())?;
                batch.remove(VISITORS, key.as_str())?;
                batch.remove(ANSWERS, key.as_str())?;
                batch.remove(SECRETS, key.as_str())?;
                batch.board().forget_site(key);
            }
            batch.table(PERSONS)?.retain(|(site, _), _| !sites.iter().any(|key| key.as_str() == site))?;
            let host = host.as_str();
            batch.table(LINES)?.retain(|(of, _), _| of != host)?;
            batch.table(HEARD)?.retain(|(of, _, _), _| of != host)?;
            batch.table(CONFIRMATIONS)?.retain(|(of, _), _| of != host)?;
            batch.table(EVENTS)?.retain(|_, (of, _, _)| of != host)?;
            batch.table(UNSIGNED)?.retain(|(of, _), _| of != host)?;
            batch.remove_where(PARKING, |parked: ParkedRow| parked.waits_of(host) && parked.is_from_before(at))?;
            batch.forget_photos(host)?;
            batch.remove(CHOICES, host)?;
            batch.remove(WAYS, host)?;
            batch.remove(PORTALS, host)?;
            Ok(files)
        })
        .await
    }
}

/// The tokens go, and the sites are closed; those that were open for this reason.
fn close(batch: &Batch<'_>, host: &PortalHost, why: Option<Closing>) -> Result<(), StoreError> {
    for key in sites(batch, host)? {
        let Some(mut site) = batch.row::<_, SiteRecord>(SITES, key.as_str())? else { continue };
        if !site.connected && why.is_some() {
            continue; // closed for another reason
        }
        (site.connected, site.closed_by) = (false, why.or(site.closed_by.filter(|by| *by == Closing::LineDeleted)));
        batch.board().set_site(&site);
        batch.put(SITES, key.as_str(), &site)?;
    }
    batch.remove(PORTALS, host.as_str())
}

fn sites(batch: &Batch<'_>, host: &PortalHost) -> Result<HashSet<SiteKey>, StoreError> {
    let lines = batch.table(LINES)?;
    let of_host = lines.range((host.as_str(), 0)..=(host.as_str(), u64::MAX))?;
    let mut sites = HashSet::new();
    for line in of_host {
        // A key that is none was never given out.
        sites.extend(SiteKey::try_from(line?.1.value().to_owned()));
    }
    Ok(sites)
}

fn dialogues(batch: &mut Batch<'_>, sites: &HashSet<SiteKey>) -> Result<HashSet<DialogueId>, StoreError> {
    // What is known in memory alone is in the tables then: heads, and whatever waits for other portals.
    batch.checkpoint()?;
    batch.write_outbox()?;
    let mut found = HashSet::new();
    for entry in batch.table(DIALOGUES)?.iter()? {
        let (id, bytes) = entry?;
        let head: Head = row::decode(bytes.value())?;
        if sites.contains(&head.site) {
            found.insert(DialogueId::from_bytes(id.value()));
        }
    }
    Ok(found)
}

//! What is known of each dialogue beside its log.

use super::row::Row;
use super::tables::DIALOGUES;
use super::{Store, StoreError};
use crate::ids::DialogueId;
use serde::{Deserialize, Serialize};
use shared::{Millis, Seq, SiteKey};

/// One visitor's conversation on one site.
#[derive(Clone, Debug, PartialEq)]
pub struct DialogueRecord {
    pub id: DialogueId,
    pub site: SiteKey,
    /// 1, 2, 3… in the order in which the site's visitors came: what an operator can call this one by.
    pub number: u64,
    pub begun_at: Millis,
    /// The last entry of its log; 0 while there is none.
    pub last: Seq,
    /// The portal's chat, once it told.
    pub portal_chat: Option<u64>,
    /// The portal's last known session in that chat: what its history is asked by.
    pub portal_session: Option<u64>,
    /// The portal's own number of the visitor.
    pub portal_user: Option<u64>,
}

/// How a dialogue is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub site: SiteKey,
    pub number: u64,
    pub begun_at: Millis,
    pub last: Seq,
    pub portal_chat: Option<u64>,
    pub portal_session: Option<u64>,
    pub portal_user: Option<u64>,
}

impl Head {
    pub fn new(site: SiteKey, number: u64, begun_at: Millis) -> Self {
        Self { site, number, begun_at, last: 0, portal_chat: None, portal_session: None, portal_user: None }
    }

    fn into_record(self, id: DialogueId) -> DialogueRecord {
        let Self { site, number, begun_at, last, portal_chat, portal_session, portal_user } = self;
        DialogueRecord { id, site, number, begun_at, last, portal_chat, portal_session, portal_user }
    }
}

impl Row for Head {
    const KIND: &'static str = "dialogue";
}

impl Store {
    pub async fn dialogue(&self, id: DialogueId) -> Result<Option<DialogueRecord>, StoreError> {
        self.read(move |view| {
            let head: Option<Head> = view.row(DIALOGUES, id.bytes())?;
            Ok(head.map(|head| head.into_record(id)))
        })
        .await
    }
}

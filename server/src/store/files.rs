//! What is known of attachments: whose each is, what it is, and which are still to be fetched from a portal. The bytes
//! themselves lie beside the data file.

use super::committer::Batch;
use super::log::{Position, ReadLog, Told, Walk};
use super::row::{self, Row};
use super::tables::{FETCHES, FILES};
use super::{Store, StoreError};
use crate::ids::{DialogueId, FileKey, ImId, PortalHost};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use shared::{File, FileId, FileKind, FileState, MessageId, Millis};
use std::collections::HashSet;

/// An attachment that is on the disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileRecord {
    pub dialogue: DialogueId,
    pub file: File,
    /// What it is served as.
    pub mime: String,
    pub at: Millis,
    /// Whether a message has it. An upload that none ever gets is dropped.
    pub used: bool,
}

impl Row for FileRecord {
    const KIND: &'static str = "file";
}

/// Where an operator's file can be had, as the portal told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSource {
    /// The portal's number of the file, where it told: what it can be asked for by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    pub name: String,
    /// The portal's word for it.
    pub is_image: bool,
    pub mime: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// Leads to the bytes; may be relative to the portal.
    pub download: Option<String>,
    /// Leads to the bytes or to a page about them.
    pub link: Option<String>,
}

/// An operator's file that is to be fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fetch {
    pub host: PortalHost,
    pub dialogue: DialogueId,
    /// Whose file it is.
    pub message: MessageId,
    /// The same at the portal, and where among its files this one stands. Not known of what came before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub im: Option<ImId>,
    #[serde(default)]
    pub nth: usize,
    /// As the visitor knows it.
    pub file: File,
    pub source: FileSource,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried next.
    pub due: Millis,
}

impl Row for Fetch {
    const KIND: &'static str = "fetch";
}

impl Fetch {
    pub fn key(&self) -> FileKey {
        FileKey::of(self.dialogue, &self.file.id)
    }
}

/// What became of an attempt to fetch a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetched {
    /// It is on the disk, and this.
    Kept { file: File, mime: String },
    /// To be tried again then.
    Later(Millis),
    /// Not to be had; the visitor gets this address of it, if there is one.
    Lost { href: Option<String> },
}

impl Store {
    /// The attachment of this key, if it is on the disk.
    pub async fn file(&self, key: FileKey) -> Result<Option<FileRecord>, StoreError> {
        self.read(move |view| view.row(FILES, key.bytes())).await
    }

    /// The files that are to be fetched, those that fall due first before others.
    pub async fn fetches(&self) -> Result<Vec<Fetch>, StoreError> {
        self.read(|view| {
            let mut fetches: Vec<Fetch> = view.rows(FETCHES)?;
            fetches.sort_unstable_by_key(|fetch| fetch.due);
            Ok(fetches)
        })
        .await
    }

    /// Notes what became of an attempt, for the visitor too. False where nobody wants the file any more: its message or
    /// its dialogue is gone.
    pub async fn fetched(&self, fetch: &Fetch, outcome: Fetched, now: Millis) -> Result<bool, StoreError> {
        let key = fetch.key();
        self.commit(move |batch| {
            let Some(fetch) = batch.row::<_, Fetch>(FETCHES, key.bytes())? else {
                return Ok(batch.row::<_, FileRecord>(FILES, key.bytes())?.is_some()); // fetched already
            };
            let Fetch { dialogue, message, .. } = fetch.clone();
            let file = match outcome {
                Fetched::Later(due) => {
                    batch.put(FETCHES, key.bytes(), &Fetch { attempts: fetch.attempts + 1, due, ..fetch })?;
                    return Ok(true);
                }
                Fetched::Kept { file, mime } => {
                    let record = FileRecord { dialogue, file: file.clone(), mime, at: now, used: true };
                    batch.put(FILES, key.bytes(), &record)?;
                    file
                }
                Fetched::Lost { href } => File { state: Some(FileState::Lost), href, ..fetch.file },
            };
            batch.remove(FETCHES, key.bytes())?;
            batch.append(dialogue, now, Told::File { id: message, file })?;
            Ok(true)
        })
        .await
    }

    /// An upload is on the disk: it waits for its message, unless it is known already, and may have one. False where there is
    /// no such dialogue (any more).
    pub async fn keep_upload(
        &self,
        dialogue: DialogueId,
        file: File,
        mime: String,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.commit(move |batch| {
            if batch.head(dialogue)?.is_none() {
                return Ok(false);
            }
            let key = FileKey::of(dialogue, &file.id);
            if batch.row::<_, FileRecord>(FILES, key.bytes())?.is_none() {
                batch.put(FILES, key.bytes(), &FileRecord { dialogue, file, mime, at: now, used: false })?;
            }
            Ok(true)
        })
        .await
    }

    /// The visitor does not want to send this upload after all. False where a message has it.
    pub async fn drop_upload(&self, key: FileKey) -> Result<bool, StoreError> {
        self.commit(move |batch| {
            let record: Option<FileRecord> = batch.row(FILES, key.bytes())?;
            let is_used = record.is_some_and(|record| record.used);
            if !is_used {
                batch.remove(FILES, key.bytes())?;
            }
            Ok(!is_used)
        })
        .await
    }

    /// Forgets uploads from before `before` that no message has.
    pub async fn drop_unused_files(&self, before: Millis) -> Result<(), StoreError> {
        self.commit(move |batch| batch.remove_where(FILES, |record: FileRecord| !record.used && record.at < before))
            .await
    }

    /// Every attachment that is on the disk.
    pub async fn file_keys(&self) -> Result<HashSet<FileKey>, StoreError> {
        self.read(|view| {
            let Some(table) = view.table(FILES)? else { return Ok(HashSet::new()) };
            table.iter()?.map(|entry| Ok(FileKey::from(entry?.0.value()))).collect()
        })
        .await
    }

    /// A key of this store's own for one purpose: the same as long as the key file is.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        self.shared.vault.derive(purpose)
    }
}

/// Whose files are to be fetched.
pub(super) struct Expected<'a> {
    pub host: &'a PortalHost,
    pub dialogue: DialogueId,
    pub im: ImId,
    /// The message's name with the visitor.
    pub message: &'a MessageId,
    pub now: Millis,
}

impl Batch<'_> {
    /// These files are fetched soon; tells how the visitor sees them until then.
    pub(super) fn expect_files(&self, of: Expected<'_>, sources: Vec<FileSource>) -> Result<Vec<File>, StoreError> {
        let mut files = Vec::with_capacity(sources.len());
        for (nth, source) in sources.into_iter().enumerate() {
            let file = File {
                id: of.im.file_id(of.host, nth),
                name: source.name.clone(),
                size: source.size.unwrap_or_default(),
                kind: if source.is_image { FileKind::Image } else { FileKind::File },
                width: source.width,
                height: source.height,
                state: Some(FileState::Coming),
                href: None,
            };
            files.push(file.clone());
            let (host, message, im) = (of.host.clone(), of.message.clone(), Some(of.im));
            let (dialogue, due) = (of.dialogue, of.now);
            let fetch = Fetch { host, dialogue, message, im, nth, file, source, attempts: 0, due };
            self.put(FETCHES, fetch.key().bytes(), &fetch)?;
        }
        Ok(files)
    }

    /// These uploads of the dialogue have their message now. None where one is not there.
    pub(super) fn use_files(&self, dialogue: DialogueId, ids: &[FileId]) -> Result<Option<Vec<File>>, StoreError> {
        let mut files = Vec::with_capacity(ids.len());
        for id in ids {
            let key = FileKey::of(dialogue, id);
            let Some(record) = self.row::<_, FileRecord>(FILES, key.bytes())? else { return Ok(None) };
            files.push(record.file.clone());
            self.put(FILES, key.bytes(), &FileRecord { used: true, ..record })?;
        }
        Ok(Some(files))
    }

    /// Forgets the files of the message `of`, which is taken back. False where the dialogue has no such message, or it is
    /// deleted already.
    pub(super) fn forget_files_of(&mut self, dialogue: DialogueId, of: &MessageId) -> Result<bool, StoreError> {
        let tip = self.head(dialogue)?.map_or(Position::NONE, |head| head.tip);
        let (mut stands, mut attached) = (false, Vec::new());
        self.walk(tip, |_, record| match record.what {
            Told::Deleted { id, .. } if id == *of => Walk::Enough,
            Told::File { id, file } if id == *of => {
                attached.push(file.id);
                Walk::On
            }
            Told::Said { id, files, .. } if id == *of => {
                attached.extend(files.into_iter().map(|file| file.id));
                stands = true;
                Walk::Enough
            }
            _ => Walk::On,
        })?;
        for file in attached.into_iter().filter(|_| stands) {
            self.forget_file(FileKey::of(dialogue, &file))?;
        }
        Ok(stands)
    }

    /// Forgets every file of the dialogues that `are_theirs` names; tells which were on the disk.
    pub(super) fn forget_files(&self, are_theirs: impl Fn(DialogueId) -> bool) -> Result<Vec<FileKey>, StoreError> {
        self.remove_where(FETCHES, |fetch: Fetch| are_theirs(fetch.dialogue))?;
        let mut keys = Vec::new();
        self.table(FILES)?.retain(|key, bytes| {
            let is_theirs = row::decode::<FileRecord>(bytes).is_ok_and(|record| are_theirs(record.dialogue));
            if is_theirs {
                keys.push(FileKey::from(key));
            }
            !is_theirs
        })?;
        Ok(keys)
    }

    /// Forgets one file, fetched or not; the sweep takes its bytes.
    fn forget_file(&self, key: FileKey) -> Result<(), StoreError> {
        self.remove(FETCHES, key.bytes())?;
        self.remove(FILES, key.bytes())
    }
}

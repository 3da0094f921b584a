//! All that outlives the process. The only user of redb: outside nobody knows tables or transactions, each method is
//! one intent in one transaction, and a write returns when it is on the disk.
//!
//! `committer` is the one thread that writes; `tables` names what is kept, `row` how; `vault` seals secrets.

mod accept;
mod activity;
mod answers;
mod ask;
mod board;
mod choices;
mod committer;
mod copies;
mod dialogues;
mod doubtful;
mod errand;
mod escrow;
mod farewell;
mod files;
mod inbox;
mod joining;
mod ledger;
mod log;
mod outbox;
mod parking;
mod persons;
mod photos;
mod portals;
mod profiles;
mod recovery;
mod row;
mod secrets;
mod sessions;
mod signatures;
mod sites;
mod tables;
mod vault;
mod ways;

pub use accept::Acceptance;
pub use activity::{Active, Activity};
pub use ask::Ask;
pub use choices::Choices;
pub use dialogues::DialogueRecord;
pub use doubtful::Arrived;
pub use errand::{Errand, Lane};
pub use escrow::NewPair;
pub use files::{Fetch, Fetched, FileRecord, FileSource};
pub use inbox::{Confirmation, EventNo, InboxAct, KeptEvent, Looks, WorkedOff};
pub use log::{AtPortal, Position, Reply, StoredEntry, Told, Vote};
pub use outbox::{Held, OutboxItem, Outcome, Settlement};
pub use parking::{Parked, PendingInstall};
pub use persons::Export;
pub use photos::MOST_PHOTO_BYTES;
pub use portals::{PortalRecord, Tokens};
pub use profiles::ProfileRecord;
pub use sessions::{SessionRecord, TokenHash};
pub use signatures::{Own, Setting, Signature};
pub use sites::{Closing, Launcher, Look, Side, SiteRecord, Theme};
pub use ways::Ways;

use board::Board;
use committer::{Batch, Committer, Order};
use dialogues::FreshHeads;
use redb::{Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError, Value};
use row::Row;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use vault::Vault;

/// How many writes wait for the committer at most; whoever comes then waits to be let in.
const WAITING: usize = 512;

/// Why the store could not do what it was asked to.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the data file cannot be read or written")]
    Disk(#[source] Arc<redb::Error>),
    #[error("the data file is held by another process")]
    Held,
    #[error("a {kind} record cannot be understood")]
    Record {
        kind: &'static str,
        #[source]
        source: Arc<serde_json::Error>,
    },
    #[error("a {kind} record is of version {version}, newer than this relay")]
    Newer { kind: &'static str, version: u8 },
    #[error("the key file {} cannot be used", .path.display())]
    KeyFile {
        path: PathBuf,
        #[source]
        source: Arc<std::io::Error>,
    },
    #[error("a secret was sealed with another key than the one beside the data file")]
    Sealed,
    #[error("the store has stopped")]
    Stopped,
}

impl StoreError {
    /// Whether the whole store is affected, not just one record of it.
    fn is_fatal(&self) -> bool {
        !matches!(self, Self::Record { .. } | Self::Newer { .. } | Self::Sealed)
    }
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen => Self::Held,
            error => Self::Disk(Arc::new(error)),
        }
    }
}

/// The store. A cheap handle: clones share one file and one committer.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    database: Arc<Database>,
    /// The file itself; others lie beside it.
    data: PathBuf,
    epoch: u64,
    vault: Vault,
    board: Arc<Board>,
    heads: Arc<FreshHeads>,
    orders: mpsc::Sender<Order>,
    /// Set when the committer has ended: nothing can be written any more.
    ended: CancellationToken,
}

impl Store {
    /// Opens the data file, or makes it, and the key beside it.
    ///
    /// # Errors
    /// `Held` where another process has the file; `Disk` and `KeyFile` where one of the two cannot be used.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        let database = Arc::new(database(data)?);
        let vault = Vault::beside(data)?;
        escrow::take_up(&database, &vault, data)?;
        let (mut ledger, board, epoch) = recovery::open(&database)?;
        let (board, heads) = (Arc::new(board), Arc::new(FreshHeads::default()));
        ledger.publish(&heads);
        let (orders, waiting) = mpsc::channel(WAITING);
        let ended = CancellationToken::new();
        let shared = Shared {
            database: Arc::clone(&database),
            data: data.to_owned(),
            epoch,
            vault,
            board: Arc::clone(&board),
            heads: Arc::clone(&heads),
            orders,
            ended: ended.clone(),
        };
        Committer { database, ledger, board, heads, waiting }.start(ended.drop_guard())?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Returns when nothing can be written any more: the disk failed. The process must stop then, for to take
    /// messages and never carry them is worse.
    pub async fn failed(&self) {
        self.shared.ended.cancelled().await;
    }

    /// Whether the store can be read and takes writes.
    pub async fn probe(&self) -> Result<(), StoreError> {
        if self.shared.ended.is_cancelled() {
            return Err(StoreError::Stopped);
        }
        self.read(|_| Ok(())).await
    }

    /// Waits for what was begun, writes down what is better on the disk and gives the file free. Other handles of this
    /// store answer `Stopped` from then on.
    pub async fn close(self) {
        let ended = self.shared.ended.clone();
        let _ = self.shared.orders.send(Order::Close).await; // it has ended already
        drop(self);
        ended.cancelled().await;
    }

    /// Runs `work` in the next transaction and returns once that is on the disk. `work` reads before it writes:
    /// a record it cannot understand fails this work alone, a failing disk fails everything.
    async fn commit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.commit_then(work, |_| ()).await
    }

    /// As `commit`; `then` is done with the outcome as soon as it is on the disk, though the caller may be gone.
    async fn commit_then<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = Order::Work(committer::job(work, then, answer));
        self.shared.orders.send(job).await.map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }

    /// Runs `look` on what was committed last, on a thread that may wait for the disk.
    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&View) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let view = View { reading: store.shared.database.begin_read()? };
            look(&view)
        });
        looked.await.map_err(|_| StoreError::Stopped)?
    }
}

/// Opens the file, or makes it, its owner's alone: it holds what visitors said.
fn database(data: &Path) -> Result<Database, StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(data).map_err(redb::Error::Io)?;
    Ok(Database::builder().create_file(file)?)
}

/// What was on the disk at one moment.
struct View {
    reading: ReadTransaction,
}

impl View {
    /// The table, or nothing where it was never written to.
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Option<redb::ReadOnlyTable<K, V>>, StoreError> {
        match self.reading.open_table(table) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The record under `key`.
    fn row<'k, K: Key + 'static, R: Row>(
        &self,
        table: TableDefinition<'static, K, &'static [u8]>,
        key: K::SelfType<'k>,
    ) -> Result<Option<R>, StoreError> {
        let Some(table) = self.table(table)? else { return Ok(None) };
        row::get(&table, key)
    }

    /// Every record of a small table.
    fn rows<K: Key + 'static, R: Row>(
        &self,
        table: TableDefinition<'static, K, &'static [u8]>,
    ) -> Result<Vec<R>, StoreError> {
        let Some(table) = self.table(table)? else { return Ok(Vec::new()) };
        table.iter()?.map(|entry| row::decode(entry?.1.value())).collect()
    }
}

#[cfg(test)]
mod tests;

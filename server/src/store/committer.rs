//! The one thread that writes. It takes everything that waits, puts it into one durable transaction and answers all
//! of it when that is on the disk: a flush costs the same for one write and for hundreds.

use super::board::Board;
use super::dialogues::FreshHeads;
use super::ledger::Ledger;
use super::log::{Position, ReadLog, Record};
use super::row::{self, Row};
use super::tables::LOG;
use super::{StoreError, WAITING};
use crate::telemetry::chain;
use redb::{Database, Key, Table, TableDefinition, Value, WriteTransaction};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::DropGuard;

/// What the committer is sent.
pub enum Order {
    Work(Job),
    /// Nothing after this is done.
    Close,
}

/// One intent: it works on the transaction and hands back how to answer once the transaction's own fate is known.
pub type Job = Box<dyn FnOnce(&mut Batch<'_>) -> Worked + Send>;

/// What became of one job before the flush.
pub struct Worked {
    answer: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
    /// A failure that spoils the whole transaction.
    fatal: Option<StoreError>,
}

/// Makes a job of `work`, whose outcome goes to `answer`. `then` is done with what was made of it once that is on the
/// disk, whether or not anybody still waits for the answer.
pub fn job<T: Send + 'static>(
    work: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    then: impl FnOnce(&T) + Send + 'static,
    answer: oneshot::Sender<Result<T, StoreError>>,
) -> Job {
    Box::new(move |batch| {
        let outcome = work(batch);
        let fatal = outcome.as_ref().err().filter(|error| error.is_fatal()).cloned();
        let answer = move |flushed: Result<(), StoreError>| {
            let outcome = flushed.and(outcome);
            if let Ok(made) = &outcome {
                then(made);
            }
            let _ = answer.send(outcome); // who asked may have left meanwhile
        };
        Worked { answer: Box::new(answer), fatal }
    })
}

/// What the thread works with.
pub struct Committer {
    pub database: Arc<Database>,
    pub ledger: Ledger,
    pub board: Arc<Board>,
    pub heads: Arc<FreshHeads>,
    pub waiting: mpsc::Receiver<Order>,
}

impl Committer {
    /// Starts the thread. It ends when it is told to, when every `Store` is gone, or when the disk fails; `ended` is
    /// dropped then.
    pub fn start(mut self, ended: DropGuard) -> Result<(), StoreError> {
        let work = move || {
            if let Err(error) = self.run() {
                tracing::error!(error = chain(&error), "the store cannot be written any more");
            }
            drop(self); // whoever waits for the end may open the file at once
            drop(ended);
        };
        std::thread::Builder::new().name("committer".to_owned()).spawn(work).map(drop).map_err(redb::Error::Io)?;
        Ok(())
    }

    fn run(&mut self) -> Result<(), StoreError> {
        let (mut orders, mut jobs) = (Vec::with_capacity(WAITING), Vec::with_capacity(WAITING));
        let mut open = true;
        while open && self.waiting.blocking_recv_many(&mut orders, WAITING) > 0 {
            for order in orders.drain(..) {
                match order {
                    Order::Work(job) if open => jobs.push(job),
                    _ => open = false,
                }
            }
            self.commit_all(&mut jobs)?;
        }
        if self.ledger.has_unwritten() {
            self.write(&mut Vec::new(), &mut Vec::new(), true)?;
        }
        Ok(())
    }

    /// Works `jobs` off in one transaction and answers each. An error is the disk's: nothing of them was kept.
    fn commit_all(&mut self, jobs: &mut Vec<Job>) -> Result<(), StoreError> {
        let mut worked = Vec::with_capacity(jobs.len());
        let checkpoint = self.ledger.is_checkpoint_due();
        let flushed = self.write(jobs, &mut worked, checkpoint);
        if flushed.is_ok() {
            self.ledger.publish(&self.heads);
            if checkpoint {
                self.ledger.forget_idle(&self.heads);
            }
        }
        for Worked { answer, .. } in worked {
            answer(flushed.clone());
        }
        flushed
    }

    fn write(&mut self, jobs: &mut Vec<Job>, worked: &mut Vec<Worked>, checkpoint: bool) -> Result<(), StoreError> {
        let mut writing = self.database.begin_write()?;
        // Reopening after a crash takes milliseconds instead of a walk through the whole file.
        writing.set_quick_repair(true);
        let mut batch = Batch { writing: &writing, log: None, ledger: &mut self.ledger, board: &self.board };
        for job in jobs.drain(..) {
            let done = job(&mut batch);
            let fatal = done.fatal.clone();
            worked.push(done);
            if let Some(error) = fatal {
                return Err(error);
            }
        }
        if checkpoint {
            batch.checkpoint()?;
            batch.write_outbox()?;
        }
        drop(batch);
        writing.commit()?;
        Ok(())
    }
}

/// The transaction that all waiting jobs share.
pub struct Batch<'t> {
    writing: &'t WriteTransaction,
    /// Open from the first use to the end: every message goes through it.
    log: Option<Table<'t, u64, &'static [u8]>>,
    pub(super) ledger: &'t mut Ledger,
    board: &'t Arc<Board>,
}

impl<'t> Batch<'t> {
    /// What waits for the portals. It is changed before the transaction is on the disk: a message that is not there
    /// yet is passed over, and if it never will be the store has stopped.
    pub fn board(&self) -> &'t Board {
        self.board
    }

    pub(super) fn log(&mut self) -> Result<&mut Table<'t, u64, &'static [u8]>, StoreError> {
        match &mut self.log {
            Some(log) => Ok(log),
            none => Ok(none.insert(self.writing.open_table(LOG)?)),
        }
    }

    pub fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Table<'t, K, V>, StoreError> {
        Ok(self.writing.open_table(table)?)
    }

    /// The record under `key`.
    pub fn row<'k, K: Key + 'static, R: Row>(
        &self,
        table: TableDefinition<'static, K, &'static [u8]>,
        key: K::SelfType<'k>,
    ) -> Result<Option<R>, StoreError> {
        row::get(&self.table(table)?, key)
    }

    /// Keeps `record` under `key`, in place of the one there.
    pub fn put<'k, K: Key + 'static, R: Row>(
        &self,
        table: TableDefinition<'static, K, &'static [u8]>,
        key: K::SelfType<'k>,
        record: &R,
    ) -> Result<(), StoreError> {
        self.table(table)?.insert(key, row::encode(record).as_slice())?;
        Ok(())
    }

    /// Drops what is under `key`.
    pub fn remove<'k, K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'static, K, V>,
        key: K::SelfType<'k>,
    ) -> Result<(), StoreError> {
        self.table(table)?.remove(key)?;
        Ok(())
    }
}

impl Batch<'_> {
    /// Drops the records that `is_theirs` names; one that cannot be understood stays.
    pub fn remove_where<K: Key + 'static, R: Row>(
        &self,
        table: TableDefinition<'static, K, &'static [u8]>,
        is_theirs: impl Fn(R) -> bool,
    ) -> Result<(), StoreError> {
        self.table(table)?.retain(|_, bytes| !row::decode::<R>(bytes).is_ok_and(&is_theirs))?;
        Ok(())
    }
}

impl ReadLog for Batch<'_> {
    fn record(&mut self, position: Position) -> Result<Option<Record>, StoreError> {
        row::get(self.log()?, position.0)
    }
}

//! Copies of the whole store: one taken while it runs, and one put back.

use super::board::Mark;
use super::outbox::mark_one;
use super::tables::{self, EPOCH, META, Tables};
use super::{Store, StoreError, View, recovery};
use redb::{Database, Key, ReadableTable, TableDefinition, Value, WriteTransaction};
use shared::Millis;
use std::ffi::OsString;
use std::fs::File;
use std::io::Error;
use std::path::{Path, PathBuf};

impl Store {
    /// Writes a copy of everything, as of this moment, into `file`, which must not be there yet, and the key beside it
    /// (`copy.key` beside `copy.redb`). The copy is a data file like any other.
    ///
    /// # Errors
    /// `Disk` where the file is there or cannot be written.
    pub async fn backup(&self, file: PathBuf) -> Result<(), StoreError> {
        let key = self.shared.data.with_extension("key");
        self.read(move |view| {
            let target = new_file(&file).map_err(disk)?;
            copy_file(&key, &file.with_extension("key")).map_err(disk)?;
            let copy = Database::builder().create_file(target)?;
            let mut writing = copy.begin_write()?;
            writing.set_quick_repair(true);
            tables::each(&mut Copying { view, writing: &writing })?;
            writing.commit()?;
            Ok(())
        })
        .await
    }

    /// Puts the copy `file` in the place of `data`; what was there stays beside it, as `….before`. What waits in the
    /// copy may have reached the portal since it was taken, and what visitors have seen since is not in it: so every
    /// waiting message is in doubt then, and every session begins to read anew.
    ///
    /// # Errors
    /// `Held` where a relay runs on `data`, and whatever opening the copy meets: then nothing was changed.
    pub async fn restore(file: &Path, data: &Path, now: Millis) -> Result<(), StoreError> {
        drop(recovery::open(&Database::open(file)?)?); // it is a store, of a version we know
        if data.exists() {
            drop(Database::open(data)?); // nobody holds it
        }
        replace(file, data).map_err(disk)?;
        let (key, its_key) = (data.with_extension("key"), file.with_extension("key"));
        if its_key.exists() {
            replace(&its_key, &key).map_err(disk)?; // without it, the key that is there may be the right one
        }
        let store = Self::open(data)?;
        store.wake_from_copy(now).await?;
        store.close().await;
        Ok(())
    }

    async fn wake_from_copy(&self, now: Millis) -> Result<(), StoreError> {
        self.commit(move |batch| {
            for position in batch.board().all() {
                mark_one(batch, position, Mark::Sending(now))?;
            }
            let mut meta = batch.table(META)?;
            let epoch = meta.get(EPOCH)?.map_or(0, |epoch| epoch.value());
            meta.insert(EPOCH, epoch + 1)?;
            Ok(())
        })
        .await
    }
}

/// Copies tables from one file to another.
struct Copying<'a> {
    view: &'a View,
    writing: &'a WriteTransaction,
}

impl Tables for Copying<'_> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        let Some(from) = self.view.table(table)? else { return Ok(()) };
        let mut to = self.writing.open_table(table)?;
        for entry in from.iter()? {
            let (key, value) = entry?;
            to.insert(key.value(), value.value())?;
        }
        Ok(())
    }
}

/// Puts a copy of `from` in the place of `to`, whole or not at all.
fn replace(from: &Path, to: &Path) -> Result<(), Error> {
    let new = with_suffix(to, ".new");
    if new.exists() {
        std::fs::remove_file(&new)?; // left by an attempt that did not end
    }
    copy_file(from, &new)?;
    if to.exists() {
        std::fs::rename(to, with_suffix(to, ".before"))?;
    }
    std::fs::rename(&new, to)
}

fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    let mut target = new_file(to)?;
    std::io::copy(&mut File::open(from)?, &mut target)?;
    target.sync_all()
}

/// A file that was not there, its owner's alone: a copy holds what visitors wrote.
fn new_file(path: &Path) -> Result<File, Error> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn disk(error: Error) -> StoreError {
    StoreError::from(redb::Error::Io(error))
}

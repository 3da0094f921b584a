//! Attachments on the disk: a folder beside the data file (`otklik.files/` beside `otklik.redb`), in it one file for
//! each attachment, named by its key. What is known of each stands in the store; this knows bytes, names and addresses.
//!
//! `kind` tells an image by its bytes, `name` makes a name harmless, `address` mints and reads what files are served at.

mod address;
mod kind;
mod name;

pub use address::{ADDRESS_LASTS, Addresses, Place};
pub use kind::image;
pub use name::{cut, mime_of, tidy};

use crate::ids::FileKey;
use bytes::Bytes;
use shared::{FileId, FileKind};
use std::collections::HashSet;
use std::io::{Error, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

/// How much of a file is looked at to tell what it is, in bytes: what cameras put before a picture's size fits in it.
const HEAD: u64 = 256 * 1024;

/// The folder. A cheap handle.
#[derive(Clone, Debug)]
pub struct Files {
    folder: Arc<PathBuf>,
    /// The largest file that is taken, in bytes.
    most: u64,
    busy: Busy,
}

/// Files that the sweep leaves alone.
type Busy = Arc<Mutex<Writing>>;

#[derive(Debug, Default)]
struct Writing {
    /// Being written, or written and not yet in the store.
    now: HashSet<FileKey>,
    /// Begun since the sweep looked: one of them may stand in the place of what it saw, and is in the store by now.
    since: HashSet<FileKey>,
    is_swept: bool,
}

impl Writing {
    fn has(&self, key: FileKey) -> bool {
        self.now.contains(&key) || self.since.contains(&key)
    }
}

/// What a file is by its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Bytes.
    pub size: u64,
    /// None: no image that a page may show.
    pub image: Option<Image>,
}

impl Look {
    /// The file called `name` as the visitor sees it, and what it is served as.
    pub fn describe(&self, id: FileId, name: String) -> (shared::File, &'static str) {
        let (kind, mime) = match &self.image {
            Some(image) => (FileKind::Image, image.mime),
            None => (FileKind::File, mime_of(&name)),
        };
        let (width, height) = self.image.map(|image| (image.width, image.height)).unzip();
        (shared::File { id, name, size: self.size, kind, width, height, state: None, href: None }, mime)
    }
}

/// An image as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    pub mime: &'static str,
    /// Pixels.
    pub width: u32,
    pub height: u32,
}

impl Files {
    /// The folder beside `data`, for files of up to `most` bytes. It is made with the first file.
    pub fn beside(data: &Path, most: u64) -> Self {
        Self { folder: Arc::new(data.with_extension("files")), most, busy: Busy::default() }
    }

    /// The largest file that is taken, in bytes.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// Begins to write the file of `key`, in place of what an earlier attempt left.
    ///
    /// # Errors
    /// `AlreadyExists` where it is being written right now; else what the disk says.
    pub async fn write(&self, key: FileKey) -> Result<Writer, Error> {
        let claim = self.claim(key)?;
        make_folder(&self.folder).await?;
        let part = self.path(key).with_extension("part");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let file = options.open(&part).await?;
        Ok(Writer { file, part: Some(part), path: self.path(key), size: 0, most: self.most, claim: Some(claim) })
    }

    /// Opens a file that was kept.
    pub async fn open(&self, key: FileKey) -> Result<File, Error> {
        File::open(self.path(key)).await
    }

    /// What lies under `from` lies under `to` as well, when this returns. Hold the claim until the store knows it.
    ///
    /// # Errors
    /// As of `write`.
    pub async fn copy(&self, from: FileKey, to: FileKey) -> Result<Claim, Error> {
        let mut there = self.open(from).await?;
        let mut writer = self.write(to).await?;
        tokio::io::copy(&mut there, &mut writer.file).await?;
        Ok(writer.finish().await?.1)
    }

    /// Removes files; one that is not there is as good as removed.
    pub async fn remove(&self, keys: impl IntoIterator<Item = FileKey>) {
        for key in keys {
            if let Err(error) = fs::remove_file(self.path(key)).await
                && error.kind() != ErrorKind::NotFound
            {
                tracing::warn!(%error, "a file stays on the disk"); // the next sweep tries again
            }
        }
    }

    /// What lies in the folder and is not in use: to be asked for before the store is asked what it knows, for what is
    /// whole then and in no record is nobody's.
    pub async fn idle(&self) -> Result<Vec<PathBuf>, Error> {
        self.look();
        let mut entries = match fs::read_dir(&*self.folder).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut idle = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            idle.push(entry.path());
        }
        idle.retain(|path| key_of(path).is_some_and(|key| !self.lock().has(key)));
        Ok(idle)
    }

    /// Removes what is `idle` and not `known`: leftovers of uploads that did not end, and of a crash.
    pub async fn sweep(&self, idle: Vec<PathBuf>, known: &HashSet<FileKey>) -> Result<(), Error> {
        for path in idle {
            let is_part = path.extension().is_some();
            let stays = key_of(&path).is_none_or(|key| self.lock().has(key) || (!is_part && known.contains(&key)));
            if !stays {
                fs::remove_file(path).await?;
            }
        }
        let mut writing = self.lock();
        (writing.is_swept, writing.since) = (false, HashSet::new());
        Ok(())
    }

    /// Copies the folder to `to`, which must not be there yet. A file that is removed meanwhile is left out.
    pub async fn copy_to(&self, to: &Path) -> Result<(), Error> {
        copy_folder(&self.folder, to).await
    }

    /// Puts the folder `from`, where there is one, in the place of the one beside `data`; what was there stays beside it,
    /// as `….before`.
    pub async fn restore(from: &Path, data: &Path) -> Result<(), Error> {
        let to = data.with_extension("files");
        if !fs::try_exists(from).await? {
            return Ok(()); // a copy from before there were files, or of a relay that had none
        }
        let new = to.with_extension("files.new");
        if fs::try_exists(&new).await? {
            fs::remove_dir_all(&new).await?; // left by an attempt that did not end
        }
        copy_folder(from, &new).await?;
        if fs::try_exists(&to).await? {
            let before = to.with_extension("files.before");
            if fs::try_exists(&before).await? {
                fs::remove_dir_all(&before).await?;
            }
            fs::rename(&to, before).await?;
        }
        fs::rename(new, to).await
    }

    fn path(&self, key: FileKey) -> PathBuf {
        self.folder.join(key.to_string())
    }

    /// From now on it is noted what is written, until the sweep is over.
    fn look(&self) {
        let mut writing = self.lock();
        (writing.is_swept, writing.since) = (true, HashSet::new());
    }

    fn claim(&self, key: FileKey) -> Result<Claim, Error> {
        let mut writing = self.lock();
        if !writing.now.insert(key) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        if writing.is_swept {
            writing.since.insert(key);
        }
        Ok(Claim { key, busy: Arc::clone(&self.busy) })
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a file from the sweep until the store knows it.
#[derive(Debug)]
pub struct Claim {
    key: FileKey,
    busy: Busy,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).now.remove(&self.key);
    }
}

/// A file that is being written. Dropped before `finish`, it leaves nothing behind.
#[derive(Debug)]
pub struct Writer {
    file: File,
    /// Where it is until it is whole; none once it is.
    part: Option<PathBuf>,
    path: PathBuf,
    size: u64,
    most: u64,
    claim: Option<Claim>,
}

impl Writer {
    /// # Errors
    /// `FileTooLarge` where it becomes larger than files may be; else what the disk says.
    pub async fn write(&mut self, bytes: &Bytes) -> Result<(), Error> {
        self.size += bytes.len() as u64;
        if self.size > self.most {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.file.write_all(bytes).await
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The file is whole: on the disk, under its name, when this returns. Hold the claim until the store knows it.
    pub async fn finish(mut self) -> Result<(Look, Claim), Error> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        let part = self.part.take().expect("finished once");
        let look = looked_at(&part, self.size).await?;
        fs::rename(&part, &self.path).await?;
        Ok((look, self.claim.take().expect("finished once")))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(part) = self.part.take() {
            let _ = std::fs::remove_file(part); // a sweep finds what stays
        }
    }
}

async fn looked_at(path: &Path, size: u64) -> Result<Look, Error> {
    let path = path.to_owned();
    let looking = tokio::task::spawn_blocking(move || {
        let mut head = Vec::new();
        std::fs::File::open(path)?.take(HEAD).read_to_end(&mut head)?;
        Ok(Look { size, image: kind::image(&head) })
    });
    looking.await.map_err(Error::other)?
}

fn key_of(path: &Path) -> Option<FileKey> {
    path.file_stem()?.to_str()?.parse().ok()
}

async fn make_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await
}

async fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    let mut entries = match fs::read_dir(from).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    make_folder(to).await?;
    while let Some(entry) = entries.next_entry().await? {
        if entry.path().extension().is_some() {
            continue; // not whole yet
        }
        match fs::copy(entry.path(), to.join(entry.file_name())).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            copied => drop(copied?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

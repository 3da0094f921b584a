//! The socket beside the data file (`otklik.sock` beside `otklik.redb`): one order a connection, a line of JSON each way.

use super::{Answer, Desk, Order, answer};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest order, in bytes: a path and a few words.
const LONGEST: u64 = 64 * 1_024;

/// Listens for orders until `shutdown`. The caller holds the store, so a socket that is there already is a dead one.
///
/// # Errors
/// Where the socket cannot be made.
pub fn listen(desk: Desk, tasks: &TaskTracker, shutdown: CancellationToken) -> io::Result<()> {
    let path = desk.config.data.with_extension("sock");
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    let owner = std::fs::metadata(&path)?.uid();
    let talks = tasks.clone();
    tasks.spawn(async move {
        let closed = Closed(path);
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.cancelled() => break,
            };
            if let Ok((stream, _)) = stream
                && is_owner(&stream, owner)
            {
                let (desk, shutdown) = (desk.clone(), shutdown.clone());
                talks.spawn(async move {
                    tokio::select! {
                        _ = serve(stream, &desk) => {} // who asked has gone: nobody to tell
                        () = shutdown.cancelled() => {}
                    }
                });
            }
        }
        drop(closed);
    });
    Ok(())
}

/// Asks the relay that runs on `data`; none where there is no such relay.
pub async fn ask(data: &Path, order: &Order) -> io::Result<Option<Answer>> {
    let stream = match UnixStream::connect(data.with_extension("sock")).await {
        Ok(stream) => stream,
        // No socket, or one that nobody listens on any more.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut stream = BufReader::new(stream);
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut told = Vec::new();
    stream.read_to_end(&mut told).await?;
    Ok(Some(serde_json::from_slice(&told)?))
}

async fn serve(stream: UnixStream, desk: &Desk) -> io::Result<()> {
    let mut stream = BufReader::new(stream.take(LONGEST));
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).await?;
    let answer = match serde_json::from_slice(&line) {
        Ok(order) => answer(desk.carry_out(order).await),
        Err(_) => Answer::Failed("the relay that runs is of another version".to_owned()),
    };
    let mut stream = stream.into_inner().into_inner();
    stream.write_all(&serde_json::to_vec(&answer)?).await?;
    stream.shutdown().await
}

/// Whether the other side is who runs the relay, or root.
fn is_owner(stream: &UnixStream, owner: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == owner || peer.uid() == 0)
}

/// Removes the socket in the end.
struct Closed(PathBuf);

impl Drop for Closed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0); // a dead socket does no harm
    }
}

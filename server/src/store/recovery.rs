//! What the store does when it opens a file: checks its format and reads the log's tail, so that memory holds again
//! what was not written down before the process ended, however it ended.

use super::board::{Board, Waiting};
use super::dialogues::Head;
use super::ledger::Ledger;
use super::log::{Position, Record, Told};
use super::outbox::OutboxRow;
use super::tables::{CHECKPOINT, CONFIRMATIONS, DIALOGUES, EPOCH, EVENTS, FORMAT, LOG, META, OUTBOX, SITES};
use super::{SiteRecord, StoreError, View, doubtful, row};
use redb::{Database, ReadableDatabase, ReadableTable};
use shared::SiteKey;

/// The version of the whole file. Records have versions of their own.
const NEWEST: u64 = 1;

/// Reads what the committer and the board must know, and the epoch.
///
/// # Errors
/// `Newer` where a later relay has written the file.
pub fn open(database: &Database) -> Result<(Ledger, Board, u64), StoreError> {
    set_format(database)?;
    let view = View { reading: database.begin_read()? };
    let board = Board::default();
    for site in view.rows::<_, SiteRecord>(SITES)? {
        board.set_site(&site);
    }
    restore_outbox(&view, &board)?;
    let ledger = replay(&view, &board)?;
    doubtful::restore(&view, &board)?;
    Ok((ledger, board, number(&view, EPOCH)?.unwrap_or(0)))
}

fn set_format(database: &Database) -> Result<(), StoreError> {
    let writing = database.begin_write()?;
    let mut meta = writing.open_table(META)?;
    let format = meta.get(FORMAT)?.map_or(NEWEST, |format| format.value());
    if format > NEWEST {
        let version = u8::try_from(format).unwrap_or(u8::MAX);
        return Err(StoreError::Newer { kind: "data file", version });
    }
    meta.insert(FORMAT, NEWEST)?;
    drop(meta);
    writing.commit()?;
    Ok(())
}

fn restore_outbox(view: &View, board: &Board) -> Result<(), StoreError> {
    let Some(table) = view.table(OUTBOX)? else { return Ok(()) };
    for entry in table.iter()? {
        let (position, bytes) = entry?;
        let waiting = row::decode::<OutboxRow>(bytes.value())?.into_waiting();
        let head: Option<Head> = view.row(DIALOGUES, waiting.dialogue.bytes())?;
        if let Some(head) = head {
            board.put(&head.site, Position(position.value()), waiting);
        }
    }
    Ok(())
}

/// Follows the log from the last checkpoint to its end.
fn replay(view: &View, board: &Board) -> Result<Ledger, StoreError> {
    let checkpoint = number(view, CHECKPOINT)?.unwrap_or(1);
    let mut ledger = Ledger::new(Position(checkpoint), after_last(view, EVENTS)?, next_confirmation(view)?);
    let Some(log) = view.table(LOG)? else { return Ok(ledger) };
    for entry in log.range(checkpoint..)? {
        let (position, bytes) = entry?;
        let position = Position(position.value());
        let record: Record = row::decode(bytes.value())?;
        let site = ledger.replay(position, &record, || view.row(DIALOGUES, record.dialogue.bytes()))?;
        if let Some(site) = site {
            follow(board, &site, position, &record);
        }
    }
    Ok(ledger)
}

fn follow(board: &Board, site: &SiteKey, position: Position, record: &Record) {
    match &record.what {
        Told::State { of, .. } | Told::Done { of, .. } | Told::Deleted { unsent: Some(of), .. } => {
            let _ = board.take(site, *of);
        }
        Told::Edited { unsent: Some(of), .. } => drop(board.revise(site, *of, position)),
        told if told.waits() => {
            board.put_unless_there(site, position, Waiting::new(record.dialogue, told.lane()));
        }
        _ => {}
    }
}

fn number(view: &View, name: &'static str) -> Result<Option<u64>, StoreError> {
    let Some(meta) = view.table(META)? else { return Ok(None) };
    Ok(meta.get(name)?.map(|number| number.value()))
}

fn after_last<V: redb::Value + 'static>(
    view: &View,
    table: redb::TableDefinition<'static, u64, V>,
) -> Result<u64, StoreError> {
    let Some(table) = view.table(table)? else { return Ok(1) };
    Ok(table.last()?.map_or(1, |(last, _)| last.value() + 1))
}

fn next_confirmation(view: &View) -> Result<u64, StoreError> {
    let Some(table) = view.table(CONFIRMATIONS)? else { return Ok(1) };
    let mut next = 1;
    for entry in table.iter()? {
        next = next.max(entry?.0.value().1 + 1);
    }
    Ok(next)
}

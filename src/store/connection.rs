//! One SQLite connection with the settings every one of ours has. WAL lets readers
//! and the command line work beside the writer; `synchronous=FULL` makes a commit
//! survive a power cut, and the last commit may be a revocation.
//! Must never: be used from an async worker; every call may wait for the disk.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// How long a writer waits for another process's transaction, in tries of about a
/// millisecond; then the call fails with "database is locked".
const BUSY_TRIES: i32 = 5_000;

/// Prepared statements kept per connection; more than the store has.
const STATEMENTS: usize = 128;

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Reads and writes: the writer thread, and opening.
    Write,
    /// Only reads; an attempt to write is an error.
    Read,
}

/// Opens the database, which must exist.
pub fn connect(path: &Path, purpose: Purpose) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(wait_a_little))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    match purpose {
        Purpose::Write => {
            connection.pragma_update(None, "synchronous", "FULL")?;
            // Kibibytes. Bounds memory: a rotation touches a handful of pages.
            connection.pragma_update(None, "cache_size", -8192)?;
        }
        Purpose::Read => {
            connection.pragma_update(None, "query_only", true)?;
            connection.pragma_update(None, "cache_size", -1024)?;
        }
    }
    Ok(connection)
}

/// Switches the file to WAL; it stays so. Done once, when the store is opened.
pub fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // Pages. Fewer, larger check-points: 16 MiB of log before one.
    connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)
}

/// SQLite's own waiting grows to 100 ms a try, which starves a gateway beside a long
/// import; short, even tries get their turn between two of its transactions.
fn wait_a_little(tries: i32) -> bool {
    thread::park_timeout(Duration::from_millis(1));
    tries < BUSY_TRIES
}

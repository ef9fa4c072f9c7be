//! The chain of schema versions. Each step is one SQL file, applied once, in one
//! transaction, by whoever opens an older file first. There is no way down: a newer
//! file is refused untouched.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::store::open_error::OpenError;

/// The steps, oldest first; a file's `user_version` is the number it has behind it.
const STEPS: [&str; 7] = [
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
    include_str!("schema/0006.sql"),
    include_str!("schema/0007.sql"),
];

/// Written into the file's header so that another program's file is recognised.
const APPLICATION: i64 = 0x746F_6C6C;

/// Files up to this size are read through for damage when opened; it takes
/// milliseconds. In larger ones damage is found where it is read.
const CHECKED_BYTES: u64 = 8 << 20;

/// Brings the file to the newest version, or says why it is not ours to touch.
pub fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let version = admit(connection, path)?;
    if usize::try_from(version).is_ok_and(|v| v == STEPS.len()) {
        return check(connection, path);
    }
    let explain = |e: rusqlite::Error| explain(e, path);
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
    // Asked again inside the transaction: another process may have been faster.
    let done = pragma(&step, "user_version").map_err(explain)?;
    for sql in STEPS.iter().skip(usize::try_from(done).unwrap_or(usize::MAX)) {
        step.execute_batch(sql).map_err(explain)?;
    }
    step.pragma_update(None, "user_version", i64::try_from(STEPS.len()).unwrap_or(i64::MAX)).map_err(explain)?;
    step.pragma_update(None, "application_id", APPLICATION).map_err(explain)?;
    step.commit().map_err(explain)
}

/// The operator's words for an error of SQLite on this file.
pub fn explain(error: rusqlite::Error, path: &Path) -> OpenError {
    let path = path.to_owned();
    let detail = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign { path, found: "not an SQLite file" },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, detail },
        _ => OpenError::Database { path, detail },
    }
}

fn admit(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    let explain = |e: rusqlite::Error| explain(e, path);
    let version = pragma(connection, "user_version").map_err(explain)?;
    let application = pragma(connection, "application_id").map_err(explain)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(explain)?;
    if application != APPLICATION && (application != 0 || tables > 0 || version != 0) {
        return Err(OpenError::Foreign { path: path.to_owned(), found: "an SQLite file of another program" });
    }
    match usize::try_from(version) {
        Ok(found) if found <= STEPS.len() => Ok(version),
        _ => Err(OpenError::Newer {
            path: path.to_owned(),
            found: u32::try_from(version).unwrap_or(u32::MAX),
            known: u32::try_from(STEPS.len()).unwrap_or(u32::MAX),
        }),
    }
}

fn check(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    if std::fs::metadata(path).is_ok_and(|facts| facts.len() > CHECKED_BYTES) {
        return Ok(());
    }
    let verdict: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|e| explain(e, path))?;
    if verdict == "ok" { Ok(()) } else { Err(OpenError::Damaged { path: path.to_owned(), detail: verdict }) }
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

//! The numbered log of revocations: written together with what they kill, read by
//! followers from where they stopped. A notice that says nothing new leaves no row; one
//! that says more than an older one takes its place under a new number, so every
//! follower hears of it.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::UnixTime;
use crate::oauth::store::StoreError;
use crate::revocation::notice::Notice;
use crate::store::access;
use crate::store::column::{damaged, handle, handle_bytes, issuer, maybe_time, refused, seconds, time};
use crate::store::family;
use crate::store::session;
use crate::token::handle::{Handle, HandleKind};

/// What recording a notice came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recorded {
    /// The log has a new row.
    New,
    /// The log said so already.
    Known,
}

/// One row of the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number.
    pub seq: i64,
    /// What was called back.
    pub notice: Notice,
    /// Why: `endpoint`, `refresh_reuse`, `operator`, `import` …
    pub reason: String,
    /// When, by the database's clock.
    pub recorded: UnixTime,
}

/// Records a notice and kills the families and endless tokens it covers.
pub fn record(connection: &Connection, notice: &Notice, reason: &str) -> Result<Recorded, StoreError> {
    let outcome = insert(connection, notice, reason).map_err(refused)?;
    // Also for a known notice: a family may have come in between two of them.
    kill_covered(connection, notice).map_err(refused)?;
    Ok(outcome)
}

/// True if a notice in the log covers something issued at `issued` that bears one of
/// the handles. One whose end had come by then speaks of older things only.
pub fn covers(connection: &Connection, handles: &[Handle], issued: UnixTime) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM revocation WHERE handle = ?1 AND until > ?2
                 AND (issued_before IS NULL OR issued_before >= ?2)";
    let mut statement = connection.prepare_cached(sql)?;
    for handle in handles {
        if statement.exists(params![handle_bytes(*handle), seconds(issued)])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Hands every row after number `after` to `each`, in order, at most `limit` of them.
pub fn each_after(
    connection: &Connection,
    after: i64,
    limit: usize,
    mut each: impl FnMut(Entry),
) -> rusqlite::Result<()> {
    let sql = "SELECT seq, kind, issuer, handle, issued_before, until, reason, recorded
               FROM revocation WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        each(read(row)?);
    }
    Ok(())
}

fn insert(connection: &Connection, notice: &Notice, reason: &str) -> rusqlite::Result<Recorded> {
    if write(connection, notice, reason)? {
        return Ok(Recorded::New);
    }
    let known = "SELECT until, issued_before FROM revocation WHERE handle = ?1 AND cut = ?2";
    let known = connection
        .prepare_cached(known)?
        .query_row(params![handle_bytes(notice.handle), notice.issued_before.is_some()], |row| {
            Ok((time(row, 0)?, maybe_time(row, 1)?))
        })
        .optional()?;
    let Some((until, issued_before)) = known else { return Ok(Recorded::Known) };
    // `None` stands only beside `None` here, so the greater of the two is right.
    let merged = Notice {
        until: notice.until.max(until),
        issued_before: notice.issued_before.max(issued_before),
        ..notice.clone()
    };
    if seconds(merged.until) == seconds(until) && merged.issued_before == issued_before {
        return Ok(Recorded::Known);
    }
    connection
        .prepare_cached("DELETE FROM revocation WHERE handle = ?1 AND cut = ?2")?
        .execute(params![handle_bytes(notice.handle), notice.issued_before.is_some()])?;
    write(connection, &merged, reason)?;
    Ok(Recorded::New)
}

fn write(connection: &Connection, notice: &Notice, reason: &str) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO revocation (kind, issuer, handle, cut, issued_before, until, reason)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (handle, cut) DO NOTHING";
    let written = connection.prepare_cached(sql)?.execute(params![
        notice.kind.as_str(),
        notice.issuer.as_str(),
        handle_bytes(notice.handle),
        notice.issued_before.is_some(),
        notice.issued_before.map(seconds),
        seconds(notice.until),
        reason,
    ])?;
    Ok(written == 1)
}

fn kill_covered(connection: &Connection, notice: &Notice) -> rusqlite::Result<()> {
    let until = notice.issued_before.map_or(i64::MAX, seconds);
    access::delete_endless(connection, notice.kind, notice.handle, until)?;
    if notice.kind == HandleKind::User {
        session::end_called_back(connection, notice.handle, until)?;
    }
    let living = match notice.kind {
        HandleKind::Family => "SELECT id FROM family WHERE family_handle = ?1 AND revoked = 0 AND opened <= ?2",
        HandleKind::User => "SELECT id FROM family WHERE user_handle = ?1 AND revoked = 0 AND opened <= ?2",
        HandleKind::Client => "SELECT id FROM family WHERE client_handle = ?1 AND revoked = 0 AND opened <= ?2",
        HandleKind::Issuer => "SELECT id FROM family WHERE issuer_handle = ?1 AND revoked = 0 AND opened <= ?2",
        // A key's signature is on access tokens only; the grant behind them stands.
        HandleKind::Token | HandleKind::Key => return Ok(()),
    };
    let covered: Vec<i64> = connection
        .prepare_cached(living)?
        .query_map(params![handle_bytes(notice.handle), until], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    covered.into_iter().try_for_each(|id| family::kill(connection, id))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let kind: String = row.get(1)?;
    let notice = Notice {
        kind: HandleKind::parse(&kind).ok_or_else(|| damaged(1, "a kind of handle"))?,
        issuer: issuer(row, 2)?,
        handle: handle(row, 3)?,
        issued_before: maybe_time(row, 4)?,
        until: time(row, 5)?,
    };
    Ok(Entry { seq: row.get(0)?, notice, reason: row.get(6)?, recorded: time(row, 7)? })
}

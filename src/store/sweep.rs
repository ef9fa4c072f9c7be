//! Taking out what has ended by itself: tokens, revocations, old keys, old news.
//! In small transactions, so that nobody's refresh waits behind a big one. Nothing
//! here changes an answer: what is swept was refused already.

use rusqlite::{Connection, ToSql, params};

use crate::clock::{Seconds, UnixTime};
use crate::oauth::store::StoreError;
use crate::store::change::By;
use crate::store::code;
use crate::store::column::{refused, seconds};
use crate::store::database::Store;
use crate::store::session;
use crate::token::place::Place;

/// Rows of one transaction.
const ROWS: i64 = 500;

/// Transactions of one call and table; what is left waits for the next call.
const ROUNDS: usize = 200;

/// Rows stay so much longer than they must, for clocks that are set back a little.
const SLACK: Seconds = Seconds(60);

/// How long the log of changes is kept for followers and readers.
const NEWS_KEPT: Seconds = Seconds(30 * 24 * 3600);

impl Store {
    /// Removes what ended before `now`; the number of rows. Call it every minute or so,
    /// from a thread that may wait for the disk.
    pub fn sweep(&self, now: UnixTime) -> Result<usize, StoreError> {
        let ended = seconds(UnixTime(now.0.saturating_sub(SLACK.0)));
        let old = seconds(UnixTime(now.0.saturating_sub(NEWS_KEPT.0)));
        let mut gone = 0;
        for (clear, before) in [
            (tokens as Clear, ended),
            (strewn_tokens, ended),
            (reusables, ended),
            (spent, ended),
            (refreshes, ended),
            (dead_families, ended),
            (bare_families, ended),
            (waiting, ended),
            (codes, seconds(UnixTime(now.0.saturating_sub(code::KEPT.0)))),
            (narrowings, ended),
            (revocations, ended),
            (sessions, ended),
            (keys, ended),
            (changes, old),
        ] {
            for _ in 0..ROUNDS {
                let rows = self.write_now(move |connection| clear(connection, before).map_err(refused))?;
                gone += rows;
                if rows < usize::try_from(ROWS).unwrap_or(usize::MAX) {
                    break;
                }
            }
        }
        Ok(gone)
    }

    /// Removes revocations that ended before `by.now`, without slack: the operator
    /// asked for it.
    pub fn prune_revocations(&self, by: By) -> Result<usize, StoreError> {
        let before = seconds(by.now);
        let mut gone = 0;
        loop {
            let rows = self.write_now(move |connection| revocations(connection, before).map_err(refused))?;
            gone += rows;
            if rows == 0 {
                return Ok(gone);
            }
        }
    }
}

type Clear = fn(&Connection, i64) -> rusqlite::Result<usize>;

fn tokens(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    // The run of rows that lies before what is yet to end; the few strewn ones in it have
    // a sweep of their own.
    let sql = "DELETE FROM access WHERE digest IN
                 (SELECT digest FROM access WHERE digest < ?3 AND placed = 1 AND expires <= ?1 LIMIT ?2)
               RETURNING family";
    let next = Place::first(UnixTime(u64::try_from(before).unwrap_or(0).saturating_add(1)));
    delete_with_families(connection, sql, params![before, ROWS, next.0])
}

fn strewn_tokens(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM access WHERE digest IN
                 (SELECT digest FROM access WHERE placed = 0 AND expires IS NOT NULL AND expires <= ?1 LIMIT ?2)
               RETURNING family";
    delete_with_families(connection, sql, params![before, ROWS])
}

fn refreshes(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM refresh WHERE id IN
                 (SELECT id FROM refresh WHERE expires IS NOT NULL AND expires <= ?1 LIMIT ?2) RETURNING family";
    delete_with_families(connection, sql, params![before, ROWS])
}

/// Runs the deletion, then drops the families that have no token left.
fn delete_with_families(connection: &Connection, sql: &str, bound: &[&dyn ToSql]) -> rusqlite::Result<usize> {
    let families: Vec<Option<i64>> =
        connection.prepare_cached(sql)?.query_map(bound, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut empty = connection.prepare_cached(
        "DELETE FROM family WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM refresh WHERE family = ?1)
                                          AND NOT EXISTS (SELECT 1 FROM access  WHERE family = ?1)",
    )?;
    for family in families.iter().flatten() {
        empty.execute([family])?;
    }
    Ok(families.len())
}

/// Families that were called back; their refresh tokens go with them. Their access
/// tokens are in the log of revocations.
fn dead_families(connection: &Connection, _before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM family WHERE id IN (SELECT id FROM family WHERE revoked = 1 LIMIT ?1)";
    connection.prepare_cached(sql)?.execute([ROWS])
}

/// Families without refresh tokens whose access token has ended.
fn bare_families(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM family WHERE id IN (SELECT id FROM family WHERE bare = 1 AND expires <= ?1 LIMIT ?2)";
    connection.prepare_cached(sql)?.execute(params![before, ROWS])
}

/// Requests for authorization that nobody finished.
fn waiting(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM pending WHERE id IN (SELECT id FROM pending WHERE expires <= ?1 LIMIT ?2)";
    connection.prepare_cached(sql)?.execute(params![before, ROWS])
}

fn codes(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM code WHERE id IN (SELECT id FROM code WHERE expires <= ?1 LIMIT ?2)";
    connection.prepare_cached(sql)?.execute(params![before, ROWS])
}

fn narrowings(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM narrowing WHERE seq IN (SELECT seq FROM narrowing WHERE until <= ?1 LIMIT ?2)";
    connection.prepare_cached(sql)?.execute(params![before, ROWS])
}

fn revocations(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM revocation WHERE seq IN (SELECT seq FROM revocation WHERE until <= ?1 LIMIT ?2)";
    connection.prepare_cached(sql)?.execute(params![before, ROWS])
}

fn sessions(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    session::sweep(connection, before, ROWS)
}

fn keys(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    connection.prepare_cached("DELETE FROM signing_key WHERE verify_until <= ?1")?.execute([before])
}

fn reusables(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM reusable WHERE wish IN
                 (SELECT wish FROM reusable WHERE expires IS NOT NULL AND expires <= ?1 LIMIT ?2)";
    connection.prepare_cached(sql)?.execute(params![before, ROWS])
}

fn spent(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM spent WHERE digest IN (SELECT digest FROM spent WHERE until <= ?1 LIMIT ?2)";
    connection.prepare_cached(sql)?.execute(params![before, ROWS])
}

fn changes(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM change WHERE seq IN (SELECT seq FROM change ORDER BY seq LIMIT ?2) AND recorded <= ?1";
    connection.prepare_cached(sql)?.execute(params![before, ROWS])
}

//! The numbered log of narrowed families. A family has one row, which gets a new number
//! whenever it changes, so that followers come by again.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::UnixTime;
use crate::oauth::store::StoreError;
use crate::revocation::narrowing::Narrowing;
use crate::store::column::{handle, handle_bytes, issuer, refused, scopes, seconds, time};
use crate::store::database::Store;

/// Records what is left to a family: less than before, never more.
pub fn record(connection: &Connection, narrowing: &Narrowing) -> rusqlite::Result<()> {
    let family = handle_bytes(narrowing.family);
    let known = connection
        .prepare_cached("SELECT scopes, until FROM narrowing WHERE family = ?1")?
        .query_row([family], |row| Ok((scopes(row, 0)?, time(row, 1)?)))
        .optional()?;
    let (left, until) = match known {
        None => (narrowing.left.clone(), narrowing.until),
        Some((before, until)) => (before.intersection(&narrowing.left), until.max(narrowing.until)),
    };
    connection.prepare_cached("DELETE FROM narrowing WHERE family = ?1")?.execute([family])?;
    connection
        .prepare_cached("INSERT INTO narrowing (issuer, family, scopes, until) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![narrowing.issuer.as_str(), family, left.to_string(), seconds(until)])
        .map(|_| ())
}

/// The rows after number `after`, at most `limit` of them, each with its number.
pub fn after(connection: &Connection, after: i64, limit: usize) -> rusqlite::Result<Vec<(i64, Narrowing)>> {
    let sql = "SELECT issuer, family, scopes, until, seq FROM narrowing WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    connection
        .prepare_cached(sql)?
        .query_map(params![after, i64::try_from(limit).unwrap_or(i64::MAX)], |row| Ok((row.get(4)?, read(row)?)))?
        .collect()
}

impl Store {
    /// Every narrowed family that still matters at `now`.
    pub fn narrowings(&self, now: UnixTime) -> Result<Vec<Narrowing>, StoreError> {
        let connection = self.connection()?;
        let all = after(&connection, 0, usize::MAX).map_err(refused)?;
        Ok(all.into_iter().map(|(_, narrowing)| narrowing).filter(|narrowing| narrowing.until > now).collect())
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Narrowing> {
    Ok(Narrowing { issuer: issuer(row, 0)?, family: handle(row, 1)?, left: scopes(row, 2)?, until: time(row, 3)? })
}

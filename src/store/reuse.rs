//! Tokens that the same wish gets again, sealed so that the store alone can open none,
//! and things that may be used once. Both end by themselves and are swept like tokens.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::clock::UnixTime;
use crate::oauth::store::{Reusable, Spent};
use crate::store::access;
use crate::store::column::{digest, seconds};

/// Remembers what a wish gets again; a token without end is not one of those.
pub fn put(connection: &Connection, token: &Reusable) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO reusable (wish, sealed, access, expires) VALUES (?1, ?2, ?3, ?4)";
    let expires = token.access.expires.map(seconds);
    connection
        .prepare_cached(sql)?
        .execute(params![token.key, token.sealed, token.access.digest.0, expires])
        .map(|_| ())
}

/// The token of a wish, if its row is still there and no notice covers it.
pub fn find(connection: &Connection, key: [u8; 32]) -> rusqlite::Result<Option<Reusable>> {
    let sql = "SELECT sealed, access FROM reusable WHERE wish = ?1";
    let found =
        connection.prepare_cached(sql)?.query_row([key], |row| Ok((row.get(0)?, digest(row, 1)?))).optional()?;
    let Some((sealed, digest)) = found else { return Ok(None) };
    let access = access::find(connection, digest)?;
    Ok(access.map(|access| Reusable { key, sealed, access }))
}

/// Marks something as used.
pub fn spend(connection: &Connection, digest: [u8; 32], until: UnixTime) -> rusqlite::Result<Spent> {
    let sql = "INSERT INTO spent (digest, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    let written = connection.prepare_cached(sql)?.execute(params![digest, seconds(until)])?;
    Ok(if written == 1 { Spent::Now } else { Spent::Before })
}

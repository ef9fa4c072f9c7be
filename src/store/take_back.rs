//! What a person takes back from an application: single scopes, or everything. One
//! transaction for the agreement, codes that are under way, families, opaque tokens and
//! the logs that other gateways read.

use rusqlite::{Connection, ToSql, params};

use crate::clock::UnixTime;
use crate::oauth::authorize::store::Left;
use crate::oauth::store::StoreError;
use crate::revocation::narrowing::Narrowing;
use crate::revocation::notice::Notice;
use crate::store::column::{handle, handle_bytes, refused, scopes};
use crate::store::consent::Pair;
use crate::store::{narrowing, revocation};
use crate::token::handle::{Handle, HandleKind};
use crate::token::scope::Scopes;

/// Why tokens are called back, in the log of revocations.
const REASON: &str = "taken_back";

/// A living family.
struct Living {
    row: i64,
    handle: Handle,
    scopes: Scopes,
}

/// Leaves less of what was granted; the families that were narrowed.
pub fn narrow(connection: &Connection, pair: Pair<'_>, left: &Left) -> rusqlite::Result<Vec<Narrowing>> {
    let (issuer, subject, client) = pair;
    let sql = "UPDATE consent SET scopes = ?4 WHERE issuer = ?1 AND subject = ?2 AND client = ?3";
    let values = params![issuer.as_str(), subject.as_str(), client.as_str(), left.keep.to_string()];
    connection.prepare_cached(sql)?.execute(values)?;
    let codes = "SELECT id, scopes FROM code WHERE issuer = ?1 AND subject = ?2 AND client = ?3 AND used IS NULL";
    let values = params![issuer.as_str(), subject.as_str(), client.as_str()];
    let codes = connection
        .prepare_cached(codes)?
        .query_map(values, |row| Ok((row.get(0)?, scopes(row, 1)?)))?
        .collect::<rusqlite::Result<Vec<(i64, Scopes)>>>()?;
    for (row, before) in codes {
        set(connection, "UPDATE code SET scopes = ?2 WHERE id = ?1", row, &before, left)?;
    }
    let mut out = Vec::new();
    for family in living(connection, pair)? {
        set(connection, "UPDATE family SET scopes = ?2 WHERE id = ?1", family.row, &family.scopes, left)?;
        let tokens = connection
            .prepare_cached("SELECT digest, scopes FROM access WHERE family = ?1")?
            .query_map([family.row], |row| Ok((row.get(0)?, scopes(row, 1)?)))?
            .collect::<rusqlite::Result<Vec<([u8; 32], Scopes)>>>()?;
        for (digest, before) in tokens {
            set(connection, "UPDATE access SET scopes = ?2 WHERE digest = ?1", digest, &before, left)?;
        }
        let narrowed = Narrowing {
            issuer: issuer.clone(),
            family: family.handle,
            left: left.with_held.clone(),
            until: left.until,
        };
        narrowing::record(connection, &narrowed)?;
        out.push(narrowed);
    }
    Ok(out)
}

/// Takes everything back; the notices that were recorded, or `None` if nothing had been
/// granted.
pub fn take_back(connection: &Connection, pair: Pair<'_>, until: UnixTime) -> Result<Option<Vec<Notice>>, StoreError> {
    let (issuer, subject, client) = pair;
    let values = params![issuer.as_str(), subject.as_str(), client.as_str()];
    let sql = "DELETE FROM consent WHERE issuer = ?1 AND subject = ?2 AND client = ?3";
    let gone = connection.prepare_cached(sql).and_then(|mut delete| delete.execute(values)).map_err(refused)?;
    if gone == 0 {
        return Ok(None);
    }
    let sql = "UPDATE code SET used = issued WHERE issuer = ?1 AND subject = ?2 AND client = ?3 AND used IS NULL";
    connection.prepare_cached(sql).and_then(|mut burn| burn.execute(values)).map_err(refused)?;
    end_families(connection, pair, until, REASON).map(Some)
}

/// Ends every living family of the pair; the notices that were recorded.
pub fn end_families(
    connection: &Connection,
    pair: Pair<'_>,
    until: UnixTime,
    reason: &'static str,
) -> Result<Vec<Notice>, StoreError> {
    let mut out = Vec::new();
    for family in living(connection, pair).map_err(refused)? {
        let (kind, handle) = (HandleKind::Family, family.handle);
        let notice = Notice { kind, issuer: pair.0.clone(), handle, issued_before: None, until };
        revocation::record(connection, &notice, reason)?;
        out.push(notice);
    }
    Ok(out)
}

fn living(connection: &Connection, (issuer, subject, client): Pair<'_>) -> rusqlite::Result<Vec<Living>> {
    let (user, client) = (Handle::of_user(issuer, subject), Handle::of_client(issuer, client));
    let sql = "SELECT id, family_handle, scopes FROM family
               WHERE user_handle = ?1 AND client_handle = ?2 AND revoked <> 1";
    connection
        .prepare_cached(sql)?
        .query_map(params![handle_bytes(user), handle_bytes(client)], |row| {
            Ok(Living { row: row.get(0)?, handle: handle(row, 1)?, scopes: scopes(row, 2)? })
        })?
        .collect()
}

/// Writes what is left of some scopes.
fn set(connection: &Connection, sql: &str, row: impl ToSql, before: &Scopes, left: &Left) -> rusqlite::Result<()> {
    let after = before.intersection(&left.with_held);
    connection.prepare_cached(sql)?.execute(params![row, after.to_string()]).map(|_| ())
}

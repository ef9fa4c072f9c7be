//! Opaque access tokens. They are written far more often than they are revoked, so
//! theirs is one tree, in the order of their digests, whose usual end is where the next
//! row goes (`token::place`), and an index has only rows that it is needed for. A
//! revocation of a token that ends is kept in the log and asked for when the row is read;
//! only tokens without end are looked for and deleted.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::UnixTime;
use crate::oauth::store::{Access, StoreError};
use crate::store::column::{family_id, handle, handle_bytes, issuer, maybe_time, refused, scopes, seconds, time};
use crate::store::{family, revocation};
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::{ClientId, FamilyId, Subject};
use crate::token::place::Place;
use crate::token::secret::SecretDigest;

/// Remembers a token; if it names a family, that must be alive. Writes by one statement
/// and as its last act.
pub fn put(connection: &Connection, token: &Access) -> Result<(), StoreError> {
    let row = match token.family {
        None => None,
        Some(id) => match family::living_row(connection, id.0, token.issued).map_err(refused)? {
            None => return Err(StoreError { detail: "the token's family is not alive".to_owned() }),
            row => row,
        },
    };
    insert(connection, token, row).map_err(refused)
}

/// Remembers a token of the family in row `family`.
pub fn insert(connection: &Connection, token: &Access, family: Option<i64>) -> rusqlite::Result<()> {
    let endless = token.expires.is_none().then(|| carriers(token).map(handle_bytes));
    // Swept by its place, or else by the index of ends.
    let placed = token.expires.is_some_and(|end| Place::tells_end(&token.digest, end));
    let sql = "INSERT INTO access (digest, token, issuer, family, client, subject, scopes, issued, expires, placed,
                                   user_handle, client_handle, issuer_handle)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    connection
        .prepare_cached(sql)?
        .execute(params![
            token.digest.0,
            handle_bytes(token.token),
            token.issuer.as_str(),
            family,
            token.client.as_str(),
            token.subject.as_str(),
            token.scopes.to_string(),
            seconds(token.issued),
            token.expires.map(seconds),
            placed,
            endless.map(|h| h[0]),
            endless.map(|h| h[1]),
            endless.map(|h| h[2]),
        ])
        .map(|_| ())
}

/// Reads a token; `None` if it is unknown or was called back.
pub fn find(connection: &Connection, digest: SecretDigest) -> rusqlite::Result<Option<Access>> {
    let sql = "SELECT a.token, a.issuer, f.name, a.client, a.subject, a.scopes, a.issued, a.expires
               FROM access a LEFT JOIN family f ON f.id = a.family
               WHERE a.digest = ?1 AND (a.family IS NULL OR f.revoked <> 1)";
    let read = |row: &Row<'_>| read(row, digest);
    let Some(token) = connection.prepare_cached(sql)?.query_row([digest.0], read).optional()? else {
        return Ok(None);
    };
    let [user, client, issuer] = carriers(&token);
    let dead = revocation::covers(connection, &[token.token, user, client, issuer], token.issued)?;
    Ok((!dead).then_some(token))
}

/// Forgets the tokens of the family in that row.
pub fn forget(connection: &Connection, family: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM access WHERE family = ?1")?.execute([family]).map(|_| ())
}

/// The tokens of a family, each with its end.
pub fn of_family(connection: &Connection, family: FamilyId) -> rusqlite::Result<Vec<(Handle, Option<UnixTime>)>> {
    let sql = "SELECT a.token, a.expires FROM access a JOIN family f ON f.id = a.family WHERE f.name = ?1";
    let read = |row: &Row<'_>| Ok((handle(row, 0)?, maybe_time(row, 1)?));
    connection.prepare_cached(sql)?.query_map([family.0], read)?.collect()
}

/// Deletes tokens without end that a notice names by `handle`. Those of a family go
/// with their family.
pub fn delete_endless(
    connection: &Connection,
    kind: HandleKind,
    handle: Handle,
    issued_before: i64,
) -> rusqlite::Result<()> {
    let sql = match kind {
        HandleKind::Token => "DELETE FROM access WHERE token = ?1 AND expires IS NULL AND issued <= ?2",
        HandleKind::User => "DELETE FROM access WHERE user_handle = ?1 AND expires IS NULL AND issued <= ?2",
        HandleKind::Client => "DELETE FROM access WHERE client_handle = ?1 AND expires IS NULL AND issued <= ?2",
        HandleKind::Issuer => "DELETE FROM access WHERE issuer_handle = ?1 AND expires IS NULL AND issued <= ?2",
        // Families are killed with their tokens; opaque tokens are signed by no key.
        HandleKind::Family | HandleKind::Key => return Ok(()),
    };
    connection.prepare_cached(sql)?.execute(params![handle_bytes(handle), issued_before]).map(|_| ())
}

/// The handles a token shares with others: its user's, client's and issuer's.
fn carriers(token: &Access) -> [Handle; 3] {
    [
        Handle::of_user(&token.issuer, &token.subject),
        Handle::of_client(&token.issuer, &token.client),
        Handle::of_issuer(&token.issuer),
    ]
}

fn read(row: &Row<'_>, digest: SecretDigest) -> rusqlite::Result<Access> {
    let family = match row.get::<_, Option<[u8; 16]>>(2)? {
        None => None,
        Some(_) => Some(family_id(row, 2)?),
    };
    Ok(Access {
        digest,
        token: handle(row, 0)?,
        issuer: issuer(row, 1)?,
        family,
        client: ClientId::new(row.get::<_, String>(3)?),
        subject: Subject::new(row.get::<_, String>(4)?),
        scopes: scopes(row, 5)?,
        issued: time(row, 6)?,
        expires: maybe_time(row, 7)?,
    })
}

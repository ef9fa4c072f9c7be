//! Families and their refresh tokens. A family is dead once a notice covers it:
//! those alive when the notice comes are marked, those that come later are looked up
//! against the log before they are opened, so the order of the two does not matter.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::{Seconds, UnixTime};
use crate::oauth::issuer::Sessions;
use crate::oauth::store::{Access, Family, FamilyHandles, NewRefresh, Refresh, StoreError};
use crate::store::access;
use crate::store::column::{family_id, handle, handle_bytes, issuer, maybe_time, refused, scopes, seconds, time};
use crate::store::revocation;
use crate::token::handle::Handle;
use crate::token::id::{ClientId, Subject, UserName};
use crate::token::secret::SecretDigest;

/// `revoked` of a family whose user signed in anew: its refresh tokens are refused, its
/// access tokens live on. 0 is alive, 1 was called back.
const SUPERSEDED: i64 = 2;

/// For how long a superseded token that had no end is still told from an unknown one.
const SUPERSEDED_KEPT: Seconds = Seconds(90 * 24 * 3600);

/// Whether a notice covers the family already.
pub fn is_covered(connection: &Connection, family: &Family) -> rusqlite::Result<bool> {
    let handles = [family.handles.family, family.handles.user, family.handles.client, family.handles.issuer];
    revocation::covers(connection, &handles, family.opened)
}

/// Begins a family with its first refresh token, if it has one, and, where tokens are
/// opaque, its first access token. Fails if a notice covers it already.
pub fn open(
    connection: &Connection,
    family: &Family,
    first: Option<&NewRefresh>,
    token: Option<&Access>,
    sessions: Sessions,
) -> Result<(), StoreError> {
    if is_covered(connection, family).map_err(refused)? {
        return Err(StoreError { detail: "the grant was called back while it was made".to_owned() });
    }
    if sessions == Sessions::OnePerUser {
        supersede(connection, family.handles.user, family.opened).map_err(refused)?;
    }
    let id = insert(connection, family, first.is_none()).map_err(refused)?;
    if let Some(first) = first {
        add_refresh(connection, first, id, None).map_err(refused)?;
    }
    match token {
        Some(token) => access::insert(connection, token, Some(id)).map_err(refused),
        None => Ok(()),
    }
}

/// Ends the refresh tokens of a user's living families, and nothing else of theirs. They
/// are told from unknown ones for a while and then forgotten, with their families.
fn supersede(connection: &Connection, user: Handle, now: UnixTime) -> rusqlite::Result<()> {
    let sql = "UPDATE refresh SET expires = coalesce(expires, ?2)
               WHERE family IN (SELECT id FROM family WHERE user_handle = ?1 AND revoked = 0)";
    connection.prepare_cached(sql)?.execute(params![handle_bytes(user), seconds(now.after(SUPERSEDED_KEPT))])?;
    connection
        .prepare_cached("UPDATE family SET revoked = ?2 WHERE user_handle = ?1 AND revoked = 0")?
        .execute(params![handle_bytes(user), SUPERSEDED])
        .map(|_| ())
}

/// Reads a refresh token with its family; `None` if it is unknown.
pub fn find_refresh(connection: &Connection, digest: SecretDigest) -> rusqlite::Result<Option<Refresh>> {
    let sql = "SELECT f.name, f.issuer, f.client, f.subject, f.user, f.scopes, f.family_handle, f.user_handle,
                      f.client_handle, f.issuer_handle, f.opened, f.expires, f.revoked, r.expires,
                      r.used IS NOT NULL
               FROM refresh r JOIN family f ON f.id = r.family WHERE r.digest = ?1";
    connection.prepare_cached(sql)?.query_row([digest.0], read).optional()
}

/// Remembers a refresh token of the family in row `family`, child of row `parent`.
pub fn add_refresh(
    connection: &Connection,
    token: &NewRefresh,
    family: i64,
    parent: Option<i64>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO refresh (digest, family, parent, expires) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![token.digest.0, family, parent, token.expires.map(seconds)])
        .map(|_| ())
}

/// Marks the family in row `family` dead and forgets its opaque access tokens.
pub fn kill(connection: &Connection, family: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE family SET revoked = 1 WHERE id = ?1")?.execute([family])?;
    connection.prepare_cached("DELETE FROM access WHERE family = ?1")?.execute([family])?;
    Ok(())
}

/// The row of a living family of that name.
pub fn living_row(connection: &Connection, family: [u8; 16], now: UnixTime) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM family WHERE name = ?1 AND revoked = 0 AND (expires IS NULL OR expires > ?2)")?
        .query_row(params![family, seconds(now)], |row| row.get(0))
        .optional()
}

fn insert(connection: &Connection, family: &Family, bare: bool) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO family (name, issuer, client, subject, user, scopes, family_handle, user_handle,
                                   client_handle, issuer_handle, opened, expires, bare)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    connection.prepare_cached(sql)?.insert(params![
        family.id.0,
        family.issuer.as_str(),
        family.client.as_str(),
        family.subject.as_str(),
        family.user.as_str(),
        family.scopes.to_string(),
        handle_bytes(family.handles.family),
        handle_bytes(family.handles.user),
        handle_bytes(family.handles.client),
        handle_bytes(family.handles.issuer),
        seconds(family.opened),
        family.expires.map(seconds),
        bare,
    ])
}

fn read(row: &Row<'_>) -> rusqlite::Result<Refresh> {
    let family = Family {
        id: family_id(row, 0)?,
        issuer: issuer(row, 1)?,
        client: ClientId::new(row.get::<_, String>(2)?),
        subject: Subject::new(row.get::<_, String>(3)?),
        user: UserName::new(row.get::<_, String>(4)?),
        scopes: scopes(row, 5)?,
        handles: FamilyHandles {
            family: handle(row, 6)?,
            user: handle(row, 7)?,
            client: handle(row, 8)?,
            issuer: handle(row, 9)?,
        },
        opened: time(row, 10)?,
        expires: maybe_time(row, 11)?,
    };
    let state: i64 = row.get(12)?;
    Ok(Refresh {
        family,
        used: row.get(14)?,
        revoked: state != 0,
        superseded: state == SUPERSEDED,
        expires: maybe_time(row, 13)?,
    })
}

//! The one atomic use of a refresh token. The order of the questions is the law: a
//! dead family first, then first use, then the grace, and what is left is a theft.
//! The grace answer lives exactly until the child is used, because from then on only
//! somebody who has both tokens can present the parent.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::clock::{Seconds, UnixTime};
use crate::oauth::store::{Rotation, StoreError, Taken};
use crate::store::access;
use crate::store::column::{maybe_time, refused, seconds};
use crate::store::family;
use crate::store::revocation;
use crate::token::secret::SecretDigest;

/// For how long a used token that had no end is still recognised as a replay.
const USED_KEPT: Seconds = Seconds(90 * 24 * 3600);

/// Why the access token before is called back, where it dies with its refresh token.
const REFRESHED: &str = "refreshed";

/// Why it is recorded, in the log of revocations.
const REPLAY: &str = "refresh_reuse";

struct Parent {
    id: i64,
    family: i64,
    grandparent: Option<i64>,
    expires: Option<UnixTime>,
    used: Option<UnixTime>,
    family_ends: Option<UnixTime>,
    revoked: bool,
}

/// Uses the token, or says why not. Everything it changes is in one transaction.
pub fn take(connection: &Connection, rotation: &Rotation) -> Result<Taken, StoreError> {
    let Some(parent) = find(connection, rotation.parent).map_err(refused)? else { return Ok(Taken::Unknown) };
    if parent.revoked {
        return Ok(Taken::Unknown);
    }
    let Some(used) = parent.used else { return first_use(connection, rotation, &parent) };
    let answer = kept_answer(connection, parent.id).map_err(refused)?;
    match answer {
        Some(sealed) if rotation.now.since(used) < rotation.grace => Ok(Taken::Repeated(sealed)),
        _ if over(parent.expires, rotation.now) => Ok(Taken::Unknown),
        _ => {
            revocation::record(connection, &rotation.on_replay, REPLAY)?;
            family::kill(connection, parent.family).map_err(refused)?;
            Ok(Taken::Replayed)
        }
    }
}

fn first_use(connection: &Connection, rotation: &Rotation, parent: &Parent) -> Result<Taken, StoreError> {
    if over(parent.expires, rotation.now) || over(parent.family_ends, rotation.now) {
        return Ok(Taken::Unknown);
    }
    for notice in &rotation.retired {
        revocation::record(connection, notice, REFRESHED)?;
    }
    if !rotation.retired.is_empty() {
        access::forget(connection, parent.family).map_err(refused)?;
    }
    store_use(connection, rotation, parent).map_err(refused)?;
    Ok(Taken::Fresh)
}

fn store_use(connection: &Connection, rotation: &Rotation, parent: &Parent) -> rusqlite::Result<()> {
    let now = seconds(rotation.now);
    match parent.expires {
        // An end that is named is written into its index anew, even if it stays the same.
        Some(_) => {
            connection.prepare_cached("UPDATE refresh SET used = ?2 WHERE id = ?1")?.execute(params![parent.id, now])?
        }
        None => connection
            .prepare_cached("UPDATE refresh SET used = ?2, expires = ?3 WHERE id = ?1")?
            .execute(params![parent.id, now, seconds(rotation.now.after(USED_KEPT))])?,
    };
    family::add_refresh(connection, &rotation.child, parent.family, Some(parent.id))?;
    if rotation.grace > Seconds(0) {
        connection
            .prepare_cached("INSERT INTO answer (refresh, sealed) VALUES (?1, ?2)")?
            .execute(params![parent.id, rotation.sealed_answer])?;
    }
    if let Some(grandparent) = parent.grandparent {
        connection.prepare_cached("DELETE FROM answer WHERE refresh = ?1")?.execute([grandparent])?;
    }
    match &rotation.access {
        Some(token) => access::insert(connection, token, Some(parent.family)),
        None => Ok(()),
    }
}

fn find(connection: &Connection, digest: SecretDigest) -> rusqlite::Result<Option<Parent>> {
    let sql = "SELECT r.id, r.family, r.parent, r.expires, r.used, f.expires, f.revoked
               FROM refresh r JOIN family f ON f.id = r.family WHERE r.digest = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Parent {
            id: row.get(0)?,
            family: row.get(1)?,
            grandparent: row.get(2)?,
            expires: maybe_time(row, 3)?,
            used: maybe_time(row, 4)?,
            family_ends: maybe_time(row, 5)?,
            revoked: row.get::<_, i64>(6)? != 0,
        })
    };
    connection.prepare_cached(sql)?.query_row([digest.0], read).optional()
}

fn kept_answer(connection: &Connection, refresh: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT sealed FROM answer WHERE refresh = ?1")?
        .query_row([refresh], |row| row.get(0))
        .optional()
}

fn over(end: Option<UnixTime>, now: UnixTime) -> bool {
    end.is_some_and(|end| end <= now)
}

//! What people granted to applications, one row for each pair: the scopes of the last
//! time. Whether it still counts is a question to the tokens that descend from it.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::UnixTime;
use crate::oauth::authorize::code::Code;
use crate::oauth::authorize::store::Consent;
use crate::store::column::{handle_bytes, issuer, maybe_time, scopes, seconds, time};
use crate::token::handle::Handle;
use crate::token::id::{ClientId, IssuerName, Subject};

/// Whose grant to whom.
pub type Pair<'a> = (&'a IssuerName, &'a Subject, &'a ClientId);

/// A family of the user ?1 and the client ?2 with a token that lives at ?3.
const LIVES: &str = "SELECT 1 FROM family f WHERE f.user_handle = ?1 AND f.client_handle = ?2 AND f.revoked = 0
   AND (f.expires IS NULL OR f.expires > ?3)
   AND (f.bare = 1
     OR EXISTS (SELECT 1 FROM refresh r
                WHERE r.family = f.id AND r.used IS NULL AND (r.expires IS NULL OR r.expires > ?3))
     OR EXISTS (SELECT 1 FROM access a WHERE a.family = f.id AND (a.expires IS NULL OR a.expires > ?3)))";

/// When a living family of the user ?1 and the client ?2 was last used.
const USED: &str = "SELECT max(max(f.opened, coalesce((SELECT max(r.used) FROM refresh r WHERE r.family = f.id), 0)))
   FROM family f WHERE f.user_handle = ?1 AND f.client_handle = ?2 AND f.revoked = 0";

/// Remembers what was agreed to; the moment of the first time stays.
pub fn remember(connection: &Connection, code: &Code) -> rusqlite::Result<()> {
    let sql = "INSERT INTO consent (issuer, subject, client, scopes, granted) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (issuer, subject, client) DO UPDATE SET scopes = excluded.scopes";
    let (scopes, now) = (code.scopes.to_string(), seconds(code.issued));
    let pair = (code.issuer.as_str(), code.subject.as_str(), code.client.as_str());
    connection.prepare_cached(sql)?.execute(params![pair.0, pair.1, pair.2, scopes, now]).map(|_| ())
}

/// Notes that a token was made of it.
pub fn used(connection: &Connection, (issuer, subject, client): Pair<'_>, now: UnixTime) -> rusqlite::Result<()> {
    let sql = "UPDATE consent SET last_used = ?4 WHERE issuer = ?1 AND subject = ?2 AND client = ?3";
    let values = params![issuer.as_str(), subject.as_str(), client.as_str(), seconds(now)];
    connection.prepare_cached(sql)?.execute(values).map(|_| ())
}

/// Reads one.
pub fn find(
    connection: &Connection,
    (issuer, subject, client): Pair<'_>,
    now: UnixTime,
) -> rusqlite::Result<Option<Consent>> {
    let sql = "SELECT issuer, subject, client, scopes, granted, last_used FROM consent
               WHERE issuer = ?1 AND subject = ?2 AND client = ?3";
    let values = params![issuer.as_str(), subject.as_str(), client.as_str()];
    let found = connection.prepare_cached(sql)?.query_row(values, read).optional()?;
    found.map(|consent| with_life(connection, consent, now)).transpose()
}

/// Reads all of a person.
pub fn list(
    connection: &Connection,
    issuer: &IssuerName,
    subject: &Subject,
    now: UnixTime,
) -> rusqlite::Result<Vec<Consent>> {
    let sql = "SELECT issuer, subject, client, scopes, granted, last_used FROM consent
               WHERE issuer = ?1 AND subject = ?2 ORDER BY client";
    let found: Vec<Consent> = connection
        .prepare_cached(sql)?
        .query_map(params![issuer.as_str(), subject.as_str()], read)?
        .collect::<rusqlite::Result<_>>()?;
    found.into_iter().map(|consent| with_life(connection, consent, now)).collect()
}

fn with_life(connection: &Connection, consent: Consent, now: UnixTime) -> rusqlite::Result<Consent> {
    let user = handle_bytes(Handle::of_user(&consent.issuer, &consent.subject));
    let client = handle_bytes(Handle::of_client(&consent.issuer, &consent.client));
    let live = connection.prepare_cached(LIVES)?.exists(params![user, client, seconds(now)])?;
    let used = connection.prepare_cached(USED)?.query_row(params![user, client], |row| maybe_time(row, 0))?;
    Ok(Consent { live, last_used: consent.last_used.max(used), ..consent })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Consent> {
    Ok(Consent {
        issuer: issuer(row, 0)?,
        subject: Subject::new(row.get::<_, String>(1)?),
        client: ClientId::new(row.get::<_, String>(2)?),
        scopes: scopes(row, 3)?,
        granted: time(row, 4)?,
        last_used: maybe_time(row, 5)?,
        live: false,
    })
}

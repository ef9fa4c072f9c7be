//! Requests for authorization that wait for their person. Anybody can make one, so
//! their number is bounded: the oldest go first.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::{Seconds, UnixTime};
use crate::oauth::authorize::pending::{MOST_WAITING, Pending};
use crate::oauth::authorize::request::{Back, Prompt, Request, ResponseMode, Said};
use crate::oauth::authorize::store::Sent;
use crate::oauth::pkce::{Challenge, ChallengeMethod};
use crate::store::column::{damaged, digest, issuer, seconds, time};
use crate::token::id::ClientId;
use crate::token::secret::SecretDigest;

/// Keeps a request.
pub fn keep(connection: &Connection, pending: &Pending) -> rusqlite::Result<()> {
    let request = &pending.request;
    let sql = "INSERT INTO pending (number, issuer, browser, client, uri, uri_said, mode, state, scope, challenge,
                                    method, nonce, prompt, login_hint, max_age, stale, expires)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    let row = connection.prepare_cached(sql)?.insert(params![
        pending.number.0,
        pending.issuer.as_str(),
        pending.browser.0,
        request.client.as_str(),
        request.back.uri,
        request.back.said == Said::Yes,
        request.back.mode.as_str(),
        request.back.state,
        request.scope.as_ref().map(|words| words.join(" ")),
        request.challenge.as_ref().map(|challenge| challenge.text.as_str()),
        request.challenge.as_ref().map(|challenge| challenge.method.as_str()),
        request.nonce,
        request.prompt.to_words(),
        request.login_hint,
        request.max_age.map(|age| i64::try_from(age.0).unwrap_or(i64::MAX)),
        pending.stale.map(|stale| stale.0),
        seconds(pending.expires),
    ])?;
    let oldest = row.saturating_sub(i64::try_from(MOST_WAITING).unwrap_or(i64::MAX));
    connection.prepare_cached("DELETE FROM pending WHERE id <= ?1")?.execute([oldest]).map(|_| ())
}

/// Reads a request that still waits.
pub fn find(connection: &Connection, number: SecretDigest, now: UnixTime) -> rusqlite::Result<Option<Pending>> {
    let sql = "SELECT number, issuer, browser, client, uri, uri_said, mode, state, scope, challenge, method, nonce,
                      prompt, login_hint, max_age, stale, expires
               FROM pending WHERE number = ?1 AND expires > ?2";
    connection.prepare_cached(sql)?.query_row(params![number.0, seconds(now)], read).optional()
}

/// Ends a request.
pub fn end(connection: &Connection, number: SecretDigest) -> rusqlite::Result<Sent> {
    let gone = connection.prepare_cached("DELETE FROM pending WHERE number = ?1")?.execute([number.0])?;
    Ok(if gone == 1 { Sent::Done } else { Sent::Gone })
}

/// A challenge from its two columns.
pub fn challenge(row: &Row<'_>, text: usize, method: usize) -> rusqlite::Result<Option<Challenge>> {
    let (Some(text), Some(word)) = (row.get::<_, Option<String>>(text)?, row.get::<_, Option<String>>(method)?) else {
        return Ok(None);
    };
    let method = ChallengeMethod::parse(&word).ok_or_else(|| damaged(method, "a method of PKCE"))?;
    Ok(Some(Challenge { method, text }))
}

/// Whether a URI was named, from its column.
pub fn said(row: &Row<'_>, column: usize) -> rusqlite::Result<Said> {
    Ok(if row.get(column)? { Said::Yes } else { Said::No })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Pending> {
    let (mode, prompt): (String, String) = (row.get(6)?, row.get(12)?);
    let scope: Option<String> = row.get(8)?;
    let stale = row.get::<_, Option<[u8; 32]>>(15)?.map(SecretDigest);
    let request = Request {
        client: ClientId::new(row.get::<_, String>(3)?),
        back: Back {
            uri: row.get(4)?,
            said: said(row, 5)?,
            mode: ResponseMode::parse(&mode).ok_or_else(|| damaged(6, "a response mode"))?,
            state: row.get(7)?,
        },
        scope: scope.map(|words| words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()),
        challenge: challenge(row, 9, 10)?,
        nonce: row.get(11)?,
        prompt: Prompt::parse(&prompt).ok_or_else(|| damaged(12, "a prompt"))?,
        login_hint: row.get(13)?,
        max_age: row.get::<_, Option<i64>>(14)?.map(|age| Seconds(u64::try_from(age).unwrap_or(0))),
    };
    Ok(Pending {
        number: digest(row, 0)?,
        issuer: issuer(row, 1)?,
        browser: digest(row, 2)?,
        request,
        stale,
        expires: time(row, 16)?,
    })
}

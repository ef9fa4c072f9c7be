//! Codes and the one atomic use of each. The order of the questions is the law: a used
//! code is a theft whenever it comes, and kills what the first use made; then the end,
//! then whether what it stands on was called back meanwhile.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::{Seconds, UnixTime};
use crate::oauth::authorize::code::Code;
use crate::oauth::authorize::request::Said;
use crate::oauth::authorize::request::{Back, ResponseMode};
use crate::oauth::authorize::store::{CodeTaken, KeptCode, Redemption};
use crate::oauth::store::StoreError;
use crate::store::column::{digest, issuer, refused, scopes, seconds, time};
use crate::store::pending::{challenge, said};
use crate::store::{consent, family, revocation};
use crate::token::id::{ClientId, Subject, UserName};
use crate::token::secret::SecretDigest;

/// For how long after its end a code is still told from an unknown one.
pub const KEPT: Seconds = Seconds(24 * 3600);

/// Why what a code made is called back, in the log of revocations.
const REPLAY: &str = "code_reuse";

/// Keeps a code that is about to be sent.
pub fn keep(connection: &Connection, code: &Code) -> rusqlite::Result<()> {
    let sql = "INSERT INTO code (digest, issuer, client, uri, uri_said, subject, user, scopes, challenge, method,
                                 nonce, signed_in, issued, expires)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    connection
        .prepare_cached(sql)?
        .execute(params![
            code.digest.0,
            code.issuer.as_str(),
            code.client.as_str(),
            code.back.uri,
            code.back.said == Said::Yes,
            code.subject.as_str(),
            code.user.as_str(),
            code.scopes.to_string(),
            code.challenge.as_ref().map(|challenge| challenge.text.as_str()),
            code.challenge.as_ref().map(|challenge| challenge.method.as_str()),
            code.nonce,
            seconds(code.signed_in),
            seconds(code.issued),
            seconds(code.expires),
        ])
        .map(|_| ())
}

/// Reads a code, used or not.
pub fn find(connection: &Connection, digest: SecretDigest) -> rusqlite::Result<Option<KeptCode>> {
    let sql =
        "SELECT digest, issuer, client, uri, uri_said, subject, user, scopes, challenge, method, nonce, signed_in,
                      issued, expires, used IS NOT NULL
               FROM code WHERE digest = ?1";
    connection.prepare_cached(sql)?.query_row([digest.0], read).optional()
}

/// Uses a code, or says why not. Everything it changes is in one transaction.
pub fn take(connection: &Connection, redemption: &Redemption) -> Result<CodeTaken, StoreError> {
    let Some(kept) = find(connection, redemption.code).map_err(refused)? else { return Ok(CodeTaken::Unknown) };
    if kept.used {
        revocation::record(connection, &redemption.on_replay, REPLAY)?;
        return Ok(CodeTaken::Replayed);
    }
    // Meanwhile its person may have taken back a part of what it carries.
    if !kept.code.scopes.covers(&redemption.family.scopes) {
        return Ok(CodeTaken::Unknown);
    }
    if kept.code.expires <= redemption.now || family::is_covered(connection, &redemption.family).map_err(refused)? {
        return Ok(CodeTaken::Unknown);
    }
    burn(connection, redemption.code, redemption.now).map_err(refused)?;
    let (first, access) = (redemption.refresh.as_ref(), redemption.access.as_ref());
    family::open(connection, &redemption.family, first, access, redemption.sessions)?;
    let code = &kept.code;
    consent::used(connection, (&code.issuer, &code.subject, &code.client), redemption.now).map_err(refused)?;
    Ok(CodeTaken::Fresh)
}

/// Marks a code as used.
pub fn burn(connection: &Connection, digest: SecretDigest, now: UnixTime) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE code SET used = ?2 WHERE digest = ?1 AND used IS NULL")?
        .execute(params![digest.0, seconds(now)])
        .map(|_| ())
}

fn read(row: &Row<'_>) -> rusqlite::Result<KeptCode> {
    let code = Code {
        digest: digest(row, 0)?,
        issuer: issuer(row, 1)?,
        client: ClientId::new(row.get::<_, String>(2)?),
        // How the answer went back matters to nobody any more.
        back: Back { uri: row.get(3)?, said: said(row, 4)?, mode: ResponseMode::Query, state: None },
        subject: Subject::new(row.get::<_, String>(5)?),
        user: UserName::new(row.get::<_, String>(6)?),
        scopes: scopes(row, 7)?,
        challenge: challenge(row, 8, 9)?,
        nonce: row.get(10)?,
        signed_in: time(row, 11)?,
        issued: time(row, 12)?,
        expires: time(row, 13)?,
    };
    Ok(KeptCode { code, used: row.get(14)? })
}

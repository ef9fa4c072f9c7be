//! Sessions in the store. A session is looked for by the digest of its secret, listed by
//! its user, and swept once it is past its end. Ending one deletes its row: what is not
//! there is not signed in.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::clock::UnixTime;
use crate::oauth::session::{MAX_SESSIONS, Session, SessionId, SessionStore, Which};
use crate::oauth::store::StoreError;
use crate::store::column::{damaged, digest, handle_bytes, issuer, refused, seconds, time};
use crate::store::database::Store;
use crate::store::revocation;
use crate::token::handle::Handle;
use crate::token::id::{IssuerName, Subject, UserName};
use crate::token::secret::SecretDigest;

/// The columns, in the order in which `read` takes them.
const COLUMNS: &str = "name, digest, issuer, subject, user, began, seen, ends, expires, agent, address";

impl SessionStore for Store {
    async fn begin_session(&self, session: Session) -> Result<(), StoreError> {
        self.write(move |connection| begin(connection, &session)).await
    }

    async fn find_session(
        &self,
        issuer: &IssuerName,
        digest: SecretDigest,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError> {
        let issuer = issuer.clone();
        let sql = format!("SELECT {COLUMNS} FROM session WHERE digest = ?1 AND issuer = ?2 AND ends > ?3");
        self.read(move |connection| {
            let bound = params![digest.0, issuer.as_str(), seconds(now)];
            connection.prepare_cached(&sql).and_then(|mut s| s.query_row(bound, read).optional()).map_err(refused)
        })
        .await
    }

    async fn keep_session(&self, id: SessionId, seen: UnixTime, ends: UnixTime) -> Result<(), StoreError> {
        // A clock that was set back must not shorten what was promised.
        let sql = "UPDATE session SET seen = max(seen, ?2), ends = max(ends, ?3) WHERE name = ?1";
        self.write(move |connection| {
            let bound = params![id.0, seconds(seen), seconds(ends)];
            connection.prepare_cached(sql).and_then(|mut s| s.execute(bound)).map(|_| ()).map_err(refused)
        })
        .await
    }

    async fn sessions_of(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        now: UnixTime,
    ) -> Result<Vec<Session>, StoreError> {
        let user = handle_bytes(Handle::of_user(issuer, subject));
        let sql =
            format!("SELECT {COLUMNS} FROM session WHERE user_handle = ?1 AND ends > ?2 ORDER BY seen DESC, id DESC");
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql).map_err(refused)?;
            let rows = statement.query_map(params![user, seconds(now)], read).map_err(refused)?;
            rows.collect::<rusqlite::Result<_>>().map_err(refused)
        })
        .await
    }

    async fn end_sessions(&self, issuer: &IssuerName, subject: &Subject, which: Which) -> Result<usize, StoreError> {
        let user = handle_bytes(Handle::of_user(issuer, subject));
        let (sql, id) = match which {
            Which::One(id) => ("DELETE FROM session WHERE user_handle = ?1 AND name = ?2", id),
            Which::Others(id) => ("DELETE FROM session WHERE user_handle = ?1 AND name <> ?2", id),
        };
        self.write(move |connection| {
            connection.prepare_cached(sql).and_then(|mut s| s.execute(params![user, id.0])).map_err(refused)
        })
        .await
    }
}

/// Ends the sessions of a user that began at `until` or before.
pub fn end_called_back(connection: &Connection, user: Handle, until: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM session WHERE user_handle = ?1 AND began <= ?2")?
        .execute(params![handle_bytes(user), until])
        .map(|_| ())
}

/// Deletes sessions past their end, at most `rows` of them; how many.
pub fn sweep(connection: &Connection, before: i64, rows: i64) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE ends <= ?1 LIMIT ?2)";
    connection.prepare_cached(sql)?.execute(params![before, rows])
}

fn begin(connection: &Connection, session: &Session) -> Result<(), StoreError> {
    let user = Handle::of_user(&session.issuer, &session.subject);
    let handles = [user, Handle::of_issuer(&session.issuer)];
    if revocation::covers(connection, &handles, session.began).map_err(refused)? {
        return Err(StoreError { detail: "the user was called back while he signed in".to_owned() });
    }
    insert(connection, session, user).map_err(refused)
}

fn insert(connection: &Connection, session: &Session, user: Handle) -> rusqlite::Result<()> {
    let room = "DELETE FROM session WHERE id IN
                  (SELECT id FROM session WHERE user_handle = ?1 ORDER BY seen DESC, id DESC LIMIT -1 OFFSET ?2)";
    let keep = i64::try_from(MAX_SESSIONS).unwrap_or(i64::MAX) - 1;
    connection.prepare_cached(room)?.execute(params![handle_bytes(user), keep])?;
    let sql = "INSERT INTO session (name, digest, issuer, subject, user, began, seen, ends, expires, agent, address,
                                    user_handle)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    connection
        .prepare_cached(sql)?
        .execute(params![
            session.id.0,
            session.digest.0,
            session.issuer.as_str(),
            session.subject.as_str(),
            session.user.as_str(),
            seconds(session.began),
            seconds(session.seen),
            seconds(session.ends),
            seconds(session.expires),
            session.agent,
            session.address.to_string(),
            handle_bytes(user),
        ])
        .map(|_| ())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Session> {
    let address: String = row.get(10)?;
    Ok(Session {
        id: SessionId(row.get(0)?),
        digest: digest(row, 1)?,
        issuer: issuer(row, 2)?,
        subject: Subject::new(row.get::<_, String>(3)?),
        user: UserName::new(row.get::<_, String>(4)?),
        began: time(row, 5)?,
        seen: time(row, 6)?,
        ends: time(row, 7)?,
        expires: time(row, 8)?,
        agent: row.get(9)?,
        address: address.parse().map_err(|_| damaged(10, "an address"))?,
    })
}

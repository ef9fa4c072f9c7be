//! The numbered log of changes that the command line makes beside a running gateway.
//! Written in the same transaction as the change itself, so a follower that has
//! read it will also see the change. Never holds a secret: who, what, which name.

use rusqlite::{Connection, params};

use crate::clock::UnixTime;
use crate::oauth::store::StoreError;
use crate::store::column::{damaged, issuer, refused, seconds};
use crate::token::id::IssuerName;

/// What kind of thing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Topic {
    /// A bot of a client.
    Bot,
    /// A client or its secrets.
    Client,
    /// A user.
    User,
    /// An issuer's signing keys.
    Keys,
    /// A revocation by the operator; the log of revocations has the notice itself.
    Revocation,
}

impl Topic {
    const ALL: [Topic; 5] = [Topic::Bot, Topic::Client, Topic::User, Topic::Keys, Topic::Revocation];

    /// The word in the store and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::Bot => "bot",
            Topic::Client => "client",
            Topic::User => "user",
            Topic::Keys => "keys",
            Topic::Revocation => "revocation",
        }
    }

    fn parse(word: &str) -> Option<Topic> {
        Topic::ALL.into_iter().find(|t| t.as_str() == word)
    }
}

/// One row of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Its number.
    pub seq: i64,
    /// What kind of thing.
    pub topic: Topic,
    /// Of which issuer.
    pub issuer: IssuerName,
    /// The client's id, the user's name, the key's id, or what was called back.
    pub name: String,
    /// What was done, such as `added` or `secret rotated`.
    pub action: String,
    /// Who did it.
    pub actor: String,
}

/// Who changes something, and when.
#[derive(Clone, Debug)]
pub struct By {
    /// For the audit log: `gateway`, or `cli` with the user id.
    pub actor: String,
    /// The present moment.
    pub now: UnixTime,
}

/// What became of a change to one named thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Done and durable.
    Done,
    /// There is none of that name.
    Missing,
    /// There is one of that name already.
    Exists,
}

/// Writes one row, in the transaction of the change.
pub fn note(
    connection: &Connection,
    topic: Topic,
    issuer: &IssuerName,
    name: &str,
    action: &str,
    by: &By,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO change (topic, issuer, name, action, actor, recorded) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection
        .prepare_cached(sql)
        .and_then(|mut s| s.execute(params![topic.as_str(), issuer.as_str(), name, action, by.actor, seconds(by.now)]))
        .map(|_| ())
        .map_err(refused)
}

/// Rows after number `after`, in order, at most `limit`.
pub fn after(connection: &Connection, after: i64, limit: usize) -> rusqlite::Result<Vec<Change>> {
    let sql = "SELECT seq, topic, issuer, name, action, actor FROM change WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Change {
            seq: row.get(0)?,
            topic: Topic::parse(&row.get::<_, String>(1)?).ok_or_else(|| damaged(1, "a topic"))?,
            issuer: issuer(row, 2)?,
            name: row.get(3)?,
            action: row.get(4)?,
            actor: row.get(5)?,
        })
    };
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(params![after, i64::try_from(limit).unwrap_or(i64::MAX)], read)?.collect()
}

//! Reading the numbered logs: all of the revocations once, at start, then whatever
//! comes after. `Tail` asks SQLite whether anybody committed anything at all before
//! it reads, so an idle gateway that looks five times a second costs nothing.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::clock::UnixTime;
use crate::oauth::store::StoreError;
use crate::revocation::narrowing::Narrowing;
use crate::revocation::notice::Notice;
use crate::store::change::{self, Change};
use crate::store::column::{damaged, handle, maybe_time, refused, seconds, time};
use crate::store::database::Store;
use crate::store::narrowing;
use crate::store::revocation::{self, Entry};
use crate::token::handle::HandleKind;
use crate::token::id::IssuerName;

/// Rows handed over at once; a follower that is further behind comes again.
const BATCH: usize = 10_000;

/// How far the two logs were read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cursor {
    /// The last revocation.
    pub revocations: i64,
    /// The last change.
    pub changes: i64,
    /// The last narrowed family.
    pub narrowings: i64,
}

/// What was committed since the last look.
#[derive(Debug, Default)]
pub struct News {
    /// Revocations, in order.
    pub revocations: Vec<Entry>,
    /// Changes, in order.
    pub changes: Vec<Change>,
    /// Narrowed families, in order.
    pub narrowings: Vec<Narrowing>,
}

impl News {
    /// True when there is nothing.
    pub fn is_empty(&self) -> bool {
        self.revocations.is_empty() && self.changes.is_empty() && self.narrowings.is_empty()
    }
}

/// A reader of what comes next.
#[derive(Debug)]
pub struct Tail {
    store: Store,
    connection: Option<Connection>,
    /// SQLite's count of commits at the last look that found nothing more.
    version: Option<i64>,
    cursor: Cursor,
}

impl Tail {
    /// What was committed after the cursor, a batch at most. Waits for the disk: for
    /// a thread of its own. After an error the next call starts with a new
    /// connection, and no row is lost.
    pub fn news(&mut self) -> Result<News, StoreError> {
        let outcome = self.read();
        if outcome.is_err() {
            self.connection = None;
            self.version = None;
        }
        outcome
    }

    fn read(&mut self) -> Result<News, StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            empty => empty.insert(self.store.connection()?),
        };
        // Asked before the rows are: a commit in between is seen twice, never missed.
        let version = connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut s| s.query_row([], |row| row.get(0)))
            .map_err(refused)?;
        if self.version == Some(version) {
            return Ok(News::default());
        }
        let mut news = News::default();
        let keep = |entry| news.revocations.push(entry);
        revocation::each_after(connection, self.cursor.revocations, BATCH, keep).map_err(refused)?;
        news.changes = change::after(connection, self.cursor.changes, BATCH).map_err(refused)?;
        let narrowed = narrowing::after(connection, self.cursor.narrowings, BATCH).map_err(refused)?;
        self.cursor.narrowings = narrowed.last().map_or(self.cursor.narrowings, |(seq, _)| *seq);
        news.narrowings = narrowed.into_iter().map(|(_, narrowing)| narrowing).collect();
        if news.is_empty() {
            self.version = Some(version);
        }
        self.cursor.revocations = news.revocations.last().map_or(self.cursor.revocations, |e| e.seq);
        self.cursor.changes = news.changes.last().map_or(self.cursor.changes, |c| c.seq);
        Ok(news)
    }
}

impl Store {
    /// Hands every revocation that still matters at `now` to `each`, and says from
    /// where to follow. The two belong to one moment: nothing falls in between.
    pub fn load_revocations(&self, now: UnixTime, each: impl FnMut(Notice)) -> Result<Cursor, StoreError> {
        let mut connection = self.connection()?;
        let moment = connection.transaction().map_err(refused)?;
        load(&moment, now, each).map_err(refused)
    }

    /// Hands every row of the log of revocations to `each`, in order.
    pub fn each_revocation(&self, each: impl FnMut(Entry)) -> Result<(), StoreError> {
        revocation::each_after(&self.connection()?, 0, usize::MAX, each).map_err(refused)
    }

    /// A reader of what comes after `cursor`.
    pub fn tail(&self, cursor: Cursor) -> Tail {
        Tail { store: self.clone(), connection: None, version: None, cursor }
    }
}

fn load(moment: &Connection, now: UnixTime, mut each: impl FnMut(Notice)) -> rusqlite::Result<Cursor> {
    let last = |sql| moment.query_row(sql, [], |row| row.get(0));
    let cursor = Cursor {
        revocations: last("SELECT coalesce(max(seq), 0) FROM revocation")?,
        changes: last("SELECT coalesce(max(seq), 0) FROM change")?,
        narrowings: last("SELECT coalesce(max(seq), 0) FROM narrowing")?,
    };
    // In the order of the file, which is the fastest: most rows are still wanted.
    let sql = "SELECT kind, issuer, handle, issued_before, until FROM revocation NOT INDEXED WHERE until > ?1";
    let mut statement = moment.prepare(sql)?;
    let mut rows = statement.query([seconds(now)])?;
    let mut issuer = IssuerName::new("");
    while let Some(row) = rows.next()? {
        let word = |column| match row.get_ref(column) {
            Ok(ValueRef::Text(text)) => std::str::from_utf8(text).map_err(|_| damaged(column, "a text")),
            _ => Err(damaged(column, "a text")),
        };
        // Millions of rows name a handful of issuers: one name serves a run of rows.
        if issuer.as_str() != word(1)? {
            issuer = IssuerName::new(word(1)?);
        }
        each(Notice {
            kind: HandleKind::parse(word(0)?).ok_or_else(|| damaged(0, "a kind of handle"))?,
            issuer: issuer.clone(),
            handle: handle(row, 2)?,
            issued_before: maybe_time(row, 3)?,
            until: time(row, 4)?,
        });
    }
    Ok(cursor)
}

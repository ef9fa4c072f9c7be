//! The store's handle: opened once, cloned freely. It owns the writer's thread, the
//! readers and the caches, and offers the rest of this folder two verbs, `write` and
//! `read`, each for futures and for threads. Dropping the last clone finishes what
//! is queued.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::oauth::store::StoreError;
use crate::store::column::refused;
use crate::store::connection::{Purpose, connect, use_wal};
use crate::store::directory::Caches;
use crate::store::folder::{Demand, prepare};
use crate::store::open_error::OpenError;
use crate::store::reader::Readers;
use crate::store::schema::{explain, migrate};
use crate::store::task::{Extent, Piece, Sent, Waiter};
use crate::store::usage::Usage;
use crate::store::vault::Vault;
use crate::store::writer::{WriteCounts, Writer};

/// What has happened, durably: grants, revocations, clients, users, keys.
#[derive(Clone)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    writer: Writer,
    readers: Readers,
    database: PathBuf,
    pub(super) caches: Caches,
    pub(super) usage: Usage,
    pub(super) vault: Vault,
}

impl Store {
    /// Opens the state folder, making folder and database if they are missing.
    /// `key` is the store key under which private keys are sealed; without one the
    /// folder must be 0700 and its files 0600. On `Err` nothing was written over.
    pub fn open(folder: &Path, key: Option<&[u8; 32]>) -> Result<Store, OpenError> {
        let demand = if key.is_some() { Demand::Any } else { Demand::Closed };
        let database = prepare(folder, demand)?;
        let failed = |e| explain(e, &database);
        bring_up_to_date(&database)?;
        let mut connection = connect(&database, Purpose::Write).map_err(failed)?;
        use_wal(&connection).map_err(failed)?;
        let vault = Vault::open(&mut connection, &database, key)?;
        let writer = Writer::start(connection).map_err(|source| OpenError::Io {
            what: "cannot start the writer for",
            path: database.clone(),
            source,
        })?;
        let readers = Readers::new(&database);
        let (caches, usage) = (Caches::default(), Usage::default());
        Ok(Store { inner: Arc::new(Inner { writer, readers, database, caches, usage, vault }) })
    }

    /// What the writer has done since the start, for metrics.
    pub fn write_counts(&self) -> Arc<WriteCounts> {
        Arc::clone(self.inner.writer.counts())
    }

    /// A connection of its own for the calling thread, which may wait for the disk.
    pub(super) fn connection(&self) -> Result<Connection, StoreError> {
        connect(&self.inner.database, Purpose::Read).map_err(refused)
    }

    /// Runs `work` in the writer's next transaction; resolves when it is durable. It is
    /// queued at once, and to be awaited at once: others may hear of theirs by it.
    pub(super) fn write<T, W>(&self, work: W) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let queued = self.inner.writer.offer(Piece::new(Extent::Several, work, Waiter::here(sender)));
        answer(queued, receiver)
    }

    /// The same for work that writes by one statement and as its last act, which needs no
    /// savepoint.
    pub(super) fn write_once<T, W>(&self, work: W) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let queued = self.inner.writer.offer(Piece::new(Extent::Statement, work, Waiter::here(sender)));
        answer(queued, receiver)
    }

    /// Runs `work` on a reader.
    pub(super) fn read<T, W>(&self, work: W) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let queued = self.inner.readers.offer(Piece::new(Extent::Several, work, Waiter::here(sender)));
        answer(queued, receiver)
    }

    /// As `write`, for a thread that may block.
    pub(super) fn write_now<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.inner.writer.push(Piece::new(Extent::Several, work, Waiter::Thread(sender)))?;
        receiver.recv().unwrap_or_else(|_| Err(ended()))
    }
}

/// Migrates the file, over a connection and on a thread of their own. The steps fill most of a
/// megabyte with pages; the C allocator gives that back only where nothing that stays was
/// allocated behind it.
fn bring_up_to_date(database: &Path) -> Result<(), OpenError> {
    let steps = || {
        let mut connection = connect(database, Purpose::Write).map_err(|e| explain(e, database))?;
        migrate(&mut connection, database)
    };
    let outcome = std::thread::scope(|scope| scope.spawn(steps).join());
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.inner.database.display())
    }
}

async fn answer<T>(queued: Result<(), StoreError>, receiver: oneshot::Receiver<Sent<T>>) -> Result<T, StoreError> {
    queued?;
    let (answer, rest) = receiver.await.map_err(|_| ended())?;
    drop(rest);
    answer
}

fn ended() -> StoreError {
    StoreError { detail: "the store has ended".to_owned() }
}

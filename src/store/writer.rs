//! The one writer. It takes whatever is queued, runs each piece, in a savepoint of its
//! own unless it is one statement, inside one transaction, commits once (one sync of the
//! disk for all) and only then answers: one waiter of each thread, who answers the others
//! of his. So a hundred waiting clients cost one sync and a wake-up or two, and nobody
//! hears "done" before it is on the disk.
//! Must never: answer before the commit, or let one failed piece undo another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Instant;

use rusqlite::Connection;

use crate::oauth::store::StoreError;
use crate::store::column::refused;
use crate::store::task::{Extent, Rest, Task};

/// Pieces in one transaction at most.
const BATCH: usize = 256;

/// Pieces that may wait; with more the caller gets an error (503 to his client).
const QUEUE: usize = 4096;

/// What the writer has done since the start.
#[derive(Debug, Default)]
pub struct WriteCounts {
    /// Pieces of work tried.
    pub pieces: AtomicU64,
    /// Transactions committed.
    pub commits: AtomicU64,
    /// Microseconds spent in transactions, commits included.
    pub busy_micros: AtomicU64,
    /// Pieces that failed, by themselves or with their commit.
    pub failures: AtomicU64,
}

/// The queue in front of the writer's thread. Dropping it finishes what is queued.
pub struct Writer {
    queue: Option<SyncSender<Box<dyn Task>>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<WriteCounts>,
}

impl Writer {
    /// Starts the thread on its own connection.
    pub fn start(connection: Connection) -> std::io::Result<Writer> {
        let (queue, work) = sync_channel(QUEUE);
        let counts = Arc::new(WriteCounts::default());
        let seen = Arc::clone(&counts);
        let thread =
            thread::Builder::new().name("store-writer".to_owned()).spawn(move || run(&connection, &work, &seen))?;
        Ok(Writer { queue: Some(queue), thread: Some(thread), counts })
    }

    /// Queues a piece, or fails at once when the queue is full.
    pub fn offer(&self, task: Box<dyn Task>) -> Result<(), StoreError> {
        let sent = match &self.queue {
            Some(queue) => queue.try_send(task),
            None => Err(TrySendError::Disconnected(task)),
        };
        sent.map_err(|error| match error {
            TrySendError::Full(_) => StoreError { detail: format!("{QUEUE} writes are waiting already") },
            TrySendError::Disconnected(_) => gone(),
        })
    }

    /// Queues a piece, waiting for room; for threads, never for a worker.
    pub fn push(&self, task: Box<dyn Task>) -> Result<(), StoreError> {
        self.queue.as_ref().ok_or_else(gone)?.send(task).map_err(|_| gone())
    }

    /// What has been done so far.
    pub fn counts(&self) -> &Arc<WriteCounts> {
        &self.counts
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so on standard error.
            drop(thread.join());
        }
    }
}

fn gone() -> StoreError {
    StoreError { detail: "the store's writer has ended".to_owned() }
}

fn run(connection: &Connection, work: &Receiver<Box<dyn Task>>, counts: &WriteCounts) {
    while let Ok(first) = work.recv() {
        let began = Instant::now();
        transact(connection, std::iter::once(first).chain(work.try_iter()).take(BATCH), counts);
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        counts.busy_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

fn transact(connection: &Connection, batch: impl Iterator<Item = Box<dyn Task>>, counts: &WriteCounts) {
    let mut outcome = command(connection, "BEGIN IMMEDIATE");
    let mut waiting = Vec::new();
    for mut task in batch {
        counts.pieces.fetch_add(1, Ordering::Relaxed);
        if outcome.is_ok() {
            outcome = attempt(connection, &mut *task, counts);
        }
        waiting.push(task);
    }
    if outcome.is_ok() {
        outcome = command(connection, "COMMIT");
    }
    match &outcome {
        Ok(()) => counts.commits.fetch_add(1, Ordering::Relaxed),
        Err(_) => counts.failures.fetch_add(waiting.len() as u64, Ordering::Relaxed),
    };
    if outcome.is_err() && !connection.is_autocommit() {
        // If even this fails the next BEGIN says so to its waiters.
        drop(command(connection, "ROLLBACK"));
    }
    settle(waiting, &outcome);
}

/// Answers everybody: one of each thread, and by him the others.
fn settle(waiting: Vec<Box<dyn Task>>, kept: &Result<(), StoreError>) {
    let mut threads: Vec<(ThreadId, Box<dyn Task>, Rest)> = Vec::new();
    for task in waiting {
        let Some(home) = task.home() else {
            task.settle(kept.clone(), Rest::default());
            continue;
        };
        match threads.iter_mut().find(|(thread, ..)| *thread == home) {
            Some((_, _, rest)) => rest.tasks.push(task),
            None => threads.push((home, task, Rest { tasks: Vec::new(), kept: Some(kept.clone()) })),
        }
    }
    for (_, first, rest) in threads {
        first.settle(kept.clone(), rest);
    }
}

/// Runs one piece, in its savepoint if it needs one. `Err` only when the whole
/// transaction is lost: some errors, a full disk among them, make SQLite roll everything
/// back.
fn attempt(connection: &Connection, task: &mut dyn Task, counts: &WriteCounts) -> Result<(), StoreError> {
    let extent = task.extent();
    if extent == Extent::Several {
        command(connection, "SAVEPOINT piece")?;
    }
    let done = task.attempt(connection);
    if done.is_err() {
        counts.failures.fetch_add(1, Ordering::Relaxed);
        if connection.is_autocommit() {
            return done;
        }
    }
    match (extent, done) {
        (Extent::Statement, _) => Ok(()),
        (Extent::Several, Ok(())) => command(connection, "RELEASE piece"),
        (Extent::Several, Err(_)) => {
            command(connection, "ROLLBACK TO piece")?;
            command(connection, "RELEASE piece")
        }
    }
}

fn command(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql).and_then(|mut s| s.raw_execute()).map(|_| ()).map_err(refused)
}

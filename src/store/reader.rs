//! Readers: a few threads with a connection each, so that no async thread ever waits
//! for the disk and no number of callers opens more files. Started at the first
//! read; a gateway whose tokens are all self-contained never has them.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use crate::oauth::store::StoreError;
use crate::store::column::refused;
use crate::store::connection::{Purpose, connect};
use crate::store::task::{Rest, Task};

/// Reads at once.
const READERS: usize = 4;

/// Reads that may wait; with more the caller gets an error (503 to his client).
const QUEUE: usize = 4096;

/// The queue in front of the readers.
pub struct Readers {
    path: PathBuf,
    started: Mutex<Option<Started>>,
}

struct Started {
    queue: SyncSender<Box<dyn Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Readers of the database at `path`, none of them started.
    pub fn new(path: &Path) -> Readers {
        Readers { path: path.to_owned(), started: Mutex::new(None) }
    }

    /// Queues a read, or fails at once when the queue is full.
    pub fn offer(&self, task: Box<dyn Task>) -> Result<(), StoreError> {
        let mut started = self.started.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let started = match &mut *started {
            Some(started) => started,
            empty => empty.insert(start(&self.path)?),
        };
        started.queue.try_send(task).map_err(|error| match error {
            TrySendError::Full(_) => StoreError { detail: format!("{QUEUE} reads are waiting already") },
            TrySendError::Disconnected(_) => StoreError { detail: "the store's readers have ended".to_owned() },
        })
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        let started = self.started.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(Started { queue, threads }) = started.take() {
            drop(queue);
            for thread in threads {
                // A thread that panicked has said so on standard error.
                drop(thread.join());
            }
        }
    }
}

fn start(path: &Path) -> Result<Started, StoreError> {
    let (queue, work) = sync_channel(QUEUE);
    let work = Arc::new(Mutex::new(work));
    let mut threads = Vec::with_capacity(READERS);
    for number in 0..READERS {
        let connection = connect(path, Purpose::Read).map_err(refused)?;
        let work = Arc::clone(&work);
        let thread = thread::Builder::new()
            .name(format!("store-reader-{number}"))
            .spawn(move || run(&connection, &work))
            .map_err(|e| StoreError { detail: format!("cannot start a reader: {e}") })?;
        threads.push(thread);
    }
    Ok(Started { queue, threads })
}

fn run(connection: &Connection, work: &Mutex<Receiver<Box<dyn Task>>>) {
    loop {
        // The lock is held while waiting: one reader waits for work, the others for
        // their turn to wait; whoever gets work lets go before doing it.
        let next = work.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).recv();
        let Ok(mut task) = next else { return };
        let outcome = task.attempt(connection);
        task.settle(outcome, Rest::default());
    }
}

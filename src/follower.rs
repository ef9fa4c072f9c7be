//! Carries what other processes wrote into this one: revocations into the list,
//! changes of clients and users out of the caches, changes of keys and all of them
//! to who asked. One thread of its own, because it waits for the disk; it also does
//! the store's housekeeping. When the store cannot be read, `last_read` stands still,
//! and whoever decides on requests can see how old his knowledge is.
//! Must never: skip a row, or say it has read what it has not applied.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::clock::{Clock, Seconds, UnixTime};
use crate::oauth::store::StoreError;
use crate::revocation::list::List;
use crate::store::Store;
use crate::store::change::Change;
use crate::store::tail::{Cursor, Tail};

/// Between two looks; an idle look asks SQLite for one number.
const PAUSE: Duration = Duration::from_millis(200);

/// Between two rounds of housekeeping.
const HOUSEKEEPING: Seconds = Seconds(60);

/// What happens with the news, and with what goes wrong. Called on the follower's
/// thread, in the order of the log; must return soon.
pub trait Listener: Send {
    /// A change by the command line or another gateway: for the audit log, and for
    /// `Topic::Keys` to make the issuer's ring again.
    fn changed(&mut self, change: &Change);

    /// About once a minute: age of keys and the like.
    fn minute(&mut self, now: UnixTime);

    /// The store could not be read or swept; it is tried again. Not called again
    /// until it has worked in between.
    fn failed(&mut self, error: &StoreError);
}

/// The running thread. Dropping it ends and awaits it.
#[derive(Debug)]
pub struct Follower {
    last_read: Arc<AtomicU64>,
    bell: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Follows the store from `cursor`, where `Store::load_revocations` stopped. Into
    /// `last_read` goes when the store was last read, in Unix seconds.
    pub fn start(
        store: &Store,
        cursor: Cursor,
        list: Arc<List>,
        last_read: Arc<AtomicU64>,
        listener: Box<dyn Listener>,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Follower> {
        let now = clock.now();
        last_read.store(now.0, Ordering::Release);
        let (bell, rung) = sync_channel(1);
        let mut rounds = Rounds {
            store: store.clone(),
            tail: store.tail(cursor),
            list,
            listener,
            clock,
            last_read: Arc::clone(&last_read),
            swept: now,
            failing: false,
        };
        let thread = thread::Builder::new().name("store-follower".to_owned()).spawn(move || rounds.run(&rung))?;
        Ok(Follower { last_read, bell: Some(bell), thread: Some(thread) })
    }

    /// How old the knowledge is.
    pub fn staleness(&self, now: UnixTime) -> Seconds {
        now.since(UnixTime(self.last_read.load(Ordering::Acquire)))
    }

    /// Makes it look at once instead of after the pause.
    pub fn ring(&self) {
        if let Some(bell) = &self.bell {
            // A full bell has been rung already.
            let _full = bell.try_send(());
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.bell = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so on standard error.
            drop(thread.join());
        }
    }
}

struct Rounds {
    store: Store,
    tail: Tail,
    list: Arc<List>,
    listener: Box<dyn Listener>,
    clock: Arc<dyn Clock>,
    last_read: Arc<AtomicU64>,
    swept: UnixTime,
    failing: bool,
}

impl Rounds {
    fn run(&mut self, rung: &Receiver<()>) {
        while rung.recv_timeout(PAUSE) != Err(RecvTimeoutError::Disconnected) {
            let outcome = self.round();
            if let Err(error) = &outcome
                && !self.failing
            {
                self.listener.failed(error);
            }
            self.failing = outcome.is_err();
        }
        // The last minutes of use; if it fails the operator loses only those.
        drop(self.store.flush_usage());
    }

    fn round(&mut self) -> Result<(), StoreError> {
        // The moment before the read: what is committed after it is not claimed.
        let now = self.clock.now();
        while self.catch_up()? {}
        self.last_read.store(now.0, Ordering::Release);
        if now.since(self.swept) >= HOUSEKEEPING || now < self.swept {
            self.swept = now;
            self.listener.minute(now);
            self.list.forget(now);
            self.store.flush_usage()?;
            self.store.sweep(now)?;
        }
        Ok(())
    }

    /// Applies one batch; `false` when there was none.
    fn catch_up(&mut self) -> Result<bool, StoreError> {
        let news = self.tail.news()?;
        self.list.extend(news.revocations.iter().map(|entry| &entry.notice));
        for narrowing in &news.narrowings {
            self.list.narrow(narrowing);
        }
        for change in &news.changes {
            self.store.forget_changed(change);
            self.listener.changed(change);
        }
        Ok(!news.is_empty())
    }
}

#[cfg(test)]
mod tests;

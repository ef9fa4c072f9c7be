//! The HTTP/2 connections of one worker to one server. A request gets its place on the
//! least busy one; a further connection is made only when all are full.
//! Must never: keep one that has ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::edge::upstream::http2::session::{Place, Session};
use crate::edge::worker::pulse::Tick;
use crate::snapshot::upstream::Protocol;

/// All of them.
#[derive(Debug, Default)]
pub struct Sessions {
    list: Mutex<Vec<Session>>,
    /// How many they are, at least: where there is none, nobody looks further.
    some: AtomicUsize,
    /// Connections that are being made.
    coming: AtomicUsize,
}

impl Sessions {
    /// A place on the least busy connection that has one.
    pub fn seat(&self) -> Option<Place> {
        if self.some.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut sessions = self.lock();
        sessions.retain(|session| !session.is_over());
        let mut by_load: Vec<&Session> = sessions.iter().collect();
        by_load.sort_by_key(|session| session.streams());
        by_load.into_iter().find_map(Session::seat)
    }

    /// One more connection, with a place on it for whoever made it.
    pub fn add(&self, session: Session) -> Option<Place> {
        let seat = session.seat();
        let mut sessions = self.lock();
        sessions.push(session);
        self.some.store(sessions.len(), Ordering::Relaxed);
        seat
    }

    /// Lets go of all: each ends when its last request has.
    pub fn retire(&self) {
        let mut sessions = self.lock();
        sessions.clear();
        self.some.store(0, Ordering::Relaxed);
    }

    /// Lets go of those that have had nothing to do for `limit`; whether any is left.
    pub fn sweep(&self, now: Tick, limit: Duration) -> bool {
        let mut sessions = self.lock();
        sessions.retain(|session| !session.is_over() && !session.is_idle(now, limit));
        self.some.store(sessions.len(), Ordering::Relaxed);
        !sessions.is_empty()
    }

    /// Whether one is being made: who needs a place waits for it.
    pub fn is_coming(&self) -> bool {
        self.coming.load(Ordering::Relaxed) > 0
    }

    /// One is being made, if `protocol` may make one, until what comes back is dropped;
    /// then those who wait at `bell` look again.
    pub fn expect<'a>(&'a self, protocol: Protocol, bell: &'a Notify) -> Option<Coming<'a>> {
        (protocol != Protocol::Http1).then(|| {
            self.coming.fetch_add(1, Ordering::Relaxed);
            Coming { sessions: self, bell }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Session>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on its way that will carry many requests: who needs one meanwhile waits
/// for it instead of making his own.
#[derive(Debug)]
pub struct Coming<'a> {
    sessions: &'a Sessions,
    bell: &'a Notify,
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        self.sessions.coming.fetch_sub(1, Ordering::Relaxed);
        self.bell.notify_one();
    }
}

//! The HTTP/2 connections of one worker to one server. A request gets its place on the
//! least busy one; a further connection is made only when all are full.
//! Must never: keep one that has ended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::edge::upstream::http2::session::{Seat, Session};

/// All of them.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<Vec<Session>>);

impl Sessions {
    /// A place on the least busy connection that has one.
    pub fn seat(&self) -> Option<Seat> {
        let mut sessions = self.lock();
        sessions.retain(|session| !session.is_over());
        let mut by_load: Vec<&Session> = sessions.iter().collect();
        by_load.sort_by_key(|session| session.streams());
        by_load.into_iter().find_map(Session::seat)
    }

    /// One more connection, with a place on it for whoever made it.
    pub fn add(&self, session: Session) -> Option<Seat> {
        let seat = session.seat();
        self.lock().push(session);
        seat
    }

    /// Lets go of all: each ends when its last request has.
    pub fn retire(&self) {
        self.lock().clear();
    }

    /// Lets go of those with nothing to do.
    pub fn sweep(&self) {
        self.lock().retain(|session| session.streams() > 0 && !session.is_over());
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Answers that their caller does not take. In HTTP/2 every stream has a window of its
//! own, so a caller may leave one answer untaken while the connection is well, and the
//! socket's time-out never sees it. There each stream's piece is timed (`http2/lives.rs`),
//! and since he may leave all of them untaken at once, each has the smaller pieces in hand
//! the more there are, so that a connection's memory is bounded and not only a stream's.
//! Must never: count the time in which the backend or we are the slow ones.

use std::cell::Cell;

use crate::edge::body::room;

/// What is timed of an answer at once, so that a slow caller who goes on taking is seen
/// to: he needs 2 KiB/s at the default limit of 30 s.
pub(in crate::edge) const PIECE: usize = 64 * 1024;

/// What the answers of one connection have in hand together, up to a hundred and
/// twenty-eight of them.
pub const IN_HAND: usize = 2 * 1024 * 1024;

/// The least that one answer may have in hand: smaller pieces would cost more than they save.
pub const LEAST_SHARE: usize = 16 * 1024;

/// So many answers may each have a thread's whole room in hand, and the rest of another.
const FEW: usize = IN_HAND / room::SIZE;

thread_local! {
    /// The streams of the HTTP/2 connection that is being looked at; 0: there is none.
    static COMPANY: Cell<usize> = const { Cell::new(0) };
}

/// While it lives, what is asked on this thread is asked for one of so many streams.
pub(in crate::edge) struct Company(usize);

/// The streams of a connection that is looked at.
pub(in crate::edge) fn company(streams: usize) -> Company {
    Company(COMPANY.replace(streams))
}

impl Drop for Company {
    fn drop(&mut self) {
        COMPANY.set(self.0);
    }
}

/// Bytes of its answer that the present stream may have in hand; `None`: as many as are read
/// at once, since its connection has few answers under way, or one as in HTTP/1.1.
pub(in crate::edge) fn share() -> Option<usize> {
    let streams = COMPANY.get();
    (streams > FEW).then(|| (IN_HAND / streams).max(LEAST_SHARE))
}

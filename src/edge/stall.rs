//! Answers that their caller does not take. In HTTP/2 every stream has a window of its
//! own, so a caller may leave one answer untaken while the connection is well, and the
//! socket's time-out never sees it. Here each stream's task is timed: once a piece of
//! the answer was handed over, the caller must have taken it before the limit. And since
//! he may leave all of them untaken at once, each has the smaller pieces in hand the more
//! there are, so that a connection's memory is bounded and not only a stream's.
//! Must never: count the time in which the backend or we are the slow ones.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::futures::TaskLocalFuture;

use crate::edge::pulse::Pulse;
use crate::edge::room;
use crate::edge::worker::Worker;

/// The largest piece that is handed over at once, so that a slow caller who goes on
/// taking is seen to: he needs 2 KiB/s at the default limit of 30 s.
pub(in crate::edge) const PIECE: usize = 64 * 1024;

/// What the answers of one connection have in hand together, up to a hundred and
/// twenty-eight of them: so much was read for them and not taken by the library yet, and
/// as much again may wait in there.
pub const IN_HAND: usize = 2 * 1024 * 1024;

/// The least that one answer may have in hand: smaller pieces would cost more than they save.
pub const LEAST_SHARE: usize = 16 * 1024;

/// So many answers may each have a thread's whole room in hand, and the rest of another.
const FEW: usize = IN_HAND / room::SIZE;

tokio::task_local! {
    /// Whose turn it is in the stream that the present task serves.
    static TURN: Arc<Turn>;
}

/// Whose turn it is in one stream: changes are counted, and while the count is odd a
/// piece waits to be taken by the caller.
#[derive(Debug, Default)]
pub(in crate::edge) struct Turn {
    changes: AtomicU64,
    company: Company,
}

/// The streams of one connection that are being served.
#[derive(Clone, Debug, Default)]
struct Company(Arc<AtomicUsize>);

/// Bytes of its answer that the present task may have in hand; `None`: as many as are read
/// at once, since its connection has few answers under way, or one as in HTTP/1.1.
pub(in crate::edge) fn share() -> Option<usize> {
    let streams = TURN.try_with(|turn| turn.company.0.load(Ordering::Relaxed)).unwrap_or_default();
    (streams > FEW).then(|| (IN_HAND / streams).max(LEAST_SHARE))
}

impl Turn {
    /// That of the present task; `None` outside of an HTTP/2 stream.
    pub(in crate::edge) fn current() -> Option<Arc<Turn>> {
        TURN.try_with(Arc::clone).ok()
    }

    /// The next piece is asked for: what was handed over before has been taken.
    pub(in crate::edge) fn taken(&self) {
        let count = self.changes.load(Ordering::Relaxed);
        self.changes.store(count + count % 2, Ordering::Relaxed);
    }

    /// A piece was handed over.
    pub(in crate::edge) fn handed(&self) {
        self.changes.store(self.changes.load(Ordering::Relaxed) | 1, Ordering::Relaxed);
    }
}

/// Runs the streams of one connection, each as a task that ends when its caller takes
/// nothing for too long; the stream is then reset, the others live on.
#[derive(Clone)]
pub(in crate::edge) struct Streams {
    worker: Arc<Worker>,
    limit: Duration,
    company: Company,
}

impl Streams {
    /// Gives callers `limit` for each piece.
    pub(in crate::edge) fn new(worker: Arc<Worker>, limit: Duration) -> Streams {
        Streams { worker, limit, company: Company::default() }
    }

    /// Runs one stream to its end.
    pub(in crate::edge) fn run(&self, stream: impl Future<Output = ()> + Send + 'static) {
        self.company.0.fetch_add(1, Ordering::Relaxed);
        let turn = Arc::new(Turn { changes: AtomicU64::default(), company: self.company.clone() });
        // Boxed, since the runtime moves a task half a dozen times on its way in and out.
        let stream = Box::pin(TURN.scope(Arc::clone(&turn), stream));
        tokio::spawn(Timed { stream, turn, streams: self.clone(), pulse: None, seen: 0 });
    }
}

/// One stream. Has no pulse until its caller keeps it waiting.
struct Timed<F> {
    stream: Pin<Box<TaskLocalFuture<Arc<Turn>, F>>>,
    turn: Arc<Turn>,
    streams: Streams,
    pulse: Option<Arc<Pulse>>,
    /// The count of turns when the pulse was last set.
    seen: u64,
}

impl<F> Drop for Timed<F> {
    fn drop(&mut self) {
        self.streams.company.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<F: Future<Output = ()>> Future for Timed<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let count = this.turn.changes.load(Ordering::Relaxed);
        let news = std::mem::replace(&mut this.seen, count) != count;
        if count.is_multiple_of(2) {
            this.pulse.iter().filter(|_| news).for_each(|pulse| pulse.rest());
            return Poll::Pending;
        }
        let pulse = this.pulse.get_or_insert_with(|| this.streams.worker.pulses.enrol());
        if news {
            pulse.arm(this.streams.limit);
        }
        pulse.register(cx.waker());
        if pulse.fired() { Poll::Ready(()) } else { Poll::Pending }
    }
}

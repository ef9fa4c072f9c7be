//! A piece of database work with somebody who waits for it. Writer and readers run
//! boxes of these without knowing what they do; the answer goes out exactly once,
//! and a waiter who has left takes nothing with him.

use std::sync::mpsc;
use std::thread::{self, ThreadId};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::oauth::store::StoreError;

/// Work on a connection, then an answer.
pub trait Task: Send {
    /// How much of a trace a failure may leave.
    fn extent(&self) -> Extent;

    /// The thread whose futures wait for the answer, if it is futures that wait.
    fn home(&self) -> Option<ThreadId>;

    /// Does the work and keeps its result for `settle`. `Err` means that it does not
    /// count; what it leaves then, its extent says.
    fn attempt(&mut self, connection: &Connection) -> Result<(), StoreError>;

    /// Answers the waiter, who answers the `rest`. With `Err` the work does not count,
    /// whatever it returned.
    fn settle(self: Box<Self>, kept: Result<(), StoreError>, rest: Rest);
}

/// How a piece writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// By one statement and as its last act: a failure leaves nothing, for SQLite undoes
    /// a statement that fails.
    Statement,
    /// By several: only a savepoint can undo the first ones.
    Several,
}

/// Further pieces whose waiters are at home where the one is that this is sent to. He
/// answers them by dropping it. To wake a sleeping thread costs as much as a row, and to
/// wake one's own costs next to nothing, so one waiter wakes the others. Whoever leaves
/// instead drops it as well, so none can be forgotten.
#[derive(Default)]
pub struct Rest {
    /// The pieces, all with the same fate.
    pub tasks: Vec<Box<dyn Task>>,
    /// What became of their transaction; `None` with no piece.
    pub kept: Option<Result<(), StoreError>>,
}

impl Drop for Rest {
    fn drop(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        for task in self.tasks.drain(..) {
            task.settle(kept.clone(), Rest::default());
        }
    }
}

/// What goes to a future: the answer, and whom to wake next.
pub type Sent<T> = (Result<T, StoreError>, Rest);

/// Where the answer goes.
pub enum Waiter<T> {
    /// To a future of the thread that asked. It must be awaited at once.
    Future(oneshot::Sender<Sent<T>>, ThreadId),
    /// To a thread of the command line.
    Thread(mpsc::SyncSender<Result<T, StoreError>>),
}

impl<T> Waiter<T> {
    /// A future of this thread.
    pub fn here(sender: oneshot::Sender<Sent<T>>) -> Waiter<T> {
        Waiter::Future(sender, thread::current().id())
    }
}

/// A closure and its waiter.
pub struct Piece<T, F> {
    extent: Extent,
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    waiter: Waiter<T>,
}

impl<T, F> Piece<T, F> {
    /// Boxes up `work` for `waiter`.
    pub fn new(extent: Extent, work: F, waiter: Waiter<T>) -> Box<Piece<T, F>> {
        Box::new(Piece { extent, work: Some(work), result: None, waiter })
    }
}

impl<T, F> Task for Piece<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn extent(&self) -> Extent {
        self.extent
    }

    fn home(&self) -> Option<ThreadId> {
        match &self.waiter {
            Waiter::Future(_, home) => Some(*home),
            Waiter::Thread(_) => None,
        }
    }

    fn attempt(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        match work(connection) {
            Ok(value) => {
                self.result = Some(Ok(value));
                Ok(())
            }
            Err(error) => {
                self.result = Some(Err(error.clone()));
                Err(error)
            }
        }
    }

    fn settle(self: Box<Self>, kept: Result<(), StoreError>, rest: Rest) {
        let answer = match (kept, self.result) {
            (_, Some(Err(error))) | (Err(error), _) => Err(error),
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Ok(()), None) => Err(StoreError { detail: "the store did not get to this work".to_owned() }),
        };
        // A waiter who has left is no error: what was done stays done.
        match self.waiter {
            Waiter::Future(sender, _) => drop(sender.send((answer, rest))),
            Waiter::Thread(sender) => drop(sender.send(answer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use rusqlite::Connection;
    use tokio::sync::oneshot;

    use super::{Extent, Piece, Rest, Sent, Task, Waiter};
    use crate::oauth::store::StoreError;

    fn piece(number: u32) -> (Box<dyn Task>, oneshot::Receiver<Sent<u32>>) {
        let (sender, receiver) = oneshot::channel();
        let mut task = Piece::new(Extent::Statement, move |_: &Connection| Ok(number), Waiter::here(sender));
        task.attempt(&Connection::open_in_memory().expect("a database")).expect("it does nothing");
        (task, receiver)
    }

    fn answer(receiver: &mut oneshot::Receiver<Sent<u32>>) -> Poll<Result<u32, StoreError>> {
        let polled = pin!(receiver).poll(&mut Context::from_waker(Waker::noop()));
        polled.map(|sent| sent.expect("it was answered").0)
    }

    #[test]
    fn who_is_answered_answers_the_rest_once() {
        let ((one, mut first), (two, mut second), (three, mut third)) = (piece(1), piece(2), piece(3));
        one.settle(Ok(()), Rest { tasks: vec![two, three], kept: Some(Ok(())) });
        assert_eq!((answer(&mut second), answer(&mut third)), (Poll::Pending, Poll::Pending));
        assert_eq!(answer(&mut first), Poll::Ready(Ok(1)));
        assert_eq!((answer(&mut second), answer(&mut third)), (Poll::Ready(Ok(2)), Poll::Ready(Ok(3))));
    }

    #[test]
    fn who_leaves_before_or_after_the_answer_leaves_nobody_waiting() {
        for leaves_first in [true, false] {
            let ((one, first), (two, mut second)) = (piece(1), piece(2));
            let mut first = Some(first);
            if leaves_first {
                first = None;
            }
            let lost = StoreError { detail: "no disk".to_owned() };
            one.settle(Ok(()), Rest { tasks: vec![two], kept: Some(Err(lost.clone())) });
            first.take();
            assert_eq!(answer(&mut second), Poll::Ready(Err(lost)), "{leaves_first}");
        }
    }
}

//! A piece of database work with somebody who waits for it. Writer and readers run
//! boxes of these without knowing what they do; the answer goes out exactly once,
//! and a waiter who has left takes nothing with him.

use std::sync::mpsc;

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::oauth::store::StoreError;

/// Work on a connection, then an answer.
pub trait Task: Send {
    /// Does the work and keeps its result for `settle`. `Err` means it left no trace.
    fn attempt(&mut self, connection: &Connection) -> Result<(), StoreError>;

    /// Answers the waiter. With `Err` the work does not count, whatever it returned.
    fn settle(self: Box<Self>, kept: Result<(), StoreError>);
}

/// Where the answer goes.
pub enum Waiter<T> {
    /// To a future.
    Future(oneshot::Sender<Result<T, StoreError>>),
    /// To a thread of the command line.
    Thread(mpsc::SyncSender<Result<T, StoreError>>),
}

/// A closure and its waiter.
pub struct Piece<T, F> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    waiter: Waiter<T>,
}

impl<T, F> Piece<T, F> {
    /// Boxes up `work` for `waiter`.
    pub fn new(work: F, waiter: Waiter<T>) -> Box<Piece<T, F>> {
        Box::new(Piece { work: Some(work), result: None, waiter })
    }
}

impl<T, F> Task for Piece<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
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

    fn settle(self: Box<Self>, kept: Result<(), StoreError>) {
        let answer = match (kept, self.result) {
            (_, Some(Err(error))) | (Err(error), _) => Err(error),
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Ok(()), None) => Err(StoreError { detail: "the store did not get to this work".to_owned() }),
        };
        // A waiter who has left is no error: what was done stays done.
        match self.waiter {
            Waiter::Future(sender) => drop(sender.send(answer)),
            Waiter::Thread(sender) => drop(sender.send(answer)),
        }
    }
}

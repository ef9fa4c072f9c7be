//! The caller's bytes on their way to the HTTP/2 library, and the answers on theirs out:
//! frames are counted against the budget as they pass, and writes that the caller does
//! not take are timed. At a flood nothing more is read; the connection is told by a flag,
//! since only it can say GOAWAY. Must never: change a byte.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::edge::http2::budget::{Budget, Fault};
use crate::edge::http2::frames::Frames;
use crate::edge::io::WriteWatch;
use crate::edge::worker::Worker;

/// Where the guard says that a caller floods, or sends what cannot be a frame.
#[derive(Debug, Default)]
pub(super) struct Alarm(OnceLock<Fault>);

impl Alarm {
    /// What he does, if he does.
    pub(super) fn rung(&self) -> Option<Fault> {
        self.0.get().copied()
    }
}

/// A stream whose frames are counted.
pub(super) struct Guard<T> {
    stream: T,
    worker: Arc<Worker>,
    writes: WriteWatch,
    frames: Frames,
    budget: Budget,
    alarm: Arc<Alarm>,
}

impl<T> Guard<T> {
    /// Guards `stream`, whose writes may wait for `limit`.
    pub(super) fn new(stream: T, worker: Arc<Worker>, limit: Duration, alarm: Arc<Alarm>) -> Guard<T> {
        let budget = Budget::full(worker.pulses.tick());
        Guard { stream, worker, writes: WriteWatch::new(limit), frames: Frames::default(), budget, alarm }
    }

    fn written(&mut self, outcome: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = outcome {
            self.budget.moved(*bytes as u64);
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Guard<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.alarm.rung().is_some() {
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buf);
        let fresh = &buf.filled()[before..];
        if fresh.is_empty() {
            return outcome;
        }
        let (budget, mut fault) = (&mut this.budget, None);
        budget.at(this.worker.pulses.tick());
        this.frames.pass(fresh, |frame| {
            if let Err(found) = budget.pay(frame) {
                fault = fault.or(Some(found));
            }
        });
        if let Some(fault) = fault {
            let _ = this.alarm.0.set(fault);
            // What came with it is not read either.
            buf.set_filled(before);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        outcome
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Guard<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.written(&outcome);
        this.writes.watch(&this.worker.pulses, cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.written(&outcome);
        this.writes.watch(&this.worker.pulses, cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_flush(cx);
        this.writes.watch(&this.worker.pulses, cx, outcome)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.writes.watch(&this.worker.pulses, cx, outcome)
    }
}

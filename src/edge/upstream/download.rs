//! The body of a backend's answer, drawn as fast as the caller takes it. The task
//! that draws it also drives the backend's connection. At a clean end the connection
//! goes back to its pool; at any other it is closed, and the error reaches the caller
//! as an answer that breaks off, never as one that looks complete.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use crate::edge::deadline::Deadline;
use crate::edge::upload::UploadState;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::link::blame;
use crate::edge::upstream::pool::Lease;

/// Answers up to this size and of known length are taken whole, so that head and
/// body leave in one write and a broken one can still become a 502.
pub const WHOLE: u64 = 64 * 1024;

/// Whether the backend keeps its connection open after this answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// It may be used again.
    Keep,
    /// It ends with this answer.
    Close,
}

/// An answer's body on its way.
#[derive(Debug)]
pub struct Download {
    body: Incoming,
    /// `None` once the connection was given back or closed.
    lease: Option<Lease>,
    after: After,
    /// The caller's body, which must be through before the connection is clean.
    upload: Option<Arc<UploadState>>,
    idle: Duration,
    waiting: bool,
    /// When all of it has to be through.
    deadline: Option<Deadline>,
}

impl Download {
    /// The body that came over `lease`. `idle` is the longest wait between two reads.
    pub fn new(
        body: Incoming,
        lease: Lease,
        after: After,
        upload: Option<Arc<UploadState>>,
        idle: Duration,
    ) -> Download {
        let mut download = Download { body, lease: Some(lease), after, upload, idle, waiting: false, deadline: None };
        if download.body.is_end_stream() {
            download.finish();
        }
        download
    }

    /// Breaks off at `deadline`.
    pub fn end_by(&mut self, deadline: Option<Deadline>) {
        self.deadline = deadline;
    }

    /// True when nothing more will come.
    pub fn is_end_stream(&self) -> bool {
        self.lease.is_none()
    }

    /// How much will come, as far as the backend said.
    pub fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    /// The whole body where it is small and its length is known.
    pub async fn whole(&mut self) -> Option<Result<Bytes, ForwardError>> {
        if self.body.size_hint().upper().is_none_or(|size| size > WHOLE) {
            return None;
        }
        let mut first = Bytes::new();
        let mut more = BytesMut::new();
        while !self.is_end_stream() {
            match poll_fn(|cx| self.poll_frame(cx)).await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if first.is_empty() => first = data,
                    Ok(data) => {
                        if more.is_empty() {
                            more.extend_from_slice(&first);
                        }
                        more.extend_from_slice(&data);
                    }
                    Err(_trailers) => {}
                },
                Some(Err(error)) => return Some(Err(error)),
                None => break,
            }
        }
        Some(Ok(if more.is_empty() { first } else { more.freeze() }))
    }

    /// The next piece.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        if self.lease.is_some() && self.deadline.as_ref().is_some_and(|deadline| deadline.is_over(cx)) {
            return self.break_off(ForwardError::TotalTimeout);
        }
        let Some(link) = self.lease.as_mut().map(Lease::link) else { return Poll::Ready(None) };
        // The connection is driven here, so the body need not wake anybody by itself, and
        // taking a piece from it is no reason to look at the connection again.
        let mut nobody = Context::from_waker(Waker::noop());
        link.pulse().go_deaf();
        let mut next = Pin::new(&mut self.body).poll_frame(&mut nobody);
        if next.is_pending() {
            link.pulse().register(cx.waker());
            link.pulse().heed();
            link.drive();
            link.pulse().go_deaf();
            next = Pin::new(&mut self.body).poll_frame(&mut nobody);
        }
        let pulse = link.pulse();
        match next {
            Poll::Pending => {
                if !self.waiting {
                    self.waiting = true;
                    pulse.arm(self.idle);
                }
                if pulse.heed() {
                    cx.waker().wake_by_ref();
                }
                if pulse.fired() {
                    return self.break_off(ForwardError::Timeout);
                }
                Poll::Pending
            }
            Poll::Ready(next) => {
                if std::mem::take(&mut self.waiting) {
                    pulse.rest();
                }
                match next {
                    None => {
                        self.finish();
                        Poll::Ready(None)
                    }
                    Some(Ok(frame)) => {
                        if self.body.is_end_stream() {
                            self.finish();
                        }
                        Poll::Ready(Some(Ok(frame)))
                    }
                    Some(Err(error)) => {
                        let fault = self.upload.as_ref().and_then(|upload| upload.fault());
                        self.break_off(fault.unwrap_or_else(|| blame(&error)))
                    }
                }
            }
        }
    }

    fn break_off(&mut self, error: ForwardError) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        self.lease = None;
        Poll::Ready(Some(Err(error)))
    }

    /// All of it came: the connection serves again if both sides are through.
    fn finish(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let sent = self.upload.as_ref().is_none_or(|upload| upload.is_complete());
        if sent && self.after == After::Keep {
            lease.give_back();
        }
    }
}

//! The body of a backend's answer, drawn as fast as the caller takes it. The task
//! that draws it also drives the backend's connection. At a clean end the connection
//! goes back to its pool; at any other it is closed, and the error reaches the caller
//! as an answer that breaks off, never as one that looks complete.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};

use crate::edge::body::stall;
use crate::edge::body::upload::UploadState;
use crate::edge::deadline::Deadline;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::lease::Lease;

/// Answers up to this size and of known length are taken whole, so that head and
/// body leave in one write and a broken one can still become a 502.
pub const WHOLE: u64 = 64 * 1024;

/// An answer's body on its way.
#[derive(Debug)]
pub struct Download {
    /// `None` once the connection was given back or closed.
    lease: Option<Lease>,
    idle: Duration,
    waiting: bool,
    /// When all of it has to be through.
    deadline: Option<Deadline>,
    upload: Option<Arc<UploadState>>,
    /// Bytes of the request that had moved when the present wait began.
    moved: u64,
}

impl Download {
    /// The body that comes over `lease`. `idle` is the longest wait between two reads.
    pub fn new(lease: Lease, idle: Duration) -> Download {
        let over = lease.peek().is_over();
        let mut download =
            Download { lease: Some(lease), idle, waiting: false, deadline: None, upload: None, moved: 0 };
        if over {
            download.finish();
        }
        download
    }

    /// The answer is to a request whose body may still be on its way: what is wrong with
    /// that ends the answer too, and is nobody else's fault.
    pub fn beside(&mut self, upload: Option<Arc<UploadState>>) {
        self.upload = upload;
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
        let left = self.lease.as_ref().map_or(Some(0), |lease| lease.peek().left());
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }

    /// The whole body where it is small, its length is known, and nothing of the request
    /// is still on its way: who talks while he listens gets each piece as it comes.
    pub async fn whole(&mut self) -> Option<Result<Bytes, ForwardError>> {
        if self.lease.as_ref().is_some_and(|lease| !lease.peek().has_sent_all()) {
            return None;
        }
        let most = stall::share().map_or(WHOLE, |share| WHOLE.min(share as u64));
        if self.size_hint().upper().is_none_or(|size| size > most) {
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
        let Some(carrier) = self.lease.as_mut().map(Lease::carrier) else { return Poll::Ready(None) };
        match carrier.poll_download(cx) {
            Poll::Pending => {
                let pulse = carrier.pulse();
                pulse.register(cx.waker());
                let moved = self.upload.as_ref().map_or(0, |upload| upload.bytes());
                // The exchange is idle only while its request does not move either.
                if !self.waiting || pulse.fired() && moved != self.moved {
                    (self.waiting, self.moved) = (true, moved);
                    pulse.arm(self.idle);
                }
                if pulse.fired() { self.break_off(ForwardError::Timeout) } else { Poll::Pending }
            }
            Poll::Ready(next) => {
                if std::mem::take(&mut self.waiting) {
                    carrier.pulse().rest();
                }
                match next {
                    None => {
                        self.finish();
                        Poll::Ready(None)
                    }
                    Some(Ok(frame)) => {
                        self.upload.iter().for_each(|upload| upload.answers());
                        if carrier.is_over() {
                            self.finish();
                        }
                        Poll::Ready(Some(Ok(frame)))
                    }
                    Some(Err(error)) => self.break_off(error),
                }
            }
        }
    }

    /// Moves the request's body on while the answer is not wanted.
    pub fn drive_upload(&mut self, cx: &mut Context<'_>) {
        self.lease.iter_mut().for_each(|lease| lease.carrier().drive_upload(cx));
    }

    fn break_off(&mut self, error: ForwardError) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        if let Some(lease) = self.lease.take().filter(|_| error == ForwardError::Timeout) {
            lease.peek().doubt();
        }
        let fault = self.upload.as_ref().and_then(|upload| upload.fault());
        Poll::Ready(Some(Err(fault.unwrap_or(error))))
    }

    /// All of it came: the connection serves again if both sides are through.
    fn finish(&mut self) {
        self.lease.take().into_iter().for_each(Lease::finish);
    }
}

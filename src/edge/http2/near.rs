//! The caller's end of a tunnel over one stream (RFC 8441 §5): DATA in both directions as
//! plain bytes, END_STREAM as their end. Must never: take more than its windows allow.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use h2::{Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream as bytes.
pub(super) struct Near {
    received: RecvStream,
    stream: SendStream<Bytes>,
    /// What came and was not read.
    rest: Bytes,
}

impl Near {
    pub(super) fn new(received: RecvStream, stream: SendStream<Bytes>) -> Near {
        Near { received, stream, rest: Bytes::new() }
    }
}

impl AsyncRead for Near {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(self.received.poll_data(cx)) {
                Some(Ok(data)) => {
                    // Only a stream that is gone has no window any more.
                    let _ = self.received.flow_control().release_capacity(data.len());
                    self.rest = data;
                }
                Some(Err(error)) if matches!(error.reason(), Some(Reason::NO_ERROR | Reason::CANCEL)) => break,
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                None => break,
            }
        }
        let count = self.rest.len().min(buf.remaining());
        buf.put_slice(&self.rest[..count]);
        self.rest.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Near {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.stream.reserve_capacity(bytes.len());
        let room = loop {
            match self.stream.capacity() {
                0 => match self.stream.poll_capacity(cx) {
                    Poll::Ready(Some(room)) => drop(room.map_err(io::Error::other)?),
                    Poll::Ready(None) => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                    Poll::Pending => {
                        return match self.stream.poll_reset(cx) {
                            Poll::Ready(_) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                            Poll::Pending => Poll::Pending,
                        };
                    }
                },
                room => break room.min(bytes.len()),
            }
        };
        let piece = Bytes::copy_from_slice(&bytes[..room]);
        self.stream.send_data(piece, false).map_err(io::Error::other)?;
        Poll::Ready(Ok(room))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A second time, or on a stream that is gone, there is nothing left to say.
        let _ = self.stream.send_data(Bytes::new(), true);
        Poll::Ready(Ok(()))
    }
}

//! The caller's end of a tunnel over one stream (RFC 8441 §5): DATA in both directions as
//! plain bytes, END_STREAM as their end. Must never: hold more than its inlet does.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::edge::http2::fault::Reason;
use crate::edge::http2::inlet::{Inlet, Next};

/// A stream as bytes.
pub(super) struct Near {
    inlet: Arc<Inlet>,
    /// What came and was not read.
    rest: Bytes,
}

impl Near {
    /// With nothing read yet.
    pub(super) fn new(inlet: Arc<Inlet>) -> Near {
        Near { inlet, rest: Bytes::new() }
    }
}

impl AsyncRead for Near {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.rest.is_empty() {
            match ready!(self.inlet.poll_next(cx)) {
                Next::Data(data) => self.rest = data,
                Next::End(_) | Next::Broken(Reason::NO_ERROR | Reason::CANCEL) => {}
                Next::Broken(_) => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            }
        }
        let count = self.rest.len().min(buf.remaining());
        buf.put_slice(&self.rest[..count]);
        self.rest.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Near {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if self.inlet.is_broken() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        // Whose words were sent is looked at again by his connection.
        self.inlet.say(bytes).map_or(Poll::Pending, |count| Poll::Ready(Ok(count)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inlet.close();
        Poll::Ready(Ok(()))
    }
}

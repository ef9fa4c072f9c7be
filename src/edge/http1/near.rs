//! The caller's end of a tunnel: his wire as plain bytes, beginning with those that
//! were read behind his request.

use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::edge::http1::wire::Wire;
use crate::edge::worker::lock;

/// A wire as bytes.
pub(in crate::edge::http1) struct Near<'a>(&'a Mutex<Wire>);

impl Near<'_> {
    pub(in crate::edge::http1) fn of(wire: &Mutex<Wire>) -> Near<'_> {
        Near(wire)
    }
}

impl AsyncRead for Near<'_> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        lock(self.0).poll_raw(cx, buf)
    }
}

impl AsyncWrite for Near<'_> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(lock(self.0).stream()).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(lock(self.0).stream()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(lock(self.0).stream()).poll_shutdown(cx)
    }
}

//! The bytes of one connection, in the clear or inside TLS, whichever side opened it.
//! One type for both, so that what is built on it exists once in the binary.
//! Must never: know what is spoken over it.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;

use crate::edge::io::Socket;

/// A connection's bytes.
#[derive(Debug)]
pub enum Stream {
    /// TCP as it is.
    Clear(Socket),
    /// Inside TLS; boxed, since it is large and connections move.
    Tls(Box<TlsStream<Socket>>),
}

impl From<Socket> for Stream {
    fn from(socket: Socket) -> Stream {
        Stream::Clear(socket)
    }
}

impl From<tokio_rustls::server::TlsStream<Socket>> for Stream {
    fn from(stream: tokio_rustls::server::TlsStream<Socket>) -> Stream {
        Stream::Tls(Box::new(TlsStream::Server(stream)))
    }
}

impl From<tokio_rustls::client::TlsStream<Socket>> for Stream {
    fn from(stream: tokio_rustls::client::TlsStream<Socket>) -> Stream {
        Stream::Tls(Box::new(TlsStream::Client(stream)))
    }
}

impl Stream {
    /// Reads once behind what `buffer` holds, into its spare room; 0 is the end.
    pub fn poll_read_more(&mut self, cx: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<io::Result<usize>> {
        pin!(self.read_buf(buffer)).poll(cx)
    }

    /// Whether nothing has come, not even the end. Nobody is woken for it, and as long
    /// as the reactor has no news it costs no system call.
    pub fn is_silent(&mut self) -> bool {
        let mut one = [0];
        match self {
            Stream::Clear(socket) => socket.is_silent(),
            Stream::Tls(stream) => {
                let mut nobody = Context::from_waker(Waker::noop());
                Pin::new(&mut **stream).poll_read(&mut nobody, &mut ReadBuf::new(&mut one)).is_pending()
            }
        }
    }

    /// Closing is to look like no end (`Plug::cut`).
    pub fn cut(&self) {
        match self {
            Stream::Clear(socket) => socket.cut(),
            Stream::Tls(stream) => stream.get_ref().0.cut(),
        }
    }

    /// Whether bytes that were written may still wait inside, and need a flush.
    pub fn holds_back(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Clear(socket) => Pin::new(socket).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(&mut **stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Clear(socket) => Pin::new(socket).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(&mut **stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Clear(socket) => Pin::new(socket).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Clear(socket) => Pin::new(socket).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(&mut **stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Clear(socket) => Pin::new(socket).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
        }
    }
}

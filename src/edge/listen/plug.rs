//! The two kinds of stream a caller comes by, as one: TCP, or a socket in the file
//! system. Whoever comes by the latter is on this machine and counts as 127.0.0.1.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// What a caller by a socket in the file system counts as.
pub const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A connected stream.
#[derive(Debug)]
pub enum Plug {
    /// By network.
    Tcp(TcpStream),
    /// By a path.
    Unix(UnixStream),
}

impl From<TcpStream> for Plug {
    fn from(stream: TcpStream) -> Plug {
        Plug::Tcp(stream)
    }
}

impl From<UnixStream> for Plug {
    fn from(stream: UnixStream) -> Plug {
        Plug::Unix(stream)
    }
}

impl Plug {
    /// Sends small writes at once.
    pub fn set_nodelay(&self) -> io::Result<()> {
        match self {
            Plug::Tcp(stream) => stream.set_nodelay(true),
            Plug::Unix(_) => Ok(()),
        }
    }

    /// Has the other side see that what it got is not whole, where closing alone would
    /// look like an end: what is not sent yet is dropped, and TCP says RST. A socket in
    /// the file system has no such word.
    pub fn cut(&self) {
        if let Plug::Tcp(stream) = self {
            // A socket that refuses the option is closed all the same.
            let _ = stream.set_zero_linger();
        }
    }

    /// Reads what is there, and waits for nothing.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Plug::Tcp(stream) => stream.try_read(buf),
            Plug::Unix(stream) => stream.try_read(buf),
        }
    }

    /// Waits until there may be something to read.
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            Plug::Tcp(stream) => stream.readable().await,
            Plug::Unix(stream) => stream.readable().await,
        }
    }

    /// Runs a read of any kind; one that would block makes `readable` wait anew.
    pub fn try_read_by<T>(&self, read: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> io::Result<T> {
        match self {
            Plug::Tcp(stream) => stream.try_io(Interest::READABLE, || read(stream.as_fd())),
            Plug::Unix(stream) => stream.try_io(Interest::READABLE, || read(stream.as_fd())),
        }
    }
}

impl AsyncRead for Plug {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Plug::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Plug::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Plug {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Plug::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Plug::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Plug::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Plug::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Plug::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Plug::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Plug::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Plug::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

//! A socket that listens: on an address, or at a path. Those of one address are one
//! per worker and the kernel spreads callers over them; those of a path are one socket
//! that all workers hold, and whoever is first takes the caller.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;

use crate::edge::plug::{LOCAL, Plug};

/// A listening socket that no runtime watches yet.
#[derive(Debug)]
pub enum Ear {
    /// On an address.
    Tcp(TcpListener),
    /// At a path.
    Unix(UnixListener),
}

impl Ear {
    /// Where it listens, if that is an address.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Ear::Tcp(socket) => socket.local_addr().ok(),
            Ear::Unix(_) => None,
        }
    }

    /// Another handle to the same socket.
    pub fn another(&self) -> io::Result<Ear> {
        match self {
            Ear::Tcp(socket) => socket.try_clone().map(Ear::Tcp),
            Ear::Unix(socket) => socket.try_clone().map(Ear::Unix),
        }
    }

    /// Takes a caller without waiting for one. Needs the runtime that will serve him.
    pub(in crate::edge) fn take(&self) -> io::Result<(Plug, SocketAddr)> {
        match self {
            Ear::Tcp(socket) => {
                let (stream, peer) = socket.accept()?;
                stream.set_nonblocking(true)?;
                Ok((Plug::Tcp(tokio::net::TcpStream::from_std(stream)?), peer))
            }
            Ear::Unix(socket) => {
                let (stream, _) = socket.accept()?;
                stream.set_nonblocking(true)?;
                Ok((Plug::Unix(tokio::net::UnixStream::from_std(stream)?), LOCAL))
            }
        }
    }
}

impl AsFd for Ear {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Ear::Tcp(socket) => socket.as_fd(),
            Ear::Unix(socket) => socket.as_fd(),
        }
    }
}

impl From<Ear> for OwnedFd {
    fn from(ear: Ear) -> OwnedFd {
        match ear {
            Ear::Tcp(socket) => socket.into(),
            Ear::Unix(socket) => socket.into(),
        }
    }
}

/// The same, watched by the runtime of a worker.
#[derive(Debug)]
pub(in crate::edge) enum Listening {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

impl Listening {
    pub(in crate::edge) fn watch(ear: Ear) -> io::Result<Listening> {
        match ear {
            Ear::Tcp(socket) => tokio::net::TcpListener::from_std(socket).map(Listening::Tcp),
            Ear::Unix(socket) => tokio::net::UnixListener::from_std(socket).map(Listening::Unix),
        }
    }

    /// Waits for the next caller; nothing is lost when the future is dropped.
    pub(in crate::edge) async fn accept(&self) -> io::Result<(Plug, SocketAddr)> {
        match self {
            Listening::Tcp(socket) => socket.accept().await.map(|(stream, peer)| (Plug::Tcp(stream), peer)),
            Listening::Unix(socket) => socket.accept().await.map(|(stream, _)| (Plug::Unix(stream), LOCAL)),
        }
    }

    pub(in crate::edge) fn release(self) -> io::Result<Ear> {
        match self {
            Listening::Tcp(socket) => socket.into_std().map(Ear::Tcp),
            Listening::Unix(socket) => socket.into_std().map(Ear::Unix),
        }
    }
}

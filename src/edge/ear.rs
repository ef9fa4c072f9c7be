//! A socket that listens: on an address, or at a path. Those of one address are one
//! per worker and the kernel spreads callers over them; those of a path are one socket
//! that all workers hold, and whoever is first takes the caller.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;

use socket2::{SockFilter, SockRef};

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

/// Drops segments that are a SYN and no ACK, and lets all others pass (a classic BPF
/// program; at a TCP socket it sees the segment from its TCP header on).
const DROP_SYN: [SockFilter; 5] = [
    // The byte of flags (RFC 9293 §3.1) …
    SockFilter::new(0x30, 0, 0, 13),
    // … but for others than SYN (2) and ACK (16) …
    SockFilter::new(0x54, 0, 0, 0x12),
    // … is a mere SYN: then nothing of the segment is kept, else all.
    SockFilter::new(0x15, 0, 1, 0x02),
    SockFilter::new(0x06, 0, 0, 0),
    SockFilter::new(0x06, 0, 0, u32::MAX),
];

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

    /// Lets nobody begin to connect any more, while those who have begun get through.
    /// Whoever asks again a second later, as TCP does, finds nobody or a successor.
    pub(in crate::edge) fn turn_away_newcomers(&self) -> io::Result<()> {
        match self {
            Listening::Tcp(socket) => SockRef::from(socket).attach_filter(&DROP_SYN),
            // Connecting to a path is one step, which nobody can be in the middle of.
            Listening::Unix(_) => Ok(()),
        }
    }

    pub(in crate::edge) fn release(self) -> io::Result<Ear> {
        match self {
            Listening::Tcp(socket) => socket.into_std().map(Ear::Tcp),
            Listening::Unix(socket) => socket.into_std().map(Ear::Unix),
        }
    }
}

//! A socket that listens: on an address, or at a path. Those of one address are one
//! per worker and the kernel spreads callers over them; those of a path are one socket
//! that all workers hold, and whoever is first takes the caller.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use socket2::{SockFilter, SockRef};

use crate::edge::listen::plug::{LOCAL, Plug};

/// A listening socket that no runtime watches yet.
#[derive(Debug)]
pub struct Ear {
    sort: Sort,
    /// Who has it besides us.
    pub holder: Holder,
}

#[derive(Debug)]
enum Sort {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Whether a socket ends with this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// Nobody else has it, or only a process like this one for a while.
    Us,
    /// A supervisor holds it open: whoever waits at it when we end is not lost.
    Supervisor,
}

impl From<TcpListener> for Ear {
    fn from(socket: TcpListener) -> Ear {
        Ear { sort: Sort::Tcp(socket), holder: Holder::Us }
    }
}

impl From<UnixListener> for Ear {
    fn from(socket: UnixListener) -> Ear {
        Ear { sort: Sort::Unix(socket), holder: Holder::Us }
    }
}

impl Ear {
    /// The same, held by `holder` too.
    pub fn held_by(self, holder: Holder) -> Ear {
        Ear { holder, ..self }
    }

    /// Where it listens, if that is an address.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.sort {
            Sort::Tcp(socket) => socket.local_addr().ok(),
            Sort::Unix(_) => None,
        }
    }

    /// Where it listens, if that is a path.
    pub fn path(&self) -> Option<PathBuf> {
        match &self.sort {
            Sort::Tcp(_) => None,
            Sort::Unix(socket) => socket.local_addr().ok()?.as_pathname().map(Path::to_owned),
        }
    }

    /// Another handle to the same socket.
    pub fn another(&self) -> io::Result<Ear> {
        let other = match &self.sort {
            Sort::Tcp(socket) => Ear::from(socket.try_clone()?),
            Sort::Unix(socket) => Ear::from(socket.try_clone()?),
        };
        Ok(other.held_by(self.holder))
    }

    /// Takes a caller without waiting for one. Needs the runtime that will serve him.
    pub(in crate::edge) fn take(&self) -> io::Result<(Plug, SocketAddr)> {
        match &self.sort {
            Sort::Tcp(socket) => {
                let (stream, peer) = socket.accept()?;
                stream.set_nonblocking(true)?;
                Ok((Plug::Tcp(tokio::net::TcpStream::from_std(stream)?), peer))
            }
            Sort::Unix(socket) => {
                let (stream, _) = socket.accept()?;
                stream.set_nonblocking(true)?;
                Ok((Plug::Unix(tokio::net::UnixStream::from_std(stream)?), LOCAL))
            }
        }
    }
}

impl From<Ear> for OwnedFd {
    fn from(ear: Ear) -> OwnedFd {
        match ear.sort {
            Sort::Tcp(socket) => socket.into(),
            Sort::Unix(socket) => socket.into(),
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
    /// Hands the socket to the runtime of this thread.
    pub(in crate::edge) fn watch(ear: Ear) -> io::Result<Listening> {
        match ear.sort {
            Sort::Tcp(socket) => tokio::net::TcpListener::from_std(socket).map(Listening::Tcp),
            Sort::Unix(socket) => tokio::net::UnixListener::from_std(socket).map(Listening::Unix),
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

    /// Takes it back from the runtime, for a successor.
    pub(in crate::edge) fn release(self) -> io::Result<Ear> {
        match self {
            Listening::Tcp(socket) => socket.into_std().map(Ear::from),
            Listening::Unix(socket) => socket.into_std().map(Ear::from),
        }
    }
}

//! A caller's stream tuned for small messages. A vectored write of a head and a small body
//! is gathered on the stack and leaves by `send`, which is cheaper than `writev`; and
//! a stream that awaits TLS tells clear text apart by its first byte, before the TLS
//! library answers it with an alert that no HTTP client understands.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::edge::listen::plug::Plug;
use crate::edge::worker::pulse::{Pulse, Pulses};

/// The two sizes of stack buffer for gathering; larger writes go out as they are. Two,
/// because the buffer is zeroed each time.
const GATHER: (usize, usize) = (1024, 4096);

/// The first byte of every TLS record that may open a connection (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// A stream.
#[derive(Debug)]
pub struct Socket {
    stream: Plug,
    first: FirstByte,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FirstByte {
    Any,
    Tls,
    Wrong,
}

impl Socket {
    /// A stream that takes any bytes. Small writes are not held back by the kernel.
    pub fn clear(stream: impl Into<Plug>) -> Socket {
        let stream = stream.into();
        // A socket that refuses the option still works, only slower.
        let _ = stream.set_nodelay();
        Socket { stream, first: FirstByte::Any }
    }

    /// A stream whose first byte must be the beginning of TLS; reading fails otherwise.
    pub fn awaiting_tls(stream: impl Into<Plug>) -> Socket {
        Socket { first: FirstByte::Tls, ..Socket::clear(stream) }
    }

    /// Closing is to look like no end (`Plug::cut`).
    pub fn cut(&self) {
        self.stream.cut();
    }

    /// Whether nothing has come, not even the end; nobody is woken for it.
    pub fn is_silent(&self) -> bool {
        self.stream.try_read(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether reading failed because the caller speaks clear text.
    pub fn got_clear_text(&self) -> bool {
        self.first == FirstByte::Wrong
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buf);
        if this.first == FirstByte::Tls && buf.filled().len() > before {
            if buf.filled()[before] != TLS_HANDSHAKE {
                this.first = FirstByte::Wrong;
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "not a TLS handshake")));
            }
            this.first = FirstByte::Any;
        }
        outcome
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.get_mut().stream);
        if let [one] = bufs {
            return stream.poll_write(cx, one);
        }
        let total: usize = bufs.iter().map(|buf| buf.len()).sum();
        if total <= GATHER.0 {
            stream.poll_write(cx, gather(bufs, &mut [0; GATHER.0]))
        } else if total <= GATHER.1 {
            stream.poll_write(cx, gather(bufs, &mut [0; GATHER.1]))
        } else {
            stream.poll_write_vectored(cx, bufs)
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Copies the slices one after the other; they fit.
fn gather<'a>(bufs: &[io::IoSlice<'_>], space: &'a mut [u8]) -> &'a [u8] {
    let mut end = 0;
    for buf in bufs {
        space[end..end + buf.len()].copy_from_slice(buf);
        end += buf.len();
    }
    &space[..end]
}

/// The time-out between two writes. Has no pulse until a write has to wait.
#[derive(Debug)]
pub struct WriteWatch {
    limit: Duration,
    pulse: Option<Arc<Pulse>>,
    armed: Armed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Armed {
    No,
    Yes,
}

impl WriteWatch {
    /// Lets a write wait for `limit`.
    pub fn new(limit: Duration) -> WriteWatch {
        WriteWatch { limit, pulse: None, armed: Armed::No }
    }

    /// Something was written: the next wait is a new one.
    pub fn moved(&mut self) {
        if self.armed == Armed::Yes {
            self.armed = Armed::No;
            self.pulse.iter().for_each(|pulse| pulse.rest());
        }
    }

    /// Looks at the outcome of a write or flush, and turns a wait that has lasted too
    /// long into an error.
    pub fn watch<T>(
        &mut self,
        pulses: &Pulses,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.moved();
            return outcome;
        }
        let pulse = self.pulse.get_or_insert_with(|| pulses.enrol());
        if self.armed == Armed::No {
            self.armed = Armed::Yes;
            pulse.arm(self.limit);
        }
        pulse.register(cx.waker());
        if pulse.fired() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the other side stopped reading")));
        }
        Poll::Pending
    }
}

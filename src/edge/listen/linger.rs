//! The end of a connection whose caller is still sending: our side is closed, and what
//! he sends is read away for a moment. Otherwise the kernel would answer unread bytes
//! with a reset, and he might never see why he was refused.
//! Must never: last long, or read much.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};

use crate::edge::worker::pulse::{Pulse, Pulses};

/// How long at most; then the connection is dropped as it is.
const LIMIT: Duration = Duration::from_secs(2);

/// How much at most; then likewise.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Bytes read away at a time.
const PIECE: usize = 4 * 1024;

/// A lingering close under way.
pub struct Linger {
    pulse: Arc<Pulse>,
    read: usize,
}

impl Linger {
    /// Begins now.
    pub fn begin(pulses: &Pulses) -> Linger {
        let pulse = pulses.enrol();
        pulse.arm(LIMIT);
        Linger { pulse, read: 0 }
    }

    /// Reads on; ready when the caller has closed, or at a limit.
    pub fn poll<S: AsyncRead + Unpin>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<()> {
        self.pulse.register(cx.waker());
        while !self.pulse.fired() && self.read < MAX_BYTES {
            let mut space = [0; PIECE];
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut *stream).poll_read(cx, &mut buf) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => self.read += buf.filled().len(),
                Poll::Ready(_) => break,
            }
        }
        Poll::Ready(())
    }
}

//! One direction of a tunnel: bytes read from one side and written to the other, frames
//! counted as they pass. What the other side does not take is held, and nothing more is
//! read meanwhile; a silent direction holds no memory.
//! Must never: lose or repeat a byte.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::edge::websocket::frames::Frames;

/// Bytes that one read brings.
pub(in crate::edge) const PIECE: usize = 8 * 1024;

/// Pieces that are moved before somebody else gets his turn.
const TURN: usize = 16;

/// How far one direction has come.
#[derive(Debug, Default)]
pub(super) struct Direction {
    frames: Frames,
    held: Vec<u8>,
    /// Bytes of `held` that are written.
    at: usize,
    stage: Stage,
    /// Whether something was written that may wait inside the other side.
    unflushed: bool,
    moved: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Stage {
    #[default]
    Open,
    /// Its source has ended; what is held is still to be written.
    Ended,
    /// The other side knows that.
    Closed,
}

/// How much of what is read may pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Extent {
    /// All of it.
    All,
    /// What belongs to the frame under way.
    ThisFrame,
}

impl Direction {
    /// Bytes that have passed.
    pub(super) fn moved(&self) -> u64 {
        self.moved
    }

    /// True when the source has ended and the other side knows it.
    pub(super) fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// True when a frame of ours may be put in here: all that was read is written, up to
    /// the end of a frame.
    pub(super) fn is_between_frames(&self) -> bool {
        self.held.is_empty() && self.frames.at_boundary()
    }

    /// True when this side has said its last word itself.
    pub(super) fn said_goodbye(&self) -> bool {
        self.frames.closing()
    }

    /// Nothing more of the source passes: what is held is the last.
    pub(super) fn end(&mut self) {
        self.stage = Stage::Closed;
    }

    /// Puts a frame of ours in.
    pub(super) fn put(&mut self, frame: &[u8]) {
        self.held.extend_from_slice(frame);
    }

    /// Moves what can be moved. Ready when the direction is closed; with `ThisFrame`, also
    /// when the frame under way is over.
    pub(super) fn poll<R, W>(
        &mut self,
        from: &mut R,
        to: &mut W,
        extent: Extent,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        for _ in 0..TURN {
            ready!(self.poll_write(to, cx))?;
            match self.stage {
                Stage::Closed => return Poll::Ready(Ok(())),
                Stage::Ended => {
                    ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                    self.stage = Stage::Closed;
                    return Poll::Ready(Ok(()));
                }
                Stage::Open if extent == Extent::ThisFrame && self.frames.at_boundary() => return Poll::Ready(Ok(())),
                Stage::Open => {}
            }
            let mut space = [0; PIECE];
            let mut buffer = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut *from).poll_read(cx, &mut buffer))?;
            let fresh = buffer.filled();
            if fresh.is_empty() {
                self.stage = Stage::Ended;
                continue;
            }
            let passed = match extent {
                Extent::All => {
                    self.frames.pass(fresh);
                    fresh.len()
                }
                Extent::ThisFrame => self.frames.finish(fresh),
            };
            self.moved += passed as u64;
            self.hand_over(&fresh[..passed], to, cx)?;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes what is held.
    pub(super) fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        to: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.at < self.held.len() {
            let count = ready!(Pin::new(&mut *to).poll_write(cx, &self.held[self.at..]))?;
            self.wrote(count)?;
            self.at += count;
        }
        self.held = Vec::new();
        self.at = 0;
        if self.unflushed {
            ready!(Pin::new(&mut *to).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes fresh bytes at once where that can be; the rest is held.
    fn hand_over<W: AsyncWrite + Unpin>(&mut self, fresh: &[u8], to: &mut W, cx: &mut Context<'_>) -> io::Result<()> {
        let mut at = 0;
        while at < fresh.len() {
            match Pin::new(&mut *to).poll_write(cx, &fresh[at..])? {
                Poll::Ready(count) => {
                    self.wrote(count)?;
                    at += count;
                }
                Poll::Pending => break,
            }
        }
        self.held.extend_from_slice(&fresh[at..]);
        Ok(())
    }

    fn wrote(&mut self, count: usize) -> io::Result<()> {
        self.unflushed = true;
        if count == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::{Direction, Extent};

    #[tokio::test]
    async fn everything_passes_and_the_end_is_passed_on() {
        let (mut source, mut from) = duplex(100_000);
        let (mut to, mut sink) = duplex(10);
        let sent: Vec<u8> = (0..50_000_u32).map(|n| n as u8).collect();
        source.write_all(&sent).await.expect("room");
        drop(source);
        let moving = tokio::spawn(async move {
            let mut direction = Direction::default();
            poll_fn(|cx| direction.poll(&mut from, &mut to, Extent::All, cx)).await.expect("moved");
            direction.moved()
        });
        let mut got = Vec::new();
        sink.read_to_end(&mut got).await.expect("the end");
        assert_eq!(got, sent);
        assert_eq!(moving.await.expect("no panic"), 50_000);
    }

    #[tokio::test]
    async fn stops_behind_the_frame_under_way() {
        let (mut source, mut from) = duplex(1000);
        let (mut to, mut sink) = duplex(1000);
        let mut direction = Direction::default();
        // Half a text frame of four bytes; then its rest and another frame.
        source.write_all(b"\x81\x04ab").await.expect("room");
        let mut once = Some(());
        poll_fn(|cx| {
            let _ = direction.poll(&mut from, &mut to, Extent::All, cx);
            once.take().map_or(std::task::Poll::Ready(()), |()| {
                cx.waker().wake_by_ref();
                std::task::Poll::Pending
            })
        })
        .await;
        assert!(!direction.is_between_frames());
        source.write_all(b"cd\x81\x02xy").await.expect("room");
        poll_fn(|cx| direction.poll(&mut from, &mut to, Extent::ThisFrame, cx)).await.expect("moved");
        assert!(direction.is_between_frames());
        drop(to);
        let mut got = Vec::new();
        sink.read_to_end(&mut got).await.expect("the end");
        assert_eq!(got, b"\x81\x04abcd");
    }
}

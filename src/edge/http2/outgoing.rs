//! Frames on their way out of a connection: small ones side by side in one buffer, large
//! pieces of bodies as they are between them. All that is here leaves together.
//! Must never: be added to when it is full.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncWrite;

/// What may wait before nothing more is read or sent.
pub const FULL: usize = 64 * 1024;

/// Up to so many bytes a piece is copied: to keep it by itself would cost more.
const COPIED: usize = 2 * 1024;

/// Pieces that leave by one write.
const SLICES: usize = 16;

/// Room for the frames of some answers.
const ROOM: usize = 4 * 1024;

/// What is on its way.
#[derive(Debug, Default)]
pub struct Outgoing {
    pieces: VecDeque<Bytes>,
    text: Vec<u8>,
    waiting: usize,
    unflushed: bool,
}

impl Outgoing {
    /// Where frames are written.
    pub fn text(&mut self) -> &mut Vec<u8> {
        if self.text.capacity() == 0 {
            self.text.reserve(ROOM);
        }
        &mut self.text
    }

    /// A piece behind what is here.
    pub fn push(&mut self, piece: Bytes) {
        if piece.len() <= COPIED {
            return self.text.extend_from_slice(&piece);
        }
        self.turn_over();
        self.waiting += piece.len();
        self.pieces.push_back(piece);
    }

    /// Whether so much waits that nothing may be added.
    pub fn is_full(&self) -> bool {
        self.waiting + self.text.len() >= FULL
    }

    fn turn_over(&mut self) {
        if !self.text.is_empty() {
            let text = Bytes::from(std::mem::take(&mut self.text));
            self.waiting += text.len();
            self.pieces.push_back(text);
        }
    }

    /// Writes until nothing waits; tells `moved` of every write.
    pub fn poll_flush<T: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut T,
        cx: &mut Context<'_>,
        mut moved: impl FnMut(usize),
    ) -> Poll<io::Result<()>> {
        self.turn_over();
        while let Some(first) = self.pieces.front() {
            let count = if self.pieces.len() == 1 {
                ready!(Pin::new(&mut *stream).poll_write(cx, first))?
            } else {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let used = self.pieces.len().min(SLICES);
                slices.iter_mut().zip(&self.pieces).for_each(|(slice, piece)| *slice = IoSlice::new(piece));
                ready!(Pin::new(&mut *stream).poll_write_vectored(cx, &slices[..used]))?
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            moved(count);
            self.advance(count);
        }
        if self.unflushed {
            ready!(Pin::new(stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut count: usize) {
        self.unflushed = true;
        self.waiting -= count;
        while let Some(first) = self.pieces.front_mut() {
            if count < first.len() {
                return first.advance(count);
            }
            count -= first.len();
            self.pieces.pop_front();
        }
        // An idle connection keeps nothing.
        self.pieces = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use bytes::Bytes;
    use tokio::io::AsyncWrite;

    use super::{COPIED, FULL, Outgoing, SLICES};

    /// A socket that takes so many bytes a write, and so many in all.
    struct Narrow {
        each: usize,
        room: usize,
        got: Vec<u8>,
        flushes: usize,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let count = bytes.len().min(self.each).min(self.room);
            if count == 0 {
                return Poll::Pending;
            }
            self.room -= count;
            self.got.extend_from_slice(&bytes[..count]);
            Poll::Ready(Ok(count))
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            slices: &[io::IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            assert!(slices.len() <= SLICES);
            let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(self.each).collect();
            self.poll_write(cx, &all)
        }

        fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.flushes += 1;
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn frames_and_pieces_leave_in_order_however_little_a_socket_takes() {
        for each in [97, 2000, 5000, usize::MAX] {
            let (mut out, mut expected) = (Outgoing::default(), Vec::new());
            for n in 0..40_u8 {
                let piece = vec![n; [1, COPIED, COPIED + 1, 9000][usize::from(n) % 4]];
                out.text().push(0xFF);
                out.push(Bytes::from(piece.clone()));
                expected.push(0xFF);
                expected.extend(piece);
            }
            let mut socket = Narrow { each, room: 10_000, got: Vec::new(), flushes: 0 };
            let (mut cx, mut moved) = (Context::from_waker(Waker::noop()), 0);
            while out.poll_flush(&mut socket, &mut cx, |count| moved += count).is_pending() {
                socket.room = 10_000;
            }
            assert!(socket.got == expected, "{each}");
            assert_eq!((moved, socket.flushes), (expected.len(), 1));
            assert!(!out.is_full() && out.text.capacity() == 0 && out.pieces.capacity() == 0, "it keeps nothing");
            assert!(out.poll_flush(&mut socket, &mut cx, |_| {}).is_ready());
            assert_eq!(socket.flushes, 1, "what is flushed needs no flush");
        }
    }

    #[test]
    fn it_is_full_by_all_that_waits() {
        let mut out = Outgoing::default();
        out.push(Bytes::from(vec![0; FULL - 10]));
        out.text().extend_from_slice(&[0; 9]);
        assert!(!out.is_full());
        out.text().push(0);
        assert!(out.is_full());
        let mut socket = Narrow { each: 1, room: 1, got: Vec::new(), flushes: 0 };
        assert!(out.poll_flush(&mut socket, &mut Context::from_waker(Waker::noop()), |_| {}).is_pending());
        assert!(!out.is_full(), "one byte less");
    }
}

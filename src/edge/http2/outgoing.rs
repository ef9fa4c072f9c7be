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

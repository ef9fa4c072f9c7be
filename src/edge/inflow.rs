//! Bytes that a connection has brought and nobody has taken yet. A message that arrives
//! whole is read into room that the whole thread shares and copied out in its own size,
//! so an idle connection holds no memory; a large body is read where it will stay.
//! Must never: grow without somebody asking for more.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead as _, ReadBuf};

use crate::edge::stream::Stream;

/// Bytes of the room that a thread's connections share.
const SHARED_ROOM: usize = 16 * 1024;

/// Bytes that one read of a large body brings, at first and at most.
const PIECES: (usize, usize) = (64 * 1024, 256 * 1024);

thread_local! {
    static ROOM: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// What was read and not taken.
#[derive(Debug, Default)]
pub struct Inflow {
    held: BytesMut,
    /// How much the next read of a large body asks for; 0: none is being read.
    piece: usize,
}

/// What a read is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// A head, or whatever is small.
    Little,
    /// A body with so many bytes to come, as far as is known.
    Body(u64),
}

impl Inflow {
    /// What is here.
    pub fn bytes(&self) -> &[u8] {
        &self.held
    }

    /// True when nothing is.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Takes the first `count` bytes, which are here.
    pub fn take(&mut self, count: usize) -> Bytes {
        if count < self.held.len() || self.piece > 0 {
            return self.held.split_to(count).freeze();
        }
        std::mem::take(&mut self.held).freeze()
    }

    /// Forgets the first `count` bytes.
    pub fn skip(&mut self, count: usize) {
        self.held.advance(count);
    }

    /// Gives back the memory of large reads.
    pub fn calm(&mut self) {
        if std::mem::take(&mut self.piece) > 0 && self.held.is_empty() {
            self.held = BytesMut::new();
        }
    }

    /// Reads once from `stream`; 0 is the end.
    pub fn poll_fill(&mut self, stream: &mut Stream, cx: &mut Context<'_>, want: Want) -> Poll<io::Result<usize>> {
        match want {
            Want::Body(left) if left > SHARED_ROOM as u64 => self.poll_large(stream, cx, left),
            Want::Little | Want::Body(_) if self.held.is_empty() => self.poll_shared(stream, cx),
            Want::Little | Want::Body(_) => {
                self.held.reserve(SHARED_ROOM / 4);
                stream.poll_read_more(cx, &mut self.held)
            }
        }
    }

    fn poll_shared(&mut self, stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = ROOM.take().unwrap_or_else(|| vec![0; SHARED_ROOM].into_boxed_slice());
        let mut buffer = ReadBuf::new(&mut room);
        let outcome = Pin::new(stream).poll_read(cx, &mut buffer);
        let fresh = buffer.filled();
        let count = fresh.len();
        if count > 0 {
            self.held = BytesMut::from(fresh);
        }
        ROOM.set(Some(room));
        outcome.map_ok(|()| count)
    }

    fn poll_large(&mut self, stream: &mut Stream, cx: &mut Context<'_>, left: u64) -> Poll<io::Result<usize>> {
        let piece = self.piece.max(PIECES.0).min(usize::try_from(left).unwrap_or(usize::MAX));
        self.held.reserve(piece);
        let count = ready!(stream.poll_read_more(cx, &mut self.held))?;
        let full = count >= self.piece.max(PIECES.0);
        self.piece = if full { (self.piece.max(PIECES.0) * 2).min(PIECES.1) } else { self.piece.max(1) };
        Poll::Ready(Ok(count))
    }
}

//! Bytes that a connection has brought and nobody has taken yet. They are read into room
//! that the whole thread shares. Few are copied out in their own size, so an idle
//! connection holds no memory; many stay where they were read until they are passed on.
//! Must never: grow without somebody asking for more.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead as _, ReadBuf};

use crate::edge::body::room::{self, Room};
use crate::edge::stream::Stream;

/// What a read for a head brings at most; and what is copied out of the shared room, which
/// is free again at once. Where more has come, copying would cost more than the room.
const FEW: usize = 16 * 1024;

/// What was read and not taken.
#[derive(Debug, Default)]
pub struct Inflow {
    held: Bytes,
}

/// What a read is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// A head, or whatever is small.
    Little,
    /// A body with at most so many bytes to come.
    Body(u64),
    /// At most so many bytes of a body that has to share memory with others, and so leaves
    /// the room at once.
    Share(usize),
}

impl Want {
    /// The rest of an answer, `left` bytes as far as is known, of which `share` may be held.
    pub fn answer(share: Option<usize>, left: Option<u64>) -> Want {
        share.map_or(Want::Body(left.unwrap_or(u64::MAX)), Want::Share)
    }

    fn most(self) -> usize {
        match self {
            Want::Little => FEW,
            Want::Share(share) => share.clamp(FEW, room::SIZE),
            Want::Body(left) => usize::try_from(left).unwrap_or(usize::MAX).clamp(FEW, room::SIZE),
        }
    }
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
        if count < self.held.len() { self.held.split_to(count) } else { std::mem::take(&mut self.held) }
    }

    /// Forgets the first `count` bytes.
    pub fn skip(&mut self, count: usize) {
        self.held.advance(count);
    }

    /// Reads once from `stream`; 0 is the end.
    pub fn poll_fill(&mut self, stream: &mut Stream, cx: &mut Context<'_>, want: Want) -> Poll<io::Result<usize>> {
        let here = self.held.len();
        if here > FEW || (here > 0 && want == Want::Little) {
            return self.poll_more(stream, cx);
        }
        let mut room = Room::take();
        room.memory()[..here].copy_from_slice(&self.held);
        let most = want.most().max(here + FEW).min(room::SIZE);
        let mut buffer = ReadBuf::new(&mut room.memory()[here..most]);
        ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
        let count = buffer.filled().len();
        if count > 0 {
            let all = here + count;
            let leaves = all <= FEW || matches!(want, Want::Share(_));
            self.held = if leaves { Bytes::copy_from_slice(&room.memory()[..all]) } else { room.holding(all) };
        }
        Poll::Ready(Ok(count))
    }

    /// Reads behind what is here, as far as a long head goes.
    fn poll_more(&mut self, stream: &mut Stream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut held = BytesMut::from(std::mem::take(&mut self.held));
        held.reserve(FEW / 4);
        let outcome = stream.poll_read_more(cx, &mut held);
        self.held = held.freeze();
        outcome
    }
}

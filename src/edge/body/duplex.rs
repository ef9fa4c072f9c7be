//! Answers that begin before their request has ended. Whoever writes such an answer
//! keeps the request's body moving while the caller takes nothing, or both sides would
//! wait for each other.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;

/// An answer's body that may still have its request's body to bring on its way.
pub trait Duplex {
    /// All of it, where it is in hand and was not taken before: it can leave with its head.
    fn in_hand(&mut self) -> Option<Bytes> {
        None
    }

    /// Moves the request's body on, as far as it goes. Ready when the answer must not go
    /// on, though its caller takes nothing. Laws: never waits, and registers the waker
    /// with whatever it waits for.
    fn poll_upload(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Duplex for Full<Bytes> {}

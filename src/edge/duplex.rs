//! Answers that begin before their request has ended. Whoever writes such an answer
//! keeps the request's body moving while the caller takes nothing, or both sides would
//! wait for each other.

use std::pin::Pin;
use std::task::Context;

use bytes::Bytes;
use http_body_util::Full;

/// An answer's body that may still have its request's body to bring on its way.
pub trait Duplex {
    /// Moves the request's body on, as far as it goes. Laws: never waits, and registers
    /// the waker with whatever it waits for.
    fn poll_upload(self: Pin<&mut Self>, _cx: &mut Context<'_>) {}
}

impl Duplex for Full<Bytes> {}

//! One place for a stream, and the stream that has it now: a request in, its answer out,
//! and what of both waits. Must never: outlive its stream with anything of it in hand.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;

use crate::edge::http2::inlet::Inlet;
use crate::edge::http2::ready::Bell;
use crate::edge::in_flight::Running;
use crate::edge::interim::Interims;
use crate::edge::serve::Serve;
use crate::edge::worker::pulse::Pulse;

/// How far a stream's answer is.
pub(super) enum Life<S: Serve> {
    /// The place is free.
    Free,
    /// It is being worked on.
    Answering(Answering<S>),
    /// Its body is on its way.
    Sending(Box<Response<S::Body>>),
    /// It has become a tunnel.
    Tunnel(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// The tunnel has ended; what it said last may still be in its inlet.
    Over,
    /// All of it is here.
    Said,
}

/// An answer to come.
pub(super) struct Answering<S: Serve> {
    pub(super) answer: Pin<Box<S::Answer>>,
    pub(super) interims: Arc<Interims>,
    /// Whether a body is wanted: not by a `HEAD`.
    pub(super) bare: bool,
    /// Whether it may become a tunnel.
    pub(super) connect: bool,
}

/// Whether the caller may still send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Remote {
    Open,
    Ended,
}

/// A place.
pub(super) struct Place<S: Serve> {
    pub(super) bell: Arc<Bell>,
    /// The stream's number; 0: the caller may not speak of it any more.
    pub(super) id: u32,
    pub(super) life: Life<S>,
    /// Whether its life was looked at.
    pub(super) begun: bool,
    pub(super) running: Option<Running>,
    /// What the caller takes.
    pub(super) window: i64,
    /// What waits to be sent, whether it is the last, and whether it stands in the line.
    pub(super) piece: Bytes,
    pub(super) last: bool,
    pub(super) queued: bool,
    /// Its last frame has left, and the caller, or the tunnel that it is, has not ended yet.
    pub(super) shut: bool,
    pub(super) lingers: bool,
    pub(super) remote: Remote,
    pub(super) inlet: Option<Arc<Inlet>>,
    /// Bytes to come, where the head said how many.
    pub(super) expected: Option<u64>,
    /// What the caller may still send, what of his has not been taken, and what he was
    /// given beyond a stream's first window.
    pub(super) room: i64,
    pub(super) held: i64,
    pub(super) extra: i64,
    /// Crumbs that came since anything was taken.
    pub(super) crumbs: u32,
    /// What the caller has to take before the pulse fires; 0: nothing waits for him.
    pub(super) owed: usize,
    /// What the connection had sent when that wait began.
    pub(super) sent_then: u64,
    pub(super) pulse: Option<Arc<Pulse>>,
}

impl<S: Serve> Place<S> {
    pub(super) fn new(bell: Arc<Bell>) -> Place<S> {
        Place {
            bell,
            id: 0,
            life: Life::Free,
            begun: false,
            running: None,
            window: 0,
            piece: Bytes::new(),
            last: false,
            queued: false,
            shut: false,
            lingers: false,
            remote: Remote::Open,
            inlet: None,
            expected: None,
            room: 0,
            held: 0,
            extra: 0,
            crumbs: 0,
            owed: 0,
            sent_then: 0,
            pulse: None,
        }
    }

    /// Whether something of it waits to be sent.
    pub(super) fn waits(&self) -> bool {
        !self.piece.is_empty() || self.last
    }
}

//! One caller's connection: the typed facts about it that every request on it sees,
//! and what reading the bytes that came in on it has found out.
//! Must never: know what a request asks for.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::Extensions;

use crate::edge::forward::forwarded::{Hop, Scheme};
use crate::edge::head::refusal::Refusal;
use crate::edge::in_flight::InFlight;
use crate::edge::interim::Interims;
use crate::edge::shared::Entry;
use crate::edge::worker::Worker;
use crate::edge::worker::pulse::{AtomicTick, Tick};
use crate::traffic::template::Certificate;

/// Facts about a connection. Dropping it gives its place under the limit back.
pub struct Connection {
    /// The worker it stays with for life.
    pub worker: Arc<Worker>,
    /// Index of its listener.
    pub listener: usize,
    /// The caller: the other end, or whom a trusted proxy named by the PROXY protocol.
    /// IPv4 is never wrapped in IPv6.
    pub peer: SocketAddr,
    /// Whether it came in over TLS.
    pub secure: bool,
    /// The server name of the TLS handshake, lower case; `None` in clear text or when
    /// the caller sent none, which is never a mismatch.
    pub sni: Option<Box<str>>,
    /// Who the caller is by his certificate; `None`: he has shown none.
    pub certificate: Option<Box<Certificate>>,
    /// What backends are told about this end.
    pub hop: Hop,
    /// Interim answers to the request under way, where it came by HTTP/1.1.
    pub interims: Interims,
    pub(in crate::edge) in_flight: InFlight,
    /// When the last exchange ended, or the connection was opened.
    touched: AtomicTick,
    body: OnceLock<Refusal>,
    _seat: Seat,
}

impl Connection {
    pub(in crate::edge) fn new(seat: Seat, peer: SocketAddr, channel: Channel) -> Arc<Connection> {
        let touched = AtomicTick::new(seat.worker.pulses.tick());
        let (secure, sni, certificate) = match channel {
            Channel::Clear => (false, None, None),
            Channel::Tls { sni, certificate } => (true, sni, certificate),
        };
        let scheme = if secure { Scheme::Https } else { Scheme::Http };
        Arc::new(Connection {
            worker: Arc::clone(&seat.worker),
            listener: seat.listener,
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            secure,
            sni,
            certificate,
            hop: Hop::new(peer, scheme),
            interims: Interims::default(),
            in_flight: InFlight::default(),
            touched,
            body: OnceLock::new(),
            _seat: seat,
        })
    }

    /// Why this request must be answered with an error and nothing else, if its head
    /// was refused. Such a request carries none of what the caller sent; its
    /// connection is closed after the answer. Ask this before anything else.
    pub fn refusal(&self, request: &Extensions) -> Option<Refusal> {
        request.get::<Refusal>().copied()
    }

    /// Why the body of the request under way broke off, after reading it has failed;
    /// `None`: the caller hung up, or the fault is not known.
    pub fn broken_body(&self) -> Option<Refusal> {
        self.body.get().copied()
    }

    /// Notes why the body that is being read broke off.
    pub(in crate::edge) fn break_body(&self, refusal: Refusal) {
        let _ = self.body.set(refusal);
    }

    /// Its listener's name, as metrics say it.
    pub(in crate::edge) fn listener_name(&self) -> Arc<str> {
        Arc::clone(&self.worker.world().snapshot.listeners[self.listener].name)
    }

    /// Notes that something has just ended.
    pub(in crate::edge) fn touch(&self) {
        self.touched.store(self.worker.pulses.tick());
    }

    /// How long nothing has been under way; `None` while something is. Up to one sweep
    /// interval too long.
    pub(in crate::edge) fn idle_for(&self, now: Tick) -> Option<Duration> {
        (self.in_flight.count() == 0).then(|| now.since(self.touched.load()))
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// What the bytes of a connection travel in.
pub(in crate::edge) enum Channel {
    /// TCP as it is.
    Clear,
    /// TLS, the name that was asked for, and who asked.
    Tls {
        /// Lower case.
        sni: Option<Box<str>>,
        /// Verified.
        certificate: Option<Box<Certificate>>,
    },
}

/// A connection's place under its listener's limit, held from accept to close.
pub(in crate::edge) struct Seat {
    worker: Arc<Worker>,
    listener: usize,
}

impl Seat {
    /// A place at this listener; `None`: all are taken, here or in the whole process.
    pub(in crate::edge) fn take(worker: &Arc<Worker>, listener: usize, limit: usize) -> Option<Seat> {
        let (door, crowd) = (&worker.shared.doors[listener], &worker.shared.crowd);
        if door.enter(limit) == Entry::Full {
            return None;
        }
        if crowd.enter() == Entry::Full {
            door.leave();
            return None;
        }
        worker.connection_opened();
        Some(Seat { worker: Arc::clone(worker), listener })
    }

    /// Whose connection it is.
    pub(in crate::edge) fn worker(&self) -> &Worker {
        &self.worker
    }

    /// Index of the listener that let it in.
    pub(in crate::edge) fn listener(&self) -> usize {
        self.listener
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.worker.shared.doors[self.listener].leave();
        self.worker.shared.crowd.leave();
        self.worker.connection_closed();
    }
}

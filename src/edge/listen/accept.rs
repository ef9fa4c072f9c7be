//! Takes connections of one listener for one worker, and brings each as far as its
//! HTTP. At the listener's limit a connection is closed at once and counted; where too
//! many shake hands it waits, and those behind it in the kernel's queue; when the system
//! has no descriptors left, accepting pauses instead of spinning.
//! Must never: stop while the process runs, or leave a connection in the kernel's
//! queue that it had promised to serve.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use crate::edge::connection::{Channel, Connection, Seat};
use crate::edge::drain::{LAST_CALL, Phase};
use crate::edge::forward::forwarded::is_trusted;
use crate::edge::http1::wire::Opens;
use crate::edge::http2::opened::Opened;
use crate::edge::io::Socket;
use crate::edge::listen::callers::{Counted, Turned};
use crate::edge::listen::ear::{Holder, Listening};
use crate::edge::listen::half_open::{Place, Wait};
use crate::edge::listen::handshake::{Protocol, shake};
use crate::edge::listen::plug::Plug;
use crate::edge::listen::proxy_protocol::header::Source;
use crate::edge::listen::proxy_protocol::receive::{Received, receive};
use crate::edge::memory::Pressure;
use crate::edge::respond::redirect;
use crate::edge::serve::Serve;
use crate::edge::worker::Worker;
use crate::edge::worker::pulse::Tick;
use crate::edge::{http1, http2};
use crate::snapshot::{Door, DoorLimits, Listener, ProxyProtocol};
use crate::telemetry::outcome::{ConnectionRefused, Relief};

/// The first pause after accepting has failed, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Connections taken from the queue when the listener closes.
const LAST_ROUND: usize = 65_536;

/// Accepts until the drain begins, lets those through who are about to get through,
/// and closes the socket.
pub(in crate::edge) async fn run<S: Serve>(
    worker: Arc<Worker>,
    index: usize,
    (socket, holder): (Listening, Holder),
    serve: S,
) {
    let draining = worker.shared.drain.reached(Phase::Draining);
    accept_until(draining, &worker, index, &socket, &serve).await;
    if worker.shared.drain.succeeded() || holder == Holder::Supervisor {
        // The socket lives on, and whoever waits at it with it.
        return;
    }
    // Closed at once, the socket would take with it whoever is in the middle of
    // connecting. A system without filters closes it a moment later all the same.
    if socket.turn_away_newcomers().is_ok() {
        accept_until(tokio::time::sleep(LAST_CALL), &worker, index, &socket, &serve).await;
    }
    last_round(&worker, index, socket, &serve);
}

async fn accept_until<S: Serve>(
    end: impl Future<Output = ()>,
    worker: &Arc<Worker>,
    index: usize,
    socket: &Listening,
    serve: &S,
) {
    let mut end = std::pin::pin!(end);
    let mut pause = PAUSES.0;
    loop {
        if worker.shared.memory.pressure() != Pressure::Calm {
            worker.shared.telemetry.relieved(Relief::HeldBack);
            tokio::select! {
                biased;
                () = &mut end => return,
                () = worker.shared.memory.room() => {}
            }
        }
        let accepted = tokio::select! {
            biased;
            () = &mut end => return,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                pause = PAUSES.0;
                let place = tokio::select! {
                    biased;
                    place = room_to_shake_hands(worker, index) => place,
                    // The last round needs no room, and whoever was accepted belongs to it.
                    () = &mut end => return admit(worker, index, (stream, None), peer, serve),
                };
                admit(worker, index, (stream, place), peer, serve);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                let world = worker.world();
                let name = &world.snapshot.listeners[index].name;
                worker.shared.telemetry.connection_refused(name, ConnectionRefused::AcceptFailed);
                if pause == PAUSES.0 {
                    tracing::warn!(listener = %name, %error, "accepting pauses");
                }
                tokio::select! {
                    () = &mut end => return,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// A place among the handshakes under way, where the listener has any.
async fn room_to_shake_hands(worker: &Worker, index: usize) -> Option<Place> {
    let world = worker.world();
    let Listener { name, door: Door::Tls(_), limits, .. } = &world.snapshot.listeners[index] else { return None };
    let (place, wait) = worker.shared.doors[index].half_open.enter(limits.handshakes).await;
    if wait == Wait::Some {
        worker.shared.telemetry.held_back(name);
    }
    Some(place)
}

/// Takes the connections whose callers already think they are through.
fn last_round<S: Serve>(worker: &Arc<Worker>, index: usize, socket: Listening, serve: &S) {
    let Ok(socket) = socket.release() else { return };
    for _ in 0..LAST_ROUND {
        match socket.take() {
            Ok((stream, peer)) => admit(worker, index, (stream, None), peer, serve),
            Err(error) if is_of_one_connection(&error) => {}
            Err(_) => return,
        }
    }
}

/// Gives a connection a seat and a task of its own, or closes it.
fn admit<S: Serve>(
    worker: &Arc<Worker>,
    index: usize,
    (stream, place): (Plug, Option<Place>),
    peer: SocketAddr,
    serve: &S,
) {
    let world = worker.world();
    let Listener { name, door, limits, trusted_proxies, proxy_protocol, .. } = &world.snapshot.listeners[index];
    let refused = |why| worker.shared.telemetry.connection_refused(name, why);
    let trusted = is_trusted(peer.ip(), trusted_proxies);
    let half_open = || worker.shared.doors[index].half_open.enter_anyway();
    let place = matches!(door, Door::Tls(_)).then(|| place.unwrap_or_else(half_open));
    let mut shares = Shares { counted: None, place };
    if !trusted && let Err(why) = shares.claim(worker, index, peer, limits) {
        return refused(why);
    }
    match Seat::take(worker, index, limits.connections) {
        Some(seat) => {
            let proxy = if trusted { *proxy_protocol } else { ProxyProtocol::Off };
            let terms = Terms { name: Arc::clone(name), door: door.clone(), limits: limits.clone(), proxy };
            tokio::spawn(introduce(seat, shares, terms, stream, peer, serve.clone()));
        }
        None => refused(ConnectionRefused::OverLimit),
    }
}

/// What a connection has of what its caller's address may have.
struct Shares {
    /// For life.
    counted: Option<Counted>,
    /// Until hands are shaken, where they are.
    place: Option<Place>,
}

impl Shares {
    /// Takes them for `caller`.
    fn claim(
        &mut self,
        worker: &Worker,
        index: usize,
        caller: SocketAddr,
        limits: &DoorLimits,
    ) -> Result<(), ConnectionRefused> {
        let per_address = limits.per_address;
        self.counted = worker.shared.doors[index].callers.enter(caller.ip(), per_address, Tick::now())?;
        let counts = self.place.as_mut().is_none_or(|place| place.of(caller.ip(), per_address.handshakes));
        if counts { Ok(()) } else { Err(ConnectionRefused::OverAddressHandshakes) }
    }
}

impl From<Turned> for ConnectionRefused {
    fn from(turned: Turned) -> ConnectionRefused {
        match turned {
            Turned::TooMany => ConnectionRefused::OverAddressLimit,
            Turned::TooFast => ConnectionRefused::OverAddressRate,
        }
    }
}

/// What the present snapshot says about a listener; a connection keeps it for life.
struct Terms {
    name: Arc<str>,
    door: Door,
    limits: DoorLimits,
    /// What is expected of this very peer.
    proxy: ProxyProtocol,
}

/// Learns whose connection it is, where a proxy has to say that, and attends to it.
async fn introduce<S: Serve>(seat: Seat, mut shares: Shares, terms: Terms, stream: Plug, peer: SocketAddr, serve: S) {
    let caller = match terms.proxy {
        ProxyProtocol::Off => peer,
        ProxyProtocol::Accept | ProxyProtocol::Require => {
            match Box::pin(named(&seat, &terms, &stream, peer, &mut shares)).await {
                Ok(caller) => caller,
                Err(why) => {
                    let shared = &seat.worker().shared;
                    if let (ConnectionRefused::ProxyHeader, Some(door)) = (why, shared.doors.get(seat.listener())) {
                        door.complaints.proxy_header(shared.clock.now(), &terms.name, peer);
                    }
                    return shared.telemetry.connection_refused(&terms.name, why);
                }
            }
        }
    };
    let Shares { counted, place } = shares;
    attend(seat, terms, (stream, place), caller, serve).await;
    drop(counted);
}

/// The caller whom a trusted proxy names, under his own address's limits; the proxy
/// itself if it names nobody.
async fn named(
    seat: &Seat,
    terms: &Terms,
    stream: &Plug,
    peer: SocketAddr,
    shares: &mut Shares,
) -> Result<SocketAddr, ConnectionRefused> {
    match (receive(stream).await, terms.proxy) {
        (Ok(Received::Header(Source::Caller(caller))), _) => {
            shares.claim(seat.worker(), seat.listener(), caller, &terms.limits)?;
            Ok(caller)
        }
        (Ok(Received::Header(Source::Proxy)), _) | (Ok(Received::Nothing), ProxyProtocol::Accept) => Ok(peer),
        (Ok(Received::Nothing), ProxyProtocol::Off | ProxyProtocol::Require) | (Err(_), _) => {
            Err(ConnectionRefused::ProxyHeader)
        }
    }
}

/// One connection from its first byte to its close, by what its listener speaks.
async fn attend<S: Serve>(
    seat: Seat,
    terms: Terms,
    (stream, place): (Plug, Option<Place>),
    caller: SocketAddr,
    serve: S,
) {
    let Terms { name, door, limits, .. } = terms;
    match door {
        Door::Clear => {
            let connection = Connection::new(seat, caller, Channel::Clear);
            let (stream, near, terms) = (Socket::clear(stream), Arc::clone(&connection), limits.clone());
            if let Some(opened) = http1::connection::run(near, stream, Opens::Either, terms, serve.clone()).await {
                Box::pin(http2::run(connection, opened, limits, serve)).await;
            }
        }
        Door::Redirect(port) => {
            let connection = Connection::new(seat, caller, Channel::Clear);
            let serve = move |connection: Arc<Connection>, head: Box<http::request::Parts>, _| {
                redirect::answer(&connection, &head, port)
            };
            http1::connection::run(connection, Socket::clear(stream), Opens::Http1, limits, serve).await;
        }
        Door::Tls(config) => {
            let (outcome, agreed) = Box::pin(shake((stream, place), config, limits.handshake_timeout)).await;
            let shared = &seat.worker().shared;
            shared.telemetry.handshake(&name, outcome);
            let mut agreed = match agreed {
                Ok(agreed) => agreed,
                Err(why) => {
                    if let (Some(why), Some(door)) = (why, shared.doors.get(seat.listener())) {
                        door.complaints.handshake(shared.clock.now(), &name, caller, &why);
                    }
                    return;
                }
            };
            let connection =
                Connection::new(seat, caller, Channel::Tls { sni: agreed.sni, certificate: agreed.certificate });
            match agreed.protocol {
                Protocol::Http1 => {
                    http1::connection::run(connection, agreed.stream, Opens::Http1, limits, serve).await;
                }
                Protocol::Http2 => {
                    let opened = Opened::of(Bytes::new(), agreed.stream);
                    Box::pin(http2::run(connection, opened, limits, serve)).await;
                }
                // An authority that is gone already has seen what it came for.
                Protocol::Proof => drop(timeout(limits.handshake_timeout, agreed.stream.shutdown()).await),
            }
        }
    }
}

/// Whether accepting failed for a reason that ended with the one connection: its
/// caller left before we took it (accept(2), "error handling").
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
    )
}

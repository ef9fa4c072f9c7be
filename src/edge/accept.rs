//! Takes connections of one listener for one worker, and brings each as far as its
//! HTTP. At the listener's limit a connection is closed at once and counted; when the
//! system has no descriptors left, accepting pauses instead of spinning.
//! Must never: stop while the process runs, or leave a connection in the kernel's
//! queue that it had promised to serve.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::edge::connection::{Channel, Connection, Seat};
use crate::edge::drain::Phase;
use crate::edge::handshake::{Protocol, shake};
use crate::edge::io::Socket;
use crate::edge::serve::Serve;
use crate::edge::worker::Worker;
use crate::edge::{http1, http2, redirect};
use crate::snapshot::{Door, DoorLimits, Listener};
use crate::telemetry::outcome::ConnectionRefused;

/// The first pause after accepting has failed, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Connections taken from the queue when the listener closes.
const LAST_ROUND: usize = 65_536;

/// Accepts until the drain begins, then takes what is queued and closes the socket.
pub(in crate::edge) async fn run<S: Serve>(worker: Arc<Worker>, index: usize, socket: TcpListener, serve: S) {
    let mut draining = std::pin::pin!(worker.shared.drain.reached(Phase::Draining));
    let mut pause = PAUSES.0;
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut draining => break,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                pause = PAUSES.0;
                admit(&worker, index, stream, peer, &serve);
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
                    () = &mut draining => break,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
    last_round(&worker, index, socket, &serve);
}

/// Takes the connections whose callers already think they are through.
fn last_round<S: Serve>(worker: &Arc<Worker>, index: usize, socket: TcpListener, serve: &S) {
    let Ok(socket) = socket.into_std() else { return };
    for _ in 0..LAST_ROUND {
        match socket.accept() {
            Ok((stream, peer)) => {
                let ready = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
                if let Ok(stream) = ready {
                    admit(worker, index, stream, peer, serve);
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(_) => return,
        }
    }
}

/// Gives a connection a place and a task of its own, or closes it.
fn admit<S: Serve>(worker: &Arc<Worker>, index: usize, stream: TcpStream, peer: SocketAddr, serve: &S) {
    let world = worker.world();
    let Listener { name, door, limits, .. } = &world.snapshot.listeners[index];
    match Seat::take(worker, index, limits.connections) {
        Some(seat) => {
            let terms = Terms { name: Arc::clone(name), door: door.clone(), limits: limits.clone() };
            tokio::spawn(attend(seat, terms, stream, peer, serve.clone()));
        }
        None => worker.shared.telemetry.connection_refused(name, ConnectionRefused::OverLimit),
    }
}

/// What the present snapshot says about a listener; a connection keeps it for life.
struct Terms {
    name: Arc<str>,
    door: Door,
    limits: DoorLimits,
}

/// One connection from accept to close, by what its listener speaks.
async fn attend<S: Serve>(seat: Seat, terms: Terms, stream: TcpStream, peer: SocketAddr, serve: S) {
    let Terms { name, door, limits } = terms;
    match door {
        Door::Clear => {
            let connection = Connection::new(seat, peer, Channel::Clear);
            http1::connection::run(connection, Socket::clear(stream), limits, serve).await;
        }
        Door::Redirect(port) => {
            let connection = Connection::new(seat, peer, Channel::Clear);
            let serve = move |connection: Arc<Connection>, request| redirect::answer(&connection, &request, port);
            http1::connection::run(connection, Socket::clear(stream), limits, serve).await;
        }
        Door::Tls(config) => {
            let (outcome, agreed) = Box::pin(shake(stream, config, limits.handshake_timeout)).await;
            seat.worker().shared.telemetry.handshake(&name, outcome);
            let Some(agreed) = agreed else { return };
            let connection = Connection::new(seat, peer, Channel::Tls { sni: agreed.sni });
            match agreed.protocol {
                Protocol::Http1 => http1::connection::run(connection, agreed.stream, limits, serve).await,
                Protocol::Http2 => http2::run(connection, agreed.stream, limits, serve).await,
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

//! The TLS handshake of one connection, under the certificates of the present
//! snapshot, so that a reload turns them for whoever connects next.
//! Must never: wait longer than the listener allows, or keep its place when it is over.

use std::sync::Arc;
use std::time::Duration;

use rustls::{HandshakeKind, ProtocolVersion, ServerConfig};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::acme::board;
use crate::edge::io::Socket;
use crate::edge::listen::client_certificate;
use crate::edge::listen::half_open::Place;
use crate::edge::listen::plug::Plug;
use crate::telemetry::outcome::{Handshake, Session, TlsVersion};
use crate::traffic::template::Certificate;

/// The answer to a caller who speaks clear text to a TLS listener.
const HINT: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 49\r\n\
    connection: close\r\n\r\nthis listener speaks TLS: use an https:// address";

/// What both sides agreed on.
pub(in crate::edge) struct Agreed {
    /// The encrypted stream.
    pub(in crate::edge) stream: TlsStream<Socket>,
    /// The name the caller asked for, lower case.
    pub(in crate::edge) sni: Option<Box<str>>,
    /// Who the caller is by the certificate he has shown, which was verified.
    pub(in crate::edge) certificate: Option<Box<Certificate>>,
    /// The protocol for what follows.
    pub(in crate::edge) protocol: Protocol,
}

/// What is spoken inside TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::edge) enum Protocol {
    Http1,
    Http2,
    /// Nothing: the handshake was all that an authority came for (RFC 8737 §3).
    Proof,
}

/// What came of a handshake: what metrics count, and what was agreed, or else why nothing was,
/// where that can be said.
pub(in crate::edge) type Shaken = (Handshake, Result<Agreed, Option<String>>);

/// Shakes hands.
pub(in crate::edge) async fn shake(
    (socket, place): (Plug, Option<Place>),
    config: Arc<ServerConfig>,
    limit: Duration,
) -> Shaken {
    let Some(place) = place else { return to_its_end(socket, config, limit).await };
    tokio::select! {
        biased;
        ended = to_its_end(socket, config, limit) => ended,
        () = place.crowded_out() => (Handshake::CrowdedOut, Err(None)),
    }
}

async fn to_its_end(socket: Plug, config: Arc<ServerConfig>, limit: Duration) -> Shaken {
    let accept = TlsAcceptor::from(config).accept(Socket::awaiting_tls(socket)).into_fallible();
    match timeout(limit, accept).await {
        Err(_) => (Handshake::TimedOut, Err(None)),
        Ok(Err((error, mut socket))) => {
            if socket.got_clear_text() {
                // The caller may be gone; then nobody misses the hint.
                let _ = timeout(limit, socket.write_all(HINT)).await;
                return (Handshake::Failed, Err(Some("the caller speaks clear text".to_owned())));
            }
            (Handshake::Failed, Err(Some(error.to_string())))
        }
        Ok(Ok(stream)) => {
            let agreed = Agreed::of(stream);
            (agreed.outcome(), Ok(agreed))
        }
    }
}

impl Agreed {
    fn of(stream: TlsStream<Socket>) -> Agreed {
        let tls = stream.get_ref().1;
        let sni = tls.server_name().map(|name| name.to_ascii_lowercase().into_boxed_str());
        let shown = tls.peer_certificates().and_then(<[_]>::first);
        let certificate = shown.map(|der| Box::new(client_certificate::read(der)));
        let protocol = match tls.alpn_protocol() {
            Some(b"h2") => Protocol::Http2,
            Some(board::ALPN) => Protocol::Proof,
            _ => Protocol::Http1,
        };
        Agreed { sni, certificate, protocol, stream }
    }

    fn outcome(&self) -> Handshake {
        let tls = self.stream.get_ref().1;
        let version = match tls.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => TlsVersion::Tls12,
            _ => TlsVersion::Tls13,
        };
        let session = match tls.handshake_kind() {
            Some(HandshakeKind::Resumed) => Session::Resumed,
            _ => Session::New,
        };
        Handshake::Done(version, session)
    }
}

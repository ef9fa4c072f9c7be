//! What a request asks to be besides an exchange of HTTP, found out from its head before
//! anything is decided about it. Must never: grant what is asked.

use http::request::Parts;
use http::{Method, header};
use tokio::time::Instant;

use crate::edge::forward::Call;
use crate::edge::grpc;
use crate::edge::http2::message::Protocol;
use crate::edge::websocket::handshake::{self, Way};

/// What a request asks to be besides an exchange of HTTP.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// Nothing.
    Plain,
    /// A gRPC call.
    Grpc(Call),
    /// A WebSocket.
    Socket(Way),
}

impl Manner {
    /// That of a head. An extended CONNECT is judged, routed and counted as the `GET` that
    /// it stands for (RFC 8441 §5).
    pub fn of(head: &mut Parts) -> Manner {
        match head.method {
            Method::POST if grpc::is_grpc(&head.headers) => {
                let now = Instant::now();
                let deadline = grpc::timeout(&head.headers).and_then(|wait| now.checked_add(wait));
                Manner::Grpc(Call { deadline })
            }
            Method::GET if head.headers.contains_key(header::UPGRADE) => {
                handshake::asked(head, None).map_or(Manner::Plain, Manner::Socket)
            }
            Method::CONNECT => {
                let protocol = head.extensions.get::<Protocol>().map(Protocol::as_str);
                match handshake::asked(head, protocol) {
                    Some(way) => {
                        head.method = Method::GET;
                        Manner::Socket(way)
                    }
                    None => Manner::Plain,
                }
            }
            _ => Manner::Plain,
        }
    }

    /// The gRPC call, if it is one.
    pub fn call(self) -> Option<Call> {
        match self {
            Manner::Grpc(call) => Some(call),
            Manner::Plain | Manner::Socket(_) => None,
        }
    }

    /// When the caller's time is over.
    pub fn deadline(self) -> Option<Instant> {
        self.call().and_then(|call| call.deadline)
    }
}

//! What a route says about exchanges that last: whether it carries WebSockets, and what
//! becomes of them, of streams and of downloads when their token ends.

use std::time::Duration;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::upstream::Backend;
use crate::config::document::route::{OnExpiryName, RouteDocument};
use crate::config::problem::code::Code;
use crate::config::source::place::Place;
use crate::snapshot::upstream::Protocol;
use crate::snapshot::{OnExpiry, WebSocket};

/// How long a WebSocket may be silent unless the file says otherwise: clients that keep
/// one open ask for a sign of life more often.
const TUNNEL_SILENCE: Duration = Duration::from_secs(300);

/// What becomes of what lasts; closing is what a careful operator wants.
pub(super) fn on_expiry(written: &RouteDocument) -> OnExpiry {
    match written.token.on_expiry.as_ref().map(|word| word.value) {
        Some(OnExpiryName::Keep) => OnExpiry::Keep,
        Some(OnExpiryName::Close) | None => OnExpiry::Close,
    }
}

impl Compiler<'_> {
    /// A WebSocket's backend must be spoken to in HTTP/1.1.
    pub fn carries_sockets(&mut self, backend: &Backend, place: Place, help: &str) {
        if backend.upstream.protocol != Protocol::Http1 {
            let message = "WebSockets go to servers that are spoken to in HTTP/1.1";
            self.wrong(Code::Combination, place, message, help);
        }
    }

    /// Whether a route carries WebSockets; what only they have is a mistake elsewhere.
    pub fn websocket(&mut self, written: &RouteDocument, backend: Option<&Backend>) -> WebSocket {
        let carried = written.upgrade.as_ref().is_some_and(|list| !list.value.is_empty());
        if let (true, Some(backend), Some(list)) = (carried, backend, &written.upgrade) {
            self.carries_sockets(backend, list.place, "give the route an upstream with `protocol: http1`");
        }
        if carried {
            return WebSocket::Carried(self.span(written.timeouts.tunnel.as_ref(), TUNNEL_SILENCE));
        }
        let places = [
            written.timeouts.tunnel.as_ref().map(|span| span.place),
            written.token.subprotocol.as_ref().map(|name| name.place),
        ];
        for place in places.into_iter().flatten() {
            let message = "this is only for WebSockets, which this route does not carry";
            self.wrong(Code::Combination, place, message, "add `upgrade: [websocket]` to the route");
        }
        WebSocket::Refused
    }
}

//! What an authority finds at `/.well-known/acme-challenge/` (RFC 8555 §8.3): the text of
//! an order under way, on every listener and before anything else, since it may come by a
//! redirect. A token that nobody is waiting for is not ours: the request goes its usual way.
//! Must never: ask for credentials.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response};

use crate::edge::connection::Connection;

/// The answer, if the request asks for a proof that hangs there.
pub(in crate::edge) fn found(connection: &Connection, method: &Method, path: &str) -> Option<Response<Bytes>> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let text = connection.worker.shared.proofs.text(path)?;
    tracing::debug!(peer = %connection.peer, "a challenge was looked at");
    let mut answer = Response::new(Bytes::copy_from_slice(text.as_bytes()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(answer)
}

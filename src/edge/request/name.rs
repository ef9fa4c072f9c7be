//! The id of a request: a trusted proxy's, or a new one. A route has its own say whether
//! its requests have one; what belongs to no route (a path that nobody serves, a head that
//! is refused, an issuer's endpoint) goes by the defaults.

use std::sync::Arc;

use http::HeaderValue;
use http::request::Parts;

use crate::edge::body::BoxedAnswer;
use crate::edge::connection::Connection;
use crate::edge::forward::forwarded::Trust;
use crate::edge::request::record::Record;
use crate::random::{OsRandom, bytes};
use crate::snapshot::World;
use crate::traffic::request_id::{self, REQUEST_ID};
use crate::traffic::rules::Identified;

/// The id of the request with this head.
pub fn identify(head: &Parts, connection: &Connection, world: &World) -> Arc<str> {
    let trusted = world.snapshot.listeners.get(connection.listener).map_or(&[][..], |door| &door.trusted_proxies);
    let believed = connection.hop.trust(trusted) == Trust::Proxy;
    let given = request_id::given(&head.headers).filter(|_| believed);
    given.map_or_else(|| request_id::made(bytes(&OsRandom::default())).into(), Arc::from)
}

/// Names a request that has come to no route, where the defaults say so.
pub fn unrouted(head: &Parts, connection: &Connection, world: &World, record: &mut Record, answer: &mut BoxedAnswer) {
    if record.is_routed() || world.snapshot.request_id == Identified::No {
        return;
    }
    let id = identify(head, connection, world);
    record.named(&id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
}

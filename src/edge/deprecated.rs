//! Clients that present tokens in a header which the operator wants to be rid of: they
//! are served, and he hears of each of them once an hour. Only after admission, so
//! nobody can fill the log with names of his choosing.

use http::HeaderMap;

use crate::access::permit::Permit;
use crate::dialect::token_header::{HeaderUsage, TokenHeader};
use crate::edge::connection::Connection;
use crate::oauth::warnings::Habit;
use crate::token::id::ClientId;

/// Warns of who was admitted by a token in a deprecated header, if that is due.
pub fn notice(permit: &Permit, headers: &HeaderMap, connection: &Connection) {
    let allowed = &permit.route().presentation.headers;
    let deprecated = |header: &&TokenHeader| header.usage == HeaderUsage::Deprecated;
    // Who was admitted presented one token: if this header is there, it stood in it.
    let used = allowed.iter().filter(deprecated).find(|header| headers.contains_key(&header.name));
    let (Some(header), Some(claims)) = (used, permit.claims()) else { return };
    let shared = &connection.worker.shared;
    let client = ClientId::new(claims.client.as_deref().unwrap_or(&claims.subject));
    if shared.service.warnings.due(Habit::DeprecatedHeader, &client, shared.clock.now()) {
        let header = header.name.as_str();
        tracing::warn!(client = client.as_str(), header, "a client presents its token in a deprecated header");
    }
}

//! Clients that present tokens as their operator may not like: in a header that is
//! deprecated, or in a URL. They are served, and he hears of each of them once an hour.
//! Only after admission, so nobody can fill the log with names of his choosing. What
//! else a dialect says beside the backend's answer stands here as well.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

use crate::access::bearer::Place;
use crate::access::permit::Permit;
use crate::clock::UnixTime;
use crate::dialect::Dialect;
use crate::dialect::token_header::{HeaderUsage, TokenHeader};
use crate::edge::connection::Connection;
use crate::edge::credential::mint::Caller;
use crate::oauth::warnings::Habit;
use crate::token::id::ClientId;

/// Warns of who was admitted by a token in a deprecated header, or in the URL, if that is
/// due.
pub fn notice(permit: &Permit, headers: &HeaderMap, connection: &Connection) {
    let allowed = &permit.route().presentation.headers;
    let deprecated = |header: &&TokenHeader| header.usage == HeaderUsage::Deprecated;
    // Who was admitted presented one token: if this header is there, it stood in it.
    let used = allowed.iter().filter(deprecated).find(|header| headers.contains_key(&header.name));
    let Some(claims) = permit.claims() else { return };
    let shared = &connection.worker.shared;
    let client = || ClientId::new(claims.client.as_deref().unwrap_or(&claims.subject));
    let due = |habit, client: &ClientId| shared.service.warnings.due(habit, client, shared.clock.now());
    if let Some(header) = used {
        let (client, header) = (client(), header.name.as_str());
        if due(Habit::DeprecatedHeader, &client) {
            tracing::warn!(client = client.as_str(), header, "a client presents its token in a deprecated header");
        }
    }
    if permit.place() == Some(Place::Query) {
        shared.telemetry.secret_in_url();
        let client = client();
        if due(Habit::TokenInUrl, &client) {
            tracing::warn!(client = client.as_str(), "a client presents its token in the URL");
        }
    }
}

/// What the answer says beside the backend's words: what the dialect adds, and that
/// nobody may keep it where the token stood in the URL (RFC 6750 §2.3).
pub fn dress(permit: &Permit, dialect: Option<&Dialect>, now: UnixTime, headers: &mut HeaderMap) {
    if let (Some(dialect), Some(claims)) = (dialect, permit.claims()) {
        let caller = Caller { claims, now, expires: now };
        for (name, template) in &dialect.answer_headers {
            if let Ok(value) = HeaderValue::from_str(&template.text(&caller)) {
                headers.insert(name.clone(), value);
            }
        }
    }
    if permit.place() == Some(Place::Query) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

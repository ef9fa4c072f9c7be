//! `Via` (RFC 9110 §7.6.3): through whose hands a message has gone, the last one at the end.
//! Written only where the listener has a name for it: some backends stop compressing for
//! whoever says it, and what it tells of the inside is the operator's to give away.
//! Must never: take out what others have said.

use http::Version;
use http::header::{self, HeaderMap, HeaderValue};

/// Of a request: what the caller brought, and ours behind it.
pub fn of_request(name: &str, version: Version, came: &HeaderMap, headers: &mut HeaderMap) {
    for line in came.get_all(header::VIA) {
        headers.append(header::VIA, line.clone());
    }
    add(name, version, headers);
}

/// Behind what an answer has already. `version` is the one it came by.
pub fn add(name: &str, version: Version, headers: &mut HeaderMap) {
    let protocol = match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    };
    // A name of the file has no byte that a value may not have.
    if let Ok(line) = HeaderValue::try_from(format!("{protocol} {name}")) {
        headers.append(header::VIA, line);
    }
}

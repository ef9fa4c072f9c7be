//! What a refused client is told: status, code, words (RFC 6749 §5.2) and the headers
//! that go with them. The match is total, so a new condition cannot reach the wire
//! unmapped. Must never: say which half of a credential was wrong.

use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::dialect::challenge::quoted;
use crate::dialect::condition::Condition;
use crate::dialect::knobs::Dialect;
use crate::dialect::wire::Reply;
use crate::dialect::write::json;

/// One row of the table of errors.
struct Row {
    status: StatusCode,
    text: String,
}

impl Dialect {
    /// Writes a refusal of a token, revocation or introspection request. `realm` is
    /// the issuer's name, for the challenge of a 401.
    pub fn refused(&self, condition: &Condition, realm: &str) -> Reply {
        let Row { status, text } = row(condition);
        let body = serde_json::json!({ "error": condition.code(), "error_description": text });
        let mut reply = json(status, &body);
        let mut set = |name, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                reply.headers.insert(name, value);
            }
        };
        match condition {
            Condition::ClientMissing | Condition::ClientBad => {
                set(WWW_AUTHENTICATE, format!("Basic realm={}", quoted(realm)));
            }
            Condition::WrongMethod(allowed) => set(ALLOW, (*allowed).to_owned()),
            Condition::TooMany(wait) | Condition::Unavailable(wait) => set(RETRY_AFTER, wait.0.max(1).to_string()),
            _ => {}
        }
        reply
    }
}

impl Condition {
    /// The `error` code of RFC 6749 §5.2, or the closest word where it has none. Also
    /// the `result` label of metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Condition::MissingGrant
            | Condition::MissingParameter(_)
            | Condition::BadParameter(_)
            | Condition::DuplicateParameter(_)
            | Condition::MalformedBody(_)
            | Condition::WrongContentType
            | Condition::WrongMethod(_)
            | Condition::ClientConflict
            | Condition::TooLarge => "invalid_request",
            Condition::UnsupportedGrant => "unsupported_grant_type",
            Condition::GrantNotAllowed => "unauthorized_client",
            Condition::ClientMissing | Condition::ClientBad => "invalid_client",
            Condition::UserBad | Condition::RefreshBad | Condition::RefreshReplayed => "invalid_grant",
            Condition::ScopeBad => "invalid_scope",
            Condition::TooMany(_) => "too_many_requests",
            Condition::Unavailable(_) => "temporarily_unavailable",
            Condition::Internal => "server_error",
        }
    }
}

fn row(condition: &Condition) -> Row {
    let bad = |text: String| Row { status: StatusCode::BAD_REQUEST, text };
    let other = |status, text: &str| Row { status, text: text.to_owned() };
    match condition {
        Condition::MissingGrant => bad("parameter `grant_type` is missing".to_owned()),
        Condition::UnsupportedGrant => bad("this grant type is not served here".to_owned()),
        Condition::GrantNotAllowed => bad("the client may not use this grant type".to_owned()),
        Condition::MissingParameter(name) => bad(format!("parameter `{name}` is missing")),
        Condition::BadParameter(name) => bad(format!("parameter `{name}` has a value that cannot be")),
        Condition::DuplicateParameter(name) if name.is_empty() => bad("a parameter is given more than once".to_owned()),
        Condition::DuplicateParameter(name) => bad(format!("parameter `{name}` is given more than once")),
        Condition::MalformedBody(fact) => bad((*fact).to_owned()),
        Condition::WrongContentType => bad("the body must be application/x-www-form-urlencoded".to_owned()),
        Condition::ClientConflict => bad("more than one client credential in the request".to_owned()),
        Condition::UserBad => bad("user name or password is wrong".to_owned()),
        Condition::RefreshBad => bad("the refresh token is not valid".to_owned()),
        Condition::RefreshReplayed => bad("the refresh token was used before; its grant is revoked".to_owned()),
        Condition::ScopeBad => bad("a requested scope cannot be granted".to_owned()),
        Condition::WrongMethod(_) => other(StatusCode::METHOD_NOT_ALLOWED, "this endpoint does not answer this method"),
        Condition::ClientMissing => other(StatusCode::UNAUTHORIZED, "client authentication is missing"),
        Condition::ClientBad => other(StatusCode::UNAUTHORIZED, "client authentication failed"),
        Condition::TooMany(_) => other(StatusCode::TOO_MANY_REQUESTS, "too many tries; wait before the next"),
        Condition::TooLarge => other(StatusCode::PAYLOAD_TOO_LARGE, "the request body is too large"),
        Condition::Unavailable(_) => other(StatusCode::SERVICE_UNAVAILABLE, "the server cannot answer now; try again"),
        Condition::Internal => other(StatusCode::INTERNAL_SERVER_ERROR, "the server failed; the fault is not yours"),
    }
}

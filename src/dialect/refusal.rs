//! What a refused client is told by the standard: status, code, words (RFC 6749 §5.2).
//! The match is total, so a new condition cannot reach the wire unmapped; a dialect's
//! table may put its own words in place of these.

use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::dialect::condition::Condition;
use crate::dialect::knobs::{Dialect, Seat};
use crate::dialect::refusals::Refusal;
use crate::dialect::wire::Reply;

impl Dialect {
    /// Writes a refusal of a request to one of our endpoints, which came with the headers
    /// `asked`. `realm` is the issuer's name, for challenges.
    pub fn refused(&self, seat: Option<&Seat>, condition: &Condition, asked: &HeaderMap, realm: &str) -> Reply {
        let (status, text) = row(condition);
        let wait = match condition {
            Condition::TooMany(wait) | Condition::Unavailable(wait) => Some(wait.0.max(1)),
            _ => None,
        };
        let (parameter, methods) = match condition {
            Condition::MissingParameter(name) | Condition::BadParameter(name) => (&**name, ""),
            Condition::DuplicateParameter(name) => (&**name, ""),
            Condition::MissingGrant
            | Condition::UnsupportedGrant
            | Condition::UnknownGrant
            | Condition::ExtensionGrant
            | Condition::GrantNotAllowed => ("grant_type", ""),
            Condition::ScopeBad | Condition::ScopeEmpty => ("scope", ""),
            Condition::WrongMethod(allowed) => ("", &**allowed),
            _ => ("", ""),
        };
        let table = seat.and_then(|seat| seat.refusals.as_ref()).unwrap_or(&self.refusals);
        let (fault, code) = (condition.fault(), condition.code());
        let (scopes, scope_texts) = (Vec::new(), Vec::new());
        let refusal = Refusal { fault, status, code, text, parameter, methods, scopes, scope_texts, realm, wait };
        let mut reply = table.write(refusal, asked);
        let mut set = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                reply.headers.insert(name, value);
            }
        };
        if let Condition::WrongMethod(allowed) = condition {
            set(ALLOW, allowed);
        }
        if let Some(wait) = wait {
            set(RETRY_AFTER, &wait.to_string());
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
            | Condition::MalformedJson
            | Condition::QueryRefused
            | Condition::WrongContentType
            | Condition::WrongMethod(_)
            | Condition::ClientConflict
            | Condition::BotUnknown
            | Condition::BotForeign
            | Condition::TooLarge => "invalid_request",
            Condition::UnsupportedGrant | Condition::UnknownGrant | Condition::ExtensionGrant => {
                "unsupported_grant_type"
            }
            Condition::GrantNotAllowed => "unauthorized_client",
            Condition::ClientMissing | Condition::ClientBad | Condition::ClientSecretMissing => "invalid_client",
            Condition::UserBad
            | Condition::UserInactive
            | Condition::AssertionBad
            | Condition::RefreshBad
            | Condition::RefreshMalformed
            | Condition::RefreshExpired
            | Condition::RefreshReplayed
            | Condition::RefreshSuperseded
            | Condition::RefreshForeign
            | Condition::RefreshImpossible
            | Condition::CodeBad
            | Condition::CodeExpired
            | Condition::CodeForeign
            | Condition::CodeReplayed
            | Condition::RedirectMismatch
            | Condition::VerifierBad => "invalid_grant",
            Condition::ScopeBad | Condition::ScopeEmpty => "invalid_scope",
            Condition::TooMany(_) => "too_many_requests",
            Condition::Unavailable(_) => "temporarily_unavailable",
            Condition::Internal => "server_error",
        }
    }
}

/// Status and words of the standard.
fn row(condition: &Condition) -> (StatusCode, String) {
    let bad = |text: &str| (StatusCode::BAD_REQUEST, text.to_owned());
    let other = |status, text: &str| (status, text.to_owned());
    match condition {
        Condition::MissingGrant => bad("parameter `grant_type` is missing"),
        Condition::UnsupportedGrant | Condition::UnknownGrant | Condition::ExtensionGrant => {
            bad("this grant type is not served here")
        }
        Condition::GrantNotAllowed => bad("the client may not use this grant type"),
        Condition::MissingParameter(name) => bad(&format!("parameter `{name}` is missing")),
        Condition::BadParameter(name) => bad(&format!("parameter `{name}` has a value that cannot be")),
        Condition::DuplicateParameter(name) if name.is_empty() => bad("a parameter is given more than once"),
        Condition::DuplicateParameter(name) => bad(&format!("parameter `{name}` is given more than once")),
        Condition::MalformedBody(fact) => bad(fact),
        Condition::MalformedJson => bad("the body is not a JSON object, or names something twice"),
        Condition::QueryRefused => bad("parameters belong in the body, not in the query"),
        Condition::WrongContentType => bad("the body must be application/x-www-form-urlencoded"),
        Condition::ClientConflict => bad("more than one client credential in the request"),
        Condition::AssertionBad => bad("the assertion is not valid"),
        Condition::UserBad | Condition::UserInactive => bad("user name or password is wrong"),
        Condition::RefreshBad
        | Condition::RefreshMalformed
        | Condition::RefreshExpired
        | Condition::RefreshSuperseded
        | Condition::RefreshForeign
        | Condition::RefreshImpossible => bad("the refresh token is not valid"),
        Condition::RefreshReplayed => bad("the refresh token was used before; its grant is revoked"),
        // One answer for all, so that nobody learns which half of a stolen code is right.
        Condition::CodeBad
        | Condition::CodeExpired
        | Condition::CodeForeign
        | Condition::RedirectMismatch
        | Condition::VerifierBad => bad("the code is not valid"),
        Condition::CodeReplayed => bad("the code was used before; what it became is revoked"),
        Condition::ScopeBad | Condition::ScopeEmpty => bad("a requested scope cannot be granted"),
        Condition::BotUnknown | Condition::BotForeign => bad("there is no such bot"),
        Condition::WrongMethod(_) => other(StatusCode::METHOD_NOT_ALLOWED, "this endpoint does not answer this method"),
        Condition::ClientMissing => other(StatusCode::UNAUTHORIZED, "client authentication is missing"),
        Condition::ClientBad | Condition::ClientSecretMissing => {
            other(StatusCode::UNAUTHORIZED, "client authentication failed")
        }
        Condition::TooMany(_) => other(StatusCode::TOO_MANY_REQUESTS, "too many tries; wait before the next"),
        Condition::TooLarge => other(StatusCode::PAYLOAD_TOO_LARGE, "the request body is too large"),
        Condition::Unavailable(_) => other(StatusCode::SERVICE_UNAVAILABLE, "the server cannot answer now; try again"),
        Condition::Internal => other(StatusCode::INTERNAL_SERVER_ERROR, "the server failed; the fault is not yours"),
    }
}

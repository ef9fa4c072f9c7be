//! What a refused caller of the API is told: RFC 6750 §3 in the header, the same in
//! JSON for people. A caller without a token gets no error code, since he made no
//! mistake yet (§3.1). Must never: repeat anything of the request.

use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::dialect::condition::Challenge;
use crate::dialect::knobs::Dialect;
use crate::dialect::wire::Reply;
use crate::dialect::write;

/// Writes a refusal; `realm` names the protected space in the challenge, commonly
/// the issuer.
pub fn write(dialect: &Dialect, challenge: &Challenge, realm: &str) -> Reply {
    let scheme = format!("{} realm={}", dialect.bearer_scheme, quoted(realm));
    match challenge {
        Challenge::NotFound => write::json(StatusCode::NOT_FOUND, &body("not_found", "nothing is served here")),
        Challenge::MethodNotAllowed(allow) => {
            let body = body("method_not_allowed", "this path does not answer this method");
            with(write::json(StatusCode::METHOD_NOT_ALLOWED, &body), ALLOW, allow)
        }
        Challenge::TokenMissing => {
            let body = json!({ "message": "an access token is needed" });
            with(write::json(StatusCode::UNAUTHORIZED, &body), WWW_AUTHENTICATE, &scheme)
        }
        Challenge::RequestBad(text) => bearer(StatusCode::BAD_REQUEST, &scheme, "invalid_request", text, ""),
        Challenge::TokenBad(text) => bearer(StatusCode::UNAUTHORIZED, &scheme, "invalid_token", text, ""),
        Challenge::ScopeMissing(needed) => {
            let text = "the access token lacks a scope that is needed here";
            let scope = format!(", scope={}", quoted(&needed.to_string()));
            bearer(StatusCode::FORBIDDEN, &scheme, "insufficient_scope", text, &scope)
        }
        Challenge::CannotTell(wait) => {
            let body = body("temporarily_unavailable", "it cannot be told now whether the access token is valid");
            with(write::json(StatusCode::SERVICE_UNAVAILABLE, &body), RETRY_AFTER, &wait.0.max(1).to_string())
        }
    }
}

/// The text as a quoted-string (RFC 9110 §5.6.4); what may not stand in one is left out.
pub(in crate::dialect) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars().filter(|c| matches!(c, ' '..='~')) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

fn bearer(status: StatusCode, scheme: &str, code: &str, text: &str, more: &str) -> Reply {
    let header = format!("{scheme}, error={}, error_description={}{more}", quoted(code), quoted(text));
    with(write::json(status, &body(code, text)), WWW_AUTHENTICATE, &header)
}

fn body(code: &str, text: &str) -> Value {
    json!({ "error": code, "error_description": text })
}

fn with(mut reply: Reply, name: http::HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers.insert(name, value);
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::{quoted, write};
    use crate::clock::Seconds;
    use crate::dialect::condition::Challenge;
    use crate::dialect::knobs::Dialect;
    use crate::token::scope::Scopes;

    /// Status, the header of that name, and the body.
    fn told(challenge: &Challenge, header: &str) -> (u16, String, String) {
        let reply = write(&Dialect::standard(), challenge, "main");
        assert_eq!(reply.headers["cache-control"], "no-store");
        let value = reply.headers.get(header).map(|v| v.to_str().unwrap().to_owned());
        (reply.status.as_u16(), value.unwrap_or_default(), String::from_utf8(reply.body.to_vec()).unwrap())
    }

    #[test]
    fn no_token_is_no_error_code() {
        let (status, header, body) = told(&Challenge::TokenMissing, "www-authenticate");
        assert_eq!((status, header.as_str()), (401, r#"Bearer realm="main""#));
        assert_eq!(body, r#"{"message":"an access token is needed"}"#);
    }

    #[test]
    fn bad_token_and_missing_scope_follow_rfc_6750() {
        let (status, header, body) = told(&Challenge::TokenBad("the access token expired"), "www-authenticate");
        assert_eq!(status, 401);
        let told_header = r#"Bearer realm="main", error="invalid_token", error_description="the access token expired""#;
        assert_eq!(header, told_header);
        assert_eq!(body, r#"{"error":"invalid_token","error_description":"the access token expired"}"#);
        let needed = Scopes::parse("a:read b").unwrap();
        let (status, header, _) = told(&Challenge::ScopeMissing(needed), "www-authenticate");
        assert_eq!(status, 403);
        assert!(header.contains(r#"error="insufficient_scope""#) && header.ends_with(r#", scope="a:read b""#));
        let (status, header, _) = told(&Challenge::RequestBad("two tokens"), "www-authenticate");
        assert_eq!(status, 400);
        assert!(header.contains(r#"error="invalid_request""#));
    }

    #[test]
    fn the_others_carry_their_headers() {
        assert_eq!(told(&Challenge::NotFound, "www-authenticate").0, 404);
        assert_eq!(told(&Challenge::NotFound, "www-authenticate").1, "");
        let (status, allow, _) = told(&Challenge::MethodNotAllowed("GET, HEAD".into()), "allow");
        assert_eq!((status, allow.as_str()), (405, "GET, HEAD"));
        let (status, wait, _) = told(&Challenge::CannotTell(Seconds(0)), "retry-after");
        assert_eq!((status, wait.as_str()), (503, "1"));
    }

    #[test]
    fn a_realm_cannot_break_out_of_its_quotes() {
        assert_eq!(quoted("a\"b\\c\r\nd\u{e9}"), r#""a\"b\\cd""#);
    }
}

//! What a refused caller of the API is told: RFC 6750 §3 in the header, the same in
//! JSON for people, unless the dialect's table has its own words. A caller without a
//! token gets no error code, since he made no mistake yet (§3.1). Must never: repeat
//! anything of the request.

use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::dialect::condition::Challenge;
use crate::dialect::fault::Fault;
use crate::dialect::knobs::Dialect;
use crate::dialect::refusals::Refusal;
use crate::dialect::wire::Reply;

/// Writes a refusal; `realm` names the protected space in the challenge, commonly
/// the issuer.
pub fn write(dialect: &Dialect, challenge: &Challenge, realm: &str) -> Reply {
    let (status, code, text) = row(challenge);
    let (methods, wait) = match challenge {
        Challenge::MethodNotAllowed(allow) => (&**allow, None),
        Challenge::CannotTell(wait) | Challenge::RateLimited(wait) | Challenge::Busy(wait) => ("", Some(wait.0.max(1))),
        _ => ("", None),
    };
    let (scopes, scope_texts) = match challenge {
        Challenge::ScopeMissing(needed) => {
            let called = |scope| dialect.scope_texts.iter().find(|(known, _)| known == scope);
            let texts = needed.iter().filter_map(called).map(|(_, text)| text.to_string());
            (needed.iter().map(|scope| scope.as_str().to_owned()).collect(), texts.collect())
        }
        _ => (Vec::new(), Vec::new()),
    };
    let (text, fault) = (text.to_owned(), challenge.fault());
    let refusal = Refusal { fault, status, code, text, parameter: "", methods, scopes, scope_texts, realm, wait };
    let mut reply = dialect.api.write(refusal, &HeaderMap::new());
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            reply.headers.insert(name, value);
        }
    };
    if let Challenge::MethodNotAllowed(allow) = challenge {
        set(ALLOW, allow);
    }
    if let Some(wait) = wait {
        set(RETRY_AFTER, &wait.to_string());
    }
    reply
}

/// Writes what became of a request that was let in and not answered, in the words of a
/// dialect that has some; `None` where it has none.
pub fn failed(dialect: &Dialect, fault: Fault, told: Told<'_>, realm: &str) -> Option<Reply> {
    let Told { status, code, text, wait } = told;
    let text = text.to_owned();
    let (scopes, scope_texts) = (Vec::new(), Vec::new());
    let refusal = Refusal { fault, status, code, text, parameter: "", methods: "", scopes, scope_texts, realm, wait };
    dialect.api.speaks_of(fault).then(|| dialect.api.write(refusal, &HeaderMap::new()))
}

/// What is said where a table has no words of its own.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The status.
    pub status: StatusCode,
    /// The code.
    pub code: &'a str,
    /// A sentence.
    pub text: &'a str,
    /// Seconds after which it may be tried again.
    pub wait: Option<u64>,
}

/// Status, code and words of the standard.
fn row(challenge: &Challenge) -> (StatusCode, &'static str, &'static str) {
    match challenge {
        Challenge::NotFound | Challenge::VersionBad => (StatusCode::NOT_FOUND, "not_found", "nothing is served here"),
        Challenge::MediaBad => {
            let text = "a body of this type is not taken here";
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", text)
        }
        Challenge::MethodNotAllowed(_) => {
            (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not answer this method")
        }
        Challenge::TokenMissing => (StatusCode::UNAUTHORIZED, "", "an access token is needed"),
        Challenge::RequestBad(text) => (StatusCode::BAD_REQUEST, "invalid_request", text),
        Challenge::TokenBad(badness) => (StatusCode::UNAUTHORIZED, "invalid_token", badness.sentence()),
        Challenge::ScopeMissing(_) => {
            let text = "the access token lacks a scope that is needed here";
            (StatusCode::FORBIDDEN, "insufficient_scope", text)
        }
        Challenge::UserRequired => {
            (StatusCode::FORBIDDEN, "insufficient_scope", "the access token has no user, which is needed here")
        }
        Challenge::CannotTell(_) => {
            let text = "it cannot be told now whether the access token is valid";
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", text)
        }
        Challenge::RateLimited(_) => {
            (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests; wait before the next")
        }
        Challenge::Busy(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "too many requests are under way; try again")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::clock::Seconds;
    use crate::dialect::condition::{Badness, Challenge};
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
        let (status, header, body) = told(&Challenge::TokenBad(Badness::Expired), "www-authenticate");
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
        let (status, wait, body) = told(&Challenge::RateLimited(Seconds(7)), "retry-after");
        assert_eq!((status, wait.as_str()), (429, "7"));
        assert!(body.contains(r#""error":"too_many_requests""#));
        assert_eq!(told(&Challenge::Busy(Seconds(1)), "retry-after").0, 503);
    }
}

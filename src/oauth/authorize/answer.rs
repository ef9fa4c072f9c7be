//! Answers to a browser: back to the application with a code or an error, on to a page
//! of ours, or a page that says that it cannot go on. Every one of them forbids caches
//! and referrers, since codes and requests stand in URLs here.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, HeaderName, LOCATION, PRAGMA, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::dialect::wire::Reply;
use crate::oauth::answer::Answer;
use crate::oauth::authorize::error::{AuthorizeError, Dead};
use crate::oauth::authorize::request::{Back, ResponseMode};
use crate::oauth::issuer::Issuer;
use crate::oauth::service::RETRY;
use crate::oauth::view::{Failed, Failure, FormPost, Frame, Freshness, Page, View};

/// What an application is told.
pub(in crate::oauth) enum Outcome<'a> {
    /// A code.
    Code(&'a str),
    /// An error.
    Error(AuthorizeError),
}

/// Sends the person back to the application (RFC 6749 §4.1.2), and says who sends him
/// (RFC 9207), so that no application takes one server's answer for another's.
pub(in crate::oauth) fn back(issuer: &Issuer, method: &Method, back: &Back, outcome: &Outcome<'_>) -> Answer {
    let mut fields: Vec<(&'static str, String)> = match outcome {
        Outcome::Code(code) => vec![("code", (*code).to_owned())],
        Outcome::Error(error) => {
            let own = error.fault().and_then(|fault| issuer.dialect.refusals.words(fault));
            let text = own.unwrap_or_else(|| error.text().to_owned());
            vec![("error", error.code().to_owned()), ("error_description", text)]
        }
    };
    fields.extend(back.state.iter().map(|state| ("state", state.clone())));
    fields.push(("iss", issuer.url.clone()));
    let result = match outcome {
        Outcome::Code(_) => crate::oauth::answer::OK,
        Outcome::Error(error) => error.code(),
    };
    let answer = match back.mode {
        ResponseMode::Query => redirect(method, &with_query(&back.uri, &fields)),
        ResponseMode::FormPost => page(StatusCode::OK, View::FormPost(FormPost { action: back.uri.clone(), fields })),
    };
    Answer { result, ..answer }
}

/// Sends the browser on. After a `POST` it comes with `GET`, so that no form is posted
/// a second time, or to somebody else (RFC 9700 §4.12).
pub(in crate::oauth) fn redirect(method: &Method, location: &str) -> Answer {
    let status = if *method == Method::POST { StatusCode::SEE_OTHER } else { StatusCode::FOUND };
    let mut headers = private();
    match HeaderValue::from_str(location) {
        Ok(location) => headers.insert(LOCATION, location),
        // Every part of it was checked or encoded before.
        Err(_) => return page(StatusCode::INTERNAL_SERVER_ERROR, failure(Failed::Internal, None)),
    };
    Answer::plain(Reply { status, headers, body: Bytes::new() })
}

/// A page, whose frame is added by who knows the visitor, and whose body is written where
/// pages are known.
pub(in crate::oauth) fn page(status: StatusCode, view: View) -> Answer {
    let reply = Reply { status, headers: private(), body: Bytes::new() };
    let page = Page { frame: Frame::default(), view, freshness: Freshness::Fresh };
    Answer { page: Some(Box::new(page)), ..Answer::plain(reply) }
}

/// The page for a request that leads nowhere.
pub(in crate::oauth) fn dead(dead: Dead) -> Answer {
    let invalid = "invalid_request";
    let (status, what, result) = match &dead {
        Dead::UnknownClient => (StatusCode::BAD_REQUEST, Failed::UnknownClient, "invalid_client"),
        Dead::BadRedirect => (StatusCode::BAD_REQUEST, Failed::BadRedirect, invalid),
        Dead::Malformed(_) => (StatusCode::BAD_REQUEST, Failed::Malformed, invalid),
        Dead::Gone => (StatusCode::BAD_REQUEST, Failed::Gone, invalid),
        Dead::WrongMethod(_) => (StatusCode::METHOD_NOT_ALLOWED, Failed::Malformed, invalid),
        Dead::Forged => (StatusCode::FORBIDDEN, Failed::Forged, "forged_form"),
        Dead::SessionOver => (StatusCode::FORBIDDEN, Failed::SessionOver, "session_over"),
        Dead::Forbidden => (StatusCode::FORBIDDEN, Failed::Forbidden, "access_denied"),
        Dead::NotFound => (StatusCode::NOT_FOUND, Failed::NotFound, "not_found"),
        Dead::TooMany(wait) => (StatusCode::TOO_MANY_REQUESTS, Failed::TooMany(wait.0), "too_many_requests"),
        Dead::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, Failed::Unavailable, "temporarily_unavailable"),
    };
    let detail = if let Dead::Malformed(detail) = &dead { Some(*detail) } else { None };
    let mut answer = Answer { result, ..page(status, failure(what, detail)) };
    match dead {
        Dead::WrongMethod(methods) => {
            answer.reply.headers.extend(HeaderValue::from_str(&methods).map(|methods| (ALLOW, methods)));
        }
        Dead::TooMany(wait) => {
            answer.reply.headers.insert(RETRY_AFTER, HeaderValue::from(wait.0));
        }
        Dead::Unavailable(fault) => {
            answer.reply.headers.insert(RETRY_AFTER, HeaderValue::from(RETRY.0));
            answer.fault = Some(fault);
        }
        Dead::UnknownClient
        | Dead::BadRedirect
        | Dead::Malformed(_)
        | Dead::Gone
        | Dead::Forged
        | Dead::SessionOver
        | Dead::Forbidden
        | Dead::NotFound => {}
    }
    answer
}

/// The same answer, with cookies.
pub(in crate::oauth) fn with_cookies(mut answer: Answer, cookies: Vec<HeaderValue>) -> Answer {
    for cookie in cookies {
        answer.reply.headers.append(SET_COOKIE, cookie);
    }
    answer
}

fn failure(what: Failed, detail: Option<&'static str>) -> View {
    View::Failure(Failure { what, detail })
}

fn private() -> HeaderMap {
    let pairs: [(HeaderName, &'static str); 3] =
        [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache"), (REFERRER_POLICY, "no-referrer")];
    pairs.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}

/// A URI with more in its query; what was there stays as it was (RFC 6749 §3.1.2).
pub(in crate::oauth) fn with_query(uri: &str, fields: &[(&str, String)]) -> String {
    let mut out = uri.to_owned();
    let mut between = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    for (name, value) in fields {
        out.push_str(between);
        out.push_str(name);
        out.push('=');
        encode(value, &mut out);
        between = "&";
    }
    out
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3).
fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::with_query;

    #[test]
    fn adds_to_what_is_there() {
        let fields = [("code", "a".to_owned()), ("state", "x y&z=\u{e9}\r\n".to_owned())];
        let added = "code=a&state=x%20y%26z%3D%C3%A9%0D%0A";
        for (uri, joined) in
            [("https://a/cb", "https://a/cb?"), ("https://a/cb?", "https://a/cb?"), ("x.y:/?b=1", "x.y:/?b=1&")]
        {
            assert_eq!(with_query(uri, &fields), format!("{joined}{added}"));
        }
    }
}

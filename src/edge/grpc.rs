//! gRPC's own words. Its callers read no HTTP status: what the gateway answers by itself
//! to a gRPC request is a head with status 200 and the error in `grpc-status` and
//! `grpc-message` ("Trailers-Only" in gRPC over HTTP/2), and a stream that is cut short
//! ends in trailers that say why. Must never: dress up what a backend said.

pub mod messages;

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use crate::edge::body::{AnswerBody, BoxedAnswer};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The digits a `grpc-timeout` may have.
const TIMEOUT_DIGITS: usize = 8;

/// The codes that the gateway itself uses, as numbered by gRPC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// The caller left.
    Cancelled = 1,
    /// None of the others says it.
    Unknown = 2,
    /// The request makes no sense.
    InvalidArgument = 3,
    /// The time that the caller or the route gave is over.
    DeadlineExceeded = 4,
    /// The token is good and may not do this.
    PermissionDenied = 7,
    /// A limit of the gateway's.
    ResourceExhausted = 8,
    /// Nothing stands at this path.
    Unimplemented = 12,
    /// The gateway's or the backend's fault.
    Internal = 13,
    /// Try again later.
    Unavailable = 14,
    /// No token, or none that is good.
    Unauthenticated = 16,
}

impl Code {
    /// The code for an answer of the gateway's own.
    pub fn of(status: StatusCode) -> Code {
        match status {
            StatusCode::BAD_REQUEST => Code::InvalidArgument,
            StatusCode::UNAUTHORIZED => Code::Unauthenticated,
            StatusCode::FORBIDDEN => Code::PermissionDenied,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Code::Unimplemented,
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Code::DeadlineExceeded,
            StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::URI_TOO_LONG
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Code::ResourceExhausted,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            other if other.is_server_error() => Code::Internal,
            _ => Code::Unknown,
        }
    }
}

/// Whether a request is gRPC, by its content type.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.and_then(|kind| kind.strip_prefix(b"application/grpc"))
        .is_some_and(|rest| matches!(rest, [] | [b'+' | b';', ..]))
}

/// How long the caller waits in all: `grpc-timeout`, digits and a unit. One that is
/// malformed is none, as gRPC's own servers take it.
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let (unit, digits) = headers.get(TIMEOUT)?.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > TIMEOUT_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count = digits.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(count * 3600)),
        b'M' => Some(Duration::from_secs(count * 60)),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

/// An answer of the gateway's own, in gRPC's form. What the challenge and the limits say
/// in header lines stays: some callers read it.
pub fn dress(answer: &Response<AnswerBody>, sentence: &str) -> BoxedAnswer {
    let mut dressed = Box::new(Response::new(AnswerBody::whole(Bytes::new())));
    let headers = dressed.headers_mut();
    for (name, value) in answer.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH | header::CONNECTION) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    say(Code::of(answer.status()), sentence, headers);
    dressed
}

/// The trailers that end a stream early.
pub fn trailers(code: Code, sentence: &str) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(2);
    say(code, sentence, &mut trailers);
    trailers
}

fn say(code: Code, sentence: &str, headers: &mut HeaderMap) {
    headers.insert(STATUS, HeaderValue::from(code as u16));
    // Percent-encoded as gRPC asks, so it is always a value.
    if let Ok(message) = HeaderValue::try_from(encoded(sentence)) {
        headers.insert(MESSAGE, message);
    }
}

/// Bytes outside of visible ASCII, and the percent sign, as `%XX`.
fn encoded(sentence: &str) -> String {
    let mut out = String::with_capacity(sentence.len());
    for byte in sentence.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::header::{HeaderMap, HeaderValue};
    use http::{Response, StatusCode};
    use http_body::Body as _;

    use super::{dress, is_grpc, timeout};
    use crate::edge::body::AnswerBody;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            HeaderValue::from_str(value).expect("a header value"),
        )])
    }

    #[test]
    fn grpc_is_told_apart_from_what_only_begins_like_it() {
        for kind in ["application/grpc", "application/grpc+proto", "application/grpc;charset=x"] {
            assert!(is_grpc(&with("content-type", kind)), "{kind}");
        }
        for kind in ["application/grpc-web", "application/grpcx", "application/json", ""] {
            assert!(!is_grpc(&with("content-type", kind)), "{kind}");
        }
        assert!(!is_grpc(&HeaderMap::new()));
    }

    #[test]
    fn timeouts_are_digits_and_a_unit() {
        for (text, expected) in [
            ("1S", Some(Duration::from_secs(1))),
            ("2H", Some(Duration::from_secs(7200))),
            ("3M", Some(Duration::from_secs(180))),
            ("250m", Some(Duration::from_millis(250))),
            ("9u", Some(Duration::from_micros(9))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("0S", Some(Duration::ZERO)),
            ("S", None),
            ("", None),
            ("1", None),
            ("-1S", None),
            ("123456789S", None),
            ("1s", None),
        ] {
            assert_eq!(timeout(&with("grpc-timeout", text)), expected, "{text}");
        }
    }

    #[test]
    fn own_errors_are_heads_with_status_200_and_nothing_behind_them() {
        for (status, code) in [(401, "16"), (403, "7"), (404, "12"), (429, "8"), (502, "14"), (503, "14"), (504, "4")] {
            let mut plain = Response::new(AnswerBody::whole(Bytes::from_static(b"{}")));
            *plain.status_mut() = StatusCode::from_u16(status).expect("a status");
            plain.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
            plain.headers_mut().insert("www-authenticate", HeaderValue::from_static("Bearer"));
            let dressed = dress(&plain, "50 % naïve");
            assert_eq!(dressed.status(), 200);
            assert_eq!(dressed.headers()["grpc-status"], code);
            assert_eq!(dressed.headers()["grpc-message"], "50 %25 na%C3%AFve");
            assert_eq!(dressed.headers()["content-type"], "application/grpc");
            assert_eq!(dressed.headers()["www-authenticate"], "Bearer");
            assert!(dressed.body().is_end_stream());
        }
    }
}

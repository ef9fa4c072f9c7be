//! Every answer the gateway gives by itself: a refused head, a request that fits
//! nowhere, a denial, a failed forwarding, an endpoint's reply. One total match for
//! each, so that a new way to fail cannot reach the wire unanswered.
//! Must never: repeat anything of the request, or name anything behind the gateway.

pub mod date;
pub mod echo;
pub mod page;
pub mod proof;
pub mod redirect;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;

use crate::access::denial::Denial;
use crate::access::policy::Policy;
use crate::access::route::Route;
use crate::dialect::challenge::Told;
use crate::dialect::knobs::Dialect;
use crate::dialect::wire::Reply;
use crate::dialect::{challenge, condition::Challenge};
use crate::edge::body::{AnswerBody, BoxedAnswer};
use crate::edge::head::refusal::Refusal;
use crate::edge::request::locate::Misfit;
use crate::edge::upstream::error::ForwardError;
use crate::edge::websocket::handshake::{self, Unfit};

/// Seconds after which a full upstream may be tried again.
const BUSY_RETRY: HeaderValue = HeaderValue::from_static("1");

/// What becomes of the connection behind an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// The next request may follow.
    GoOn,
    /// Where the next request begins is not agreed: it is closed.
    Close,
}

/// The answer to a head or body that was refused where it was read.
pub fn refused(refusal: Refusal) -> BoxedAnswer {
    plain(refusal.status(), code_of(refusal.status()), refusal.label(), refusal.sentence(), Then::Close)
}

/// The answer to a request that belongs nowhere.
pub fn misfit(misfit: &Misfit) -> BoxedAnswer {
    let status = misfit.status();
    let mut answer = plain(status, code_of(status), misfit.label(), misfit.sentence(), Then::GoOn);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(Misfit::METHODS));
    }
    answer
}

/// Why a request is refused while the process holds as much memory as it may.
pub const MEMORY_FULL: &str = "memory_full";

/// The answer to it.
pub fn memory_full() -> BoxedAnswer {
    let sentence = "the gateway has no memory left for this request at present";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut answer = plain(status, "temporarily_unavailable", MEMORY_FULL, sentence, Then::GoOn);
    answer.headers_mut().insert(header::RETRY_AFTER, BUSY_RETRY);
    answer
}

/// Marks an answer of the gateway's own, with what it says in one sentence: callers that
/// read neither status nor body get it in their protocol's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Own(pub &'static str);

/// The answer to a request for a path that nobody serves.
pub fn nowhere(dialect: &Dialect, path: &str, realm: &str) -> BoxedAnswer {
    own(challenged(dialect, &dialect.nowhere(path), realm), Denial::NoRoute.sentence())
}

/// An answer of the gateway's own that says this.
pub fn own(mut answer: BoxedAnswer, sentence: &'static str) -> BoxedAnswer {
    answer.extensions_mut().insert(Own(sentence));
    answer
}

/// The answer to a request that asks for a WebSocket and gets none.
pub fn no_socket(unfit: Unfit) -> BoxedAnswer {
    let status = unfit.status();
    let mut answer = plain(status, code_of(status), unfit.label(), unfit.sentence(), Then::GoOn);
    if unfit == Unfit::Version {
        // RFC 6455 §4.2.2: what would do.
        answer.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static(handshake::VERSION));
        answer.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        // RFC 9110 §7.8: nobody names a protocol without saying that it is this connection's.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
    answer
}

/// A challenge in the words of the route's first issuer; `sentence` is for callers who
/// read none.
pub fn in_words_of(route: &Route, policy: &Policy, challenge: &Challenge, sentence: &'static str) -> BoxedAnswer {
    let answer = match route.issuers.first().and_then(|index| policy.profiles.get(*index)) {
        Some(profile) => challenged(&profile.dialect, challenge, profile.name.as_str()),
        None => challenged(&Dialect::standard(), challenge, ""),
    };
    own(answer, sentence)
}

/// The answer to a request that a route's rules can make nothing of.
pub fn unfit(reason: &str, sentence: &'static str) -> BoxedAnswer {
    plain(StatusCode::BAD_REQUEST, code_of(StatusCode::BAD_REQUEST), reason, sentence, Then::GoOn)
}

/// The answer to a caller who has shown no certificate where one is asked for. Another
/// token does not help him, so this is no challenge for one.
pub fn certificate_missing(reason: &str) -> BoxedAnswer {
    let sentence = "a client certificate is required here";
    plain(StatusCode::FORBIDDEN, code_of(StatusCode::FORBIDDEN), reason, sentence, Then::GoOn)
}

/// The answer to a request of an unsuitable credential form.
pub fn challenged(dialect: &Dialect, challenge: &Challenge, realm: &str) -> BoxedAnswer {
    replied(challenge::write(dialect, challenge, realm))
}

/// The answer when forwarding failed, where the dialect of the route's first issuer has
/// words for it. A token that ended meanwhile is challenged like one that came too late.
pub fn failed_in_words_of(route: &Route, policy: &Policy, error: ForwardError) -> Option<BoxedAnswer> {
    if let ForwardError::TokenEnded(ending) = error {
        return Some(in_words_of(route, policy, &Denial::from(ending).challenge(), ending.sentence()));
    }
    let (fault, status) = (error.in_tables()?, error.status());
    let profile = policy.profiles.get(*route.issuers.first()?)?;
    let (code, text) = error.words();
    let wait = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
    let told = Told { status, code, text, wait };
    let reply = challenge::failed(&profile.dialect, fault, told, profile.name.as_str())?;
    let mut answer = own(replied(reply), text);
    if wait.is_some() {
        answer.headers_mut().insert(header::RETRY_AFTER, BUSY_RETRY);
    }
    Some(answer)
}

/// The answer when forwarding failed.
pub fn failed(error: ForwardError) -> BoxedAnswer {
    let (code, sentence) = error.words();
    let then = match error {
        ForwardError::BodyTooLarge | ForwardError::BodyTimeout | ForwardError::BodyBroken => Then::Close,
        ForwardError::Connect
        | ForwardError::ConnectTimeout
        | ForwardError::Reset
        | ForwardError::BadAnswer
        | ForwardError::Tls(_)
        | ForwardError::Timeout
        | ForwardError::TotalTimeout
        | ForwardError::Busy
        | ForwardError::Pending
        | ForwardError::Overload
        | ForwardError::Down
        | ForwardError::Unresolved
        | ForwardError::TokenEnded(_)
        | ForwardError::Deadline
        | ForwardError::CannotTell => Then::GoOn,
    };
    let mut answer = plain(error.status(), code, error.label(), sentence, then);
    if error.status() == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(header::RETRY_AFTER, BUSY_RETRY);
    }
    answer
}

/// An endpoint's reply, as it is.
pub fn replied(reply: Reply) -> BoxedAnswer {
    let mut answer = Box::new(Response::new(AnswerBody::whole(reply.body)));
    *answer.status_mut() = reply.status;
    *answer.headers_mut() = reply.headers;
    answer
}

fn plain(status: StatusCode, code: &str, reason: &str, sentence: &'static str, then: Then) -> BoxedAnswer {
    let body = json!({ "error": code, "reason": reason, "message": sentence }).to_string();
    let mut answer = Box::new(Response::new(AnswerBody::whole(Bytes::from(body))));
    *answer.status_mut() = status;
    answer.extensions_mut().insert(Own(sentence));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if then == Then::Close {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::REQUEST_TIMEOUT => "request_timeout",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::MISDIRECTED_REQUEST => "misdirected_request",
        StatusCode::URI_TOO_LONG | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "request_too_large",
        StatusCode::HTTP_VERSION_NOT_SUPPORTED => "version_not_supported",
        StatusCode::UPGRADE_REQUIRED => "upgrade_required",
        _ => "invalid_request",
    }
}

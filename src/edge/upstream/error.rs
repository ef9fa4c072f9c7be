//! Why forwarding failed, for whoever is on call: each reason says whose fault it
//! was (the caller's, the backend's, or ours) and what the caller is told.
//! Must never: hold an address or anything the backend said.

use std::fmt;

use http::StatusCode;

use crate::access::tenure::Ending;

/// Why a request did not get the backend's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForwardError {
    /// No server of the upstream could be connected to.
    Connect,
    /// Connecting took too long.
    ConnectTimeout,
    /// The connection ended before an answer was whole.
    Reset,
    /// What came back is no HTTP answer, or one that cannot be trusted (RFC 9112 §6.3).
    BadAnswer,
    /// The first byte of the answer, or the next one, did not come in time.
    Timeout,
    /// All connections are in use, and none came free in time.
    Busy,
    /// The caller's body is larger than the route takes.
    BodyTooLarge,
    /// The caller stopped sending.
    BodyTimeout,
    /// The caller's body broke off or is not framed as HTTP asks.
    BodyBroken,
    /// The token that let the request in has ended before the answer had.
    TokenEnded(Ending),
    /// The time that the caller gave the whole exchange is over.
    Deadline,
}

impl ForwardError {
    /// The word in metrics, logs and the error's body.
    pub fn label(self) -> &'static str {
        match self {
            ForwardError::Connect => "upstream_connect",
            ForwardError::ConnectTimeout => "upstream_connect_timeout",
            ForwardError::Reset => "upstream_reset",
            ForwardError::BadAnswer => "upstream_bad_answer",
            ForwardError::Timeout => "upstream_timeout",
            ForwardError::Busy => "upstream_busy",
            ForwardError::BodyTooLarge => "body_too_large",
            ForwardError::BodyTimeout => "body_timeout",
            ForwardError::BodyBroken => "body_broken",
            ForwardError::TokenEnded(Ending::Expired) => "token_expired",
            ForwardError::TokenEnded(Ending::Revoked) => "token_revoked",
            ForwardError::Deadline => "deadline",
        }
    }

    /// The status the caller gets.
    pub fn status(self) -> StatusCode {
        match self {
            ForwardError::Connect | ForwardError::Reset | ForwardError::BadAnswer => StatusCode::BAD_GATEWAY,
            ForwardError::ConnectTimeout | ForwardError::Timeout | ForwardError::Deadline => {
                StatusCode::GATEWAY_TIMEOUT
            }
            ForwardError::Busy => StatusCode::SERVICE_UNAVAILABLE,
            ForwardError::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ForwardError::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            ForwardError::BodyBroken => StatusCode::BAD_REQUEST,
            ForwardError::TokenEnded(_) => StatusCode::UNAUTHORIZED,
        }
    }

    /// The error's code and a sentence for people, as the caller reads them.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            ForwardError::Connect => ("bad_gateway", "the service behind this gateway does not accept connections"),
            ForwardError::Reset => ("bad_gateway", "the service behind this gateway broke off the connection"),
            ForwardError::BadAnswer => ("bad_gateway", "the service behind this gateway gave no valid answer"),
            ForwardError::ConnectTimeout => ("gateway_timeout", "the service behind this gateway cannot be reached"),
            ForwardError::Timeout => ("gateway_timeout", "the service behind this gateway took too long"),
            ForwardError::Busy => ("temporarily_unavailable", "the service behind this gateway has no free connection"),
            ForwardError::BodyTooLarge => ("content_too_large", "the request body is larger than this path takes"),
            ForwardError::BodyTimeout => ("request_timeout", "the request body did not arrive in time"),
            ForwardError::BodyBroken => ("invalid_request", "the request body is not complete"),
            ForwardError::TokenEnded(ending) => ("invalid_token", ending.sentence()),
            ForwardError::Deadline => ("gateway_timeout", "the time that the caller gave is over"),
        }
    }

    /// True when another server, asked at once, might do better and nothing was sent.
    pub fn is_connect(self) -> bool {
        matches!(self, ForwardError::Connect | ForwardError::ConnectTimeout | ForwardError::Busy)
    }
}

impl fmt::Display for ForwardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().1)
    }
}

impl std::error::Error for ForwardError {}

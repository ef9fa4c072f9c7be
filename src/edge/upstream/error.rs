//! Why forwarding failed, for whoever is on call: each reason says whose fault it
//! was (the caller's, the backend's, or ours) and what the caller is told.
//! Must never: hold an address or anything the backend said.

use std::fmt;
use std::io;

use http::StatusCode;

use crate::access::tenure::Ending;
use crate::balance::condition::Fault;
use crate::dialect::fault::Fault as Row;

/// Why a request did not get the backend's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForwardError {
    /// No server of the upstream could be connected to.
    Connect,
    /// Connecting took too long.
    ConnectTimeout,
    /// The server took the connection, and TLS did not come about.
    Tls(TlsFault),
    /// The connection ended before an answer was whole.
    Reset,
    /// What came back is no HTTP answer, or one that cannot be trusted (RFC 9112 §6.3).
    BadAnswer,
    /// The first byte of the answer, or the next one, did not come in time.
    Timeout,
    /// Request and answer together took longer than they may.
    TotalTimeout,
    /// All connections are in use, and none came free in time.
    Busy,
    /// As many requests wait for a connection as may.
    Pending,
    /// As many requests are under way as may be.
    Overload,
    /// The checks of every server fail, and the file says not to try then.
    Down,
    /// No address of any server is known yet.
    Unresolved,
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
    /// The store does not say what the backend knows the caller by.
    CannotTell,
}

/// Why TLS to a server did not come about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsFault {
    /// Nobody we believe signed its certificate.
    Untrusted,
    /// Its certificate is another name's.
    Name,
    /// Its certificate is outside its time.
    Expired,
    /// It refused us: our certificate, our version, our ciphers.
    Refused,
    /// It does not speak TLS, or broke off.
    Broken,
}

impl ForwardError {
    /// What the end of a connection in use says. In TLS 1.3 a server refuses our
    /// certificate only after the handshake, so its refusal is found here.
    pub fn of_end(read: &io::Result<usize>) -> ForwardError {
        match read.as_ref().err().and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref()) {
            Some(rustls::Error::AlertReceived(_)) => ForwardError::Tls(TlsFault::Refused),
            Some(_) | None => ForwardError::Reset,
        }
    }

    /// The word in metrics, logs and the error's body.
    pub fn label(self) -> &'static str {
        match self {
            ForwardError::Connect => "upstream_connect",
            ForwardError::ConnectTimeout => "upstream_connect_timeout",
            ForwardError::Tls(TlsFault::Untrusted) => "upstream_tls_untrusted",
            ForwardError::Tls(TlsFault::Name) => "upstream_tls_name",
            ForwardError::Tls(TlsFault::Expired) => "upstream_tls_expired",
            ForwardError::Tls(TlsFault::Refused) => "upstream_tls_refused",
            ForwardError::Tls(TlsFault::Broken) => "upstream_tls",
            ForwardError::Reset => "upstream_reset",
            ForwardError::BadAnswer => "upstream_bad_answer",
            ForwardError::Timeout => "upstream_timeout",
            ForwardError::TotalTimeout => "upstream_total_timeout",
            ForwardError::Busy => "upstream_busy",
            ForwardError::Pending => "upstream_pending",
            ForwardError::Overload => "upstream_overload",
            ForwardError::Down => "upstream_down",
            ForwardError::Unresolved => "upstream_unresolved",
            ForwardError::BodyTooLarge => "body_too_large",
            ForwardError::BodyTimeout => "body_timeout",
            ForwardError::BodyBroken => "body_broken",
            ForwardError::TokenEnded(Ending::Expired) => "token_expired",
            ForwardError::TokenEnded(Ending::Revoked) => "token_revoked",
            ForwardError::TokenEnded(Ending::Narrowed) => "token_narrowed",
            ForwardError::Deadline => "deadline",
            ForwardError::CannotTell => "backend_token_unread",
        }
    }

    /// The status the caller gets.
    pub fn status(self) -> StatusCode {
        match self {
            ForwardError::Connect | ForwardError::Tls(_) | ForwardError::Reset | ForwardError::BadAnswer => {
                StatusCode::BAD_GATEWAY
            }
            ForwardError::ConnectTimeout
            | ForwardError::Timeout
            | ForwardError::TotalTimeout
            | ForwardError::Deadline => StatusCode::GATEWAY_TIMEOUT,
            ForwardError::Busy
            | ForwardError::Pending
            | ForwardError::Overload
            | ForwardError::Down
            | ForwardError::Unresolved
            | ForwardError::CannotTell => StatusCode::SERVICE_UNAVAILABLE,
            ForwardError::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ForwardError::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            ForwardError::BodyBroken => StatusCode::BAD_REQUEST,
            ForwardError::TokenEnded(_) => StatusCode::UNAUTHORIZED,
        }
    }

    /// The error's code and a sentence for people, as the caller reads them. About TLS
    /// the caller learns no more than that there is no connection; the log says why.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            ForwardError::Connect => ("bad_gateway", "the service behind this gateway does not accept connections"),
            ForwardError::Tls(_) => ("bad_gateway", "the service behind this gateway cannot be reached safely"),
            ForwardError::Reset => ("bad_gateway", "the service behind this gateway broke off the connection"),
            ForwardError::BadAnswer => ("bad_gateway", "the service behind this gateway gave no valid answer"),
            ForwardError::ConnectTimeout => ("gateway_timeout", "the service behind this gateway cannot be reached"),
            ForwardError::Timeout | ForwardError::TotalTimeout => {
                ("gateway_timeout", "the service behind this gateway took too long")
            }
            ForwardError::Busy => ("temporarily_unavailable", "the service behind this gateway has no free connection"),
            ForwardError::Pending | ForwardError::Overload => {
                ("temporarily_unavailable", "the service behind this gateway has more to do than it may")
            }
            ForwardError::Down | ForwardError::Unresolved => {
                ("temporarily_unavailable", "the service behind this gateway is not available now")
            }
            ForwardError::BodyTooLarge => ("content_too_large", "the request body is larger than this path takes"),
            ForwardError::BodyTimeout => ("request_timeout", "the request body did not arrive in time"),
            ForwardError::BodyBroken => ("invalid_request", "the request body is not complete"),
            ForwardError::TokenEnded(ending) => ("invalid_token", ending.sentence()),
            ForwardError::Deadline => ("gateway_timeout", "the time that the caller gave is over"),
            ForwardError::CannotTell => {
                ("temporarily_unavailable", "it cannot be told now who the service behind this gateway knows you as")
            }
        }
    }

    /// Its row in a dialect's table for the API; `None`: no dialect speaks of it.
    pub fn in_tables(self) -> Option<Row> {
        match self {
            ForwardError::Connect
            | ForwardError::ConnectTimeout
            | ForwardError::Tls(_)
            | ForwardError::Reset
            | ForwardError::BadAnswer
            | ForwardError::Timeout
            | ForwardError::TotalTimeout
            | ForwardError::Busy
            | ForwardError::Pending
            | ForwardError::Overload
            | ForwardError::Down
            | ForwardError::Unresolved => Some(Row::UpstreamDown),
            ForwardError::BodyTooLarge
            | ForwardError::BodyTimeout
            | ForwardError::BodyBroken
            | ForwardError::TokenEnded(_)
            | ForwardError::CannotTell
            | ForwardError::Deadline => None,
        }
    }

    /// What counts against the server that was asked; `None`: it is not to blame.
    pub fn fault(self) -> Option<Fault> {
        match self {
            ForwardError::Connect | ForwardError::ConnectTimeout | ForwardError::Tls(_) => Some(Fault::Connect),
            ForwardError::Reset | ForwardError::BadAnswer => Some(Fault::Reset),
            ForwardError::Timeout => Some(Fault::Timeout),
            ForwardError::TotalTimeout
            | ForwardError::Busy
            | ForwardError::Pending
            | ForwardError::Overload
            | ForwardError::Down
            | ForwardError::Unresolved
            | ForwardError::BodyTooLarge
            | ForwardError::BodyTimeout
            | ForwardError::BodyBroken
            | ForwardError::TokenEnded(_)
            | ForwardError::Deadline
            | ForwardError::CannotTell => None,
        }
    }
}

impl fmt::Display for ForwardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().1)
    }
}

impl std::error::Error for ForwardError {}

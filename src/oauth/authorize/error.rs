//! What is wrong with a request for authorization, for its two audiences: the
//! application, which gets a code by way of the redirect, and the person, who reads a
//! page when there is nowhere to send an error to.

use crate::clock::Seconds;
use crate::dialect::fault::Fault;
use crate::oauth::store::StoreError;

/// What the application is told (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthorizeError {
    /// Malformed; what about it.
    InvalidRequest(&'static str),
    /// The client may not use this way.
    UnauthorizedClient,
    /// The person, or the operator, said no.
    AccessDenied,
    /// Anything but `code`.
    UnsupportedResponseType,
    /// A scope that is none, or not this client's.
    InvalidScope,
    /// `prompt=none`, and nobody is signed in.
    LoginRequired,
    /// `prompt=none`, and the person has to be asked.
    ConsentRequired,
    /// Request objects (RFC 9101) are not read.
    RequestNotSupported,
    /// Nor fetched.
    RequestUriNotSupported,
    /// A fault of ours.
    ServerError,
    /// The store cannot answer now.
    TemporarilyUnavailable,
}

impl AuthorizeError {
    /// The `error` code.
    pub fn code(self) -> &'static str {
        match self {
            AuthorizeError::InvalidRequest(_) => "invalid_request",
            AuthorizeError::UnauthorizedClient => "unauthorized_client",
            AuthorizeError::AccessDenied => "access_denied",
            AuthorizeError::UnsupportedResponseType => "unsupported_response_type",
            AuthorizeError::InvalidScope => "invalid_scope",
            AuthorizeError::LoginRequired => "login_required",
            AuthorizeError::ConsentRequired => "consent_required",
            AuthorizeError::RequestNotSupported => "request_not_supported",
            AuthorizeError::RequestUriNotSupported => "request_uri_not_supported",
            AuthorizeError::ServerError => "server_error",
            AuthorizeError::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// Its name in a dialect's table, where a system has words of its own for it.
    pub fn fault(self) -> Option<Fault> {
        match self {
            AuthorizeError::AccessDenied => Some(Fault::AccessDenied),
            AuthorizeError::UnsupportedResponseType => Some(Fault::ResponseTypeBad),
            AuthorizeError::InvalidScope => Some(Fault::ScopeBad),
            AuthorizeError::InvalidRequest(_)
            | AuthorizeError::UnauthorizedClient
            | AuthorizeError::LoginRequired
            | AuthorizeError::ConsentRequired
            | AuthorizeError::RequestNotSupported
            | AuthorizeError::RequestUriNotSupported
            | AuthorizeError::ServerError
            | AuthorizeError::TemporarilyUnavailable => None,
        }
    }

    /// `error_description`.
    pub fn text(self) -> &'static str {
        match self {
            AuthorizeError::InvalidRequest(what) => what,
            AuthorizeError::UnauthorizedClient => "the client may not ask for codes",
            AuthorizeError::AccessDenied => "the person, or the server, denied the request",
            AuthorizeError::UnsupportedResponseType => "only response_type=code is served",
            AuthorizeError::InvalidScope => "a requested scope cannot be granted",
            AuthorizeError::LoginRequired => "nobody is signed in",
            AuthorizeError::ConsentRequired => "the person has to be asked",
            AuthorizeError::RequestNotSupported => "request objects are not served",
            AuthorizeError::RequestUriNotSupported => "request objects are not fetched",
            AuthorizeError::ServerError => "the server failed; the fault is not yours",
            AuthorizeError::TemporarilyUnavailable => "the server cannot answer now; try again",
        }
    }
}

/// What the person is told on a page, since nobody else can be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Dead {
    /// No client of that id, or it may not be used (yet).
    UnknownClient,
    /// A redirect URI that is not registered for the client, or none where one is needed.
    BadRedirect,
    /// Client or redirect URI given twice, or parameters that cannot be read.
    Malformed(&'static str),
    /// The request has ended, was answered already, or began in another browser.
    Gone,
    /// A method that is not answered; the ones that are.
    WrongMethod(Box<str>),
    /// The form was not made by a page of ours for this browser.
    Forged,
    /// Who sent the form is not signed in any more.
    SessionOver,
    /// The person may not do this.
    Forbidden,
    /// There is no such page.
    NotFound,
    /// Too many requests; again after so long.
    TooMany(Seconds),
    /// The store cannot answer now.
    Unavailable(String),
}

impl From<StoreError> for Dead {
    fn from(error: StoreError) -> Dead {
        Dead::Unavailable(error.detail)
    }
}

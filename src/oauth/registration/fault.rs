//! What is wrong with a registration (RFC 7591 §3.2.2), and how it is told. Public words
//! only: what was sent is never repeated.

use bytes::Bytes;
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};
use serde_json::json;

use crate::dialect::answer::secret_headers;
use crate::dialect::standard::JSON;
use crate::dialect::wire::Reply;
use crate::oauth::answer::Answer;

/// Why a registration is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::oauth) enum RegistrationFault {
    /// No token that opens the door, or a wrong one.
    Token,
    /// A redirect URI that cannot be, or is not where the policy lets people be sent.
    Redirect(&'static str),
    /// Anything else about the metadata.
    Metadata(&'static str),
    /// Not JSON, too large, or a member twice.
    Body(&'static str),
}

impl RegistrationFault {
    /// The `error` code.
    pub(in crate::oauth) fn code(&self) -> &'static str {
        match self {
            RegistrationFault::Token => "invalid_token",
            RegistrationFault::Redirect(_) => "invalid_redirect_uri",
            RegistrationFault::Metadata(_) | RegistrationFault::Body(_) => "invalid_client_metadata",
        }
    }

    /// Tells the client.
    pub(in crate::oauth) fn answer(&self, realm: &str) -> Answer {
        let (status, text) = match self {
            RegistrationFault::Token => (StatusCode::UNAUTHORIZED, "a token that opens this door is missing or wrong"),
            RegistrationFault::Redirect(text) | RegistrationFault::Metadata(text) | RegistrationFault::Body(text) => {
                (StatusCode::BAD_REQUEST, *text)
            }
        };
        let mut headers: HeaderMap = secret_headers(JSON);
        if *self == RegistrationFault::Token
            && let Ok(value) = HeaderValue::from_str(&format!("Bearer realm=\"{realm}\", error=\"invalid_token\""))
        {
            headers.insert(WWW_AUTHENTICATE, value);
        }
        let body = Bytes::from(json!({ "error": self.code(), "error_description": text }).to_string());
        Answer { result: self.code(), ..Answer::plain(Reply { status, headers, body }) }
    }
}

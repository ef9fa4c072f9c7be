//! Why a request may not pass, as data. The caller is told less than the operator:
//! `challenge` is what goes out, `label` is what metrics and logs count.

use crate::access::tenure::Ending;
use crate::clock::Seconds;
use crate::dialect::condition::{Badness, Challenge};
use crate::token::scope::Scopes;

/// A refusal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Denial {
    /// No route fits host and path.
    NoRoute,
    /// The route answers other methods: those.
    MethodNotAllowed(String),
    /// A body of a type that the route does not take.
    MediaBad,
    /// No credential where one is asked for.
    Missing,
    /// More than one credential (RFC 6750 §2).
    Ambiguous,
    /// Not a token of any spelling this route takes.
    Malformed,
    /// Spelled like an opaque token of ours, but none that is known.
    Unknown,
    /// The signature does not fit.
    BadSignature,
    /// Signed with a key that is not in the ring of an accepted issuer.
    UnknownKey,
    /// Not an access token (RFC 9068 §4: `typ`), or a critical header (RFC 7515 §4.1.11).
    WrongType,
    /// `iss` is not the issuer whose key signed it.
    WrongIssuer,
    /// `aud` does not name us.
    WrongAudience,
    /// A required claim is absent or of the wrong kind.
    ClaimMismatch,
    /// An application's key where an access token is asked for.
    WrongKind,
    /// Past its end.
    Expired,
    /// Before its beginning.
    NotYet,
    /// Called back.
    Revoked,
    /// Called back with everything of its user.
    UserGone,
    /// Valid, but without the scopes asked for: the first alternative's.
    InsufficientScope(Scopes),
    /// Valid, but of a client alone, where a person is asked for.
    UserRequired,
    /// Neither valid nor invalid: something needed for the answer is not there.
    CannotTell(Seconds),
}

impl From<Ending> for Denial {
    fn from(ending: Ending) -> Denial {
        match ending {
            Ending::Expired => Denial::Expired,
            Ending::Revoked | Ending::Narrowed => Denial::Revoked,
        }
    }
}

impl Denial {
    /// The word in `tollgate_auth_decisions_total{result}` and in the access log.
    pub fn label(&self) -> &'static str {
        match self {
            Denial::NoRoute => "no_route",
            Denial::MethodNotAllowed(_) => "method",
            Denial::MediaBad => "media",
            Denial::Missing => "missing",
            Denial::Ambiguous => "ambiguous",
            Denial::Malformed => "malformed",
            Denial::Unknown => "unknown",
            Denial::BadSignature => "bad_signature",
            Denial::UnknownKey => "unknown_key",
            Denial::WrongType => "wrong_type",
            Denial::WrongIssuer => "wrong_issuer",
            Denial::WrongAudience => "wrong_audience",
            Denial::ClaimMismatch => "claim_mismatch",
            Denial::WrongKind => "wrong_kind",
            Denial::Expired => "expired",
            Denial::NotYet => "not_yet",
            Denial::Revoked | Denial::UserGone => "revoked",
            Denial::InsufficientScope(_) => "insufficient_scope",
            Denial::UserRequired => "user_required",
            Denial::CannotTell(_) => "cannot_tell",
        }
    }

    /// One sentence, for callers who read no challenge.
    pub fn sentence(&self) -> &'static str {
        match self {
            Denial::NoRoute => "nothing is served at this path",
            Denial::MethodNotAllowed(_) => "this method is not served at this path",
            Denial::MediaBad => "a body of this type is not taken here",
            Denial::Missing => "an access token is needed",
            Denial::Ambiguous => "there is more than one access token in the request",
            Denial::Expired => "the access token has expired",
            Denial::NotYet => "the access token is not valid yet",
            Denial::Revoked | Denial::UserGone => "the access token was revoked",
            Denial::Malformed
            | Denial::Unknown
            | Denial::BadSignature
            | Denial::UnknownKey
            | Denial::WrongType
            | Denial::WrongKind
            | Denial::WrongIssuer
            | Denial::WrongAudience
            | Denial::ClaimMismatch => "the access token is not valid here",
            Denial::InsufficientScope(_) => "the access token lacks a scope that is needed",
            Denial::UserRequired => "the access token must be a person's",
            Denial::CannotTell(_) => "the access token cannot be checked at present",
        }
    }

    /// What the caller is told.
    pub fn challenge(&self) -> Challenge {
        match self {
            Denial::NoRoute => Challenge::NotFound,
            Denial::MethodNotAllowed(allow) => Challenge::MethodNotAllowed(allow.clone()),
            Denial::MediaBad => Challenge::MediaBad,
            Denial::Missing => Challenge::TokenMissing,
            Denial::Ambiguous => Challenge::RequestBad("more than one access token in the request"),
            Denial::Malformed => Challenge::TokenBad(Badness::Malformed),
            Denial::WrongKind => Challenge::TokenBad(Badness::WrongKind),
            Denial::Expired => Challenge::TokenBad(Badness::Expired),
            Denial::NotYet => Challenge::TokenBad(Badness::NotYet),
            Denial::Revoked => Challenge::TokenBad(Badness::Revoked),
            Denial::UserGone => Challenge::TokenBad(Badness::UserGone),
            Denial::Unknown
            | Denial::BadSignature
            | Denial::UnknownKey
            | Denial::WrongType
            | Denial::WrongIssuer
            | Denial::WrongAudience
            | Denial::ClaimMismatch => Challenge::TokenBad(Badness::Invalid),
            Denial::InsufficientScope(needed) => Challenge::ScopeMissing(needed.clone()),
            Denial::UserRequired => Challenge::UserRequired,
            Denial::CannotTell(wait) => Challenge::CannotTell(*wait),
        }
    }
}

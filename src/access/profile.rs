//! What a token of one issuer must carry to be an access token here. Ours and
//! foreign issuers have the same kind of profile; the standard one is RFC 9068.

use std::sync::Arc;

use crate::clock::Seconds;
use crate::dialect::Dialect;
use crate::token::claim_names::{ClaimNames, Subjects};
use crate::token::id::IssuerName;
use crate::token::opaque;
use crate::token::scope::{Scope, Scopes};
use crate::token::secret::SecretDigest;

/// The demands on a token of one issuer.
#[derive(Clone, Debug)]
pub struct TokenProfile {
    /// The key of the issuer in the file.
    pub name: IssuerName,
    /// The exact `iss` (RFC 9068 §4); compared byte by byte.
    pub issuer_url: Box<str>,
    /// One of these must be in `aud`; empty: `aud` is not asked for.
    pub audience: Vec<Box<str>>,
    /// Accepted `typ` headers, lower case without `application/`; RFC 9068: `at+jwt`.
    /// Empty: `jwt`, `at+jwt` or none at all. A token without `typ` counts as `jwt`.
    pub types: Vec<Box<str>>,
    /// Claims that must be present.
    pub require: Vec<Box<str>>,
    /// How callers of the API are refused.
    pub dialect: Arc<Dialect>,
    /// Where JWTs say whose they are.
    pub claims: ClaimNames,
    /// What a scope holds besides itself.
    pub implies: Vec<(Scope, Scopes)>,
    /// How far other clocks may be off.
    pub leeway: Seconds,
    /// Tokens of this issuer are opaque: a token that is no JWS is asked for in the
    /// store instead of being malformed.
    pub opaque: bool,
    /// What a JWT without an end means.
    pub endless: Endless,
    /// What a subject is that is not the client.
    pub subjects: Subjects,
    /// The looks of its opaque tokens.
    pub looks: Looks,
    /// What applications prove themselves by. At the API it opens nothing, unless a rule
    /// lets applications pass as themselves.
    pub application_keys: Vec<ApplicationKey>,
}

/// What one application proves itself by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApplicationKey {
    /// Its client.
    pub client: Box<str>,
    /// The digest of its key or secret.
    pub digest: SecretDigest,
    /// How it is shown.
    pub by: KeyUse,
}

/// How an application shows its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyUse {
    /// Alone, as a bearer credential or in a header of its own.
    Bearer,
    /// Behind its id, by Basic.
    Basic,
}

/// What a JWT without an end means, where the profile does not ask for `exp`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Endless {
    /// It lives for ever, or until a notice names it.
    #[default]
    Believed,
    /// It has a row in the store, and none means that it was called back.
    Rows,
}

/// The looks of opaque tokens: a text without them need not be asked for in the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Looks {
    /// A prefix of ours, and 256 bits behind it, with a place before them or without.
    Prefix(Box<str>),
    /// So many letters, digits, `-` and `_`.
    Characters(usize),
}

impl Looks {
    /// Whether a text could be such a token.
    pub fn fit(&self, text: &str) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        match self {
            Looks::Prefix(prefix) => opaque::could_be_token(prefix, text),
            Looks::Characters(count) => text.len() == *count && text.bytes().all(plain),
        }
    }
}

//! What a client asked for, free of spelling. From here on nobody knows which
//! dialect spoke. Secrets are `Secret`, so no later printing can leak them.

use crate::dialect::condition::Condition;
use crate::token::id::{ClientId, UserName};
use crate::token::secret::Secret;

/// RFC 7523 §2.1: the grant by a JWT of somebody who is trusted.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// RFC 7523 §2.2: the type of an assertion by which a client proves itself.
pub const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How the client said who it is.
#[derive(Clone, Debug)]
pub enum ClientCredential {
    /// Id and secret, from the header or the body (RFC 6749 §2.3.1).
    Secret {
        /// `client_id`.
        id: ClientId,
        /// `client_secret`.
        secret: Secret,
    },
    /// The application's key, a secret that names its client.
    Key {
        /// The key.
        key: Secret,
    },
    /// A JWT that it signed itself (RFC 7523 §2.2).
    Assertion {
        /// `client_id`, where it is said besides.
        id: Option<ClientId>,
        /// `client_assertion`.
        assertion: Secret,
    },
    /// Only an id: a public client (RFC 6749 §2.1), or one that forgot its secret.
    Public {
        /// `client_id`.
        id: ClientId,
    },
    /// Nothing at all.
    Absent,
}

impl ClientCredential {
    /// The secret it shows.
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            ClientCredential::Secret { secret, .. } | ClientCredential::Key { key: secret } => Some(secret),
            ClientCredential::Assertion { .. } | ClientCredential::Public { .. } | ClientCredential::Absent => None,
        }
    }
}

/// The grants this server knows. Closed: a new grant makes the compiler list every
/// place to visit.
#[derive(Clone, Debug)]
pub enum GrantRequest {
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §4.4 for sub-identities of the client, a token for each.
    Bots {
        /// Their ids.
        bots: Vec<String>,
    },
    /// RFC 6749 §4.3.
    Password {
        /// `username`.
        username: String,
        /// `password`.
        password: Secret,
    },
    /// RFC 7523 §2.1.
    JwtBearer {
        /// `assertion`.
        assertion: Secret,
    },
    /// RFC 6749 §6.
    RefreshToken {
        /// `refresh_token`.
        token: Secret,
    },
    /// RFC 6749 §4.1.3.
    AuthorizationCode(CodeRequest),
}

/// A code that is presented, with what it was bound to.
#[derive(Clone, Debug)]
pub struct CodeRequest {
    /// `code`.
    pub code: Secret,
    /// `redirect_uri`, where it is repeated.
    pub redirect_uri: Option<String>,
    /// `code_verifier` (RFC 7636 §4.5).
    pub verifier: Option<Secret>,
}

/// A request to the revocation endpoint (RFC 7009 §2.1).
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Who asks, if that is well-formed.
    pub client: Result<ClientCredential, Condition>,
    /// What is to be called back.
    pub what: Revoked,
}

/// What is to be called back.
#[derive(Clone, Debug)]
pub enum Revoked {
    /// A token.
    Token(Secret),
    /// The sessions of the person who signs in by this name.
    Sessions(UserName),
}

/// A request to the introspection endpoint (RFC 7662 §2.1).
#[derive(Clone, Debug)]
pub struct TokenQuestion {
    /// Who asks, if that is well-formed.
    pub client: Result<ClientCredential, Condition>,
    /// The token in question.
    pub token: Secret,
}

//! One issuer of ours as the operator said it: where it answers, what its tokens
//! are, who its clients and users are. Part of the snapshot; never changes while a
//! request looks at it. Keys are state and live in the key ring beside it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::Seconds;
use crate::oauth::client::{Client, GrantKind};
use crate::oauth::user::User;
use crate::token::id::{ClientId, IssuerName, UserName};
use crate::token::key::{Algorithm, KeyMaterial};
use crate::token::scope::{Scope, Scopes};

/// An authorization server of ours.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its key in the file.
    pub name: IssuerName,
    /// Index of its token profile and of its key ring.
    pub profile: usize,
    /// `iss`, exactly as clients compare it.
    pub url: String,
    /// Path below which its endpoints stand, such as `/oauth2`; not part of `iss`.
    pub base: String,
    /// How access tokens are made.
    pub token: TokenSettings,
    /// How refresh tokens live.
    pub refresh: RefreshSettings,
    /// Signing keys: made by us or given.
    pub keys: KeySettings,
    /// Every scope that can be asked for, with its text for people, in order.
    pub catalogue: Vec<(Scope, String)>,
    /// What a request without `scope` gets, cut to what the client may have;
    /// `None`: all the client may have.
    pub default_scopes: Option<Scopes>,
    /// Clients of the file.
    pub clients: HashMap<ClientId, Arc<Client>>,
    /// Users of the file.
    pub users: HashMap<UserName, Arc<User>>,
    /// Make a client at start when there is none.
    pub generate_client: Option<GenerateClient>,
    /// Origins that may read the endpoints from a browser; never with credentials.
    pub cors_origins: Vec<String>,
    /// Bounds on tries.
    pub throttle: ThrottleSettings,
}

/// How access tokens are made.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// Self-contained or a reference.
    pub format: TokenFormat,
    /// `exp` − `iat`.
    pub lifetime: Seconds,
    /// `aud`; RFC 9068 asks for at least one.
    pub audience: Vec<String>,
}

/// The two spellings of an access token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenFormat {
    /// A JWS with RFC 9068 claims.
    Jwt,
    /// A random string whose claims are a store row.
    Opaque,
}

/// How refresh tokens live.
#[derive(Clone, Debug)]
pub struct RefreshSettings {
    /// From the first sign-in to the end of the family; `None`: no end.
    pub lifetime: Option<Seconds>,
    /// From one use to the next; `None`: no bound.
    pub idle: Option<Seconds>,
    /// A new one at every use.
    pub rotate: bool,
    /// How long the direct parent gets the same answer again (design rule: until the
    /// first use of the child).
    pub grace: Seconds,
}

/// Where signing keys come from.
#[derive(Clone, Debug)]
pub struct KeySettings {
    /// What they sign with.
    pub algorithm: Algorithm,
    /// Given by the operator; `None`: made at first start and kept in the store.
    pub given: Option<KeyMaterial>,
    /// A new key after so long; `None`: only by `tollgate keys rotate`.
    pub rotate: Option<Seconds>,
    /// How long a new key is published before it signs.
    pub publish_ahead: Seconds,
    /// How long an old key verifies after it stopped signing.
    pub keep_verifying: Seconds,
}

/// What a generated client gets.
#[derive(Clone, Debug)]
pub struct GenerateClient {
    /// `false`: a new one at every boot, nothing stored.
    pub keep: bool,
    /// Its grants.
    pub grants: Vec<GrantKind>,
    /// Its scopes.
    pub scopes: Scopes,
}

/// Bounds on tries. Nobody can lock another out: failures delay a pair.
#[derive(Clone, Debug)]
pub struct ThrottleSettings {
    /// Requests a second to the token endpoints, per address.
    pub per_address: u32,
    /// Failures of one (address, user) or (address, client) pair that are free …
    pub free_failures: u32,
    /// … within this window.
    pub within: Seconds,
}

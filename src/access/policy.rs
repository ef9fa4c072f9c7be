//! The compiled rules of one snapshot: route tables, token profiles, the scope table
//! and the list of claims worth keeping. Built by `config`, read by everybody.

use crate::access::host::HostPattern;
use crate::access::profile::TokenProfile;
use crate::access::table::Table;
use crate::token::scope::ScopeTable;

/// Who may pass where.
#[derive(Debug, Default)]
pub struct Policy {
    /// One table per listener, in the listeners' order.
    pub tables: Vec<Table>,
    /// Whose words stand on each listener, in the same order.
    pub voices: Vec<Vec<Voice>>,
    /// What tokens must carry; `Claims::issuer` and `Route::issuers` index it.
    pub profiles: Vec<TokenProfile>,
    /// Bits of the scopes that rules speak of.
    pub scopes: ScopeTable,
    /// Names of the claims that templates or rules speak of; `Claims::kept` follows it.
    pub kept_claims: Vec<Box<str>>,
    /// Headers in which some route takes a token; on no route do they reach a backend
    /// that is not to see its caller's credential.
    pub token_headers: Vec<http::HeaderName>,
    /// Names of the routes, by `Route::index`, for metrics.
    pub route_names: Vec<std::sync::Arc<str>>,
}

/// An issuer whose endpoints or routes stand on a listener under a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Voice {
    /// Under which host.
    pub host: HostPattern,
    /// Index of its profile.
    pub profile: usize,
}

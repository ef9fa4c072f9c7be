//! From bytes to what a client asked for. From here on nobody knows which dialect
//! spoke. Every refusal is a `Condition`; none of them holds what the caller sent.

use http::Method;

use crate::dialect::condition::Condition;
use crate::dialect::credential;
use crate::dialect::knobs::{Dialect, QueryRule};
use crate::dialect::params::Params;
use crate::dialect::request::{GrantRequest, TokenQuestion, TokenRequest};
use crate::dialect::wire::RawRequest;

impl Dialect {
    /// Reads a request to the token endpoint (RFC 6749 §3.2).
    ///
    /// # Errors
    /// The first thing that is wrong: method, query, type, body, parameters, client.
    pub fn read_token(&self, raw: &RawRequest) -> Result<TokenRequest, Condition> {
        let params = self.params(raw)?;
        let client = credential::read(self, raw, &params)?;
        let grant = self.grant(&params)?;
        Ok(TokenRequest { client, grant, scope: self.scope(&params) })
    }

    /// Reads a request to the revocation or introspection endpoint.
    ///
    /// # Errors
    /// As `read_token`.
    pub fn read_question(&self, raw: &RawRequest) -> Result<TokenQuestion, Condition> {
        let params = self.params(raw)?;
        let client = credential::read(self, raw, &params)?;
        Ok(TokenQuestion { client, token: params.need(self.names.token)?.clone() })
    }

    fn params(&self, raw: &RawRequest) -> Result<Params, Condition> {
        if raw.method != Method::POST {
            return Err(Condition::WrongMethod("POST"));
        }
        if self.query == QueryRule::Refuse && raw.query.as_ref().is_some_and(|query| !query.is_empty()) {
            return Err(Condition::MalformedBody("parameters belong in the body, not in the query"));
        }
        Params::read(&raw.headers, &raw.body, &self.names)
    }

    fn grant(&self, params: &Params) -> Result<GrantRequest, Condition> {
        let word = params.value(self.names.grant_type).ok_or(Condition::MissingGrant)?;
        match word.expose() {
            "client_credentials" => Ok(GrantRequest::ClientCredentials),
            "password" => Ok(GrantRequest::Password {
                username: params.need(self.names.username)?.expose().to_owned(),
                password: params.need(self.names.password)?.clone(),
            }),
            "refresh_token" => Ok(GrantRequest::RefreshToken { token: params.need(self.names.refresh_token)?.clone() }),
            _ => Err(Condition::UnsupportedGrant),
        }
    }

    fn scope(&self, params: &Params) -> Option<Vec<String>> {
        let words = params.value(self.names.scope)?.expose().split(self.scope_separators);
        Some(words.filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }
}

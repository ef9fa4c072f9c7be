//! RFC 8414: what this issuer really serves, and nothing that it might one day. The
//! same functions that place the endpoints name them here.

use serde_json::{Map, Value};

use crate::clock::Seconds;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::{ClientAuth, Seat};
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::authorize::request::ResponseMode;
use crate::oauth::client::GrantKind;
use crate::oauth::endpoints::{origin, path, serves};
use crate::oauth::issuer::TokenFormat;
use crate::oauth::jwks::public;
use crate::oauth::people::PlainChallenge;
use crate::oauth::pkce::ChallengeMethod;
use crate::oauth::service::Desk;
use crate::token::key::{ASSERTION_ALGORITHMS, Algorithm};

/// How long a cache may keep the document.
const KEEP: Seconds = Seconds(300);

/// Answers one request for the metadata.
pub(in crate::oauth) fn answer(desk: Desk<'_>, seat: &Seat, raw: &RawRequest) -> Result<Answer, Refused> {
    seat.answers(raw)?;
    Ok(public(Value::Object(document(desk)).to_string(), "application/json", KEEP))
}

/// The members of RFC 8414 §2 that the issuer really serves.
pub(in crate::oauth) fn document(desk: Desk<'_>) -> Map<String, Value> {
    let issuer = desk.issuer;
    let at = |endpoint| {
        let seat = desk.dialect.seat(endpoint, usize::MAX).filter(|_| serves(issuer, endpoint))?;
        Some(Value::from(format!("{}{}", origin(&issuer.url), path(issuer, seat))))
    };
    let secret_ways = auth_methods(&desk.dialect.reading.client_auth);
    let mut all_ways = secret_ways.clone();
    // A public client can name itself only where the body is read.
    all_ways.extend(desk.dialect.reading.client_auth.contains(&ClientAuth::Body).then(|| "none".into()));
    let people = serves(issuer, Endpoint::Authorize);
    let vouched = issuer.assertions.as_ref().is_some_and(|settings| !settings.trusted.is_empty());
    let spoken = |grant: &&GrantKind| match grant {
        GrantKind::AuthorizationCode => people,
        GrantKind::JwtBearer => vouched,
        GrantKind::ClientCredentials | GrantKind::Password | GrantKind::RefreshToken => true,
    };
    let grants: Vec<Value> = GrantKind::ALL.iter().filter(spoken).map(|grant| grant.as_str().into()).collect();
    let scopes: Vec<Value> = issuer.catalogue.iter().map(|(scope, _)| scope.as_str().into()).collect();
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.and_then(|value| out.insert(name.to_owned(), value));
    put("issuer", Some(issuer.url.as_str().into()));
    put("token_endpoint", at(Endpoint::Token));
    put("token_endpoint_auth_methods_supported", Some(all_ways.clone().into()));
    if desk.dialect.reading.client_auth.contains(&ClientAuth::Assertion) {
        let names = ASSERTION_ALGORITHMS.map(|algorithm| algorithm.as_str());
        put("token_endpoint_auth_signing_alg_values_supported", Some(names.to_vec().into()));
    }
    put("grant_types_supported", Some(grants.into()));
    // Where there is no authorization endpoint, there is no response type.
    put("response_types_supported", Some(people.then(|| Value::from("code")).into_iter().collect()));
    if let Some(settings) = issuer.people.as_ref().filter(|_| people) {
        let plain = (settings.code.plain == PlainChallenge::Accept).then_some(ChallengeMethod::Plain);
        let methods = [Some(ChallengeMethod::S256), plain].into_iter().flatten();
        put("authorization_endpoint", at(Endpoint::Authorize));
        put("response_modes_supported", Some(ResponseMode::ALL.iter().map(|mode| mode.as_str()).collect()));
        put("code_challenge_methods_supported", Some(methods.map(|method| method.as_str()).collect()));
        put("authorization_response_iss_parameter_supported", Some(true.into()));
    }
    put("registration_endpoint", at(Endpoint::Register));
    put("scopes_supported", Some(scopes.into()));
    put("revocation_endpoint", at(Endpoint::Revoke));
    put("revocation_endpoint_auth_methods_supported", Some(all_ways.into()));
    put("introspection_endpoint", at(Endpoint::Introspect));
    put("introspection_endpoint_auth_methods_supported", Some(secret_ways.into()));
    let signs = issuer.token.format == TokenFormat::Jwt || issuer.serves_openid();
    if signs && issuer.keys.algorithm != Algorithm::Hs256 {
        put("jwks_uri", at(Endpoint::Jwks));
    }
    out
}

fn auth_methods(ways: &[ClientAuth]) -> Vec<Value> {
    let name = |way: &ClientAuth| match way {
        ClientAuth::Basic => "client_secret_basic".into(),
        ClientAuth::Body => "client_secret_post".into(),
        ClientAuth::Assertion => "private_key_jwt".into(),
        ClientAuth::Key => "bearer_key".into(),
    };
    ways.iter().map(name).collect()
}

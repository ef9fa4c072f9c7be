//! A JWT as a dialect's templates describe it: header and claims in their order, each
//! with its type. What is not in the templates is not in the token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::dialect::fact::{Fact, Facts};
use crate::dialect::issued::names;
use crate::oauth::answer::Refused;
use crate::oauth::issue::Bearer;
use crate::oauth::issuer::Issuer;
use crate::oauth::service::{Case, RETRY};
use crate::oauth::spelling::{JwtForm, digits};
use crate::random::{Random, bytes};
use crate::token::ring::SigningKey;
use crate::token::secret::Secret;

/// When a token begins and ends.
#[derive(Clone, Copy, Debug)]
pub(in crate::oauth) struct Times {
    pub(in crate::oauth) issued: UnixTime,
    pub(in crate::oauth) expires: Option<UnixTime>,
}

/// Signs a token of that form; its text and its id.
pub(in crate::oauth) fn sign<S, P>(
    case: &Case<'_, S, P>,
    signer: Option<&std::sync::Arc<SigningKey>>,
    form: &JwtForm,
    bearer: &Bearer<'_>,
    times: Times,
    number: u64,
) -> Result<(Secret, String), Refused> {
    let signer = signer.ok_or_else(|| {
        let fault = Some("no key of the issuer may sign yet".to_owned());
        Refused { fault, ..Refused::from(Condition::Unavailable(RETRY)) }
    })?;
    let random = &*case.service.random;
    let mut facts = TokenFacts { issuer: case.desk.issuer, bearer, times, number, random, id: String::new() };
    facts.id = match &form.id {
        Some(template) => template.text(&facts),
        None => URL_SAFE_NO_PAD.encode(bytes::<16>(random)),
    };
    let mut header = Map::new();
    header.insert("typ".to_owned(), Value::from(&*form.typ));
    header.insert("alg".to_owned(), Value::from(signer.algorithm().as_str()));
    if let Value::Object(said) = form.header.value(&facts, &[]) {
        header.extend(said.into_iter().filter(|(name, _)| name != "typ" && name != "alg"));
    }
    let claims = form.claims.value(&facts, &[]).to_string();
    let token = signer.sign_with(&Value::Object(header), claims.as_bytes());
    let token = token.map_err(|error| Refused::internal(error.to_string()))?;
    Ok((Secret::new(token), facts.id))
}

/// A token to be, as its templates see it.
struct TokenFacts<'a> {
    issuer: &'a Issuer,
    bearer: &'a Bearer<'a>,
    times: Times,
    number: u64,
    random: &'a dyn Random,
    id: String,
}

impl Facts for TokenFacts<'_> {
    fn fact(&self, name: &str) -> Fact {
        match name {
            "token_id" => Fact::Text(self.id.clone()),
            "token_number" => Fact::Number(self.number),
            "issuer" => Fact::Text(self.issuer.url.clone()),
            "audience" => Fact::List(self.issuer.token.audience.clone()),
            "family" => Fact::maybe(self.bearer.family.map(|family| family.to_string())),
            "issued_at" => Fact::Time(self.times.issued),
            "expires_at" => self.times.expires.map_or(Fact::Nothing, Fact::Time),
            "subject" => Fact::Text(self.bearer.subject.as_str().to_owned()),
            "scope" => Fact::Text(self.bearer.scopes.to_string()),
            "scopes" => names(self.bearer.scopes),
            _ => self.bearer.party.fact(name),
        }
    }

    fn digits(&self, base: u32, count: usize) -> String {
        digits(base, count, self.random)
    }

    fn now(&self) -> UnixTime {
        self.times.issued
    }
}

//! The desk where every request to an endpoint of ours is answered: admit, read,
//! authenticate, decide, issue, write. Holds what has happened since the start
//! (store, revocation list, throttle); what the operator said comes with each request.
//! Must never: answer "revoked" or "issued" before the store has it.

use std::sync::Arc;

use http::Method;

use crate::clock::{Seconds, UnixTime};
use crate::dialect::condition::Condition;
use crate::dialect::endpoint::{Endpoint, Need};
use crate::dialect::knobs::{Dialect, Seat, Step};
use crate::dialect::params::SecretsInUrl;
use crate::dialect::read::Codes;
use crate::dialect::request::{ClientCredential, GrantRequest};
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, OK, Refused};
use crate::oauth::audit::AuditEvent;
use crate::oauth::authenticate::{Standing, authenticate};
use crate::oauth::client::{Client, GrantKind, UrlSecrets};
use crate::oauth::endpoints::path;
use crate::oauth::grants::decide::{decide, kind};
use crate::oauth::issuer::Issuer;
use crate::oauth::openid::{discovery, userinfo};
use crate::oauth::store::{Directory, GrantStore, Store};
use crate::oauth::throttle::Throttle;
use crate::oauth::user::PasswordCheck;
use crate::oauth::warnings::Warnings;
use crate::oauth::{cors, info, introspect, jwks, metadata, person, registration, revoke};
use crate::random::Random;
use crate::revocation::list::List;
use crate::token::ring::KeyRing;
use crate::token::secret::Secret;

/// `Retry-After` when the store or the hashing pool cannot answer.
pub const RETRY: Seconds = Seconds(1);

/// What all issuers share while the process runs.
pub struct Service<S, P> {
    /// What must survive a crash.
    pub store: S,
    /// Who computes password hashes.
    pub passwords: P,
    /// What was called back, as every worker sees it.
    pub list: Arc<List>,
    /// Bounds on tries.
    pub throttle: Throttle,
    /// Whom the operator was warned about.
    pub warnings: Warnings,
    /// Where tokens come from.
    pub random: Arc<dyn Random>,
}

/// One issuer as it is while one request is answered.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// What the operator said.
    pub issuer: &'a Issuer,
    /// Its keys, of which one signs.
    pub ring: &'a KeyRing,
    /// Keys of its refresh tokens, where they are JWTs.
    pub refresh_ring: &'a KeyRing,
    /// How it speaks.
    pub dialect: &'a Dialect,
    /// Number of the seat in the dialect that was asked.
    pub seat: usize,
    /// The present moment's milliseconds, for where rows lie; no rule depends on them.
    pub millisecond: u16,
}

/// One token request whose client is proven.
pub(in crate::oauth) struct Case<'a, S, P> {
    pub(in crate::oauth) service: &'a Service<S, P>,
    pub(in crate::oauth) desk: Desk<'a>,
    pub(in crate::oauth) client: &'a Client,
    pub(in crate::oauth) standing: Standing,
    /// The secret it was proven by, if it was by one.
    pub(in crate::oauth) secret: Option<&'a Secret>,
    pub(in crate::oauth) raw: &'a RawRequest,
    pub(in crate::oauth) seat: &'a Seat,
    pub(in crate::oauth) now: UnixTime,
}

impl<S: Store, P: PasswordCheck> Service<S, P> {
    /// A service with an empty throttle.
    pub fn new(store: S, passwords: P, list: Arc<List>, random: Arc<dyn Random>) -> Service<S, P> {
        Service { store, passwords, list, throttle: Throttle::new(), warnings: Warnings::default(), random }
    }

    /// Answers one request. Whatever it revokes is in the store and in the list, and
    /// whatever it issues is in the store, when this returns. The body of a `HEAD` is
    /// there like that of a `GET`; who sends it leaves it out.
    pub async fn answer(&self, desk: Desk<'_>, endpoint: Endpoint, raw: &RawRequest, now: UnixTime) -> Answer {
        let Some(seat) = desk.dialect.seat(endpoint, desk.seat) else {
            let refused = Refused::internal("the dialect has no such endpoint".to_owned());
            return refused.answer(desk.dialect, None, &raw.headers, desk.issuer.name.as_str());
        };
        if let Some(reply) = seat.moved(&path(desk.issuer, seat), raw) {
            return Answer::plain(reply);
        }
        let answered = match self.throttle.admit(desk.issuer, raw.peer, now) {
            Err(wait) if endpoint.need() == Need::People => Ok(person::too_many(desk.issuer, wait)),
            Err(wait) => Err(Refused::from(Condition::TooMany(wait))),
            Ok(()) => match cors::preflight(desk.issuer, &seat.allow(), raw) {
                Some(reply) => Ok(Answer::plain(reply)),
                None if raw.method == Method::OPTIONS && seat.methods.contains(&Method::OPTIONS) => {
                    Ok(Answer::plain(seat.options()))
                }
                None => self.dispatch(desk, seat, raw, now).await,
            },
        };
        let realm = desk.issuer.name.as_str();
        let spell = |refused: Refused| refused.answer(desk.dialect, Some(seat), &raw.headers, realm);
        let mut answer = answered.unwrap_or_else(spell);
        cors::open(desk.issuer, &raw.headers, &mut answer.reply.headers);
        answer
    }

    async fn dispatch(&self, desk: Desk<'_>, seat: &Seat, raw: &RawRequest, now: UnixTime) -> Result<Answer, Refused> {
        match seat.endpoint {
            Endpoint::Token => self.token(desk, seat, raw, now).await,
            Endpoint::Revoke => revoke::answer(self, desk, seat, raw, now).await,
            Endpoint::Introspect => introspect::answer(self, desk, seat, raw, now).await,
            Endpoint::Info => info::answer(self, desk, seat, raw, now).await,
            Endpoint::Jwks => jwks::answer(desk, seat, raw),
            Endpoint::Metadata => metadata::answer(desk, seat, raw),
            Endpoint::Authorize
            | Endpoint::EndSession
            | Endpoint::Account
            | Endpoint::SignIn
            | Endpoint::SignOut
            | Endpoint::Consent
            | Endpoint::Applications
            | Endpoint::Authorized
            | Endpoint::Sessions => Ok(person::answer(self, desk, seat, raw, now).await),
            Endpoint::UserInfo => userinfo::answer(self, desk, seat, raw, now).await,
            Endpoint::OpenidConfiguration => discovery::answer(desk, seat, raw),
            Endpoint::Register | Endpoint::RegisteredClient => {
                registration::endpoint::answer(self, desk, seat, raw, now).await
            }
            // Answered where pages are written.
            Endpoint::Assets => Err(Refused::internal("the endpoint is not served".to_owned())),
        }
    }

    /// The token endpoint, step by step (RFC 6749 §3.2), in the dialect's order.
    async fn token(&self, desk: Desk<'_>, seat: &Seat, raw: &RawRequest, now: UnixTime) -> Result<Answer, Refused> {
        let codes = if desk.issuer.people.is_some() { Codes::Served } else { Codes::Absent };
        let asked = desk.dialect.read_token(seat, raw, codes)?;
        let mut grant: Option<GrantRequest> = None;
        let mut who = None;
        for step in asked.order() {
            let named = |refused: Refused| match &grant {
                Some(grant) => refused.of(kind(grant).as_str()),
                None => refused,
            };
            match step {
                Step::Credential => drop(asked.credential.clone()?),
                Step::Grant => drop(asked.word()?),
                Step::Served => asked.served()?,
                Step::Parameters => grant = Some(asked.grant()?),
                Step::Client => {
                    let proven = self.authenticate(desk, &asked.credential.clone()?, raw, now).await;
                    let (client, standing) = proven.map_err(|refused| {
                        let alone = asked.word().is_ok_and(|word| word == GrantKind::ClientCredentials.as_str());
                        let lacks = refused.condition == Condition::ClientSecretMissing && !alone;
                        named(if lacks { Refused { condition: Condition::ClientBad, ..refused } } else { refused })
                    })?;
                    if asked.in_url == SecretsInUrl::Present && client.secrets_in_url == UrlSecrets::Refused {
                        let event = AuditEvent::new("token_refused", &desk.issuer.name).client(&client.id);
                        return Err(Refused::audited(Condition::ClientBad, event.detail("secrets_in_url")));
                    }
                    who = Some((client, standing));
                }
            }
        }
        // A dialect's order that leaves something out does not leave it unasked.
        let request = grant.map_or_else(|| asked.grant(), Ok)?;
        let (client, standing) = match who {
            Some(who) => who,
            None => self.authenticate(desk, &asked.credential.clone()?, raw, now).await?,
        };
        let secret = asked.credential.as_ref().ok().and_then(ClientCredential::secret);
        let case = Case { service: self, desk, client: &client, standing, secret, raw, seat, now };
        let mut answer = self.granted(&case, &request, asked.scope().as_deref()).await?;
        if asked.in_url == SecretsInUrl::Present {
            answer.secret_in_url = Some(client.id.clone());
        }
        Ok(answer)
    }

    async fn granted(
        &self,
        case: &Case<'_, S, P>,
        request: &GrantRequest,
        scope: Option<&[String]>,
    ) -> Result<Answer, Refused> {
        let grant = kind(request);
        let granted = decide(case, request, scope).await.map_err(|refused| {
            let refused = refused.of(grant.as_str());
            if refused.audit.is_empty() {
                let event = AuditEvent::new("token_refused", &case.desk.issuer.name).client(&case.client.id);
                let detail = refused.condition.code();
                return Refused { audit: vec![event.grant(grant).detail(detail)], ..refused };
            }
            refused
        })?;
        Ok(Answer {
            audit: granted.audit,
            grant: Some(grant.as_str()),
            result: OK,
            issued: granted.issued,
            ..Answer::plain(granted.reply)
        })
    }
}

impl<S: GrantStore + Directory, P> Service<S, P> {
    /// Proves who asks; shared by the three endpoints that need to know.
    pub(in crate::oauth) async fn authenticate(
        &self,
        desk: Desk<'_>,
        credential: &ClientCredential,
        raw: &RawRequest,
        now: UnixTime,
    ) -> Result<(Arc<Client>, Standing), Refused> {
        authenticate(&self.store, &self.throttle, desk.issuer, credential, raw.peer, now).await
    }
}

impl<S, P> std::fmt::Debug for Service<S, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("throttle", &self.throttle.len()).finish_non_exhaustive()
    }
}

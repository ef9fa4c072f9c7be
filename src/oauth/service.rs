//! The desk where every request to an endpoint of ours is answered: admit, read,
//! authenticate, decide, issue, write. Holds what has happened since the start
//! (store, revocation list, throttle); what the operator said comes with each request.
//! Must never: answer "revoked" or "issued" before the store has it.

use std::sync::Arc;

use crate::clock::{Seconds, UnixTime};
use crate::dialect::condition::Condition;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::Dialect;
use crate::dialect::request::{ClientCredential, TokenRequest};
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, OK, Refused};
use crate::oauth::audit::AuditEvent;
use crate::oauth::authenticate::{Standing, authenticate};
use crate::oauth::client::Client;
use crate::oauth::grants::decide::{decide, kind};
use crate::oauth::issuer::Issuer;
use crate::oauth::store::{Directory, GrantStore};
use crate::oauth::throttle::Throttle;
use crate::oauth::user::PasswordCheck;
use crate::oauth::{cors, introspect, jwks, metadata, revoke};
use crate::random::Random;
use crate::revocation::list::List;
use crate::token::ring::KeyRing;

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
    /// How it speaks.
    pub dialect: &'a Dialect,
}

/// One token request whose client is proven.
pub(in crate::oauth) struct Case<'a, S, P> {
    pub(in crate::oauth) service: &'a Service<S, P>,
    pub(in crate::oauth) desk: Desk<'a>,
    pub(in crate::oauth) client: &'a Client,
    pub(in crate::oauth) standing: Standing,
    pub(in crate::oauth) raw: &'a RawRequest,
    pub(in crate::oauth) now: UnixTime,
}

impl<S: GrantStore + Directory, P: PasswordCheck> Service<S, P> {
    /// A service with an empty throttle.
    pub fn new(store: S, passwords: P, list: Arc<List>, random: Arc<dyn Random>) -> Service<S, P> {
        Service { store, passwords, list, throttle: Throttle::new(), random }
    }

    /// Answers one request. Whatever it revokes is in the store and in the list, and
    /// whatever it issues is in the store, when this returns. The body of a `HEAD` is
    /// there like that of a `GET`; who sends it leaves it out.
    pub async fn answer(&self, desk: Desk<'_>, endpoint: Endpoint, raw: &RawRequest, now: UnixTime) -> Answer {
        let answered = match self.throttle.admit(desk.issuer, raw.peer, now) {
            Err(wait) => Err(Refused::from(Condition::TooMany(wait))),
            Ok(()) => match cors::preflight(desk.issuer, methods(endpoint), raw) {
                Some(reply) => Ok(Answer::plain(reply)),
                None => self.dispatch(desk, endpoint, raw, now).await,
            },
        };
        let spell = |refused: Refused| refused.answer(desk.dialect, desk.issuer.name.as_str());
        let mut answer = answered.unwrap_or_else(spell);
        cors::open(desk.issuer, &raw.headers, &mut answer.reply.headers);
        answer
    }

    async fn dispatch(
        &self,
        desk: Desk<'_>,
        endpoint: Endpoint,
        raw: &RawRequest,
        now: UnixTime,
    ) -> Result<Answer, Refused> {
        match endpoint {
            Endpoint::Token => self.token(desk, raw, now).await,
            Endpoint::Revoke => revoke::answer(self, desk, raw, now).await,
            Endpoint::Introspect => introspect::answer(self, desk, raw, now).await,
            Endpoint::Jwks => jwks::answer(desk, raw),
            Endpoint::Metadata => metadata::answer(desk, raw),
        }
    }

    /// The token endpoint, step by step (RFC 6749 §3.2).
    async fn token(&self, desk: Desk<'_>, raw: &RawRequest, now: UnixTime) -> Result<Answer, Refused> {
        let request: TokenRequest = desk.dialect.read_token(raw)?;
        let grant = kind(&request.grant);
        let named = |refused: Refused| refused.of(grant.as_str());
        let (client, standing) = self.authenticate(desk, &request.client, raw, now).await.map_err(named)?;
        let case = Case { service: self, desk, client: &client, standing, raw, now };
        let granted = decide(&case, &request).await.map_err(|refused| {
            let refused = refused.of(grant.as_str());
            if refused.audit.is_empty() {
                let event = AuditEvent::new("token_refused", &desk.issuer.name).client(&client.id).grant(grant);
                let detail = refused.condition.code();
                return Refused { audit: vec![event.detail(detail)], ..refused };
            }
            refused
        })?;
        Ok(Answer {
            reply: granted.reply,
            audit: granted.audit,
            grant: Some(grant.as_str()),
            result: OK,
            issued: granted.issued,
            fault: None,
        })
    }

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

/// The methods an endpoint answers, as `Allow` names them.
pub(in crate::oauth) fn methods(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Token | Endpoint::Revoke | Endpoint::Introspect => "POST",
        Endpoint::Jwks | Endpoint::Metadata => "GET, HEAD",
    }
}

impl<S, P> std::fmt::Debug for Service<S, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("throttle", &self.throttle.len()).finish_non_exhaustive()
    }
}

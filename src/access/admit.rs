//! THE decision. Everything that can keep a request out is asked here, in this order
//! and nowhere else: the route's line for the method, the credential, the signature
//! (remembered), time, revocation, issuer, audience, scopes. Synchronous: what only
//! the store can say comes out as a question, and its answer is handed back in.

use std::sync::Arc;

use http::{HeaderMap, Method};

use crate::access::application;
use crate::access::bearer::{self, Credential};
use crate::access::denial::Denial;
use crate::access::permit::Permit;
use crate::access::policy::Policy;
use crate::access::profile::{Endless, KeyUse};
use crate::access::route::Route;
use crate::access::rule::{AccessLine, Alternative, Rule};
use crate::access::seen::{Seen, Verdict};
use crate::access::verifier::{self, OpaqueFacts};
use crate::clock::{Seconds, UnixTime};
use crate::dialect::params::body_type;
use crate::revocation::list::List;
use crate::token::claim_names::Subjects;
use crate::token::claims::{Claims, Liveness};
use crate::token::fingerprint::{Fingerprint, Fingerprinter};
use crate::token::ring::KeyRing;
use crate::token::secret::SecretDigest;

/// How long the row of an opaque token without end is believed before the store is
/// asked again; a notice about such a token has to be kept at least so long.
pub const ENDLESS_RECHECK: Seconds = Seconds(60);

/// The parts of a request that admission looks at.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The method.
    pub method: &'a Method,
    /// The header block.
    pub headers: &'a HeaderMap,
    /// The query without `?`.
    pub query: Option<&'a str>,
    /// The collected form, where the route takes tokens in forms.
    pub form: Option<&'a [u8]>,
}

/// What admission knows.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The compiled rules.
    pub policy: &'a Policy,
    /// Key rings, by profile index.
    pub rings: &'a [Arc<KeyRing>],
    /// What was called back.
    pub revoked: &'a List,
    /// Names tokens for the verdict cache.
    pub fingerprints: &'a Fingerprinter,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Decision {
    /// It may pass.
    Permit(Permit),
    /// It may not.
    Denial(Denial),
    /// It cannot be told without an answer from outside.
    Ask(Question),
}

/// What only somebody else can tell.
#[derive(Clone, Debug)]
pub enum Question {
    /// An opaque token that was not seen before.
    Opaque {
        /// What the store knows it by.
        digest: SecretDigest,
        /// Indexes of the profiles of the issuers it may be of.
        issuers: Vec<usize>,
        /// What this process remembers it by.
        fingerprint: Fingerprint,
    },
}

/// The answer to a question, which only `Question::answer` can make.
#[derive(Clone, Debug)]
pub struct Answered {
    fingerprint: Fingerprint,
    verdict: Verdict,
}

impl Question {
    /// What the store's row says; `None` where it knows no such token. A row of an
    /// issuer that was not asked for is no answer either.
    pub fn answer(&self, row: Option<OpaqueFacts>, policy: &Policy, now: UnixTime) -> Result<Answered, Denial> {
        let Question::Opaque { issuers, fingerprint, .. } = self;
        let row = row.filter(|row| issuers.contains(&row.issuer)).ok_or(Denial::Unknown)?;
        let claims = verifier::opaque_claims(&row, policy).ok_or(Denial::Unknown)?;
        let ask_again = claims.expires.is_none().then(|| now.after(ENDLESS_RECHECK));
        let verdict = Verdict { claims: Arc::new(claims), unrevoked_at: 0, ask_again };
        Ok(Answered { fingerprint: *fingerprint, verdict })
    }
}

/// Decides about one request.
pub fn admit(
    route: &Arc<Route>,
    request: &Presented<'_>,
    known: &Known<'_>,
    seen: &mut Seen,
    now: UnixTime,
) -> Decision {
    decide(route, request, None, known, seen, now).unwrap_or_else(Decision::Denial)
}

/// Decides about a request again, now that its question is answered. An answer about
/// another token than the request's is of no use.
pub fn admit_with(
    route: &Arc<Route>,
    request: &Presented<'_>,
    answered: Answered,
    known: &Known<'_>,
    seen: &mut Seen,
    now: UnixTime,
) -> Decision {
    decide(route, request, Some(answered), known, seen, now).unwrap_or_else(Decision::Denial)
}

fn decide(
    route: &Arc<Route>,
    request: &Presented<'_>,
    answered: Option<Answered>,
    known: &Known<'_>,
    seen: &mut Seen,
    now: UnixTime,
) -> Result<Decision, Denial> {
    let (line, rule) = demand(route, request.method)?;
    if !takes_body(route, request) {
        return Err(Denial::MediaBad);
    }
    let asked = match rule {
        Rule::Public => return Ok(Decision::Permit(Permit::new(route.clone(), line, None))),
        Rule::Bearer(alternatives) => Asked { line, alternatives, person: Person::Unasked },
        Rule::Person(alternatives) => Asked { line, alternatives, person: Person::Asked },
        Rule::Application(alternatives) => {
            if let Some(claims) = application::proven(request.headers, route, known.policy) {
                return Ok(Decision::Permit(Permit::new(route.clone(), line, Some(Arc::new(claims)))));
            }
            if alternatives.is_empty() {
                return Err(Denial::Missing);
            }
            Asked { line, alternatives, person: Person::Unasked }
        }
    };
    let credential = bearer::find(request.headers, request.query, request.form, &route.presentation)?;
    let decision = weigh(route, asked, &credential, answered, known, (seen, now))?;
    Ok(match decision {
        Decision::Permit(permit) => Decision::Permit(permit.presented(credential.place)),
        other => other,
    })
}

/// Decides about a request with this credential.
fn weigh(
    route: &Arc<Route>,
    asked: Asked<'_>,
    credential: &Credential<'_>,
    answered: Option<Answered>,
    known: &Known<'_>,
    (seen, now): (&mut Seen, UnixTime),
) -> Result<Decision, Denial> {
    let fingerprint = known.fingerprints.of(&credential.token);
    if let Some(verdict) = seen.recall(fingerprint, now) {
        return judge(route, asked, verdict, known, now);
    }
    if seen.is_forged(fingerprint, route.index) {
        return Err(Denial::BadSignature);
    }
    let token = credential.text()?;
    if is_application_key(token, route, known.policy) {
        return Err(Denial::WrongKind);
    }
    let mut verdict = match answered.filter(|answered| answered.fingerprint == fingerprint) {
        Some(answered) => answered.verdict,
        None => match question(token, fingerprint, route, known.policy) {
            Some(question) => return Ok(Decision::Ask(question)),
            None => {
                let verified = verifier::verify(token, route, known.policy, known.rings);
                if let Err(Denial::BadSignature) = verified {
                    seen.note_forged(fingerprint, route.index);
                }
                let claims = Arc::new(verified?);
                if let Some(question) = endless(token, fingerprint, &claims, known.policy) {
                    return Ok(Decision::Ask(question));
                }
                Verdict { claims, unrevoked_at: 0, ask_again: None }
            }
        },
    };
    let decision = judge(route, asked, &mut verdict, known, now);
    seen.remember(fingerprint, verdict);
    decision
}

/// Whether a token has to be a person's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Person {
    Asked,
    Unasked,
}

/// What an access line asks of a token.
#[derive(Clone, Copy)]
struct Asked<'a> {
    line: usize,
    alternatives: &'a [Alternative],
    person: Person,
}

/// What the route asks of this method, and which of its lines does.
fn demand<'r>(route: &'r Route, method: &Method) -> Result<(usize, &'r Rule), Denial> {
    let line = route.access.iter().enumerate().find(|(_, line)| answers(line, method));
    line.map(|(index, line)| (index, &line.rule)).ok_or_else(|| Denial::MethodNotAllowed(allow(route)))
}

/// Whether the route takes a body of the type that the request says.
fn takes_body(route: &Route, request: &Presented<'_>) -> bool {
    let without = route.bodies.is_empty() || !matches!(*request.method, Method::POST | Method::PUT | Method::PATCH);
    without || body_type(request.headers).0.is_some_and(|kind| route.bodies.contains(&kind))
}

/// Asks of a token whose signature is good all that can change from one request to
/// the next.
fn judge(
    route: &Arc<Route>,
    asked: Asked<'_>,
    verdict: &mut Verdict,
    known: &Known<'_>,
    now: UnixTime,
) -> Result<Decision, Denial> {
    let claims = &verdict.claims;
    let profile = known.policy.profiles.get(claims.issuer).ok_or(Denial::WrongIssuer)?;
    match claims.liveness(now, profile.leeway) {
        Liveness::Live => {}
        Liveness::Expired => return Err(Denial::Expired),
        Liveness::NotYet => return Err(Denial::NotYet),
    }
    // Read before the list is asked: a notice that comes in between asks again.
    let generation = known.revoked.generation();
    if verdict.unrevoked_at != generation {
        if known.revoked.revoked(&claims.handles, claims.issued_at) {
            let gone = known.revoked.names_user(&claims.handles, claims.issued_at);
            return Err(if gone { Denial::UserGone } else { Denial::Revoked });
        }
        if let Some(left) = known.revoked.left(&claims.handles) {
            verdict.claims = Arc::new(verifier::narrowed(claims, &left, profile, known.policy));
        }
        verdict.unrevoked_at = generation;
    }
    let claims = &verdict.claims;
    if !route.issuers.contains(&claims.issuer) {
        return Err(Denial::WrongIssuer);
    }
    let audience = if route.audience.is_empty() { &profile.audience } else { &route.audience };
    if !audience.is_empty() && !claims.audience.iter().any(|named| audience.contains(named)) {
        return Err(Denial::WrongAudience);
    }
    let people = profile.subjects == Subjects::People;
    let alone = || claims.client.as_deref().is_none_or(|client| *client == *claims.subject);
    if asked.person == Person::Asked && (!people || alone()) {
        return Err(Denial::UserRequired);
    }
    check_scopes(asked.alternatives, claims)?;
    Ok(Decision::Permit(Permit::new(route.clone(), asked.line, Some(claims.clone()))))
}

fn check_scopes(alternatives: &[Alternative], claims: &Claims) -> Result<(), Denial> {
    if alternatives.iter().any(|alternative| claims.scopes.covers(&alternative.set)) {
        return Ok(());
    }
    let first = alternatives.first().map(|alternative| alternative.names.clone());
    Err(Denial::InsufficientScope(first.unwrap_or_default()))
}

/// Whether a text that is no JWS is a key of an application and no token at all.
fn is_application_key(text: &str, route: &Route, policy: &Policy) -> bool {
    let profiles = route.issuers.iter().filter_map(|index| policy.profiles.get(*index));
    let keys = profiles.flat_map(|profile| &profile.application_keys);
    let mut keys = keys.filter(|key| key.by == KeyUse::Bearer).peekable();
    if text.contains('.') || keys.peek().is_none() {
        return false;
    }
    let digest = SecretDigest::of(text.as_bytes());
    // Every key is looked at, so the time it takes says nothing.
    keys.filter(|key| key.digest == digest).count() > 0
}

/// The question about a token that is no JWS but could be an opaque one of an issuer
/// that the route takes.
fn question(token: &str, fingerprint: Fingerprint, route: &Route, policy: &Policy) -> Option<Question> {
    if token.contains('.') {
        return None;
    }
    let could_be = |index: &usize| {
        let profile = policy.profiles.get(*index);
        profile.is_some_and(|profile| profile.opaque && profile.looks.fit(token))
    };
    let issuers: Vec<usize> = route.issuers.iter().copied().filter(could_be).collect();
    let digest = SecretDigest::of(token.as_bytes());
    (!issuers.is_empty()).then_some(Question::Opaque { digest, issuers, fingerprint })
}

/// The question about a JWT of ours that never ends by itself: only its row can tell
/// that it was not called back. Its signature was checked, so nobody can flood the
/// store with made-up ones.
fn endless(token: &str, fingerprint: Fingerprint, claims: &Claims, policy: &Policy) -> Option<Question> {
    let rows = policy.profiles.get(claims.issuer).is_some_and(|profile| profile.endless == Endless::Rows);
    let asks = rows && claims.expires.is_none();
    asks.then(|| {
        let digest = SecretDigest::of(token.as_bytes());
        Question::Opaque { digest, issuers: vec![claims.issuer], fingerprint }
    })
}

/// Whether a line is for a method. Who may GET may ask for the HEAD of it.
fn answers(line: &AccessLine, method: &Method) -> bool {
    line.methods.is_empty()
        || line.methods.contains(method)
        || (method == Method::HEAD && line.methods.contains(&Method::GET))
}

/// The `Allow` header (RFC 9110 §10.2.1) of a route.
fn allow(route: &Route) -> String {
    let mut names: Vec<&str> = Vec::new();
    for method in route.access.iter().flat_map(|line| &line.methods) {
        let with_head = if method == Method::GET { &["GET", "HEAD"][..] } else { &[] };
        for name in with_head.iter().copied().chain([method.as_str()]) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.join(", ")
}

#[cfg(test)]
mod tests;

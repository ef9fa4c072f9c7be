//! A request to an endpoint of one of our issuers: collected within bounds, and what has
//! begun of its answer is finished even if the caller leaves. What takes no longer than
//! forwarding a request (passwords are hashed and the disk is waited for on other
//! threads) is done by the worker itself, since each hand-over between threads costs as
//! much as the rest of an answer. Must never: sign with RSA or write a page on a worker.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::dialect::endpoint::{Endpoint, EndpointRef};
use crate::dialect::wire::{RawRequest, Reply};
use crate::edge::body::BoxedAnswer;
use crate::edge::body::collect;
use crate::edge::body::inbound::Inbound;
use crate::edge::issuer::finish::Finish;
use crate::edge::request::locate::Located;
use crate::edge::request::record::Record;
use crate::edge::respond;
use crate::edge::respond::page;
use crate::edge::shared::Shared;
use crate::edge::upstream::error::ForwardError;
use crate::oauth::answer::Answer;
use crate::oauth::service::Desk;
use crate::oauth::warnings::Habit;
use crate::snapshot::World;
use crate::telemetry::outcome::Login;
use crate::token::ring::KeyRing;

/// The events of the audit log that are counted as something a person did.
const PEOPLE_EVENTS: [&str; 13] = [
    "signed_in",
    "signed_out",
    "sessions_ended",
    "code_issued",
    "application_registered",
    "application_changed",
    "application_deleted",
    "application_approved",
    "application_turned_down",
    "secret_added",
    "secret_rotated",
    "grant_narrowed",
    "grant_taken_back",
];

/// One request to an endpoint.
pub struct Visit<'a> {
    /// What all workers share.
    pub shared: &'a Arc<Shared>,
    /// The request's world.
    pub world: &'a Arc<World>,
    /// Which endpoint of which issuer.
    pub place: EndpointRef,
    /// The present moment.
    pub now: UnixTime,
    /// The caller's address.
    pub peer: IpAddr,
}

impl Visit<'_> {
    /// Reads the body and has the request answered.
    pub async fn run(
        &self,
        head: &Parts,
        located: &Located<'_>,
        body: Inbound,
        record: &mut Record,
    ) -> Result<BoxedAnswer, ForwardError> {
        record.ends_at(self.place.endpoint.as_str());
        let body = match collect::whole(body).await {
            Ok(body) => body,
            Err(ForwardError::BodyTooLarge) => return Ok(self.too_large(&head.headers, record)),
            Err(other) => return Err(other),
        };
        record.collected(body.len());
        let raw = RawRequest {
            method: head.method.clone(),
            path: located.path.as_str().to_owned(),
            query: located.query.map(str::to_owned),
            headers: head.headers.clone(),
            body,
            peer: self.peer,
        };
        if self.place.endpoint == Endpoint::Assets {
            return Ok(respond::replied(page::asset(&self.world.snapshot.issuers[self.place.issuer], &raw)));
        }
        Ok(respond::replied(self.answer(raw).await))
    }

    /// Has the request answered, here or on the shared runtime.
    async fn answer(&self, raw: RawRequest) -> Reply {
        let (shared, world) = (Arc::clone(self.shared), Arc::clone(self.world));
        let (place, now) = (self.place, self.now);
        let task = async move {
            let began = std::time::Instant::now();
            let issuer = &world.snapshot.issuers[place.issuer];
            // The rings of refresh tokens stand behind those of the profiles.
            let none = KeyRing::default();
            let behind = world.rings.get(world.snapshot.policy.profiles.len() + place.issuer);
            let refresh_ring = behind.map_or(&none, |ring| ring);
            let (ring, dialect) = (&world.rings[issuer.profile], &*issuer.dialect);
            let millisecond = u16::try_from(shared.clock.now_millis() % 1000).unwrap_or(0);
            let desk = Desk { issuer, ring, refresh_ring, dialect, seat: place.seat, millisecond };
            let answer = shared.service.answer(desk, place.endpoint, &raw, now).await;
            shared.telemetry.oauth_answered(place.endpoint.as_str(), answer.grant, answer.result, began.elapsed());
            report(&shared, raw.peer, &answer, now);
            let Some(page) = &answer.page else { return answer.reply };
            let written = page::reply(page, answer.reply, issuer, &raw.headers);
            if let Some(fault) = written.fault {
                tracing::error!(%fault, "a page was not written");
            }
            written.reply
        };
        let runtime = self.shared.runtime.clone();
        let answered = match self.is_brief() {
            true => Finish::new(task, runtime).await.map_err(|error| error.to_string()),
            false => runtime.spawn(Box::pin(task)).await.map_err(|error| error.to_string()),
        };
        answered.unwrap_or_else(|error| {
            tracing::error!(endpoint = place.endpoint.as_str(), error, "an answer was not finished");
            self.refusal(&Condition::Internal, &HeaderMap::new())
        })
    }

    /// Whether no step of the answer holds its thread for longer than forwarding a request
    /// would.
    fn is_brief(&self) -> bool {
        let issuer = &self.world.snapshot.issuers[self.place.issuer];
        let own = [issuer.profile, self.world.snapshot.policy.profiles.len() + self.place.issuer];
        let mut signers = own.into_iter().filter_map(|index| self.world.rings.get(index)?.signer());
        match self.place.endpoint {
            Endpoint::Token => signers.all(|signer| signer.algorithm().signs_quickly()),
            Endpoint::Revoke | Endpoint::Introspect | Endpoint::Jwks | Endpoint::Metadata => true,
            Endpoint::Info
            | Endpoint::Authorize
            | Endpoint::EndSession
            | Endpoint::Account
            | Endpoint::SignIn
            | Endpoint::SignOut
            | Endpoint::Consent
            | Endpoint::Applications
            | Endpoint::Authorized
            | Endpoint::Sessions
            | Endpoint::UserInfo
            | Endpoint::OpenidConfiguration
            | Endpoint::Register
            | Endpoint::RegisteredClient
            | Endpoint::Assets => false,
        }
    }

    fn too_large(&self, headers: &HeaderMap, record: &mut Record) -> BoxedAnswer {
        record.failed(ForwardError::BodyTooLarge.label());
        let mut answer = respond::replied(self.refusal(&Condition::TooLarge, headers));
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        answer
    }

    fn refusal(&self, condition: &Condition, asked: &HeaderMap) -> Reply {
        let issuer = &self.world.snapshot.issuers[self.place.issuer];
        let seat = issuer.dialect.seat(self.place.endpoint, self.place.seat);
        issuer.dialect.refused(seat, condition, asked, issuer.name.as_str())
    }
}

/// Tells metrics and audit log what an answer did.
fn report(shared: &Shared, peer: IpAddr, answer: &Answer, now: UnixTime) {
    let telemetry = &shared.telemetry;
    let grant = answer.grant.unwrap_or("-");
    for (kind, count) in [("access", answer.issued.access), ("refresh", answer.issued.refresh)] {
        if count > 0 {
            telemetry.tokens_issued(kind, grant, u64::from(count));
        }
    }
    if answer.result == (Condition::TooMany(crate::clock::Seconds(0))).code() {
        telemetry.rate_limited("endpoint", "issuer");
    }
    if let Some(fault) = &answer.fault {
        tracing::error!(%fault, "an issuer could not answer");
    }
    if let Some(client) = &answer.secret_in_url {
        telemetry.secret_in_url();
        if shared.service.warnings.due(Habit::SecretInUrl, client, now) {
            tracing::warn!(
                client = client.as_str(),
                "a client puts secrets into URLs; `secrets_in_url: refused` ends it"
            );
        }
    }
    for event in &answer.audit {
        telemetry.audit(Some(peer), event);
        if PEOPLE_EVENTS.contains(&event.event) {
            telemetry.person_did(event.event);
        }
        let detail = event.detail.as_deref().unwrap_or_default();
        match event.event {
            "token_issued" if grant == "password" => telemetry.login("local", Login::Right),
            "signed_in" => telemetry.login("local", Login::Right),
            "sign_in_refused" => telemetry.login("local", login(detail)),
            "grant_taken_back" => telemetry.revoked("family", 1),
            "refresh_reuse" => {
                telemetry.refresh_reused();
                telemetry.revoked("family", 1);
            }
            "revoked" => telemetry.revoked(if detail == "token" { "token" } else { "family" }, 1),
            _ => {}
        }
    }
}

/// The outcome of a sign-in by the private word of its refusal.
fn login(detail: &str) -> Login {
    match detail {
        "bad_password" => Login::WrongPassword,
        "unknown_user" | "disabled" => Login::UnknownUser,
        "throttled" => Login::Throttled,
        _ => Login::SourceError,
    }
}

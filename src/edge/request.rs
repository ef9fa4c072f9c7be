//! The life of one request: receive, locate, decide, act, record. The world and the
//! time are taken once, at the beginning, and stay for this request whatever is
//! reloaded meanwhile. Must never: act before it has decided, or leave unrecorded.

pub mod locate;
pub mod manner;
pub mod name;
pub mod record;

use std::convert::Infallible;
use std::sync::Arc;

use http::request::Parts;

use crate::access::admit::{Decision, Known, Presented, Question, admit, admit_with};
use crate::access::denial::Denial;
use crate::access::permit::Permit;
use crate::access::route::Route;
use crate::access::seen::Seen;
use crate::access::table::Target;
use crate::access::verifier::OpaqueFacts;
use crate::clock::{Seconds, UnixTime};
use crate::dialect::knobs::Dialect;
use crate::edge::body::collect;
use crate::edge::body::inbound::Inbound;
use crate::edge::body::{AnswerBody, BoxedAnswer};
use crate::edge::connection::Connection;
use crate::edge::credential::{application_key, deprecated, form};
use crate::edge::forward::{Errand, Load, caller};
use crate::edge::head::refusal::Refusal;
use crate::edge::issuer::endpoint::Visit;
use crate::edge::request::locate::{Located, locate};
use crate::edge::request::manner::Manner;
use crate::edge::request::record::Record;
use crate::edge::respond::Own;
use crate::edge::respond::proof;
use crate::edge::traffic::ruling::{Ruling, Scene};
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::layout::Layout;
use crate::edge::websocket::handover::Handover;
use crate::edge::websocket::handshake::{self, Handshake, Unfit, Way};
use crate::edge::worker::spare;
use crate::edge::worker::{Worker, lock};
use crate::edge::{grpc, respond};
use crate::oauth::store::{Access, GrantStore as _};
use crate::random::OsRandom;
use crate::snapshot::{WebSocket, World};
use crate::telemetry::meter::Lookup;
use crate::telemetry::outcome::Relief;

/// Beyond this age of what is known of revocations, nothing that needs a token passes.
const MAX_STALE: Seconds = Seconds(30);

/// When to come back after "cannot tell".
const RETRY: Seconds = Seconds(1);

/// Answers one request. Nothing that goes wrong in it is an error of the connection.
// Called once for each request: inlined, its future is made where it stays, not copied there.
#[inline(always)]
pub fn serve(
    connection: Arc<Connection>,
    head: Box<Parts>,
    body: Inbound,
) -> impl Future<Output = Result<BoxedAnswer, Infallible>> {
    let mut head = head;
    let refusal = connection.refusal(&head.extensions);
    let manner = Manner::of(&mut head);
    let life = Life::receive(connection, manner);
    let mut record = life.record(&head);
    // What is done before this block is not carried in the future.
    async move {
        let mut answer = match refusal {
            Some(refusal) => life.refuse(refusal, &mut record),
            None => match life.manner.deadline() {
                Some(end) => Box::pin(life.answer_by(end, &head, body, &mut record)).await,
                None => life.answer(&head, body, &mut record).await,
            },
        };
        name::unrouted(&head, &life.connection, life.world(), &mut record, &mut answer);
        spare::keep_head(head);
        record.decided(answer.status());
        if life.manner.call().is_some()
            && let Some(own) = answer.extensions().get::<Own>()
        {
            answer = grpc::dress(&answer, own.0);
        }
        let record = match answer.extensions().get::<Handover>() {
            // It ends with the tunnel.
            Some(handover) => handover.give(record),
            None => Some(record),
        };
        record.into_iter().for_each(|record| answer.body_mut().keep(record));
        Ok(answer)
    }
}

/// One request, with what it began under.
struct Life {
    connection: Arc<Connection>,
    layout: Arc<Layout>,
    now: UnixTime,
    manner: Manner,
}

/// Whether anything was awaited since the request began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// Nothing: the worker's own state belongs to this request's world.
    None,
    /// A new world may have come in between.
    Taken,
}

impl Life {
    /// Takes the world and the time.
    fn receive(connection: Arc<Connection>, manner: Manner) -> Life {
        let layout = connection.worker.layout();
        let now = connection.worker.shared.clock.now();
        Life { layout, now, connection, manner }
    }

    /// The world that it began in.
    fn world(&self) -> &Arc<World> {
        &self.layout.world
    }

    fn worker(&self) -> &Arc<Worker> {
        &self.connection.worker
    }

    fn record(&self, head: &Parts) -> Box<Record> {
        let listener = self.connection.listener;
        let peer = caller(&self.connection, &self.world().snapshot.listeners[listener], &head.headers);
        Record::begin(Arc::clone(&self.layout), listener, head, peer)
    }

    /// The answer, or the end of the caller's time.
    async fn answer_by(
        &self,
        end: tokio::time::Instant,
        head: &Parts,
        body: Inbound,
        record: &mut Record,
    ) -> BoxedAnswer {
        match tokio::time::timeout_at(end, self.answer(head, body, record)).await {
            Ok(answer) => answer,
            Err(_) => self.failed(ForwardError::Deadline, None, record),
        }
    }

    /// Answers a head that was refused where it was read: it is routed nowhere.
    fn refuse(&self, refusal: Refusal, record: &mut Record) -> BoxedAnswer {
        record.failed(refusal.label());
        respond::refused(refusal)
    }

    /// Locates and hands over to whoever acts.
    async fn answer(&self, head: &Parts, body: Inbound, record: &mut Record) -> BoxedAnswer {
        if let Some(proof) = proof::found(&self.connection, &head.method, head.uri.path()) {
            return Box::new(proof.map(AnswerBody::whole));
        }
        let shared = &self.worker().shared;
        if shared.memory.refuses() {
            shared.telemetry.relieved(Relief::Refused);
            record.failed(respond::MEMORY_FULL);
            return respond::memory_full();
        }
        let table = &self.world().snapshot.policy.tables[self.connection.listener];
        let located = match locate(head, self.connection.sni.as_deref(), table) {
            Ok(located) => located,
            Err(misfit) => {
                record.failed(misfit.label());
                return respond::misfit(&misfit);
            }
        };
        record.located(located.path.as_str());
        let outcome = match table.find(located.host.as_str(), &located.path) {
            None => {
                record.denied(Denial::NoRoute.label());
                return self.nowhere(located.host.as_str(), located.path.as_str());
            }
            Some(Target::Endpoint(place)) => {
                let (shared, peer) = (&self.worker().shared, record.peer());
                let visit = Visit { shared, world: self.world(), place: *place, now: self.now, peer };
                Box::pin(visit.run(head, &located, body, record)).await
            }
            Some(Target::Route(route)) => {
                record.routed(route.index);
                let passed = self.pass(route, head, &located, body, record).await;
                return passed.unwrap_or_else(|error| self.failed(error, Some(route), record));
            }
        };
        outcome.unwrap_or_else(|error| self.failed(error, None, record))
    }

    /// Lets a request of a route pass, under its rules where it has some.
    async fn pass(
        &self,
        route: &Arc<Route>,
        head: &Parts,
        located: &Located<'_>,
        body: Inbound,
        record: &mut Record,
    ) -> Result<BoxedAnswer, ForwardError> {
        let plan = self.world().snapshot.plans.get(route.index);
        let Some(rules) = plan.and_then(|plan| plan.rules.as_deref()) else {
            return self.admit(route, head, located, body, None, record).await;
        };
        let (connection, world, layout) = (&*self.connection, &**self.world(), &*self.layout);
        let scene = Scene { route, head, located, peer: record.peer(), connection, world, layout };
        let mut ruling = Box::new(Ruling::begin(rules, scene));
        let answer = match ruling.arrives(record) {
            Some(answer) => answer,
            None => Box::pin(self.admit(route, head, located, body, Some(&mut ruling), record))
                .await
                .unwrap_or_else(|error| self.failed(error, Some(route), record)),
        };
        Ok(ruling.departs(answer))
    }

    /// Decides about a request of a route and, if it may pass, sends it on.
    async fn admit(
        &self,
        route: &Arc<Route>,
        head: &Parts,
        located: &Located<'_>,
        body: Inbound,
        mut ruling: Option<&mut Ruling<'_>>,
        record: &mut Record,
    ) -> Result<BoxedAnswer, ForwardError> {
        let (form, load) = if form::may_hold_a_token(route, head) {
            let form = Box::pin(collect::whole(body)).await?;
            record.collected(form.len());
            let rest = form::without_token(&form, route)?;
            (Some(form), Load::Form(rest))
        } else {
            (None, Load::Unread(body))
        };
        let presented =
            Presented { method: &head.method, headers: &head.headers, query: located.query, form: form.as_deref() };
        let pause = if form.is_some() { Pause::Taken } else { Pause::None };
        match self.decide(route, &presented, pause).await {
            Err(mut denial) => {
                let policy = &self.world().snapshot.policy;
                if application_key::could_be(&denial, route, policy) {
                    let worker = self.worker();
                    denial = Box::pin(application_key::told_apart(denial, &presented, route, policy, worker)).await;
                }
                record.denied(denial.label());
                let closed = ruling.and_then(|ruling| ruling.denied(record));
                let told = || respond::in_words_of(route, policy, &denial.challenge(), denial.sentence());
                Ok(closed.unwrap_or_else(told))
            }
            Ok(permit) => {
                record.admitted(permit.claims());
                if let Some(answer) = ruling.as_deref_mut().and_then(|ruling| ruling.admitted(&permit, record)) {
                    return Ok(answer);
                }
                let (connection, world, layout) = (&self.connection, &**self.world(), &self.layout);
                let (peer, ruling) = (record.peer(), ruling.as_deref());
                let handshake = match self.handshake(route, head) {
                    Ok(handshake) => handshake,
                    Err(unfit) => {
                        record.failed(unfit.label());
                        return Ok(respond::no_socket(unfit));
                    }
                };
                let (handshake, call) = (handshake.as_ref(), self.manner.call());
                let errand =
                    Errand { permit: &permit, connection, peer, world, layout, head, located, ruling, call, handshake };
                let mut answer = errand.run(load, record).await?;
                let dialect = permit.claims().and_then(|claims| world.snapshot.policy.profiles.get(claims.issuer));
                let dialect = dialect.map(|profile| &*profile.dialect);
                deprecated::dress(&permit, dialect, self.now, answer.headers_mut());
                Ok(answer)
            }
        }
    }

    /// The WebSocket that an admitted request asks for. Where the route carries none, an
    /// upgrade is left out of the request, and a CONNECT, which is nothing else, refused.
    fn handshake(&self, route: &Route, head: &Parts) -> Result<Option<Handshake>, Unfit> {
        let Manner::Socket(way) = self.manner else { return Ok(None) };
        match (self.world().snapshot.plans[route.index].websocket, way) {
            (WebSocket::Carried(_), _) => handshake::check(way, &head.headers, &OsRandom::default()).map(Some),
            (WebSocket::Refused, Way::Upgrade) => Ok(None),
            (WebSocket::Refused, Way::Connect) => Err(Unfit::NotHere),
        }
    }

    /// Asks admission, and the store if admission has to.
    async fn decide(&self, route: &Arc<Route>, presented: &Presented<'_>, pause: Pause) -> Result<Permit, Denial> {
        let decision = self.with_seen(pause, |known, seen| admit(route, presented, known, seen, self.now));
        let decision = match decision {
            Decision::Ask(question) => Box::pin(self.ask(route, presented, question)).await?,
            decided => decided,
        };
        match decision {
            Decision::Permit(permit) if permit.claims().is_some() && self.is_stale() => Err(Denial::CannotTell(RETRY)),
            Decision::Permit(permit) => Ok(permit),
            Decision::Denial(denial) => Err(denial),
            // A question that is asked again after its answer has none.
            Decision::Ask(_) => Err(Denial::CannotTell(RETRY)),
        }
    }

    async fn ask(&self, route: &Arc<Route>, presented: &Presented<'_>, question: Question) -> Result<Decision, Denial> {
        let Question::Opaque { digest, .. } = &question;
        let (shared, digest) = (&self.worker().shared, *digest);
        let service = Arc::clone(&shared.service);
        let look = || async move { Ok(service.store.find_access(digest).await?.map(Arc::new)) };
        let inquiries = &self.worker().tokens;
        let row = inquiries.ask(digest.0, (&shared.runtime, &shared.telemetry), look).await?;
        let facts = row.and_then(|row| self.facts(&row));
        let answered = question.answer(facts, &self.world().snapshot.policy, self.now)?;
        Ok(self.with_seen(Pause::Taken, |known, seen| admit_with(route, presented, answered, known, seen, self.now)))
    }

    /// A row of the store as admission reads it; `None` if its issuer is gone.
    fn facts(&self, row: &Access) -> Option<OpaqueFacts> {
        let profiles = &self.world().snapshot.policy.profiles;
        Some(OpaqueFacts {
            issuer: profiles.iter().position(|profile| profile.name == row.issuer)?,
            token: row.token,
            family: row.family,
            client: row.client.clone(),
            subject: row.subject.clone(),
            scopes: row.scopes.clone(),
            issued: row.issued,
            expires: row.expires,
        })
    }

    /// Runs a decision with the worker's verdicts, and counts how they served.
    fn with_seen(&self, pause: Pause, decide: impl FnOnce(&Known<'_>, &mut Seen) -> Decision) -> Decision {
        let shared = &self.worker().shared;
        let known = Known {
            policy: &self.world().snapshot.policy,
            rings: &self.world().rings,
            revoked: &shared.revoked,
            fingerprints: &shared.fingerprints,
        };
        // Verdicts hold scope bits of one world. A request that has waited may be of an
        // older one than the worker's, and then neither reads nor writes them.
        if pause == Pause::Taken && self.worker().world().generation != self.world().generation {
            return decide(&known, &mut Seen::new(0));
        }
        let mut seen = lock(&self.worker().seen);
        let (before, held) = (seen.lookups(), seen.len());
        let decision = decide(&known, &mut seen);
        let after = seen.lookups();
        if after.hits != before.hits {
            self.layout.meter.looked_up(Lookup::Hit);
        } else if after.misses != before.misses {
            self.layout.meter.looked_up(Lookup::Miss);
        }
        if seen.len() != held {
            self.layout.meter.cache_holds(seen.len());
        }
        decision
    }

    /// Whether revocations of other processes may be missing here.
    fn is_stale(&self) -> bool {
        let last_sync = self.worker().shared.last_sync.load(std::sync::atomic::Ordering::Relaxed);
        self.now.since(UnixTime(last_sync)) > MAX_STALE
    }

    /// Answers a request that has no route: in the words of the dialect that is alone
    /// on this listener and host, else in the standard's.
    fn nowhere(&self, host: &str, path: &str) -> BoxedAnswer {
        let policy = &self.world().snapshot.policy;
        let voices = policy.voices.get(self.connection.listener).map_or(&[][..], |voices| voices);
        let mut heard = voices.iter().filter(|voice| voice.host.fits(host)).map(|voice| voice.profile);
        let only = heard.next().filter(|first| heard.all(|other| other == *first));
        match only.and_then(|index| policy.profiles.get(index)) {
            Some(profile) => respond::nowhere(&profile.dialect, path, profile.name.as_str()),
            None => respond::nowhere(&Dialect::standard(), path, ""),
        }
    }

    /// Answers a failure, in the words of the route's dialect where it has some; the wire
    /// knows more about a broken body than its reader.
    fn failed(&self, error: ForwardError, route: Option<&Route>, record: &mut Record) -> BoxedAnswer {
        record.answered();
        match (error, self.connection.broken_body()) {
            (ForwardError::BodyBroken | ForwardError::BodyTimeout, Some(refusal)) => self.refuse(refusal, record),
            _ => {
                record.failed(error.label());
                let policy = &self.world().snapshot.policy;
                route
                    .and_then(|route| respond::failed_in_words_of(route, policy, error))
                    .unwrap_or_else(|| respond::failed(error))
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! What is known about one request, gathered on its way and written down exactly
//! once, when it is dropped: after the last byte of the answer, or when the caller
//! has left. Must never: be told a query, a header or a token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use http::request::Parts;

use crate::edge::body::upload::UploadState;
use crate::edge::upstream::balance::{Balance, Search};
use crate::edge::upstream::layout::Layout;
use crate::telemetry::exchange::Exchange;
use crate::token::claims::Claims;
use crate::traffic::flight::Flight;

/// One request's record.
pub struct Record {
    layout: Arc<Layout>,
    begun: Instant,
    asked: Option<Instant>,
    upload: Option<Arc<UploadState>>,
    claims: Option<Arc<Claims>>,
    flights: Vec<Flight>,
    stage: Stage,
    /// Which servers were asked.
    search: Search,
    /// What will be written down, filled in on the way.
    exchange: Exchange,
}

/// How far the answer has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// In hand, or none yet.
    Whole,
    /// Its end is still to come.
    Streaming,
}

impl Record {
    /// Begins with what a connection knows.
    pub fn begin(layout: Arc<Layout>, listener: usize, head: &Parts, peer: IpAddr) -> Box<Record> {
        layout.meter.begin(listener);
        // Made where it stays.
        Box::write(
            Box::new_uninit(),
            Record {
                layout,
                begun: Instant::now(),
                asked: None,
                upload: None,
                claims: None,
                flights: Vec::new(),
                stage: Stage::Whole,
                search: Search::default(),
                exchange: Exchange {
                    listener,
                    route: None,
                    endpoint: None,
                    version: head.version,
                    method: head.method.clone(),
                    path: None,
                    status: 0,
                    decision: "",
                    reason: None,
                    duration: Duration::ZERO,
                    upstream_time: None,
                    upstream: None,
                    server: None,
                    retries: 0,
                    client: None,
                    request_id: None,
                    bytes_in: 0,
                    bytes_out: 0,
                    peer,
                },
            },
        )
    }

    /// The caller's address.
    pub fn peer(&self) -> IpAddr {
        self.exchange.peer
    }

    /// The canonical path, kept only where the access log writes it.
    pub fn located(&mut self, path: &str) {
        if self.layout.logs_path {
            self.exchange.path = Some(path.into());
        }
    }

    /// The route it belongs to.
    pub fn routed(&mut self, route: usize) {
        self.exchange.route = Some(route);
    }

    /// Whether it belongs to a route.
    pub fn is_routed(&self) -> bool {
        self.exchange.route.is_some()
    }

    /// The endpoint of ours it belongs to.
    pub fn ends_at(&mut self, endpoint: &'static str) {
        self.exchange.endpoint = Some(endpoint);
    }

    /// Why it may not pass.
    pub fn denied(&mut self, label: &'static str) {
        self.exchange.decision = label;
    }

    /// So many bytes of a body that was collected here.
    pub fn collected(&mut self, bytes: usize) {
        self.exchange.bytes_in = bytes as u64;
    }

    /// Who passes.
    pub fn admitted(&mut self, claims: Option<&Arc<Claims>>) {
        self.claims = claims.cloned();
        self.exchange.decision = if claims.is_some() { "ok" } else { "public" };
    }

    /// The caller's body is on its way; its bytes are counted where it goes.
    pub fn uploads(&mut self, state: Arc<UploadState>) {
        self.upload = Some(state);
    }

    /// A backend is asked now.
    pub fn asks(&mut self, upstream: usize) {
        self.exchange.upstream = Some(upstream);
        self.asked = Some(Instant::now());
    }

    /// A server is looked for; what is tried is noted there.
    pub fn searches(&mut self, search: Search) -> &mut Search {
        self.search = search;
        &mut self.search
    }

    /// The backend has answered, or failed to.
    pub fn answered(&mut self) {
        self.exchange.upstream_time = self.asked.map(|asked| asked.elapsed());
    }

    /// Why something went wrong; the first word stands.
    pub fn failed(&mut self, reason: &'static str) {
        self.exchange.reason.get_or_insert(reason);
        self.stage = Stage::Whole;
    }

    /// The id it has in logs.
    pub fn named(&mut self, id: &Arc<str>) {
        self.exchange.request_id = Some(Arc::clone(id));
    }

    /// Places under limits, which are free again when the request has ended.
    pub fn holds(&mut self, flights: Vec<Flight>) {
        self.flights.extend(flights);
    }

    /// The status that goes out.
    pub fn decided(&mut self, status: StatusCode) {
        self.exchange.status = status.as_u16();
    }

    /// So many bytes of the answer were handed over.
    pub fn sent(&mut self, bytes: usize) {
        self.exchange.bytes_out += bytes as u64;
    }

    /// The answer is a stream: dropped before `streamed`, it was cut short.
    pub fn streams(&mut self) {
        self.stage = Stage::Streaming;
    }

    /// The stream came to its end.
    pub fn streamed(&mut self) {
        self.stage = Stage::Whole;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.exchange.status == 0 || self.stage == Stage::Streaming {
            self.exchange.reason.get_or_insert("client_closed");
        }
        let Record { layout, exchange, claims, .. } = self;
        exchange.duration = self.begun.elapsed();
        if let Some(upload) = &self.upload {
            exchange.bytes_in = upload.bytes();
        }
        exchange.retries = self.search.resent();
        let server = self.search.last();
        layout.meter.finish(exchange, |line| {
            line.client = claims.as_ref().and_then(|claims| claims.client.clone());
            let targets = line.upstream.and_then(|index| layout.upstreams.get(index)).map(Balance::targets);
            let asked = targets.zip(server).and_then(|(targets, at)| targets.get(at));
            line.server = asked.map(|target| Arc::clone(&target.member().label));
        });
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("status", &self.exchange.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::access::denial::Denial;
    use crate::telemetry::label::{DECISIONS, decision_slot};
    use crate::telemetry::reason::{self, OTHERS, Slot};

    #[test]
    fn every_refusal_is_counted_under_its_own_word() {
        let all = [
            Denial::NoRoute,
            Denial::MethodNotAllowed(String::new()),
            Denial::MediaBad,
            Denial::Missing,
            Denial::Ambiguous,
            Denial::Malformed,
            Denial::Unknown,
            Denial::BadSignature,
            Denial::UnknownKey,
            Denial::WrongType,
            Denial::WrongIssuer,
            Denial::WrongAudience,
            Denial::ClaimMismatch,
            Denial::WrongKind,
            Denial::Expired,
            Denial::NotYet,
            Denial::Revoked,
            Denial::InsufficientScope(Default::default()),
            Denial::UserRequired,
            Denial::CannotTell(crate::clock::Seconds(1)),
        ];
        for denial in all {
            let slot = decision_slot(denial.label()).map(|slot| DECISIONS[slot]);
            assert_eq!(slot, Some(denial.label()));
        }
    }

    /// The words between quotes in the part of a source text that begins with `from`.
    fn words(source: &'static str, from: &str) -> Vec<&'static str> {
        let at = source.find(from).expect("the part that makes words");
        let part = source[at..].split("\n    }\n").next().expect("its text");
        part.split('"').skip(1).step_by(2).collect()
    }

    #[test]
    fn every_reason_is_counted_under_its_own_word() {
        let mut all = words(include_str!("../head/refusal.rs"), "pub fn label(");
        all.extend(words(include_str!("../../access/path.rs"), "pub fn label("));
        all.extend(words(include_str!("locate.rs"), "pub fn label("));
        all.extend(words(include_str!("../upstream/error.rs"), "pub fn label("));
        all.extend(words(include_str!("../websocket/handshake.rs"), "pub fn label("));
        all.extend(words(include_str!("../websocket/close.rs"), "pub fn reason("));
        let ruling = include_str!("../traffic/ruling.rs").split("mod reason {").nth(1).expect("its reasons");
        all.extend(words(ruling.split("\n}\n").next().expect("its text"), ""));
        all.extend(["client_closed", crate::edge::respond::MEMORY_FULL]);
        // It is a refusal of admission, and counted among those.
        all.retain(|word| *word != "certificate_missing");
        assert!(all.len() > 70, "{all:?}");
        for word in all {
            assert_ne!(reason::slot(word), Slot::Other(OTHERS.len() - 1), "{word} has no series");
        }
    }
}

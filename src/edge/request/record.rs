//! What is known about one request, gathered on its way and written down exactly
//! once, when it is dropped: after the last byte of the answer, or when the caller
//! has left. Must never: be told a query, a header or a token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};

use crate::edge::body::upload::UploadState;
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
    pub fn begin(layout: Arc<Layout>, listener: usize, method: Method, peer: IpAddr) -> Box<Record> {
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
                exchange: Exchange {
                    listener,
                    route: None,
                    endpoint: None,
                    method,
                    path: None,
                    status: 0,
                    decision: "",
                    reason: None,
                    duration: Duration::ZERO,
                    upstream_time: None,
                    upstream: None,
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
        let client = || claims.as_ref().and_then(|claims| claims.client.clone());
        layout.meter.finish(exchange, |line| line.client = client());
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
}

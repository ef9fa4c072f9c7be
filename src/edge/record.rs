//! What is known about one request, gathered on its way and written down exactly
//! once, when it is dropped: after the last byte of the answer, or when the caller
//! has left. Must never: be told a query, a header or a token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};

use crate::edge::upload::UploadState;
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
    request_id: Option<Arc<str>>,
    stage: Stage,
    /// Known from the beginning.
    listener: usize,
    method: Method,
    peer: IpAddr,
    /// Filled in on the way.
    path: Option<Arc<str>>,
    route: Option<usize>,
    endpoint: Option<&'static str>,
    status: u16,
    decision: &'static str,
    reason: Option<&'static str>,
    upstream: Option<usize>,
    upstream_time: Option<Duration>,
    bytes_in: u64,
    bytes_out: u64,
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
        Box::new(Record {
            layout,
            begun: Instant::now(),
            asked: None,
            upload: None,
            claims: None,
            flights: Vec::new(),
            request_id: None,
            stage: Stage::Whole,
            listener,
            method,
            peer,
            path: None,
            route: None,
            endpoint: None,
            status: 0,
            decision: "",
            reason: None,
            upstream: None,
            upstream_time: None,
            bytes_in: 0,
            bytes_out: 0,
        })
    }

    /// The caller's address.
    pub fn peer(&self) -> IpAddr {
        self.peer
    }

    /// The canonical path, kept only where the access log writes it.
    pub fn located(&mut self, path: &str) {
        if self.layout.logs_path {
            self.path = Some(path.into());
        }
    }

    /// The route it belongs to.
    pub fn routed(&mut self, route: usize) {
        self.route = Some(route);
    }

    /// The endpoint of ours it belongs to.
    pub fn ends_at(&mut self, endpoint: &'static str) {
        self.endpoint = Some(endpoint);
    }

    /// Why it may not pass.
    pub fn denied(&mut self, label: &'static str) {
        self.decision = label;
    }

    /// So many bytes of a body that was collected here.
    pub fn collected(&mut self, bytes: usize) {
        self.bytes_in = bytes as u64;
    }

    /// Who passes.
    pub fn admitted(&mut self, claims: Option<&Arc<Claims>>) {
        self.claims = claims.cloned();
        self.decision = if claims.is_some() { "ok" } else { "public" };
    }

    /// The caller's body is on its way; its bytes are counted where it goes.
    pub fn uploads(&mut self, state: Arc<UploadState>) {
        self.upload = Some(state);
    }

    /// A backend is asked now.
    pub fn asks(&mut self, upstream: usize) {
        self.upstream = Some(upstream);
        self.asked = Some(Instant::now());
    }

    /// The backend has answered, or failed to.
    pub fn answered(&mut self) {
        self.upstream_time = self.asked.map(|asked| asked.elapsed());
    }

    /// Why something went wrong; the first word stands.
    pub fn failed(&mut self, reason: &'static str) {
        self.reason.get_or_insert(reason);
        self.stage = Stage::Whole;
    }

    /// The id it has in logs.
    pub fn named(&mut self, id: &Arc<str>) {
        self.request_id = Some(Arc::clone(id));
    }

    /// Places under limits, which are free again when the request has ended.
    pub fn holds(&mut self, flights: Vec<Flight>) {
        self.flights.extend(flights);
    }

    /// The status that goes out.
    pub fn decided(&mut self, status: StatusCode) {
        self.status = status.as_u16();
    }

    /// So many bytes of the answer were handed over.
    pub fn sent(&mut self, bytes: usize) {
        self.bytes_out += bytes as u64;
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
        if self.status == 0 || self.stage == Stage::Streaming {
            self.reason.get_or_insert("client_closed");
        }
        let exchange = Exchange {
            listener: self.listener,
            route: self.route,
            endpoint: self.endpoint,
            method: std::mem::take(&mut self.method),
            path: self.path.take().unwrap_or_else(|| Arc::clone(&self.layout.no_path)),
            status: self.status,
            decision: self.decision,
            reason: self.reason,
            duration: self.begun.elapsed(),
            upstream_time: self.upstream_time,
            upstream: self.upstream,
            client: None,
            request_id: self.request_id.take(),
            bytes_in: self.upload.as_ref().map_or(self.bytes_in, |upload| upload.bytes()),
            bytes_out: self.bytes_out,
            peer: self.peer,
        };
        let claims = self.claims.as_ref();
        self.layout.meter.finish(exchange, |line| line.client = claims.and_then(|claims| claims.client.clone()));
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("status", &self.status).finish_non_exhaustive()
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

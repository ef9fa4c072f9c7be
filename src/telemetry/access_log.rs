//! One line for each exchange, written by a thread of its own. A worker only decides
//! whether the line is wanted and hands the exchange over; names and text are made
//! behind the queue. Must never: hold a query, a header or a token (it is given none).

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::Version;
use serde::Serialize;

use crate::clock::Clock;
use crate::telemetry::exchange::Exchange;
use crate::telemetry::layout::Layout;
use crate::telemetry::log::Shape;
use crate::telemetry::spool::{Bounds, Spool};

/// Lines may wait, at most; with a stalled reader further ones are lost and counted. A
/// gateway that has little to do still wakes the log's thread as often as lines gather.
const BOUNDS: Bounds = Bounds { lines: 8_192, gather: Duration::from_millis(100), rest: Duration::ZERO };

/// What is written; changes with a reload.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AccessSettings {
    /// Share of answers below 400 that are written, 0.0 to 1.0; the others always are.
    pub sample_ok: f64,
    /// Whether the path is written.
    pub path: Path,
}

/// Whether paths, which may name people, are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Path {
    /// They are.
    Written,
    /// They are not.
    Hidden,
}

/// The access log.
pub struct AccessLog {
    spool: Spool<Line>,
    clock: Option<Arc<dyn Clock>>,
    sample: AtomicU64,
    with_path: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Line {
    millis: u64,
    exchange: Exchange,
    layout: Arc<Layout>,
}

impl AccessLog {
    /// Writes to `sink`, in that shape until the end.
    pub fn start(
        sink: Box<dyn Write + Send>,
        shape: Shape,
        settings: AccessSettings,
        clock: Arc<dyn Clock>,
    ) -> io::Result<AccessLog> {
        let with_path = Arc::new(AtomicBool::new(false));
        let path_too = Arc::clone(&with_path);
        let spool = Spool::start("access-log", BOUNDS, sink, move |line: &Line, out| {
            let path = path_too.load(Ordering::Relaxed).then(|| line.exchange.path.as_deref().unwrap_or_default());
            line.entry(path).render(shape, out);
        })?;
        let log = AccessLog { spool, clock: Some(clock), sample: AtomicU64::new(0), with_path };
        log.set(settings);
        Ok(log)
    }

    /// A log that writes nothing.
    pub fn discarded() -> AccessLog {
        let (sample, with_path) = (AtomicU64::new(0), Arc::default());
        AccessLog { spool: Spool::discarded(), clock: None, sample, with_path }
    }

    /// New settings; they hold for the next line.
    pub fn set(&self, settings: AccessSettings) {
        let share = settings.sample_ok.clamp(0.0, 1.0) * f64::from(u32::MAX);
        self.sample.store(share as u64, Ordering::Relaxed);
        self.with_path.store(settings.path == Path::Written, Ordering::Relaxed);
    }

    /// Hands one exchange over if it is wanted; `layout` names its indexes, `turn` is the
    /// worker's own place in the circle of samples, `complete` adds what only a line says.
    pub fn write(
        &self,
        exchange: &mut Exchange,
        layout: &Arc<Layout>,
        turn: &AtomicU64,
        complete: impl FnOnce(&mut Exchange),
    ) {
        let Some(clock) = &self.clock else { return };
        if self.wanted(exchange.status, turn) {
            complete(exchange);
            let line = Line { millis: clock.now_millis(), exchange: exchange.clone(), layout: Arc::clone(layout) };
            self.spool.push(line);
        }
    }

    /// Lines that were lost so far.
    pub fn dropped(&self) -> Arc<AtomicU64> {
        self.spool.lost()
    }

    /// Writes what waits and ends the thread.
    pub fn close(&self) {
        self.spool.close();
    }

    /// Good answers are sampled evenly: of any run of them the wanted share is taken.
    fn wanted(&self, status: u16, turn: &AtomicU64) -> bool {
        let share = self.sample.load(Ordering::Relaxed);
        if status == 0 || status >= 400 || share >= u64::from(u32::MAX) {
            return true;
        }
        if share == 0 {
            return false;
        }
        // Steps of the share around a circle: a line whenever it comes past the top.
        let before = turn.load(Ordering::Relaxed) & u64::from(u32::MAX);
        turn.store(before + share, Ordering::Relaxed);
        before + share > u64::from(u32::MAX)
    }
}

/// What a line says, in this order.
#[derive(Serialize)]
struct Entry<'a> {
    time: String,
    level: &'static str,
    msg: &'static str,
    listener: &'a str,
    route: Cow<'a, str>,
    protocol: &'static str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    status: u16,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
    #[serde(skip_serializing_if = "is_zero")]
    retries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    auth_result: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    bytes_in: u64,
    bytes_out: u64,
    peer: String,
}

impl Line {
    fn entry<'a>(&'a self, path: Option<&'a str>) -> Entry<'a> {
        let Line { millis, exchange, layout } = self;
        let millis_of = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        Entry {
            time: timestamp(*millis),
            level: "info",
            msg: "request",
            listener: Layout::name(&layout.listeners, Some(exchange.listener)),
            route: match exchange.endpoint {
                Some(endpoint) => Cow::Owned(format!("endpoint/{endpoint}")),
                None => Cow::Borrowed(Layout::name(&layout.routes, exchange.route)),
            },
            protocol: protocol(exchange.version),
            method: exchange.method.as_str(),
            path,
            status: exchange.status,
            duration_ms: millis_of(exchange.duration),
            upstream: exchange.upstream.map(|index| Layout::name(&layout.upstreams, Some(index))),
            server: exchange.server.as_deref(),
            retries: exchange.retries,
            upstream_ms: exchange.upstream_time.map(millis_of),
            client_id: exchange.client.as_deref(),
            request_id: exchange.request_id.as_deref(),
            auth_result: exchange.decision,
            reason: exchange.reason,
            bytes_in: exchange.bytes_in,
            bytes_out: exchange.bytes_out,
            peer: exchange.peer.to_string(),
        }
    }
}

impl Entry<'_> {
    fn render(&self, shape: Shape, out: &mut Vec<u8>) {
        match shape {
            // A value that cannot be spelled as JSON does not exist among these fields.
            Shape::Json => drop(serde_json::to_writer(&mut *out, self)),
            Shape::Human => self.render_for_people(out),
        }
        out.push(b'\n');
    }

    /// `time status method path route duration`, then what is not always there.
    fn render_for_people(&self, out: &mut Vec<u8>) {
        let path = self.path.unwrap_or("-").escape_debug();
        let _ = write!(out, "{} {:>3} {} {path} {}", self.time, self.status, self.method, self.route);
        let _ = write!(out, " {:.1}ms", self.duration_ms);
        if let (Some(upstream), Some(millis)) = (self.upstream, self.upstream_ms) {
            let _ = write!(out, " {upstream}={millis:.1}ms");
        }
        if let Some(server) = self.server {
            let _ = write!(out, " server={}", server.escape_debug());
        }
        if self.retries > 0 {
            let _ = write!(out, " retries={}", self.retries);
        }
        if !self.auth_result.is_empty() {
            let _ = write!(out, " auth={}", self.auth_result);
        }
        if let Some(client) = self.client_id {
            let _ = write!(out, " client={}", client.escape_debug());
        }
        if let Some(reason) = self.reason {
            let _ = write!(out, " reason={reason}");
        }
        if let Some(id) = self.request_id {
            let _ = write!(out, " id={}", id.escape_debug());
        }
        let _ = write!(out, " from {}", self.peer);
    }
}

/// A version as request lines write it.
fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// RFC 3339 in UTC with milliseconds; the number itself when it is beyond the calendar.
fn timestamp(millis: u64) -> String {
    match i64::try_from(millis).ok().and_then(|m| jiff::Timestamp::from_millisecond(m).ok()) {
        Some(time) => format!("{time:.3}"),
        None => millis.to_string(),
    }
}

#[cfg(test)]
mod tests;

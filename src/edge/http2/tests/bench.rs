//! An engine on the bench: a connection that is nobody's, a service that answers by path,
//! and the frames that come out, taken apart.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::header::{DATE, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, Full};

use crate::access::policy::Policy;
use crate::clock::{Clock, SystemClock};
use crate::edge::body::inbound::Inbound;
use crate::edge::connection::{Channel, Connection, Seat};
use crate::edge::drain::Drain;
use crate::edge::fleet::Fleet;
use crate::edge::head::refusal::Refusal;
use crate::edge::hpack::encoder;
use crate::edge::http2::engine::Engine;
use crate::edge::http2::fault::Fault;
use crate::edge::http2::frame::{self, END_HEADERS, END_STREAM, FrameHeader, HEADER};
use crate::edge::http2::opened::PREFACE;
use crate::edge::shared::{DoorCount, Shared, Worlds};
use crate::edge::worker::Worker;
use crate::oauth::service::Service;
use crate::random::OsRandom;
use crate::revocation::list::List;
use crate::snapshot::{
    AccessLog, AuditTarget, Door, DoorLimits, Fixed, Hashing, Listener, LogFormat, LogLevel, PerAddress, ProxyProtocol,
    Snapshot, World,
};
use crate::store::{self, Store};
use crate::telemetry::Telemetry;
use crate::token::fingerprint::Fingerprinter;
use crate::users::{self, HashingPool};

/// Kinds of frames (RFC 9113 §6).
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RESET: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// A request or an answer that is all in one frame.
pub const WHOLE: u8 = END_HEADERS | END_STREAM;

/// The answers of the bench's service.
type Answer = Pin<Box<dyn Future<Output = Result<Box<Response<Full<Bytes>>>, Infallible>> + Send>>;
type Script = fn(Arc<Connection>, Box<Parts>, Inbound) -> Answer;

/// One frame of the engine's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The code of a RST_STREAM.
    pub fn code(&self) -> u32 {
        assert_eq!(self.kind, RESET);
        frame::number(&self.payload)
    }
}

/// An engine that was greeted.
pub struct Bench {
    pub engine: Engine<Script>,
    pub out: Vec<u8>,
}

impl Bench {
    /// With limits that nobody meets by accident.
    pub fn new() -> Bench {
        Bench::with(limits(), &[])
    }

    /// With these limits, and these settings of the caller's.
    pub fn with(limits: DoorLimits, parameters: &[(u16, u32)]) -> Bench {
        let seat = Seat::take(&Worker::new(Arc::clone(&HOUSE.0), 0), 0, usize::MAX).expect("a seat");
        let connection = Connection::new(seat, SocketAddr::from(([127, 0, 0, 1], 9)), Channel::Clear);
        let mut bench = Bench { engine: Engine::new(connection, limits, answer as Script), out: Vec::new() };
        let mut greeting = PREFACE.to_vec();
        frame::put_settings(parameters, &mut greeting);
        bench.hears(&greeting).expect("a greeting");
        bench.says();
        bench
    }

    /// The caller sends this, and nothing is looked at yet.
    pub fn hears(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.engine.take(bytes)
    }

    /// Everything is looked at until nothing moves, and all that is said has left.
    pub fn says(&mut self) -> Vec<Frame> {
        while self.engine.attend() | self.flush() {}
        taken_apart(&std::mem::take(&mut self.out))
    }

    /// The caller sends this; what is said to it.
    pub fn asked(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.hears(bytes).expect("no fault");
        self.says()
    }

    /// Sends what may be sent, and has it leave; whether anything did.
    pub fn flush(&mut self) -> bool {
        self.engine.flow();
        let before = self.out.len();
        let mut cx = Context::from_waker(Waker::noop());
        let flushed = self.engine.out.poll_flush(&mut self.out, &mut cx, |_| {});
        assert!(matches!(flushed, Poll::Ready(Ok(()))), "memory takes everything");
        self.engine.sent += (self.out.len() - before) as u64;
        self.out.len() > before
    }

    /// So much time passes.
    pub fn later(&self, span: Duration) {
        let pulses = &self.engine.connection.worker.pulses;
        // What was armed begins with the first sweep that sees it.
        pulses.sweep(pulses.tick());
        pulses.sweep(pulses.tick().after(span));
    }

    /// What of a stream's body is among these frames.
    pub fn body(frames: &[Frame], stream: u32) -> Vec<u8> {
        frames.iter().filter(|f| f.kind == DATA && f.stream == stream).flat_map(|f| f.payload.clone()).collect()
    }
}

/// One frame as bytes.
pub fn put(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::put_header(payload.len(), kind, flags, stream, &mut out);
    out.extend_from_slice(payload);
    out
}

/// A block of these lines.
pub fn block(lines: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    lines.iter().for_each(|(name, value)| encoder::line(name, value.as_bytes(), &mut out));
    out
}

/// The head of a request that goes on if `flags` does not end it.
pub fn head(flags: u8, stream: u32, method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let own = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a")];
    put(HEADERS, flags, stream, &[block(&own), block(more)].concat())
}

/// A whole `GET`.
pub fn get(stream: u32, path: &str) -> Vec<u8> {
    head(WHOLE, stream, "GET", path, &[])
}

/// A `POST` whose body is to come.
pub fn post(stream: u32, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    head(END_HEADERS, stream, "POST", path, more)
}

/// WINDOW_UPDATE.
pub fn widen(stream: u32, more: u32) -> Vec<u8> {
    put(WINDOW, 0, stream, &more.to_be_bytes())
}

/// RST_STREAM.
pub fn reset(stream: u32, code: u32) -> Vec<u8> {
    put(RESET, 0, stream, &code.to_be_bytes())
}

/// The frames in some bytes, all of which must be whole.
pub fn taken_apart(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() {
        let FrameHeader { length, stream, flags, .. } = FrameHeader::of(header);
        let (payload, rest) = rest.split_at(length);
        frames.push(Frame { kind: header[3], flags, stream, payload: payload.to_vec() });
        bytes = rest;
    }
    assert!(bytes.is_empty(), "a frame is broken off");
    frames
}

/// Limits that nobody meets by accident.
pub fn limits() -> DoorLimits {
    DoorLimits {
        connections: 1000,
        handshakes: 1000,
        per_address: PerAddress::default(),
        header_bytes: 16 * 1024,
        header_count: 64,
        handshake_timeout: Duration::from_secs(600),
        header_timeout: Duration::from_secs(600),
        idle_timeout: Duration::from_secs(600),
        body_timeout: Duration::from_secs(30),
        body_rate: 1,
        streams: 128,
    }
}

/// The service. `/much/N` is a body of so many bytes, `/echo` gives its request's body back,
/// `/never` does not answer and leaves its request's body alone.
fn answer(_: Arc<Connection>, head: Box<Parts>, body: Inbound) -> Answer {
    let path = head.uri.path().to_owned();
    Box::pin(async move {
        let refusal = head.extensions.get::<Refusal>().map(|refusal| refusal.status());
        let (status, text) = match path.strip_prefix("/much/") {
            _ if refusal.is_some() => (refusal.unwrap_or_default(), Bytes::new()),
            Some(count) => (StatusCode::OK, much(count.parse().expect("a number"))),
            None if path == "/echo" => match body.collect().await {
                Ok(body) => (StatusCode::OK, body.to_bytes()),
                Err(_) => (StatusCode::BAD_REQUEST, Bytes::new()),
            },
            None if path == "/never" => {
                let _body = body;
                std::future::pending().await
            }
            None => (StatusCode::OK, Bytes::from(path)),
        };
        let mut answer = Response::new(Full::from(text));
        *answer.status_mut() = status;
        // No clock of ours has a part in what is said.
        answer.headers_mut().insert(DATE, HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
        Ok(Box::new(answer))
    })
}

/// So many bytes, of which no two near ones are alike.
pub fn much(count: usize) -> Bytes {
    (0..count).map(|n| (n % 251) as u8).collect()
}

/// A house with one door, and the runtime that it knows of. Each engine has a worker of its
/// own, since that is whose clock it goes by.
static HOUSE: LazyLock<(Arc<Shared>, tokio::runtime::Runtime)> = LazyLock::new(|| {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let folder = std::env::temp_dir().join(format!("tollgate-bench-{}-{number}", std::process::id()));
    let shared = Arc::new(shared(&folder, runtime.handle().clone()));
    // What is open stays open; nothing of it is needed later.
    let _ = std::fs::remove_dir_all(&folder);
    (shared, runtime)
});

fn shared(folder: &std::path::Path, runtime: tokio::runtime::Handle) -> Shared {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let telemetry = Telemetry::quiet(1, Arc::clone(&clock)).expect("a registry");
    let store = store::measured::Measured::new(Store::open(folder, None).expect("a store"), Arc::clone(&telemetry));
    let hashing = HashingPool::start(1, 1).expect("threads");
    let hashing = users::measured::Measured::new(hashing, 1, Arc::clone(&telemetry));
    let revoked = Arc::new(List::new([7; 32]));
    let snapshot = snapshot(folder);
    Shared {
        fleet: Fleet::of(&snapshot),
        worlds: Worlds::new(World { generation: 1, snapshot: Arc::new(snapshot), rings: Vec::new() }),
        revoked: Arc::clone(&revoked),
        fingerprints: Fingerprinter::new([7; 16]),
        service: Arc::new(Service::new(store, hashing, revoked, Arc::new(OsRandom::default()))),
        runtime,
        telemetry,
        clock,
        last_sync: Arc::default(),
        proofs: Default::default(),
        drain: Drain::default(),
        limits: Default::default(),
        memory: Default::default(),
        doors: vec![DoorCount::default()],
        crowd: Default::default(),
    }
}

fn snapshot(folder: &std::path::Path) -> Snapshot {
    let listener = Listener {
        via: None,
        name: Arc::from("bench"),
        address: SocketAddr::from(([127, 0, 0, 1], 0)).into(),
        door: Door::Clear,
        limits: limits(),
        certificate_end: None,
        managed: Vec::new(),
        trusted_proxies: Vec::new(),
        proxy_protocol: ProxyProtocol::Off,
    };
    Snapshot {
        listeners: vec![listener],
        policy: Policy::default().into(),
        plans: Vec::new(),
        limits: Vec::new(),
        upstreams: Vec::new(),
        issuers: Vec::new(),
        foreign_rings: Vec::new(),
        fixed: Fixed {
            state: folder.to_owned(),
            metrics: None,
            workers: 1,
            store_key: None,
            addresses: Vec::new(),
            memory: Default::default(),
            hashing: Hashing { workers: 1, queue: 1 },
            audit: AuditTarget::Stderr,
            log_level: LogLevel::Error,
        },
        access_log: AccessLog { sample_ok: 0.0, path: false, format: LogFormat::Json },
        request_id: crate::traffic::rules::Identified::No,
        cache_entries: 16,
        drain: Duration::from_secs(600),
        revision: String::new(),
        warnings: Vec::new(),
    }
}

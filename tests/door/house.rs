//! A house with doors: everything the edge needs to run, and a service that answers
//! by path. Counts what reaches the service, so that a test can say that nothing did.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tollgate::access::policy::Policy;
use tollgate::clock::{Clock, SystemClock};
use tollgate::edge::body::inbound::Inbound;
use tollgate::edge::connection::Connection;
use tollgate::edge::drain::Drain;
use tollgate::edge::fleet::Fleet;
use tollgate::edge::listen::listener::bind;
use tollgate::edge::shared::{DoorCount, Shared, Worlds};
use tollgate::edge::worker::crew::{Crew, Drained};
use tollgate::oauth::service::Service;
use tollgate::random::OsRandom;
use tollgate::revocation::list::List;
use tollgate::snapshot::{
    AccessLog, Address, AuditTarget, Door, DoorLimits, Fixed, Hashing, Listener, LogFormat, LogLevel, PerAddress,
    ProxyProtocol, Snapshot, UnixPlace, World,
};
use tollgate::store::{self, Store};
use tollgate::telemetry::Telemetry;
use tollgate::token::fingerprint::Fingerprinter;
use tollgate::users::{self, HashingPool};

/// Longer than any test; a limit of this length is no limit.
pub const LONG: Duration = Duration::from_secs(600);

/// After this an event has not happened.
const PATIENCE: Duration = Duration::from_secs(60);

/// Limits that nobody meets by accident.
pub fn limits() -> DoorLimits {
    DoorLimits {
        connections: 1000,
        handshakes: 1000,
        per_address: PerAddress::default(),
        header_bytes: 16 * 1024,
        header_count: 64,
        handshake_timeout: LONG,
        header_timeout: LONG,
        idle_timeout: LONG,
        body_timeout: LONG,
        body_rate: 1,
        streams: 16,
    }
}

/// A running set of doors.
pub struct House {
    /// Where each door listens.
    pub addresses: Vec<SocketAddr>,
    /// What all workers hold.
    pub shared: Arc<Shared>,
    /// What the service has seen and may do.
    pub desk: Arc<Desk>,
    crew: Crew,
    runtime: Runtime,
    folder: PathBuf,
}

/// The test's side of the service.
pub struct Desk {
    /// Requests that reached the service and were no refusal.
    pub served: AtomicUsize,
    /// Requests that wait at `/hold`.
    pub holding: Semaphore,
    /// Lets one of them go on.
    pub release: Semaphore,
}

impl House {
    /// One clear-text door with these limits and one worker.
    pub fn clear(limits: DoorLimits) -> House {
        House::open(vec![(Door::Clear, limits)], 1)
    }

    /// One clear-text door at a path, which is returned, with two workers.
    pub fn at_a_path(name: &str, limits: DoorLimits) -> (House, PathBuf) {
        let path = std::env::temp_dir().join(format!("tollgate-door-{name}-{}.sock", std::process::id()));
        let place = UnixPlace { path: path.clone(), mode: 0o600, owner: None, group: None };
        let house = House::open_at(vec![(Door::Clear, limits)], 2, Some(Address::Unix(place)));
        (house, path)
    }

    /// These doors, on `workers` workers.
    pub fn open(doors: Vec<(Door, DoorLimits)>, workers: usize) -> House {
        House::open_at(doors, workers, None)
    }

    fn open_at(doors: Vec<(Door, DoorLimits)>, workers: usize, place: Option<Address>) -> House {
        let runtime = Runtime::new().expect("a runtime");
        let folder = fresh_folder();
        let mut snapshot = snapshot(doors, &folder, workers);
        if let Some(place) = place {
            snapshot.fixed.addresses[0].1 = place;
        }
        let bound = bind(&snapshot.fixed.addresses, workers).expect("free ports");
        let addresses = bound.iter().filter_map(|bound| bound.address.tcp()).collect();
        let shared = Arc::new(shared(snapshot, &folder, workers, &runtime));
        let desk =
            Arc::new(Desk { served: AtomicUsize::new(0), holding: Semaphore::new(0), release: Semaphore::new(0) });
        let behind = Arc::clone(&desk);
        let serve = move |connection: Arc<Connection>, head: Box<Parts>, body| {
            let answered = answer(Arc::clone(&behind), connection, Request::from_parts(*head, body));
            async { answered.await.map(Box::new) }
        };
        let crew = Crew::start(&shared, bound, serve).expect("threads");
        House { addresses, shared, desk, crew, runtime, folder }
    }

    /// Where the only door listens.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// How many requests reached the service.
    pub fn served(&self) -> usize {
        self.desk.served.load(Ordering::SeqCst)
    }

    /// Waits until one more request is held at `/hold`.
    pub fn wait_for_held(&self) {
        let permit = self.runtime.block_on(self.desk.holding.acquire()).expect("never closed");
        permit.forget();
    }

    /// Waits until `fact` holds.
    pub fn eventually(&self, what: &str, fact: impl Fn() -> bool) {
        let begun = Instant::now();
        while !fact() {
            assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
            // The cores are for whoever is waited for.
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Waits until the metrics have a line that holds all of `parts`.
    pub fn eventually_counts(&self, parts: &[&str]) {
        self.eventually(&parts.join(" "), || {
            let text = self.shared.telemetry.render().expect("metrics");
            text.lines().any(|line| parts.iter().all(|part| line.contains(part)))
        });
    }

    /// Runs a future beside the workers.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Puts the same doors under other limits in force, as a reload would.
    pub fn reload(&self, change: impl Fn(&mut Listener)) {
        self.shared.worlds.replace(|present| {
            let mut listeners = present.snapshot.listeners.clone();
            listeners.iter_mut().for_each(&change);
            let workers = present.snapshot.fixed.workers;
            let mut snapshot = snapshot(Vec::new(), &present.snapshot.fixed.state, workers);
            snapshot.listeners = listeners;
            World { generation: 0, snapshot: Arc::new(snapshot), rings: Vec::new() }
        });
    }

    /// Begins the drain on another thread; `hurry` ends it early.
    pub fn drain(self, limit: Duration, hurry: impl Future<Output = ()> + Send + 'static) -> Draining {
        let House { crew, runtime, folder, shared, .. } = self;
        let reached = shared.drain.reached(tollgate::edge::drain::Phase::Draining);
        let handle = runtime.handle().clone();
        let ended = std::thread::spawn(move || {
            let drained = runtime.block_on(crew.drain(limit, hurry));
            let _ = std::fs::remove_dir_all(folder);
            drained
        });
        handle.block_on(reached);
        Draining(ended)
    }
}

/// A drain under way.
pub struct Draining(std::thread::JoinHandle<Drained>);

impl Draining {
    /// How it ended.
    pub fn outcome(self) -> Drained {
        self.0.join().expect("the drain does not panic")
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.0.is_finished()
    }
}

fn shared(snapshot: Snapshot, folder: &Path, workers: usize, runtime: &Runtime) -> Shared {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let telemetry = Telemetry::quiet(workers, Arc::clone(&clock)).expect("a registry");
    let store = store::measured::Measured::new(Store::open(folder, None).expect("a store"), Arc::clone(&telemetry));
    let revoked = Arc::new(List::new([7; 32]));
    let hashing = HashingPool::start(1, 1).expect("threads");
    let hashing = users::measured::Measured::new(hashing, 1, Arc::clone(&telemetry));
    let doors = snapshot.listeners.iter().map(|_| DoorCount::default()).collect();
    Shared {
        fleet: Fleet::of(&snapshot),
        worlds: Worlds::new(World { generation: 1, snapshot: Arc::new(snapshot), rings: Vec::new() }),
        revoked: Arc::clone(&revoked),
        fingerprints: Fingerprinter::new([7; 16]),
        service: Arc::new(Service::new(store, hashing, revoked, Arc::new(OsRandom::default()))),
        runtime: runtime.handle().clone(),
        telemetry,
        clock,
        last_sync: Arc::new(AtomicU64::new(0)),
        proofs: Default::default(),
        drain: Drain::default(),
        limits: Default::default(),
        memory: Default::default(),
        doors,
        crowd: Default::default(),
    }
}

fn snapshot(doors: Vec<(Door, DoorLimits)>, folder: &Path, workers: usize) -> Snapshot {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    let listeners = doors.into_iter().enumerate().map(|(index, (door, limits))| Listener {
        name: Arc::from(format!("door-{index}")),
        address: anywhere.into(),
        door,
        limits,
        certificate_end: None,
        managed: Vec::new(),
        trusted_proxies: Vec::new(),
        proxy_protocol: ProxyProtocol::Off,
        via: None,
    });
    let listeners: Vec<_> = listeners.collect();
    let addresses = listeners.iter().map(|listener| (Arc::clone(&listener.name), anywhere.into())).collect();
    Snapshot {
        listeners,
        policy: Policy::default().into(),
        plans: Vec::new(),
        limits: Vec::new(),
        upstreams: Vec::new(),
        issuers: Vec::new(),
        foreign_rings: Vec::new(),
        fixed: Fixed {
            state: folder.to_owned(),
            metrics: None,
            workers,
            store_key: None,
            addresses,
            memory: Default::default(),
            hashing: Hashing { workers: 1, queue: 1 },
            audit: AuditTarget::Stderr,
            log_level: LogLevel::Error,
        },
        access_log: AccessLog { sample_ok: 0.0, path: false, format: LogFormat::Json },
        request_id: tollgate::traffic::rules::Identified::No,
        cache_entries: 16,
        drain: LONG,
        revision: String::new(),
        warnings: Vec::new(),
    }
}

fn fresh_folder() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::SeqCst);
    let name = format!("door-{}-{number}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

type Answer = Response<Full<Bytes>>;

/// The service: answers by path.
async fn answer(desk: Arc<Desk>, connection: Arc<Connection>, request: Request<Inbound>) -> Result<Answer, Infallible> {
    if let Some(refusal) = connection.refusal(request.extensions()) {
        let mut response = Response::new(Full::from(refusal.label()));
        *response.status_mut() = refusal.status();
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return Ok(response);
    }
    desk.served.fetch_add(1, Ordering::SeqCst);
    let text = match request.uri().path() {
        "/facts" => facts(&connection, &request),
        "/big" => return Ok(Response::new(Full::from(vec![b'x'; 32 * 1024 * 1024]))),
        "/hold" => {
            desk.holding.add_permits(1);
            desk.release.acquire().await.expect("never closed").forget();
            "held".to_owned()
        }
        "/early" => return Ok(status(StatusCode::PAYLOAD_TOO_LARGE, "early")),
        "/echo" => match request.into_body().collect().await {
            Ok(body) => return Ok(Response::new(Full::from(body.to_bytes()))),
            Err(_) => {
                let refusal = connection.broken_body();
                let code = refusal.map_or(StatusCode::BAD_REQUEST, |refusal| refusal.status());
                return Ok(status(code, refusal.map_or("gone", |refusal| refusal.label())));
            }
        },
        path => path.to_owned(),
    };
    Ok(Response::new(Full::from(text)))
}

fn status(code: StatusCode, text: &'static str) -> Answer {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = code;
    response
}

fn facts(connection: &Connection, request: &Request<Inbound>) -> String {
    let Connection { listener, peer, secure, sni, worker, .. } = connection;
    let (version, index) = (request.version(), worker.index);
    format!("listener={listener} peer={} secure={secure} sni={sni:?} version={version:?} worker={index}", peer.ip())
}

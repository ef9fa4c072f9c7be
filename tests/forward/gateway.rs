//! A whole data plane from values: one clear-text listener, one worker, the real
//! store in a folder of its own, and routes as each test wants them.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderName, Method};
use tollgate::access::host::HostPattern;
use tollgate::access::pattern::PathPattern;
use tollgate::access::policy::Policy;
use tollgate::access::profile::TokenProfile;
use tollgate::access::route::{Presentation, Route};
use tollgate::access::rule::{AccessLine, Alternative, Rule};
use tollgate::access::table::{Entry, Table, Target};
use tollgate::clock::{Clock as _, ManualClock, Seconds, UnixTime};
use tollgate::dialect::Dialect;
use tollgate::dialect::endpoint::EndpointRef;
use tollgate::edge::drain::Drain;
use tollgate::edge::fleet::Fleet;
use tollgate::edge::listen::listener::bind;
use tollgate::edge::request;
use tollgate::edge::shared::{DoorCount, Shared, Worlds};
use tollgate::edge::worker::crew::Crew;
use tollgate::oauth::client::{Client, ClientSecret, GrantKind, Origin};
use tollgate::oauth::endpoints::Stand;
use tollgate::oauth::issuer::{Issuer, KeySettings, RefreshSettings, ThrottleSettings, TokenFormat, TokenSettings};
use tollgate::oauth::{Service, endpoints};
use tollgate::random::{OsRandom, SeededRandom};
use tollgate::revocation::list::List;
use tollgate::snapshot::{
    AccessLog, AuditTarget, Door, DoorLimits, Fixed, Hashing, Listener, LogFormat, LogLevel, PerAddress, Plan,
    ProxyProtocol, Server, Site, Snapshot, Template, Upstream, World,
};
use tollgate::store::Store;
use tollgate::telemetry::Telemetry;
use tollgate::token::fingerprint::Fingerprinter;
use tollgate::token::id::{ClientId, IssuerName};
use tollgate::token::key::{Algorithm, KeyMaterial};
use tollgate::token::opaque::ACCESS_PREFIX;
use tollgate::token::ring::{KeyRing, RingKey};
use tollgate::token::scope::{Scope, ScopeTable, Scopes};
use tollgate::token::secret::SecretDigest;
use tollgate::users::HashingPool;

/// Longer than any test; a limit of this length is no limit.
const LONG: Duration = Duration::from_secs(600);

pub const NOW: UnixTime = UnixTime(1_800_000_000);
pub const ISSUER: &str = "https://issuer.test";
pub const CLIENT_SECRET: &str = "a-secret-that-is-long-enough-for-a-test";

/// What a test may say about one route.
pub struct RouteSpec {
    pub path: &'static str,
    pub lines: Vec<AccessLine>,
    pub presentation: Presentation,
    pub plan: Plan,
    pub servers: Vec<Server>,
    pub max_connections: usize,
}

/// A public route to a backend, to be changed where a test wants something else.
pub fn route(path: &'static str, backend: SocketAddr) -> RouteSpec {
    RouteSpec { servers: vec![server(backend)], ..echo(path) }
}

/// A server in clear text.
pub fn server(at: SocketAddr) -> Server {
    Server { site: Site::Network { host: at.ip().to_string().into(), port: at.port() }, weight: 1, tls: None }
}

/// A public route to the built-in echo.
pub fn echo(path: &'static str) -> RouteSpec {
    RouteSpec {
        path,
        lines: vec![AccessLine { methods: Vec::new(), rule: Rule::Public }],
        presentation: Presentation::default(),
        plan: Plan {
            upstream: 0,
            strip_prefix: None,
            identity: Vec::new(),
            set: Vec::new(),
            keep_authorization: false,
            mint: None,
            user_tokens: None,
            rules: None,
            max_body: 1 << 40,
            first_byte_timeout: LONG,
            idle_timeout: LONG,
            on_expiry: Default::default(),
            websocket: Default::default(),
            total_timeout: None,
        },
        servers: vec![Server { site: Site::Echo, weight: 1, tls: None }],
        max_connections: 64,
    }
}

impl RouteSpec {
    /// Asks for one scope on these methods; every other method is 405.
    pub fn scoped(mut self, methods: &[Method], scope: &str) -> RouteSpec {
        let names = Scopes::parse(scope).expect("scopes");
        let mut table = scope_table();
        let mut set = tollgate::token::scope::ScopeSet::default();
        names.iter().for_each(|name| set.insert(table.intern(name)));
        let rule = Rule::Bearer(vec![Alternative { set, names }]);
        self.lines = vec![AccessLine { methods: methods.to_vec(), rule }];
        self
    }

    /// Sets an identity header.
    pub fn identity(mut self, name: &'static str, part: tollgate::snapshot::Part) -> RouteSpec {
        self.plan.identity.push((HeaderName::from_static(name), Template(vec![part])));
        self
    }
}

fn scope_table() -> ScopeTable {
    let mut table = ScopeTable::default();
    for name in ["a:read", "a:write"] {
        table.intern(&Scope::parse(name).expect("a scope"));
    }
    table
}

/// A running gateway. Dropped, it ends at once.
pub struct Gateway {
    pub address: SocketAddr,
    pub shared: Arc<Shared>,
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub key: KeyMaterial,
    folder: PathBuf,
    _crew: Crew,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.shared.drain.end();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Gateway {
    /// Serves these routes.
    pub fn serve(routes: Vec<RouteSpec>) -> Gateway {
        Gateway::with(routes, |_| {})
    }

    /// Serves these routes from a listener that `adjust` has changed.
    pub fn with(routes: Vec<RouteSpec>, adjust: impl FnOnce(&mut Listener)) -> Gateway {
        Gateway::on(&tokio::runtime::Handle::current(), routes, |snapshot| adjust(&mut snapshot.listeners[0]))
    }

    /// Serves these routes as `adjust` has changed what there is; the store is asked on
    /// `runtime`.
    pub fn on(runtime: &tokio::runtime::Handle, routes: Vec<RouteSpec>, adjust: impl FnOnce(&mut Snapshot)) -> Gateway {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("tollgate-forward-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let store = Store::open(&folder, None).expect("a fresh store opens");
        let clock = Arc::new(ManualClock::at(NOW));
        let key = KeyMaterial::generate(Algorithm::EdDsa, &SeededRandom::new(7)).expect("a key");
        let ring_key = RingKey { material: key.clone(), signs_from: UnixTime(0), verify_until: None };
        let ring = Arc::new(KeyRing::of_ours(vec![ring_key], NOW).expect("a ring"));
        let bound = bind(&[("public".into(), SocketAddr::from(([127, 0, 0, 1], 0)).into())], 1).expect("a socket");
        let address = bound[0].address.tcp().expect("an address");
        let mut snapshot = snapshot(routes, listener(address), &folder);
        adjust(&mut snapshot);
        let snapshot = Arc::new(snapshot);
        let revoked = Arc::new(List::new([5; 32]));
        let hashing = HashingPool::start(1, 4).expect("threads");
        let telemetry = Telemetry::quiet(1, clock.clone()).expect("telemetry");
        let hashing = tollgate::users::measured::Measured::new(hashing, 1, Arc::clone(&telemetry));
        let durable = tollgate::store::measured::Measured::new(store.clone(), Arc::clone(&telemetry));
        let service = Service::new(durable, hashing, Arc::clone(&revoked), Arc::new(OsRandom::default()));
        let fleet = Fleet::of(&snapshot);
        let shared = Arc::new(Shared {
            fleet,
            worlds: Worlds::new(World { generation: 1, snapshot, rings: vec![ring] }),
            revoked,
            fingerprints: Fingerprinter::new([3; 16]),
            clock: clock.clone(),
            service: Arc::new(service),
            runtime: runtime.clone(),
            telemetry,
            last_sync: Arc::new(AtomicU64::new(clock.now().0)),
            proofs: Default::default(),
            drain: Drain::default(),
            limits: Default::default(),
            memory: Default::default(),
            doors: vec![DoorCount::default()],
            crowd: Default::default(),
        });
        let crew = Crew::start(&shared, bound, request::serve).expect("workers");
        Gateway { address, shared, store, clock, key, folder, _crew: crew }
    }
}

fn listener(address: SocketAddr) -> Listener {
    Listener {
        name: "public".into(),
        address: address.into(),
        door: Door::Clear,
        certificate_end: None,
        managed: Vec::new(),
        limits: DoorLimits {
            connections: 1000,
            handshakes: 1000,
            per_address: PerAddress::default(),
            header_bytes: 32 * 1024,
            header_count: 100,
            handshake_timeout: LONG,
            header_timeout: LONG,
            idle_timeout: LONG,
            body_timeout: LONG,
            body_rate: 1,
            streams: 100,
        },
        trusted_proxies: Vec::new(),
        proxy_protocol: ProxyProtocol::Off,
        via: None,
    }
}

fn snapshot(routes: Vec<RouteSpec>, listener: Listener, folder: &std::path::Path) -> Snapshot {
    let issuer = issuer();
    let place = |path: &str, target| Entry {
        host: HostPattern::Any,
        path: PathPattern::parse(path).expect("a pattern"),
        target,
    };
    let at = |Stand { endpoint, seat, path }| place(&path, Target::Endpoint(EndpointRef { issuer: 0, endpoint, seat }));
    let mut entries: Vec<Entry> = endpoints(&issuer).into_iter().map(at).collect();
    let (mut plans, mut upstreams, mut route_names) = (Vec::new(), Vec::new(), Vec::new());
    for (index, spec) in routes.into_iter().enumerate() {
        let name: Arc<str> = spec.path.into();
        let (access, presentation) = (spec.lines, spec.presentation);
        let audience = Vec::new();
        let pattern = spec.path.into();
        let route = Route {
            index,
            name: Arc::clone(&name),
            pattern,
            access,
            issuers: vec![0],
            presentation,
            bodies: Vec::new(),
            audience,
        };
        entries.push(place(spec.path, Target::Route(Arc::new(route))));
        plans.push(Plan { upstream: index, ..spec.plan });
        route_names.push(Arc::clone(&name));
        upstreams.push(Upstream {
            connect_timeout: Duration::from_secs(2),
            pool_idle: 16,
            pool_idle_timeout: LONG,
            max_connections: spec.max_connections,
            ..Upstream::of(name, spec.servers)
        });
    }
    Snapshot {
        policy: Arc::new(Policy {
            voices: Vec::new(),
            tables: vec![Table::build(entries).expect("no conflicts")],
            profiles: vec![profile()],
            scopes: scope_table(),
            kept_claims: vec!["email".into()],
            token_headers: Vec::new(),
            route_names,
        }),
        fixed: fixed(folder, &listener),
        listeners: vec![listener],
        plans,
        limits: Vec::new(),
        upstreams,
        issuers: vec![issuer],
        foreign_rings: vec![None],
        access_log: AccessLog { sample_ok: 1.0, path: true, format: LogFormat::Json },
        request_id: tollgate::traffic::rules::Identified::No,
        cache_entries: 100,
        drain: Duration::from_secs(1),
        revision: String::new(),
        warnings: Vec::new(),
    }
}

fn fixed(folder: &std::path::Path, listener: &Listener) -> Fixed {
    Fixed {
        state: folder.to_owned(),
        metrics: None,
        workers: 1,
        store_key: None,
        addresses: vec![(Arc::clone(&listener.name), listener.address.clone())],
        memory: Default::default(),
        hashing: Hashing { workers: 1, queue: 4 },
        audit: AuditTarget::Stderr,
        log_level: LogLevel::Info,
    }
}

fn profile() -> TokenProfile {
    TokenProfile {
        name: IssuerName::new("main"),
        issuer_url: ISSUER.into(),
        audience: vec![ISSUER.into()],
        types: vec!["at+jwt".into()],
        require: vec!["iss".into(), "exp".into(), "aud".into()],
        leeway: Seconds(0),
        opaque: true,
        looks: tollgate::access::profile::Looks::Prefix(ACCESS_PREFIX.into()),
        application_keys: Vec::new(),
        subjects: Default::default(),
        dialect: std::sync::Arc::new(tollgate::dialect::Dialect::standard()),
        claims: Default::default(),
        implies: Vec::new(),
        endless: Default::default(),
    }
}

fn issuer() -> Issuer {
    let id = ClientId::new("app");
    let client = Client {
        bots: Vec::new(),
        keys: None,
        fields: Default::default(),
        secrets_in_url: Default::default(),
        application: Default::default(),
        id: id.clone(),
        display_name: None,
        secrets: vec![ClientSecret { digest: SecretDigest::of(CLIENT_SECRET.as_bytes()), slot: 0 }],
        grants: vec![GrantKind::ClientCredentials],
        scopes: Scopes::parse("a:read a:write").expect("scopes"),
        disabled: false,
        origin: Origin::File,
    };
    Issuer {
        name: IssuerName::new("main"),
        profile: 0,
        url: ISSUER.to_owned(),
        base: "/oauth2".to_owned(),
        token: TokenSettings {
            format: TokenFormat::Jwt,
            lifetime: Some(Seconds(600)),
            audience: vec![ISSUER.to_owned()],
            ..TokenSettings::default()
        },
        refresh: RefreshSettings { rotate: true, grace: Seconds(10), ..RefreshSettings::default() },
        keys: KeySettings {
            algorithm: Algorithm::EdDsa,
            given: None,
            rotate: None,
            publish_ahead: Seconds(0),
            keep_verifying: Seconds(0),
        },
        catalogue: vec![
            (Scope::parse("a:read").expect("a scope"), String::new()),
            (Scope::parse("a:write").expect("a scope"), String::new()),
        ],
        default_scopes: None,
        scope_rules: Default::default(),
        dialect: std::sync::Arc::new(Dialect::standard()),
        clients: HashMap::from([(id, Arc::new(client))]),
        users: HashMap::new(),
        generate_client: None,
        cors_origins: Vec::new(),
        assertions: None,
        throttle: ThrottleSettings { per_address: 10_000, free_failures: 100, within: Seconds(60) },
        people: None,
        registration: None,
    }
}

/// A signed access token of the issuer.
pub fn token(gateway: &Gateway, subject: &str, scope: &str) -> String {
    let now = gateway.clock.now().0;
    let claims = serde_json::json!({
        "iss": ISSUER, "aud": ISSUER, "sub": subject, "client_id": "app", "scope": scope,
        "iat": now, "exp": now + 600, "jti": format!("{subject}/{scope}/{now}"),
    });
    let signer = tollgate::token::ring::SigningKey::parse(&gateway.key).expect("a signing key");
    signer.sign("at+jwt", claims.to_string().as_bytes()).expect("signed")
}

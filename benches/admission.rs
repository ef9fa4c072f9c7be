//! What the decision costs: a token that was seen, ten thousand of them in turn,
//! tokens never seen (each algorithm), refusals, and finding the route.

use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::digest;
use criterion::{Criterion, criterion_group, criterion_main};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use serde_json::json;
use tollgate::access::admit::{Decision, Known, Presented, admit};
use tollgate::access::host::HostPattern;
use tollgate::access::path::CanonicalPath;
use tollgate::access::pattern::PathPattern;
use tollgate::access::policy::Policy;
use tollgate::access::profile::TokenProfile;
use tollgate::access::route::{Presentation, Route};
use tollgate::access::rule::{AccessLine, Alternative, Rule};
use tollgate::access::seen::Seen;
use tollgate::access::table::{Entry, Table, Target};
use tollgate::clock::{Seconds, UnixTime};
use tollgate::random::SeededRandom;
use tollgate::revocation::list::List;
use tollgate::revocation::notice::Notice;
use tollgate::token::fingerprint::Fingerprinter;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::IssuerName;
use tollgate::token::key::{Algorithm, KeyMaterial};
use tollgate::token::ring::{KeyRing, RingKey};
use tollgate::token::scope::{Scope, ScopeTable, Scopes};

const NOW: UnixTime = UnixTime(1_800_000_000);
const ISSUER: &str = "https://idp.example";

struct World {
    policy: Policy,
    rings: Vec<Arc<KeyRing>>,
    revoked: List,
    fingerprints: Fingerprinter,
    route: Arc<Route>,
}

fn world(algorithm: Algorithm, revocations: u128) -> World {
    let material = KeyMaterial::generate(algorithm, &SeededRandom::new(1)).expect("a key");
    let key = RingKey { material, signs_from: UnixTime(0), verify_until: None };
    let mut scopes = ScopeTable::default();
    let names = Scopes::parse("read:data").expect("a scope");
    for name in names.iter() {
        scopes.intern(name);
    }
    let set = scopes.known(names.iter().map(Scope::as_str));
    let rule = Rule::Bearer(vec![Alternative { set, names }]);
    let revoked = List::new([1; 32]);
    let issuer = IssuerName::new("main");
    for i in 0..revocations {
        let handle = Handle(i << 64 | 0x55);
        let kind = HandleKind::Token;
        revoked.add(&Notice { kind, issuer: issuer.clone(), handle, issued_before: None, until: UnixTime(u64::MAX) });
    }
    let profile = TokenProfile {
        name: issuer,
        issuer_url: ISSUER.into(),
        audience: vec!["api".into()],
        types: vec!["at+jwt".into()],
        require: ["iss", "exp", "aud", "sub"].map(Box::from).to_vec(),
        leeway: Seconds(0),
        opaque: false,
        looks: tollgate::access::profile::Looks::Prefix("".into()),
        dialect: std::sync::Arc::new(tollgate::dialect::Dialect::standard()),
        claims: Default::default(),
        implies: Vec::new(),
        endless: Default::default(),
        subjects: Default::default(),
        application_keys: Vec::new(),
    };
    World {
        policy: Policy { profiles: vec![profile], scopes, ..Policy::default() },
        rings: vec![Arc::new(KeyRing::of_ours(vec![key], NOW).expect("a ring"))],
        revoked,
        fingerprints: Fingerprinter::new([2; 16]),
        route: Arc::new(Route {
            index: 0,
            name: "r".into(),
            pattern: "/**".into(),
            access: vec![AccessLine { methods: vec![], rule }],
            issuers: vec![0],
            presentation: Presentation::default(),
            bodies: Vec::new(),
            audience: Vec::new(),
        }),
    }
}

impl World {
    fn request(&self, number: usize, scope: &str) -> HeaderMap {
        let claims = json!({
            "iss": ISSUER, "aud": "api", "sub": format!("user-{number}"), "client_id": "bench", "scope": scope,
            "jti": format!("j-{number}"), "iat": NOW.0, "exp": NOW.0 + 3600, "email": "somebody@example.com",
        });
        let signer = self.rings[0].signer().expect("a signer");
        let token = signer.sign("at+jwt", claims.to_string().as_bytes()).expect("a signature");
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().expect("a header"));
        headers
    }

    fn ask(&self, headers: &HeaderMap, seen: &mut Seen) -> Decision {
        let request = Presented { method: &Method::GET, headers, query: None, form: None };
        let (policy, rings) = (&self.policy, &self.rings[..]);
        let known = Known { policy, rings, revoked: &self.revoked, fingerprints: &self.fingerprints };
        admit(&self.route, &request, &known, seen, NOW)
    }
}

fn decisions(c: &mut Criterion) {
    let world = world(Algorithm::Rs256, 1_000_000);
    let mut seen = Seen::new(20_000);
    let one = world.request(0, "openid read:data");
    c.bench_function("admission/hot", |b| b.iter(|| black_box(world.ask(&one, &mut seen))));
    let many: Vec<HeaderMap> = (0..10_000).map(|i| world.request(i, "openid read:data")).collect();
    let mut turn = 0;
    let mut next = || {
        turn = (turn + 1) % many.len();
        &many[turn]
    };
    c.bench_function("admission/many", |b| b.iter(|| black_box(world.ask(next(), &mut seen))));
    let mut fresh = 0u128;
    c.bench_function("admission/hot, a revocation before each", |b| {
        b.iter(|| {
            fresh += 1;
            let (kind, issuer) = (HandleKind::Token, world.policy.profiles[0].name.clone());
            let handle = Handle(fresh << 64 | 0x77);
            world.revoked.add(&Notice { kind, issuer, handle, issued_before: None, until: NOW });
            black_box(world.ask(&one, &mut seen))
        });
    });
    let lacking = world.request(0, "openid");
    c.bench_function("admission/denied for its scopes", |b| b.iter(|| black_box(world.ask(&lacking, &mut seen))));
    let mut forged = one.clone();
    let text = one[AUTHORIZATION].to_str().expect("text");
    let bent = format!("{}AAAA{}", &text[..text.len() - 20], &text[text.len() - 16..]);
    forged.insert(AUTHORIZATION, bent.parse().expect("a header"));
    c.bench_function("admission/denied for its signature", |b| b.iter(|| black_box(world.ask(&forged, &mut seen))));
}

fn misses(c: &mut Criterion) {
    for algorithm in Algorithm::ALL {
        let world = world(algorithm, 0);
        let request = world.request(0, "openid read:data");
        let mut none = Seen::new(0);
        let name = format!("admission/never seen, {}", algorithm.as_str());
        c.bench_function(&name, |b| b.iter(|| black_box(world.ask(&request, &mut none))));
    }
}

fn fingerprints(c: &mut Criterion) {
    let prints = Fingerprinter::new([7; 16]);
    for bytes in [47, 700] {
        let token = vec![b'a'; bytes];
        c.bench_function(&format!("fingerprint/{bytes} bytes"), |b| b.iter(|| prints.of(black_box(&token))));
        let sha = |token: &[u8]| digest::digest(&digest::SHA256, token);
        c.bench_function(&format!("fingerprint/{bytes} bytes, SHA-256 instead"), |b| b.iter(|| sha(black_box(&token))));
    }
}

fn routes(c: &mut Criterion) {
    let route = world(Algorithm::Hs256, 0).route;
    for count in [10, 100, 1_000, 10_000] {
        let entry = |i: usize| Entry {
            host: HostPattern::Any,
            path: PathPattern::parse(&format!("/service-{i}/{{id}}/**")).expect("a pattern"),
            target: Target::Route(route.clone()),
        };
        let table = Table::build((0..count).map(entry).collect()).expect("no conflicts");
        let raw = format!("/service-{}/42/items", count / 2);
        c.bench_function(&format!("routes/{count}"), |b| {
            b.iter(|| {
                let path = CanonicalPath::parse(black_box(&raw)).expect("a path");
                table.find("api.example.com", &path).is_some()
            });
        });
    }
}

criterion_group!(benches, decisions, misses, fingerprints, routes);
criterion_main!(benches);

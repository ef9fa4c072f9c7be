//! The decision as a table: each way in, each way out, and what is asked again.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::{Decision, Known, Presented, Question, admit, admit_with};
use crate::access::denial::Denial;
use crate::access::policy::Policy;
use crate::access::profile::TokenProfile;
use crate::access::route::{Presentation, Route};
use crate::access::rule::{AccessLine, Alternative, Rule};
use crate::access::seen::Seen;
use crate::access::verifier::OpaqueFacts;
use crate::clock::{Seconds, UnixTime};
use crate::random::SeededRandom;
use crate::revocation::list::List;
use crate::revocation::notice::Notice;
use crate::token::fingerprint::Fingerprinter;
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::{ClientId, FamilyId, IssuerName, Subject};
use crate::token::key::{Algorithm, KeyMaterial};
use crate::token::opaque;
use crate::token::ring::{KeyRing, RingKey};
use crate::token::scope::{Scope, ScopeTable, Scopes};

const NOW: UnixTime = UnixTime(1_800_000_000);
const MAIN: &str = "https://127.0.0.1:8443";

/// Three issuers: 0 ours with JWTs, 1 ours with opaque tokens, 2 another one with the
/// same key as 0.
struct World {
    policy: Policy,
    rings: Vec<Arc<KeyRing>>,
    revoked: List,
    fingerprints: Fingerprinter,
    seen: Seen,
    route: Arc<Route>,
}

fn profile(name: &str, url: &str, opaque: bool) -> TokenProfile {
    TokenProfile {
        name: IssuerName::new(name),
        issuer_url: url.into(),
        audience: vec!["api".into()],
        types: vec!["at+jwt".into()],
        require: ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"].map(Box::from).to_vec(),
        leeway: Seconds(0),
        opaque,
        opaque_prefix: if opaque { opaque::ACCESS_PREFIX.into() } else { "".into() },
    }
}

fn world(cache: usize) -> World {
    let material = KeyMaterial::generate(Algorithm::EdDsa, &SeededRandom::new(1)).unwrap();
    let key = RingKey { material, signs_from: UnixTime(0), verify_until: None };
    let ring = Arc::new(KeyRing::of_ours(vec![key], NOW).unwrap());
    let mut scopes = ScopeTable::default();
    let mut wants = |text: &str| {
        let names = Scopes::parse(text).unwrap();
        for name in names.iter() {
            scopes.intern(name);
        }
        Alternative { set: scopes.known(names.iter().map(Scope::as_str)), names }
    };
    let line = |methods: &[Method], rule| AccessLine { methods: methods.to_vec(), rule };
    let access = vec![
        line(&[Method::OPTIONS], Rule::Public),
        line(&[Method::GET], Rule::Bearer(vec![wants("orders:read")])),
        line(&[Method::POST, Method::PUT], Rule::Bearer(vec![wants("orders:read orders:write"), wants("admin")])),
        line(&[Method::DELETE], Rule::Bearer(vec![wants("")])),
        line(&[Method::PATCH], Rule::Bearer(Vec::new())),
    ];
    let route = Route {
        index: 0,
        name: "orders".into(),
        access,
        issuers: vec![0, 1],
        presentation: Presentation::default(),
        audience: Vec::new(),
    };
    World {
        policy: Policy {
            tables: Vec::new(),
            profiles: vec![
                profile("main", MAIN, false),
                profile("legacy", MAIN, true),
                profile("twin", "https://twin", false),
            ],
            scopes,
            kept_claims: ["email", "admin", "groups", "evil"].map(Box::from).to_vec(),
            route_names: Vec::new(),
        },
        rings: vec![ring.clone(), Arc::new(KeyRing::default()), ring],
        revoked: List::new([1; 32]),
        fingerprints: Fingerprinter::new([2; 16]),
        seen: Seen::new(cache),
        route: Arc::new(route),
    }
}

fn claims() -> Map<String, Value> {
    let claims = json!({
        "iss": MAIN, "aud": "api", "sub": "alice", "client_id": "app", "jti": "j1", "scope": "orders:read",
        "iat": NOW.0 - 10, "exp": NOW.0 + 600, "fam": "000102030405060708090a0b0c0d0e0f",
    });
    claims.as_object().unwrap().clone()
}

impl World {
    fn sign(&self, typ: &str, claims: &Map<String, Value>) -> String {
        self.rings[0].signer().unwrap().sign(typ, Value::Object(claims.clone()).to_string().as_bytes()).unwrap()
    }

    /// A token with some claims changed; `null` removes one.
    fn token(&self, changes: Value) -> String {
        let mut claims = claims();
        for (name, value) in changes.as_object().unwrap() {
            claims.insert(name.clone(), value.clone());
            claims.retain(|_, value| !value.is_null());
        }
        self.sign("at+jwt", &claims)
    }

    fn ask_at(&mut self, method: Method, token: &str, now: UnixTime) -> Decision {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        let request = Presented { method: &method, headers: &headers, query: None, form: None };
        let (policy, rings) = (&self.policy, &self.rings[..]);
        let known = Known { policy, rings, revoked: &self.revoked, fingerprints: &self.fingerprints };
        admit(&self.route, &request, &known, &mut self.seen, now)
    }

    fn get(&mut self, token: &str) -> Result<(), Denial> {
        verdict(self.ask_at(Method::GET, token, NOW))
    }

    fn revoke(&self, kind: HandleKind, value: &[u8], issued_before: Option<UnixTime>) {
        let issuer = IssuerName::new("main");
        let handle = Handle::of(kind, &issuer, value);
        self.revoked.add(&Notice { kind, issuer, handle, issued_before, until: NOW.after(Seconds(900)) });
    }
}

fn verdict(decision: Decision) -> Result<(), Denial> {
    match decision {
        Decision::Permit(_) => Ok(()),
        Decision::Denial(denial) => Err(denial),
        Decision::Ask(question) => panic!("asks {question:?}"),
    }
}

fn lacks(names: &str) -> Result<(), Denial> {
    Err(Denial::InsufficientScope(Scopes::parse(names).unwrap()))
}

#[test]
fn methods_choose_their_line() {
    let mut world = world(10);
    let token = world.token(json!({}));
    let mut ask = |method: Method, token: &str| verdict(world.ask_at(method, token, NOW));
    assert_eq!(ask(Method::OPTIONS, "garbage!"), Ok(()), "a public line looks at no token");
    assert_eq!(ask(Method::GET, &token), Ok(()));
    assert_eq!(ask(Method::HEAD, &token), Ok(()), "who may GET may HEAD");
    assert_eq!(ask(Method::POST, &token), lacks("orders:read orders:write"), "the first alternative is named");
    assert_eq!(ask(Method::DELETE, &token), Ok(()), "any valid token covers the empty alternative");
    assert_eq!(ask(Method::PATCH, &token), lacks(""), "no alternative at all lets nobody pass");
    let allow = Denial::MethodNotAllowed("OPTIONS, GET, HEAD, POST, PUT, DELETE, PATCH".into());
    assert_eq!(ask(Method::TRACE, &token), Err(allow));
}

#[test]
fn a_permit_says_who_passes() {
    let mut world = world(10);
    let token = world.token(json!({ "email": "a@b", "admin": true, "groups": ["x", 1], "evil": "a\r\nX: y" }));
    for _ in 0..2 {
        let Decision::Permit(permit) = world.ask_at(Method::GET, &token, NOW) else { panic!("refused") };
        let claims = permit.claims().unwrap();
        assert_eq!(
            (&*claims.subject, claims.client.as_deref(), &*claims.scope_text),
            ("alice", Some("app"), "orders:read")
        );
        let kept: Vec<Option<&str>> = claims.kept.iter().map(Option::as_deref).collect();
        assert_eq!(kept, [Some("a@b"), Some("true"), Some(r#"["x",1]"#), None]);
        let main = IssuerName::new("main");
        let family = FamilyId::parse("000102030405060708090a0b0c0d0e0f").unwrap();
        assert_eq!(claims.handles.token, Handle::of_token(&main, Some("j1"), b""));
        assert_eq!(claims.handles.family, Some(Handle::of_family(&main, &family)));
        assert_eq!(claims.handles.key, Some(Handle::of_key(&main, world.rings[0].signer().unwrap().kid())));
    }
    assert_eq!(world.seen.len(), 1);
}

#[test]
fn claims_that_keep_a_token_out() {
    let n = NOW.0;
    let mismatch = || Err(Denial::ClaimMismatch);
    let cases = [
        (json!({ "exp": n }), Err(Denial::Expired)),
        (json!({ "exp": n + 1 }), Ok(())),
        (json!({ "exp": n as f64 + 1.5 }), Ok(())),
        (json!({ "exp": null }), mismatch()),
        (json!({ "exp": (n + 600).to_string() }), mismatch()),
        (json!({ "exp": -1 }), mismatch()),
        (json!({ "exp": 1e30 }), mismatch()),
        (json!({ "exp": u64::MAX }), mismatch()),
        (json!({ "exp": [n + 600] }), mismatch()),
        (json!({ "nbf": n }), Ok(())),
        (json!({ "nbf": n + 1 }), Err(Denial::NotYet)),
        (json!({ "nbf": "now" }), mismatch()),
        (json!({ "iat": n + 60 }), Ok(())),
        (json!({ "iat": n + 61 }), Err(Denial::NotYet)),
        (json!({ "iat": "now" }), mismatch()),
        (json!({ "iss": "https://127.0.0.1:8443/" }), Err(Denial::WrongIssuer)),
        (json!({ "iss": "https://127.0.0.1:844" }), Err(Denial::WrongIssuer)),
        (json!({ "iss": "HTTPS://127.0.0.1:8443" }), Err(Denial::WrongIssuer)),
        (json!({ "iss": [MAIN] }), mismatch()),
        (json!({ "iss": null }), mismatch()),
        (json!({ "aud": ["other", "api"] }), Ok(())),
        (json!({ "aud": "ap" }), Err(Denial::WrongAudience)),
        (json!({ "aud": "apis" }), Err(Denial::WrongAudience)),
        (json!({ "aud": "API" }), Err(Denial::WrongAudience)),
        (json!({ "aud": "" }), Err(Denial::WrongAudience)),
        (json!({ "aud": [] }), Err(Denial::WrongAudience)),
        (json!({ "aud": [["api"]] }), mismatch()),
        (json!({ "aud": { "api": 1 } }), mismatch()),
        (json!({ "aud": vec!["api"; 65] }), mismatch()),
        (json!({ "sub": null }), mismatch()),
        (json!({ "sub": "" }), mismatch()),
        (json!({ "sub": 7 }), mismatch()),
        (json!({ "sub": "a\r\nb" }), mismatch()),
        (json!({ "sub": "a\u{0}b" }), mismatch()),
        (json!({ "sub": "x".repeat(2_000) }), mismatch()),
        (json!({ "client_id": "a\nb" }), mismatch()),
        (json!({ "jti": null }), mismatch()),
        (json!({ "scope": "orders:read x" }), Ok(())),
        (json!({ "scope": ["x", "orders:read"] }), Ok(())),
        (json!({ "scope": null, "scp": ["orders:read"] }), Ok(())),
        (json!({ "scope": null }), lacks("orders:read")),
        (json!({ "scope": "" }), lacks("orders:read")),
        (json!({ "scope": "orders:rea" }), lacks("orders:read")),
        (json!({ "scope": "orders:reads" }), lacks("orders:read")),
        (json!({ "scope": "Orders:Read" }), lacks("orders:read")),
        (json!({ "scope": "x\u{a0}orders:read" }), lacks("orders:read")),
        (json!({ "scope": "x,orders:read" }), lacks("orders:read")),
        (json!({ "scope": "x\torders:read" }), lacks("orders:read")),
        (json!({ "scope": "оrders:read" }), lacks("orders:read")),
        (json!({ "scope": ["x orders:read"] }), lacks("orders:read")),
        (json!({ "scope": [["orders:read"]] }), lacks("orders:read")),
        (json!({ "scope": { "orders:read": true } }), lacks("orders:read")),
        (json!({ "scope": "x", "scp": "orders:read" }), lacks("orders:read")),
    ];
    for cache in [0, 10] {
        let mut world = world(cache);
        for (changes, expected) in &cases {
            let token = world.token(changes.clone());
            assert_eq!(&world.get(&token), expected, "{changes}");
            assert_eq!(&world.get(&token), expected, "{changes}, asked again");
        }
    }
}

#[test]
fn other_kinds_of_tokens_are_not_access_tokens() {
    let mut world = world(10);
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        let token = world.sign(typ, &claims());
        assert_eq!(world.get(&token), Ok(()), "{typ}");
    }
    for typ in ["JWT", "", "rt+jwt", "logout+jwt", "dpop+jwt", "id+jwt", "at+jwt ", "application/application/at+jwt"] {
        let token = world.sign(typ, &claims());
        assert_eq!(world.get(&token), Err(Denial::WrongType), "{typ}");
    }
    world.policy.profiles[0].types.clear();
    for (typ, expected) in [("JWT", Ok(())), ("at+jwt", Ok(())), ("dpop+jwt", Err(Denial::WrongType))] {
        let mut token = claims();
        token.insert("n".into(), json!(typ));
        let token = world.sign(typ, &token);
        assert_eq!(world.get(&token), expected, "{typ}");
    }
}

#[test]
fn issuers_are_told_apart_by_key_then_name() {
    let mut world = world(10);
    let twin = world.token(json!({ "iss": "https://twin" }));
    assert_eq!(world.get(&twin), Err(Denial::WrongIssuer), "the route does not take it");
    world.route = Arc::new(Route { issuers: vec![0, 2], ..(*world.route).clone() });
    let Decision::Permit(permit) = world.ask_at(Method::GET, &twin, NOW) else { panic!("refused") };
    assert_eq!(permit.claims().unwrap().issuer, 2);
    world.route = Arc::new(Route { issuers: vec![0], ..(*world.route).clone() });
    assert_eq!(world.get(&twin), Err(Denial::WrongIssuer), "remembered, yet not taken here");
    world.route = Arc::new(Route { issuers: vec![1], ..(*world.route).clone() });
    let main = world.token(json!({}));
    assert_eq!(world.get(&main), Err(Denial::UnknownKey));
    world.route = Arc::new(Route { issuers: vec![0], audience: vec!["special".into()], ..(*world.route).clone() });
    assert_eq!(world.get(&main), Err(Denial::WrongAudience), "the route asks for its own audience");
}

#[test]
fn what_is_no_token_is_named() {
    let mut world = world(10);
    let good = world.token(json!({}));
    let bent = if good.ends_with('A') {
        format!("{}B", &good[..good.len() - 1])
    } else {
        format!("{}A", &good[..good.len() - 1])
    };
    let other = self::world(0);
    let stranger = KeyMaterial::generate(Algorithm::EdDsa, &SeededRandom::new(99)).unwrap();
    let key = RingKey { material: stranger, signs_from: UnixTime(0), verify_until: None };
    let stranger = KeyRing::of_ours(vec![key], NOW).unwrap();
    let foreign = stranger.signer().unwrap().sign("at+jwt", Value::Object(claims()).to_string().as_bytes()).unwrap();
    assert_eq!(world.get("abc"), Err(Denial::Malformed));
    assert_eq!(world.get("a.b.c"), Err(Denial::Malformed));
    assert!(matches!(world.get(&bent), Err(Denial::BadSignature | Denial::Malformed)));
    assert_eq!(world.get(&foreign), Err(Denial::UnknownKey));
    assert_eq!(world.get(&format!("{good}x")), Err(Denial::Malformed));
    assert_eq!(world.get(&other.token(json!({}))), Ok(()), "the same key in another process");
    assert_eq!(world.seen.len(), 1, "only what was signed is remembered");
}

#[test]
fn revocation_is_asked_again_when_there_is_news() {
    for cache in [0, 10] {
        let cases: [(HandleKind, &[u8], Option<UnixTime>, bool); 10] = [
            (HandleKind::Token, b"j2", None, false),
            (HandleKind::Token, b"j1", None, true),
            (HandleKind::Family, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], None, true),
            (HandleKind::User, b"alice", Some(UnixTime(NOW.0 - 11)), false),
            (HandleKind::User, b"alice", Some(UnixTime(NOW.0 - 10)), true),
            (HandleKind::User, b"bob", None, false),
            (HandleKind::Client, b"app", None, true),
            (HandleKind::Client, b"alice", None, false),
            (HandleKind::Issuer, b"", Some(NOW), true),
            (HandleKind::Issuer, b"", Some(UnixTime(NOW.0 - 60)), false),
        ];
        for (kind, value, moment, hit) in cases {
            let mut world = world(cache);
            let token = world.token(json!({}));
            assert_eq!(world.get(&token), Ok(()));
            world.revoke(kind, value, moment);
            let expected = if hit { Err(Denial::Revoked) } else { Ok(()) };
            assert_eq!(world.get(&token), expected, "{kind:?} {moment:?}");
            assert_eq!(world.get(&token), expected, "{kind:?} {moment:?}, asked again");
        }
    }
}

#[test]
fn a_second_spelling_is_the_same_revoked_token() {
    let mut world = world(10);
    world.policy.profiles[0].require.retain(|name| &**name != "jti");
    let token = world.token(json!({ "jti": null }));
    let payload = token.split('.').nth(1).unwrap();
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload).unwrap();
    assert_eq!(world.get(&token), Ok(()));
    let issuer = IssuerName::new("main");
    let handle = Handle::of_token(&issuer, None, &bytes);
    let until = NOW.after(Seconds(900));
    world.revoked.add(&Notice { kind: HandleKind::Token, issuer, handle, issued_before: None, until });
    assert_eq!(world.get(&token), Err(Denial::Revoked));
    // The same claims under another header are another text, and the same token.
    let again = world.sign("application/at+jwt", &{
        let mut claims = claims();
        claims.retain(|name, _| name != "jti");
        claims
    });
    assert_ne!(again, token);
    assert_eq!(world.get(&again), Err(Denial::Revoked));
}

#[test]
fn time_passes_for_remembered_tokens_too() {
    let mut world = world(10);
    let token = world.token(json!({}));
    assert_eq!(world.get(&token), Ok(()));
    assert_eq!(verdict(world.ask_at(Method::GET, &token, UnixTime(NOW.0 + 599))), Ok(()));
    assert_eq!(verdict(world.ask_at(Method::GET, &token, UnixTime(NOW.0 + 600))), Err(Denial::Expired));
    world.policy.profiles[0].leeway = Seconds(30);
    assert_eq!(verdict(world.ask_at(Method::GET, &token, UnixTime(NOW.0 + 629))), Ok(()));
}

fn row(issuer: usize, expires: Option<UnixTime>) -> OpaqueFacts {
    OpaqueFacts {
        issuer,
        token: Handle(42),
        family: None,
        client: ClientId::new("app"),
        subject: Subject::new("alice"),
        scopes: Scopes::parse("orders:read").unwrap(),
        issued: UnixTime(NOW.0 - 5),
        expires,
    }
}

#[test]
fn an_opaque_token_is_a_question_first() {
    for cache in [0, 10] {
        let mut world = world(cache);
        let token = opaque::mint(opaque::ACCESS_PREFIX, &SeededRandom::new(5));
        let other = opaque::mint(opaque::ACCESS_PREFIX, &SeededRandom::new(6));
        let question = |world: &mut World, token: &str, now| match world.ask_at(Method::GET, token, now) {
            Decision::Ask(question) => question,
            decision => panic!("{decision:?}"),
        };
        let asked = question(&mut world, token.expose(), NOW);
        let Question::Opaque { digest, issuers, .. } = &asked;
        assert_eq!((*digest, &issuers[..]), (token.digest(), &[1][..]));
        assert_eq!(asked.answer(None, &world.policy, NOW).unwrap_err(), Denial::Unknown);
        assert_eq!(asked.answer(Some(row(0, None)), &world.policy, NOW).unwrap_err(), Denial::Unknown);

        let answered = asked.answer(Some(row(1, Some(UnixTime(NOW.0 + 9)))), &world.policy, NOW).unwrap();
        let with = |world: &mut World, token: &str, answered| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
            let request = Presented { method: &Method::GET, headers: &headers, query: None, form: None };
            let (policy, rings) = (&world.policy, &world.rings[..]);
            let known = Known { policy, rings, revoked: &world.revoked, fingerprints: &world.fingerprints };
            admit_with(&world.route, &request, answered, &known, &mut world.seen, NOW)
        };
        let swapped = with(&mut world, other.expose(), answered.clone());
        assert!(matches!(swapped, Decision::Ask(_)), "an answer about another token");
        assert_eq!(verdict(with(&mut world, token.expose(), answered)), Ok(()));
        assert_eq!(world.seen.len(), usize::from(cache > 0));

        if cache > 0 {
            assert_eq!(world.get(token.expose()), Ok(()), "remembered");
            let late = world.ask_at(Method::GET, token.expose(), UnixTime(NOW.0 + 9));
            assert_eq!(verdict(late), Err(Denial::Expired));
            world.revoked.add(&Notice {
                kind: HandleKind::Token,
                issuer: IssuerName::new("legacy"),
                handle: Handle(42),
                issued_before: None,
                until: NOW.after(Seconds(60)),
            });
            assert_eq!(world.get(token.expose()), Err(Denial::Revoked));
            let endless = question(&mut world, other.expose(), NOW);
            let answered = endless.answer(Some(row(1, None)), &world.policy, NOW).unwrap();
            with(&mut world, other.expose(), answered);
            assert!(matches!(world.ask_at(Method::GET, other.expose(), UnixTime(NOW.0 + 60)), Decision::Ask(_)));
        }
    }
}

#[test]
fn opaque_shapes_that_cannot_be_ours_are_not_asked_for() {
    let mut world = world(10);
    let token = opaque::mint(opaque::ACCESS_PREFIX, &SeededRandom::new(5)).expose().to_owned();
    let refresh = opaque::mint(opaque::REFRESH_PREFIX, &SeededRandom::new(5)).expose().to_owned();
    for text in [&token[..token.len() - 1], &format!("{token}A"), &refresh, "tga_", &format!("{token}=")] {
        assert_eq!(world.get(text), Err(Denial::Malformed), "{text}");
    }
    world.route = Arc::new(Route { issuers: vec![0], ..(*world.route).clone() });
    assert_eq!(world.get(&token), Err(Denial::Malformed), "the route takes no opaque tokens");
}

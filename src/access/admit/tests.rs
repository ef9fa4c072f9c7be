//! The decision as a table: each way in, each way out, and what is asked again.

mod narrowing;
mod opaque;
mod tokens;

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use serde_json::{Map, Value, json};

use super::{Decision, Known, Presented, admit};
use crate::access::denial::Denial;
use crate::access::policy::Policy;
use crate::access::profile::{Endless, Looks, TokenProfile};
use crate::access::route::{Presentation, Route};
use crate::access::rule::{AccessLine, Alternative, Rule};
use crate::access::seen::Seen;
use crate::clock::{Seconds, UnixTime};
use crate::dialect::Dialect;
use crate::random::SeededRandom;
use crate::revocation::list::List;
use crate::revocation::notice::Notice;
use crate::token::claim_names::ClaimNames;
use crate::token::fingerprint::Fingerprinter;
use crate::token::handle::{Handle, HandleKind};
use crate::token::id::{FamilyId, IssuerName};
use crate::token::key::{Algorithm, KeyMaterial};
use crate::token::opaque::ACCESS_PREFIX;
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
        looks: Looks::Prefix(if opaque { ACCESS_PREFIX.into() } else { "".into() }),
        application_keys: Vec::new(),
        subjects: Default::default(),
        dialect: Arc::new(Dialect::standard()),
        claims: ClaimNames::default(),
        implies: Vec::new(),
        endless: Endless::Believed,
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
        pattern: "/orders/**".into(),
        access,
        issuers: vec![0, 1],
        presentation: Presentation::default(),
        bodies: Vec::new(),
        audience: Vec::new(),
    };
    World {
        policy: Policy {
            voices: Vec::new(),
            tables: Vec::new(),
            profiles: vec![
                profile("main", MAIN, false),
                profile("legacy", MAIN, true),
                profile("twin", "https://twin", false),
            ],
            scopes,
            kept_claims: ["email", "admin", "groups", "evil"].map(Box::from).to_vec(),
            token_headers: Vec::new(),
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
            let why = if kind == HandleKind::User { Denial::UserGone } else { Denial::Revoked };
            let expected = if hit { Err(why) } else { Ok(()) };
            assert_eq!(world.get(&token), expected.clone(), "{kind:?} {moment:?}");
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

#[test]
fn what_was_found_forged_is_refused_by_memory_and_at_its_route_only() {
    let mut world = world(10);
    let token = world.token(json!({}));
    let forged = format!("{}{}", &token[..token.len() - 2], if token.ends_with("AA") { "BA" } else { "AA" });
    assert_eq!(world.get(&forged), Err(Denial::BadSignature));
    assert!(world.seen.is_forged(world.fingerprints.of(forged.as_bytes()), 0));
    // A good token that the memory calls forged shows that nobody looks at its signature.
    let print = world.fingerprints.of(token.as_bytes());
    world.seen.note_forged(print, 0);
    assert_eq!(world.get(&token), Err(Denial::BadSignature));
    world.seen.clear();
    world.seen.note_forged(print, 1);
    assert_eq!(world.get(&token), Ok(()));
}

//! Self-contained tokens that are not what they should be.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::{MAIN, NOW, claims, lacks, world};
use crate::access::admit::Decision;
use crate::access::denial::Denial;
use crate::access::route::Route;
use crate::clock::UnixTime;
use crate::random::SeededRandom;
use crate::token::key::{Algorithm, KeyMaterial};
use crate::token::ring::{KeyRing, RingKey};

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

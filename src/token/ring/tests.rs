//! Which key signs, which verify, what is published; and that others agree with us.

use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde_json::{Value, json};

use super::{KeyRing, MAX_KEYS, RingKey, VerifyingKey};
use crate::clock::UnixTime;
use crate::random::SeededRandom;
use crate::token::jws::open;
use crate::token::key::{Algorithm, KeyMaterial};

fn ring_key(algorithm: Algorithm, signs_from: u64, verify_until: Option<u64>) -> RingKey {
    RingKey {
        material: KeyMaterial::generate(algorithm, &SeededRandom::new(signs_from)).unwrap(),
        signs_from: UnixTime(signs_from),
        verify_until: verify_until.map(UnixTime),
    }
}

fn theirs(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    match algorithm {
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::Ps256 => jsonwebtoken::Algorithm::PS256,
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
    }
}

#[test]
fn times_decide_what_each_key_does() {
    let keys = || {
        vec![
            ring_key(Algorithm::EdDsa, 100, Some(250)),
            ring_key(Algorithm::EdDsa, 200, None),
            ring_key(Algorithm::EdDsa, 300, None),
        ]
    };
    let at = |now| KeyRing::of_ours(keys(), UnixTime(now)).unwrap();
    let signer = |ring: &KeyRing| ring.signer().map(|s| s.kid().clone());
    let kids: Vec<_> = keys().into_iter().map(|k| k.material.kid).collect();
    for (now, signs, verify, next) in [
        (99, None, 3, Some(100)),
        (100, Some(0), 3, Some(200)),
        (200, Some(1), 3, Some(250)),
        (250, Some(1), 2, Some(300)),
        (300, Some(2), 2, None),
    ] {
        let ring = at(now);
        assert_eq!(signer(&ring), signs.map(|i: usize| kids[i].clone()), "at {now}");
        assert_eq!(ring.keys().len(), verify, "at {now}");
        assert_eq!(ring.jwks()["keys"].as_array().unwrap().len(), verify, "at {now}");
        assert_eq!(ring.next_change(), next.map(UnixTime), "at {now}");
    }
}

#[test]
fn both_sides_read_what_the_other_signs() {
    for algorithm in Algorithm::ALL {
        let key = ring_key(algorithm, 0, None);
        let secret = key.material.secret.clone();
        let ring = KeyRing::of_ours(vec![key], UnixTime(1)).unwrap();
        let signer = ring.signer().unwrap();
        let claims = json!({ "sub": "a", "n": 7 });
        let token = signer.sign("at+jwt", claims.to_string().as_bytes()).unwrap();

        let decoding = match algorithm {
            Algorithm::Hs256 => DecodingKey::from_secret(&secret),
            _ => {
                let jwk: Jwk = serde_json::from_value(ring.jwks()["keys"][0].clone()).unwrap();
                assert_eq!(jwk.thumbprint(ThumbprintHash::SHA256).unwrap(), signer.kid().as_str());
                DecodingKey::from_jwk(&jwk).unwrap()
            }
        };
        let mut validation = Validation::new(theirs(algorithm));
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        let read = decode::<Value>(&token, &decoding, &validation).unwrap();
        assert_eq!(read.claims, claims);
        assert_eq!(read.header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(decode_header(&token).unwrap().kid.as_deref(), Some(signer.kid().as_str()));

        let encoding = match algorithm {
            Algorithm::Hs256 => EncodingKey::from_secret(&secret),
            Algorithm::Es256 => EncodingKey::from_ec_der(&secret),
            Algorithm::EdDsa => EncodingKey::from_ed_der(&secret),
            Algorithm::Rs256 | Algorithm::Ps256 => EncodingKey::from_rsa_der(&secret[26..]),
        };
        let mut header = Header::new(theirs(algorithm));
        header.kid = Some(signer.kid().to_string());
        let token = encode(&header, &claims, &encoding).unwrap();
        let opened = open(&ring, &token).unwrap();
        assert_eq!(Value::Object(opened.payload.into()), claims, "{algorithm:?}");
        assert_eq!(opened.key.algorithm(), algorithm);
    }
}

#[test]
fn shared_secrets_are_never_published() {
    let ring = KeyRing::of_ours(vec![ring_key(Algorithm::Hs256, 0, None)], UnixTime(1)).unwrap();
    assert_eq!(ring.jwks(), json!({ "keys": [] }));
    assert_eq!(ring.keys().len(), 1);
}

#[test]
fn published_keys_say_what_they_are_for_and_nothing_private() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa] {
        let ring = KeyRing::of_ours(vec![ring_key(algorithm, 0, None)], UnixTime(1)).unwrap();
        let jwks = ring.jwks();
        let key = jwks["keys"][0].as_object().unwrap();
        assert_eq!((key["use"].as_str(), key["alg"].as_str()), (Some("sig"), Some(algorithm.as_str())));
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(!key.contains_key(private));
        }
        // What we publish, a gateway that trusts us reads.
        let foreign = KeyRing::of_jwks(&jwks, &Algorithm::ALL).unwrap();
        let token = ring.signer().unwrap().sign("at+jwt", b"{}").unwrap();
        assert!(open(&foreign, &token).is_ok());
    }
}

#[test]
fn key_sets_of_others_are_read_with_care() {
    let rsa = KeyRing::of_ours(vec![ring_key(Algorithm::Rs256, 0, None)], UnixTime(1)).unwrap();
    let ec = KeyRing::of_ours(vec![ring_key(Algorithm::Es256, 0, None)], UnixTime(1)).unwrap();
    let (rsa, ec) = (rsa.jwks()["keys"][0].clone(), ec.jwks()["keys"][0].clone());
    let with = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    let mut bare = rsa.clone();
    bare.as_object_mut().unwrap().remove("alg");
    let both = [Algorithm::Rs256, Algorithm::Ps256];
    let algorithms = |ring: KeyRing| ring.keys().iter().map(|k| k.algorithm()).collect::<Vec<_>>();
    assert_eq!(algorithms(KeyRing::of_jwks(&json!({ "keys": [bare] }), &both).unwrap()), both);
    let mixed = json!({ "keys": [with(&rsa, "use", json!("enc")), { "kty": "AKP" }, ec] });
    assert_eq!(algorithms(KeyRing::of_jwks(&mixed, &Algorithm::ALL).unwrap()), [Algorithm::Es256]);

    let short = {
        let key: Jwk = serde_json::from_value(rsa.clone()).unwrap();
        let mut key = serde_json::to_value(key).unwrap();
        key["n"] = json!(key["n"].as_str().unwrap()[..172]);
        key
    };
    let bad = [
        (json!({}), "no list `keys`"),
        (json!({ "keys": [] }), "no key that can be used"),
        (json!({ "keys": [{ "kty": "oct", "k": "AAAA" }, ec] }), "symmetric"),
        (json!({ "keys": [short] }), "shorter than 2048 bits"),
        (json!({ "keys": [with(&ec, "crv", json!("P-384"))] }), "P-256"),
        (json!({ "keys": [with(&ec, "x", json!("AA"))] }), "32 bytes"),
        (json!({ "keys": [with(&ec, "y", ec["x"].clone())] }), "not one that ES256 can use"),
        (json!({ "keys": [with(&ec, "key_ops", json!(["sign"]))] }), "verifying"),
        (json!({ "keys": [with(&ec, "alg", json!("RS256"))] }), "does not fit"),
        (json!({ "keys": vec![ec.clone(); MAX_KEYS + 1] }), "more than"),
    ];
    for (set, words) in bad {
        let error = KeyRing::of_jwks(&set, &Algorithm::ALL).unwrap_err();
        assert!(error.detail.contains(words), "{set}: {error}");
    }
    assert!(VerifyingKey::from_jwk(&rsa, &[Algorithm::Es256]).unwrap_err().detail.contains("no allowed algorithm"));
}

//! The attack list on tokens: every one of these is refused, and why is known.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};
use serde_json::{Value, json};

use super::{JwsError, MAX_TOKEN_BYTES, open};
use crate::clock::UnixTime;
use crate::random::SeededRandom;
use crate::token::key::{Algorithm, KeyMaterial};
use crate::token::ring::{KeyRing, RingKey};

fn ring(algorithm: Algorithm) -> KeyRing {
    let material = KeyMaterial::generate(algorithm, &SeededRandom::new(3)).unwrap();
    KeyRing::of_ours(vec![RingKey { material, signs_from: UnixTime(0), verify_until: None }], UnixTime(1)).unwrap()
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn good(ring: &KeyRing) -> String {
    ring.signer().unwrap().sign("at+jwt", br#"{"sub":"a"}"#).unwrap()
}

fn parts(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

fn why(ring: &KeyRing, token: &str) -> JwsError {
    open(ring, token).map(|_| ()).unwrap_err()
}

/// The good token with another header; the signature stays the old one.
fn with_header(ring: &KeyRing, header: &Value) -> String {
    let [_, payload, signature] = parts(&good(ring));
    format!("{}.{payload}.{signature}", b64(header.to_string()))
}

#[test]
fn no_algorithm_but_the_keys_own() {
    let ring = ring(Algorithm::Es256);
    let [_, payload, signature] = parts(&good(&ring));
    for alg in ["none", "None", "NONE", "nOnE", "none ", "", "NoNe"] {
        let header = b64(json!({ "alg": alg }).to_string());
        assert_eq!(why(&ring, &format!("{header}.{payload}.{signature}")), JwsError::Algorithm, "{alg}");
        assert_eq!(why(&ring, &format!("{header}.{payload}.")), JwsError::Malformed, "{alg}");
        assert_eq!(why(&ring, &format!("{header}.{payload}")), JwsError::Malformed, "{alg}");
    }
    for alg in [json!(null), json!(1), json!(["ES256"]), json!({}), json!("es256"), json!("HS512"), json!("ES384")] {
        assert_eq!(why(&ring, &with_header(&ring, &json!({ "alg": alg }))), JwsError::Algorithm, "{alg}");
    }
    assert_eq!(why(&ring, &with_header(&ring, &json!({ "typ": "JWT" }))), JwsError::Algorithm);
    // A sibling of the same family, with the same signature.
    let rsa = self::ring(Algorithm::Rs256);
    assert_eq!(why(&rsa, &with_header(&rsa, &json!({ "alg": "PS256" }))), JwsError::UnknownKey);
}

#[test]
fn a_public_key_is_no_shared_secret() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let ring = ring(algorithm);
        let kid = ring.signer().unwrap().kid().as_str().to_owned();
        let jwk = ring.jwks()["keys"][0].clone();
        let raw = |name: &str| jwk[name].as_str().map(|text| URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap_or_default();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(raw("n")));
        let secrets = [
            jwk.to_string().into_bytes(),
            raw("n"),
            raw("x"),
            pem.trim().as_bytes().to_vec(),
            pem.into_bytes(),
            kid.as_bytes().to_vec(),
            Vec::new(),
            b"secret".to_vec(),
        ];
        for secret in secrets {
            for kid in [Some(kid.as_str()), None] {
                let header = match kid {
                    Some(kid) => json!({ "alg": "HS256", "kid": kid }),
                    None => json!({ "alg": "HS256" }),
                };
                let signed = format!("{}.{}", b64(header.to_string()), b64(r#"{"sub":"a"}"#));
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), signed.as_bytes());
                assert_eq!(why(&ring, &format!("{signed}.{}", b64(tag))), JwsError::UnknownKey);
            }
        }
    }
}

#[test]
fn a_key_id_only_looks_up() {
    let ring = ring(Algorithm::Es256);
    for kid in ["../../dev/null", "/dev/null", "' OR 1=1 --", "http://127.0.0.1/", "a\0b", "", &"k".repeat(6_000)] {
        let token = with_header(&ring, &json!({ "alg": "ES256", "kid": kid }));
        assert!(matches!(why(&ring, &token), JwsError::UnknownKey | JwsError::Malformed), "{kid}");
    }
    for kid in [json!(["a"]), json!(7), json!(null), json!({})] {
        let token = with_header(&ring, &json!({ "alg": "ES256", "kid": kid }));
        assert_eq!(why(&ring, &token), JwsError::Malformed, "{kid}");
    }
}

#[test]
fn headers_that_bring_a_key_or_change_the_rules() {
    let ring = ring(Algorithm::Es256);
    let kid = ring.signer().unwrap().kid().as_str().to_owned();
    for (name, value) in [
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("jwk", ring.jwks()["keys"][0].clone()),
        ("jku", json!("http://127.0.0.1:9/keys")),
        ("x5u", json!("http://127.0.0.1:9/cert")),
        ("x5c", json!(["MII"])),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": kid });
        header[name] = value;
        assert_eq!(why(&ring, &with_header(&ring, &header)), JwsError::RefusedHeader, "{name}");
    }
    let [_, payload, signature] = parts(&good(&ring));
    for header in
        [r#"{"alg":"none","alg":"ES256"}"#, r#"{"alg":"ES256","alg":"none"}"#, "[]", "\"ES256\"", "{", "\u{feff}{}"]
    {
        assert_eq!(why(&ring, &format!("{}.{payload}.{signature}", b64(header))), JwsError::Malformed, "{header}");
    }
}

#[test]
fn signatures_of_every_wrong_kind() {
    for algorithm in Algorithm::ALL {
        let ring = ring(algorithm);
        let [header, payload, signature] = parts(&good(&ring));
        let bytes = URL_SAFE_NO_PAD.decode(&signature).unwrap();
        let half = bytes.len() / 2;
        let der = [&[0x30, 0x44, 2, 32][..], &bytes[..half], &[2, 32], &bytes[half..]].concat();
        let mut wrong =
            vec![vec![0; bytes.len()], der, [&bytes[..], &[0]].concat(), bytes[..half].to_vec(), vec![7; 3_000]];
        wrong.extend((0..bytes.len()).map(|i| {
            let mut bent = bytes.clone();
            bent[i] ^= 1;
            bent
        }));
        for wrong in wrong {
            let token = format!("{header}.{payload}.{}", b64(&wrong));
            assert_eq!(why(&ring, &token), JwsError::BadSignature, "{algorithm:?} {wrong:02x?}");
        }
        let other = b64(r#"{"sub":"b"}"#);
        assert_eq!(why(&ring, &format!("{header}.{other}.{signature}")), JwsError::BadSignature);
    }
}

#[test]
fn one_spelling_only() {
    let ring = ring(Algorithm::EdDsa);
    let token = good(&ring);
    let [header, payload, signature] = parts(&token);
    let bytes = URL_SAFE_NO_PAD.decode(&signature).unwrap();
    let mut spellings = vec![
        format!("{header}.{payload}.{}", URL_SAFE.encode(&bytes)),
        format!("{header}.{payload}.{}", STANDARD.encode(&bytes)),
        format!("{header}=.{payload}.{signature}"),
        format!("{token}="),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{payload}"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}.{payload}. {signature}"),
        format!("{token}\n"),
        format!(" {token}"),
        header.clone(),
        String::new(),
        "..".to_owned(),
        json!({ "payload": payload, "protected": header, "signature": signature }).to_string(),
        format!("{header}.a.b.c.{signature}"),
    ];
    // The last character carries spare bits: its fifteen siblings say the same bytes.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(signature.chars().last().unwrap()).unwrap();
    let sibling = alphabet.as_bytes()[last ^ 1] as char;
    spellings.push(format!("{header}.{payload}.{}{sibling}", &signature[..signature.len() - 1]));
    for spelling in spellings {
        assert_eq!(why(&ring, &spelling), JwsError::Malformed, "{spelling}");
    }
    assert!(open(&ring, &token).is_ok());
}

#[test]
fn payloads_that_are_not_one_plain_object() {
    let ring = ring(Algorithm::Es256);
    let deep = format!("{}{}", "[".repeat(3_000), "]".repeat(3_000));
    let inner = good(&ring);
    for payload in [r#"{"a":1,"a":2}"#, "[]", "\"text\"", "", "{", "{\"a\":NaN}", "\u{feff}{}", &deep, &inner] {
        let token = ring.signer().unwrap().sign("at+jwt", payload.as_bytes()).unwrap();
        assert_eq!(why(&ring, &token), JwsError::Malformed, "{payload}");
    }
    let token = ring.signer().unwrap().sign("at+jwt", b"{\"a\":\"\xff\"}").unwrap();
    assert_eq!(why(&ring, &token), JwsError::Malformed);
    for kilobytes in [16, 64, 512] {
        let text = json!({ "a": "x".repeat(kilobytes * 1024) }).to_string();
        let token = ring.signer().unwrap().sign("at+jwt", text.as_bytes()).unwrap();
        assert!(token.len() > MAX_TOKEN_BYTES);
        assert_eq!(why(&ring, &token), JwsError::Malformed);
    }
}

#[test]
fn a_key_without_a_name_serves_tokens_of_any_name() {
    let ours = ring(Algorithm::Es256);
    let mut jwk = ours.jwks()["keys"][0].clone();
    jwk.as_object_mut().unwrap().remove("kid");
    let nameless = KeyRing::of_jwks(&json!({ "keys": [jwk] }), &[Algorithm::Es256]).unwrap();
    assert!(open(&nameless, &good(&ours)).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_ends_in_an_answer(text in any::<String>(), body in "[A-Za-z0-9_.-]{0,300}") {
        let ring = KeyRing::default();
        prop_assert!(open(&ring, &text).is_err());
        prop_assert!(open(&ring, &body).is_err());
    }
}

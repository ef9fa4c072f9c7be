//! RFC 7523: clients that prove themselves by a JWT of their own, people for whom
//! somebody trusted vouches, and everything that must not pass for either.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use tollgate::clock::{Seconds, UnixTime};
use tollgate::dialect::endpoint::Endpoint;
use tollgate::dialect::knobs::ClientAuth;
use tollgate::dialect::request::{CLIENT_ASSERTION, JWT_BEARER};
use tollgate::oauth::client::{Client, GrantKind};
use tollgate::oauth::issuer::{AssertionSettings, TrustedIssuer};
use tollgate::random::SeededRandom;
use tollgate::token::id::ClientId;
use tollgate::token::key::{ASSERTION_ALGORITHMS, Algorithm, KeyMaterial};
use tollgate::token::ring::{KeyRing, RingKey, SigningKey};

use crate::desk::{Fixture, Told, client, post};

const URL: &str = "https://login.example";
const IDP: &str = "https://idp.example";

/// A key pair: what signs, and the key set that others have of it.
struct Pair {
    signer: SigningKey,
    public: Value,
}

impl Pair {
    fn new(algorithm: Algorithm, seed: u64) -> Pair {
        let material = KeyMaterial::generate(algorithm, &SeededRandom::new(seed)).unwrap();
        let signer = SigningKey::parse(&material).unwrap();
        let key = RingKey { material, signs_from: UnixTime(0), verify_until: None };
        Pair { signer, public: KeyRing::of_ours(vec![key], UnixTime(1)).unwrap().jwks() }
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::new(KeyRing::of_jwks(&self.public, &ASSERTION_ALGORITHMS).unwrap())
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "typ": "JWT", "alg": self.signer.algorithm().as_str() });
        self.signer.sign_with(&header, claims.to_string().as_bytes()).unwrap()
    }
}

/// An issuer that believes client `signer` and the identity provider, each by a key.
struct Believing {
    fixture: Fixture,
    own: Pair,
    idp: Pair,
}

impl Believing {
    fn new() -> Believing {
        let (own, idp) = (Pair::new(Algorithm::Es256, 1), Pair::new(Algorithm::EdDsa, 2));
        let mut fixture = Fixture::new();
        let trusted = vec![TrustedIssuer { name: IDP.into(), keys: idp.ring() }];
        let audience = vec![URL.to_owned(), format!("{URL}/oauth2/token")];
        let (max_lifetime, leeway) = (Seconds(300), Seconds(30));
        fixture.issuer.assertions = Some(AssertionSettings { trusted, audience, max_lifetime, leeway });
        // Many proofs fail here, and none of them shall wait.
        fixture.issuer.throttle.free_failures = 1_000;
        fixture.dialect.reading.client_auth.push(ClientAuth::Assertion);
        fixture.dialect.seats[0].extensions.push(JWT_BEARER.into());
        let plain = (*client("signer", &[], &GrantKind::ALL)).clone();
        let signer = Client { keys: Some(own.ring()), ..plain };
        fixture.issuer.clients.insert(ClientId::new("signer"), Arc::new(signer));
        Believing { fixture, own, idp }
    }

    /// What the client says of itself, right in every way; `jti` tells them apart.
    fn own_claims(&self, jti: &str) -> Value {
        let now = self.fixture.now.0;
        json!({ "iss": "signer", "sub": "signer", "aud": URL, "exp": now + 60, "iat": now, "jti": jti })
    }

    fn idp_claims(&self, jti: &str) -> Value {
        let now = self.fixture.now.0;
        json!({ "iss": IDP, "sub": "ana", "aud": [URL, "https://elsewhere.example"], "exp": now + 60, "jti": jti })
    }

    async fn prove(&self, assertion: &str, more: &str) -> Told {
        let form = format!("grant_type=client_credentials&client_assertion_type={CLIENT_ASSERTION}");
        self.fixture.token("", &format!("{form}&client_assertion={assertion}{more}")).await
    }

    async fn vouch(&self, assertion: &str) -> Told {
        self.fixture.token("app", &format!("grant_type={JWT_BEARER}&assertion={assertion}")).await
    }
}

/// The claims with one of them changed, or without it.
fn but(mut claims: Value, name: &str, value: Value) -> Value {
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

#[tokio::test]
async fn a_client_proves_itself_once_by_each_jwt() {
    let stage = Believing::new();
    let assertion = stage.own.sign(&stage.own_claims("1"));
    let told = stage.prove(&assertion, "&client_id=signer").await;
    assert_eq!(told.status, 200, "{}", told.json);
    let told = stage.prove(&assertion, "").await;
    assert_eq!((told.error(), told.audited()), ((401, "invalid_client"), ("token_refused", "assertion_replayed")));
    let for_the_endpoint = but(stage.own_claims("2"), "aud", format!("{URL}/oauth2/token").into());
    assert_eq!(stage.prove(&stage.own.sign(&for_the_endpoint), "").await.status, 200);
}

#[tokio::test]
async fn it_revokes_and_asks_by_a_jwt_too() {
    let stage = Believing::new();
    let token = stage.prove(&stage.own.sign(&stage.own_claims("1")), "").await.text("access_token");
    let by = |jti| {
        let assertion = stage.own.sign(&stage.own_claims(jti));
        format!("token={token}&client_assertion_type={CLIENT_ASSERTION}&client_assertion={assertion}")
    };
    assert_eq!(stage.fixture.ask(Endpoint::Introspect, "", &by("2")).await.json["active"], true);
    assert_eq!(stage.fixture.ask(Endpoint::Revoke, "", &by("3")).await.status, 200);
    assert_eq!(stage.fixture.ask(Endpoint::Introspect, "", &by("4")).await.json["active"], false);
}

#[tokio::test]
async fn what_a_client_says_wrongly_proves_nothing() {
    let stage = Believing::new();
    let (now, right) = (stage.fixture.now.0, stage.own_claims("x"));
    let cases = [
        ("aud", json!("https://elsewhere.example"), "assertion_audience"),
        ("aud", Value::Null, "assertion_audience"),
        ("exp", json!(now - 31), "assertion_expired"),
        ("exp", Value::Null, "assertion_endless"),
        ("exp", json!(now + 331), "assertion_too_long"),
        ("exp", json!("soon"), "assertion_time"),
        ("nbf", json!(now + 31), "assertion_not_yet"),
        ("iat", json!(now + 31), "assertion_not_yet"),
        ("sub", json!("app"), "assertion_subject"),
        ("sub", Value::Null, "assertion_subject"),
        ("jti", Value::Null, "assertion_id"),
        ("jti", json!("j".repeat(256)), "assertion_id"),
        ("iss", json!("app"), "assertion_client"),
        ("iss", json!("nobody"), "assertion_client"),
        ("iss", Value::Null, "assertion_client"),
    ];
    for (claim, value, why) in cases {
        let told = stage.prove(&stage.own.sign(&but(right.clone(), claim, value.clone())), "").await;
        assert_eq!((told.error(), told.audited().1), ((401, "invalid_client"), why), "{claim}: {value}");
        assert!(!told.json.to_string().contains("signer"), "{}", told.json);
    }
    // None of them was spent.
    assert_eq!(stage.prove(&stage.own.sign(&right), "").await.status, 200);
    let other_name = stage.prove(&stage.own.sign(&stage.own_claims("y")), "&client_id=app").await;
    assert_eq!(other_name.audited(), ("token_refused", "assertion_subject"));
}

#[tokio::test]
async fn only_the_clients_own_key_signs_for_it() {
    let stage = Believing::new();
    let claims = stage.own_claims("x");
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = format!("{}.{}.", part(&json!({ "alg": "none" })), part(&claims));
    let none_with_something = format!("{none}AAAA");
    // HMAC, keyed with what everybody knows of the client: its public key, in some spellings.
    let jwk = &stage.own.public["keys"][0];
    let known = [jwk.to_string(), stage.own.public.to_string(), jwk["x"].as_str().unwrap().to_owned()];
    let hmac = known.map(|text| {
        let header = Header { kid: jwk["kid"].as_str().map(str::to_owned), ..Header::default() };
        encode(&header, &claims, &EncodingKey::from_secret(text.as_bytes())).unwrap()
    });
    let foreign = Pair::new(Algorithm::Es256, 9).sign(&claims);
    let embedded = {
        let pair = Pair::new(Algorithm::Es256, 9);
        let header = json!({ "alg": "ES256", "jwk": pair.public["keys"][0] });
        pair.signer.sign_with(&header, claims.to_string().as_bytes()).unwrap()
    };
    let by_the_idp = stage.idp.sign(&claims);
    let access = {
        let header = json!({ "typ": "at+jwt", "alg": "ES256" });
        stage.own.signer.sign_with(&header, claims.to_string().as_bytes()).unwrap()
    };
    let cases = [none, none_with_something, foreign, embedded, by_the_idp, access, "x".to_owned(), "a.b.c".to_owned()];
    for forged in cases.iter().chain(&hmac) {
        let told = stage.prove(forged, "").await;
        assert_eq!(told.error(), (401, "invalid_client"), "{forged}");
    }
    assert_eq!(stage.prove(&stage.own.sign(&claims), "").await.status, 200, "and nothing was spent by them");
}

#[tokio::test]
async fn one_way_to_prove_oneself_at_a_time() {
    let stage = Believing::new();
    let assertion = stage.own.sign(&stage.own_claims("1"));
    let form = format!("grant_type=client_credentials&client_assertion_type={CLIENT_ASSERTION}");
    let with_basic = post("app", &format!("{form}&client_assertion={assertion}"));
    assert_eq!(stage.fixture.send(Endpoint::Token, &with_basic).await.error(), (400, "invalid_request"));
    let told = stage.prove(&assertion, "&client_secret=s3cret").await;
    assert_eq!(told.error(), (400, "invalid_request"));
    let untyped = format!("grant_type=client_credentials&client_assertion={assertion}");
    assert_eq!(stage.fixture.token("", &untyped).await.error(), (401, "invalid_client"));
    // A client that has keys and no secret is not one that needs none.
    let bare = stage.fixture.token("", "grant_type=password&client_id=signer&username=ana&password=ana-password").await;
    assert_eq!(bare.error(), (401, "invalid_client"));
    assert_eq!(stage.prove(&assertion, "").await.status, 200);
}

#[tokio::test]
async fn somebody_trusted_vouches_for_a_person() {
    let stage = Believing::new();
    let told = stage.vouch(&stage.idp.sign(&stage.idp_claims("1"))).await;
    assert_eq!(told.status, 200, "{}", told.json);
    assert_eq!(told.json.get("refresh_token"), None, "whoever vouched may vouch again");
    let claims = crate::desk::claims(&stage.fixture.ring, &told.text("access_token"));
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("id-of-ana"), &json!("app")));
    // A person gives no more than she may.
    let bob = but(stage.idp_claims("2"), "sub", "bob".into());
    assert_eq!(stage.vouch(&stage.idp.sign(&bob)).await.text("scope"), "read");
    let again = stage.vouch(&stage.idp.sign(&stage.idp_claims("1"))).await;
    assert_eq!((again.error(), again.audited().1), ((400, "invalid_grant"), "assertion_replayed"));
}

#[tokio::test]
async fn nobody_else_vouches_for_anybody() {
    let stage = Believing::new();
    let now = stage.fixture.now.0;
    let right = stage.idp_claims("x");
    let cases = [
        ("aud", json!("https://elsewhere.example"), "assertion_audience"),
        ("exp", json!(now - 31), "assertion_expired"),
        ("exp", json!(now + 3_600), "assertion_too_long"),
        ("jti", Value::Null, "assertion_id"),
        ("iss", json!("https://other.example"), "assertion_issuer"),
        ("iss", json!("signer"), "assertion_issuer"),
        ("sub", json!("nobody"), "unknown_user"),
        ("sub", json!("off"), "unknown_user"),
    ];
    for (at, (claim, value, why)) in cases.into_iter().enumerate() {
        let claims = if claim == "jti" { right.clone() } else { but(right.clone(), "jti", format!("{at}").into()) };
        let told = stage.vouch(&stage.idp.sign(&but(claims, claim, value.clone()))).await;
        assert_eq!((told.error(), told.audited().1), ((400, "invalid_grant"), why), "{claim}: {value}");
    }
    let forged = stage.own.sign(&right);
    assert_eq!(stage.vouch(&forged).await.audited().1, "assertion_signature");
    let unknown = stage.fixture.token("machine", &format!("grant_type={JWT_BEARER}&assertion=x")).await;
    assert_eq!(unknown.error(), (400, "unauthorized_client"));
}

#[tokio::test]
async fn an_issuer_that_believes_nobody_reads_none_of_it() {
    let fixture = Fixture::new();
    let told = fixture.token("app", &format!("grant_type={JWT_BEARER}&assertion=x")).await;
    assert_eq!(told.error(), (400, "unsupported_grant_type"));
    let form = format!("grant_type=client_credentials&client_assertion_type={CLIENT_ASSERTION}&client_assertion=x");
    assert_eq!(fixture.token("", &form).await.error(), (401, "invalid_client"));
    let metadata = fixture.ask(Endpoint::Metadata, "", "").await;
    assert!(!metadata.json.to_string().contains("jwt-bearer"), "{}", metadata.json);
}

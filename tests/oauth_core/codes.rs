//! The code grant at the token endpoint: what a code is bound to, that it is used once
//! however many come at once, and what an application learns of the person.

use serde_json::Value;

use tollgate::clock::{Seconds, UnixTime};
use tollgate::dialect::endpoint::Endpoint;
use tollgate::oauth::authorize::code::Code;
use tollgate::oauth::authorize::request::{Back, ResponseMode, Said};
use tollgate::oauth::authorize::store::AuthorizationStore;
use tollgate::oauth::pkce::{Challenge, ChallengeMethod};
use tollgate::token::id::{ClientId, IssuerName, Subject, UserName};
use tollgate::token::jws;
use tollgate::token::scope::Scope;
use tollgate::token::secret::SecretDigest;

use crate::authorize::{fixture, get};
use crate::desk::{Fixture, Told, claims, post, scopes, set};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const URI: &str = "https://shop.example/cb";

/// A code of that text for what Ana agreed to.
fn code(text: &str, client: &str, granted: &str, now: UnixTime) -> Code {
    let challenge = Challenge { method: ChallengeMethod::S256, text: CHALLENGE.to_owned() };
    Code {
        digest: SecretDigest::of(text.as_bytes()),
        issuer: IssuerName::new("main"),
        client: ClientId::new(client),
        back: Back { uri: URI.to_owned(), said: Said::Yes, mode: ResponseMode::Query, state: None },
        subject: Subject::new("id-of-ana"),
        user: UserName::new("ana"),
        scopes: scopes(granted),
        challenge: Some(challenge),
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        signed_in: UnixTime(now.0 - 30),
        issued: now,
        expires: now.after(Seconds(60)),
    }
}

pub async fn sent(fixture: &Fixture, text: &str) {
    fixture.store.send_code(code(text, "shop", "read write", fixture.now), None).await.unwrap();
}

fn form(text: &str, verifier: &str, uri: &str) -> String {
    format!("grant_type=authorization_code&code={text}&redirect_uri={uri}&code_verifier={verifier}")
}

pub async fn redeem(fixture: &Fixture, text: &str) -> Told {
    fixture.token("shop", &form(text, VERIFIER, URI)).await
}

#[tokio::test]
async fn a_code_becomes_tokens_once_and_a_replay_kills_them() {
    let fixture = fixture();
    sent(&fixture, "c1").await;
    let told = redeem(&fixture, "c1").await;
    assert_eq!((told.status, told.text("scope").as_str()), (200, "read write"));
    assert_eq!(told.answer.grant, Some("authorization_code"));
    let (access, refresh) = (told.text("access_token"), told.text("refresh_token"));
    assert_eq!(claims(&fixture.ring, &access)["sub"], "id-of-ana");
    assert_eq!(fixture.introspect("shop", &access).await["active"], true);

    let again = redeem(&fixture, "c1").await;
    assert_eq!((again.error(), again.audited().0), ((400, "invalid_grant"), "code_reuse"));
    assert_eq!(fixture.introspect("shop", &access).await["active"], false, "the access token is dead");
    let told = fixture.token("shop", &format!("grant_type=refresh_token&refresh_token={refresh}")).await;
    assert_eq!(told.error(), (400, "invalid_grant"), "and so is the refresh token");
}

#[tokio::test]
async fn the_wrong_hands_burn_a_code() {
    let fixture = fixture();
    let other = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX";
    for (id, verifier, uri, why) in [
        ("app", VERIFIER, URI, "foreign_client"),
        ("shop", other, URI, "code_verifier"),
        ("shop", "", URI, "code_verifier"),
        ("shop", VERIFIER, "https://shop.example/other?x=1", "redirect_uri"),
        ("shop", VERIFIER, "", "redirect_uri"),
        ("shop", VERIFIER, "https://shop.example/cb/", "redirect_uri"),
    ] {
        sent(&fixture, "c2").await;
        let told = fixture.token(id, &form("c2", verifier, uri)).await;
        assert_eq!((told.error(), told.audited()), ((400, "invalid_grant"), ("token_refused", why)));
        assert_eq!(redeem(&fixture, "c2").await.error(), (400, "invalid_grant"), "burnt by {why}");
    }
    assert!(fixture.store.state().families.is_empty());
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_a_downgrade() {
    let fixture = fixture();
    let bare = Code { challenge: None, ..code("c3", "shop", "read", fixture.now) };
    fixture.store.send_code(bare.clone(), None).await.unwrap();
    assert_eq!(redeem(&fixture, "c3").await.audited(), ("token_refused", "code_verifier"));
    fixture.store.send_code(bare, None).await.unwrap();
    let told = fixture.token("shop", &form("c3", "", URI)).await;
    assert_eq!(told.status, 200);
}

#[tokio::test]
async fn a_code_ends_after_its_minute_and_unknown_ones_say_the_same() {
    let mut fixture = fixture();
    sent(&fixture, "c4").await;
    fixture.now = fixture.now.after(Seconds(60));
    let late = redeem(&fixture, "c4").await;
    assert_eq!((late.error(), late.audited().1), ((400, "invalid_grant"), "expired"));
    let unknown = redeem(&fixture, "nothing").await;
    assert_eq!(unknown.body, late.body);
}

#[tokio::test]
async fn what_was_granted_is_asked_again() {
    let fixture = fixture();
    let gone = Code { user: UserName::new("off"), ..code("c5", "shop", "read", fixture.now) };
    fixture.store.send_code(gone, None).await.unwrap();
    assert_eq!(redeem(&fixture, "c5").await.error(), (400, "invalid_grant"));
    let bob = Code {
        user: UserName::new("bob"),
        subject: Subject::new("id-of-bob"),
        ..code("c6", "shop", "read write", fixture.now)
    };
    fixture.store.send_code(bob, None).await.unwrap();
    assert_eq!(redeem(&fixture, "c6").await.text("scope"), "read", "Bob may pass on no more by now");
}

#[tokio::test]
async fn parameters_given_twice_and_codes_in_urls_are_refused() {
    let fixture = fixture();
    sent(&fixture, "c7").await;
    let twice = format!("{}&code=c7", form("c7", VERIFIER, URI));
    assert_eq!(fixture.token("shop", &twice).await.error(), (400, "invalid_request"));
    let mut raw = post("shop", "grant_type=authorization_code");
    raw.query = Some(form("c7", VERIFIER, URI));
    assert_eq!(fixture.send(Endpoint::Token, &raw).await.error(), (400, "invalid_request"));
    let none = fixture.token("shop", "grant_type=authorization_code").await;
    assert_eq!(none.error(), (400, "invalid_request"));
    let mut fixture = fixture;
    fixture.issuer.people = None;
    assert_eq!(redeem(&fixture, "c7").await.error(), (400, "unsupported_grant_type"));
}

/// The fixture with the scopes of OpenID Connect.
fn openid() -> Fixture {
    let mut fixture = fixture();
    for name in ["openid", "profile", "email"] {
        fixture.issuer.catalogue.push((Scope::parse(name).unwrap(), name.to_owned()));
    }
    let id = ClientId::new("shop");
    let mut shop = (*fixture.issuer.clients[&id]).clone();
    shop.scopes = scopes("read openid profile email");
    shop.application.post_logout_redirect_uris = vec!["https://shop.example/bye".to_owned()];
    fixture.issuer.clients.insert(id, shop.into());
    let name = UserName::new("ana");
    let mut ana = (*fixture.issuer.users[&name]).clone();
    for (field, value) in [("email", "ana@example.com"), ("email_verified", "true"), ("name", "Ana A"), ("shoe", "38")]
    {
        ana.fields.insert(field.to_owned(), value.to_owned());
    }
    fixture.issuer.users.insert(name, ana.into());
    fixture
}

fn payload(fixture: &Fixture, token: &str) -> Value {
    let opened = jws::open(&fixture.ring, token).unwrap();
    assert_eq!(opened.header_typ.as_deref(), Some("JWT"));
    Value::Object(opened.payload.into())
}

#[tokio::test]
async fn openid_tells_the_client_who_signed_in() {
    let fixture = openid();
    let now = fixture.now;
    fixture.store.send_code(code("c8", "shop", "openid email read", now), None).await.unwrap();
    let told = redeem(&fixture, "c8").await;
    let id = payload(&fixture, &told.text("id_token"));
    assert_eq!((id["iss"].as_str(), id["aud"].as_str()), (Some("https://login.example"), Some("shop")));
    assert_eq!((id["sub"].as_str(), id["nonce"].as_str()), (Some("id-of-ana"), Some("n-0S6_WzA2Mj")));
    assert_eq!((id["auth_time"].as_u64(), id["iat"].as_u64()), (Some(now.0 - 30), Some(now.0)));
    assert!(id["at_hash"].is_string() && id["exp"].as_u64() > Some(now.0));

    let info = |token: String| {
        let mut raw = get("");
        set(&mut raw, "authorization", &format!("Bearer {token}"));
        raw
    };
    let told_info = fixture.send(Endpoint::UserInfo, &info(told.text("access_token"))).await;
    let expected = serde_json::json!({ "sub": "id-of-ana", "email": "ana@example.com", "email_verified": true });
    assert_eq!((told_info.status, &told_info.json), (200, &expected), "email was granted, profile was not");
    assert_eq!(told_info.headers["cache-control"], "no-store");
    for (token, status) in [(told.text("id_token"), 401), (told.text("refresh_token"), 401), ("x".to_owned(), 401)] {
        assert_eq!(fixture.send(Endpoint::UserInfo, &info(token)).await.status, status, "not an access token");
    }
    assert_eq!(fixture.send(Endpoint::UserInfo, &get("")).await.status, 401);

    fixture.store.send_code(code("c9", "shop", "read", now), None).await.unwrap();
    let plain = redeem(&fixture, "c9").await;
    assert!(plain.json.get("id_token").is_none(), "openid was not granted");
    let refused = fixture.send(Endpoint::UserInfo, &info(plain.text("access_token"))).await;
    assert_eq!(refused.status, 403);
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("openid"));
}

#[tokio::test]
async fn discovery_says_what_is_served() {
    let fixture = openid();
    let told = fixture.send(Endpoint::OpenidConfiguration, &get("")).await;
    let document = &told.json;
    assert_eq!(document["issuer"], "https://login.example");
    for (name, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("userinfo_endpoint", "userinfo"),
        ("end_session_endpoint", "logout"),
        ("jwks_uri", "jwks"),
    ] {
        assert_eq!(document[name], format!("https://login.example/oauth2/{path}"), "{name}");
    }
    assert_eq!(document["response_types_supported"], serde_json::json!(["code"]));
    assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(document["id_token_signing_alg_values_supported"], serde_json::json!(["ES256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
}

#[tokio::test]
async fn signing_out_leads_only_where_the_client_registered() {
    let fixture = openid();
    fixture.store.send_code(code("c10", "shop", "openid", fixture.now), None).await.unwrap();
    let hint = redeem(&fixture, "c10").await.text("id_token");
    let bye = "post_logout_redirect_uri=https://shop.example/bye&state=s1";
    for query in [format!("id_token_hint={hint}&{bye}"), format!("client_id=shop&{bye}")] {
        let told = fixture.send(Endpoint::EndSession, &get(&query)).await;
        assert_eq!(
            (told.status, &told.headers["location"]),
            (302, &"https://shop.example/bye?state=s1".parse().unwrap())
        );
    }
    for query in [
        format!("id_token_hint={hint}&post_logout_redirect_uri=https://shop.example/bye2"),
        format!("id_token_hint={hint}&post_logout_redirect_uri=https://evil.example/"),
        "post_logout_redirect_uri=https://shop.example/bye".to_owned(),
        format!("client_id=app&{bye}"),
        format!("client_id=app&id_token_hint={hint}&{bye}"),
        format!("id_token_hint={hint}x&{bye}"),
        format!("id_token_hint={hint}&{bye}&state=2"),
    ] {
        let told = fixture.send(Endpoint::EndSession, &get(&query)).await;
        assert_eq!((told.status, told.headers.get("location")), (400, None), "{query}");
    }
}

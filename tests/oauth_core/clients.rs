//! Client authentication: the three ways, two live secrets, and what is counted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use tollgate::clock::Seconds;
use tollgate::dialect::endpoint::Endpoint;
use tollgate::oauth::client::GrantKind;

use crate::desk::{Fixture, client, post, set};

const MACHINE: &str = "grant_type=client_credentials";

#[tokio::test]
async fn basic_post_and_none() {
    let fixture = Fixture::new();
    assert_eq!(fixture.token("app", MACHINE).await.status, 200);
    let form = format!("{MACHINE}&client_id=app&client_secret=s3cret");
    assert_eq!(fixture.token("", &form).await.status, 200);
    let form = "grant_type=password&username=ana&password=ana-password&client_id=public";
    assert_eq!(fixture.token("", form).await.status, 200);
    let form = format!("{MACHINE}&client_id=app");
    assert_eq!(fixture.token("", &form).await.error(), (401, "invalid_client"), "app has a secret");
    let form = format!("{MACHINE}&client_secret=s3cret");
    assert_eq!(fixture.token("", &form).await.error(), (400, "invalid_request"), "whose secret");
}

#[tokio::test]
async fn both_live_secrets_work_and_their_use_is_noted() {
    let fixture = Fixture::new();
    for secret in ["s3cret", "n3w"] {
        assert_eq!(fixture.token(&format!("app:{secret}"), MACHINE).await.status, 200);
    }
    assert_eq!(fixture.token("app:other", MACHINE).await.status, 401);
    assert_eq!(fixture.store.state().used_secrets, [("app".to_owned(), 0), ("app".to_owned(), 1)]);
}

#[tokio::test]
async fn basic_parts_are_form_decoded() {
    let fixture = Fixture::new();
    let odd = client("a:b c", &["p%+:&é"], &[GrantKind::ClientCredentials]);
    fixture.store.state().clients.insert("a:b c".into(), odd);
    let mut raw = post("", MACHINE);
    let encoded = STANDARD.encode("a%3Ab+c:p%25%2B:%26%C3%A9");
    set(&mut raw, "authorization", &format!("Basic {encoded}"));
    assert_eq!(fixture.send(Endpoint::Token, &raw).await.status, 200);
}

#[tokio::test]
async fn two_credentials_must_be_one() {
    let fixture = Fixture::new();
    for (form, expected) in [
        ("client_id=app", 200),
        ("client_id=app&client_secret=s3cret", 200),
        ("client_id=app&client_secret=n3w", 400),
        ("client_id=app&client_secret=wrong", 400),
        ("client_id=other", 400),
        ("client_id=other&client_secret=s3cret", 400),
    ] {
        let told = fixture.token("app", &format!("{MACHINE}&{form}")).await;
        assert_eq!(told.status, expected, "{form}");
        if expected == 400 {
            assert_eq!(told.error(), (400, "invalid_request"));
        }
    }
    let mut raw = post("app", MACHINE);
    raw.headers.append("authorization", raw.headers["authorization"].clone());
    assert_eq!(fixture.send(Endpoint::Token, &raw).await.error(), (400, "invalid_request"));
}

#[tokio::test]
async fn unknown_wrong_and_disabled_look_alike() {
    let fixture = Fixture::new();
    let unknown = fixture.token("nobody", MACHINE).await;
    assert_eq!(unknown.audited(), ("token_refused", "unknown_client"));
    for (id, why) in [("app:wrong", "bad_secret"), ("gone", "disabled"), ("public:x", "bad_secret")] {
        let told = fixture.token(id, MACHINE).await;
        assert_eq!((told.status, &told.body, &told.headers), (401, &unknown.body, &unknown.headers), "{id}");
        assert_eq!(told.audited(), ("token_refused", why));
    }
}

#[tokio::test]
async fn guessing_a_secret_is_slowed_for_that_address_only() {
    let mut fixture = Fixture::new();
    for _ in 0..10 {
        assert_eq!(fixture.token("app:guess", MACHINE).await.status, 401);
    }
    let told = fixture.token("app", MACHINE).await;
    assert_eq!((told.status, &told.headers["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(told.audited(), ("token_refused", "throttled"));
    let mut elsewhere = post("app", MACHINE);
    elsewhere.peer = "198.51.100.7".parse().unwrap();
    assert_eq!(fixture.send(Endpoint::Token, &elsewhere).await.status, 200);
    assert_eq!(fixture.token("machine", MACHINE).await.status, 200, "another client from there");
    fixture.now = fixture.now.after(Seconds(1));
    assert_eq!(fixture.token("app", MACHINE).await.status, 200);
}

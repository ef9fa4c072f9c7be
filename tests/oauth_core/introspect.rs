//! RFC 7662: what is told about a live token, and that nothing else is told anything.

use serde_json::{Value, json};

use tollgate::clock::Seconds;
use tollgate::dialect::endpoint::Endpoint;

use crate::desk::{Fixture, claims, disabled_user};

#[tokio::test]
async fn a_live_access_token_is_told() {
    let fixture = Fixture::new();
    let (access, _) = fixture.ana().await;
    let expected = json!({
        "active": true,
        "scope": "read write admin",
        "client_id": "app",
        "username": "ana",
        "token_type": "Bearer",
        "exp": fixture.now.0 + 600,
        "iat": fixture.now.0,
        "sub": "id-of-ana",
        "aud": "https://api.example",
        "iss": "https://login.example",
        "jti": claims(&fixture.ring, &access)["jti"],
    });
    assert_eq!(fixture.introspect("app", &access).await, expected);
    let fixture = Fixture::opaque();
    let (access, _) = fixture.ana().await;
    let mut told = fixture.introspect("app", &access).await;
    let id = told["jti"].take();
    assert_eq!(id.as_str().unwrap().len(), 32);
    let without_id = |value: &Value| {
        let mut value = value.clone();
        value["jti"] = Value::Null;
        value
    };
    assert_eq!(told, without_id(&expected), "both formats say the same");
}

#[tokio::test]
async fn a_live_refresh_token_is_told_until_it_is_used() {
    let fixture = Fixture::new();
    let (_, token) = fixture.ana().await;
    let told = fixture.introspect("app", &token).await;
    assert_eq!((&told["active"], &told["username"], &told["sub"]), (&json!(true), &json!("ana"), &json!("id-of-ana")));
    assert_eq!(told["exp"], fixture.now.0 + 3_600);
    assert!(told.get("token_type").is_none());
    fixture.token("app", &format!("grant_type=refresh_token&refresh_token={token}")).await;
    assert_eq!(fixture.introspect("app", &token).await, json!({ "active": false }));
}

#[tokio::test]
async fn everything_else_is_inactive_and_nothing_more() {
    let mut fixture = Fixture::new();
    let (access, token) = fixture.ana().await;
    let inactive = json!({ "active": false });
    let mut bent = access.clone();
    bent.replace_range(access.len() - 8..access.len() - 6, "AA");
    for text in ["garbage", "a.b.c", &bent, &format!("{access}="), &format!("tgr_{}", "A".repeat(43))] {
        assert_eq!(fixture.introspect("app", text).await, inactive, "{text}");
    }
    for foreign in [&access, &token] {
        assert_eq!(fixture.introspect("other", foreign).await, inactive);
    }
    let stranger = Fixture::signing(tollgate::token::key::Algorithm::EdDsa);
    assert_eq!(stranger.introspect("app", &access).await, inactive, "another key");
    let ana = fixture.issuer.users.keys().find(|name| name.as_str() == "ana").cloned().unwrap();
    let whole = fixture.issuer.users.insert(ana.clone(), disabled_user("ana")).unwrap();
    for disabled in [&access, &token] {
        assert_eq!(fixture.introspect("app", disabled).await, inactive, "the user is disabled");
    }
    fixture.issuer.users.insert(ana, whole);
    fixture.now = fixture.now.after(Seconds(600));
    assert_eq!(fixture.introspect("app", &access).await, inactive, "expired");
    assert_eq!(fixture.introspect("app", &token).await["active"], true);
}

#[tokio::test]
async fn only_clients_with_a_secret_may_ask() {
    let fixture = Fixture::new();
    let told = fixture.ask(Endpoint::Introspect, "", "client_id=public&token=x").await;
    assert_eq!(told.error(), (401, "invalid_client"));
}

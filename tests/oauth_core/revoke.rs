//! RFC 7009: what dies, what stays, and that it is durable and seen before the answer.

use serde_json::json;

use tollgate::clock::Seconds;
use tollgate::dialect::endpoint::Endpoint;

use crate::desk::{Fixture, Told};

async fn revoke(fixture: &Fixture, id: &str, token: &str) -> Told {
    let told = fixture.ask(Endpoint::Revoke, id, &format!("token={token}&token_type_hint=access_token")).await;
    assert_eq!((told.status, told.body.len()), (200, 0), "one answer for all");
    assert_eq!(told.headers["cache-control"], "no-store");
    told
}

#[tokio::test]
async fn a_refresh_token_takes_its_access_tokens_along() {
    for fixture in [Fixture::new(), Fixture::opaque()] {
        let (access, token) = fixture.ana().await;
        let told = revoke(&fixture, "app", &token).await;
        assert_eq!(told.audited(), ("revoked", "family"));
        assert_eq!(fixture.store.state().notices.len(), 1);
        for dead in [&access, &token] {
            assert_eq!(fixture.introspect("app", dead).await, json!({ "active": false }));
        }
        let told = fixture.token("app", &format!("grant_type=refresh_token&refresh_token={token}")).await;
        assert_eq!(told.error(), (400, "invalid_grant"));
    }
}

#[tokio::test]
async fn an_access_token_dies_alone() {
    for fixture in [Fixture::new(), Fixture::opaque()] {
        let (access, token) = fixture.ana().await;
        let told = revoke(&fixture, "app", &access).await;
        assert_eq!(told.audited(), ("revoked", "token"));
        let until = fixture.store.state().notices[0].until;
        assert_eq!(until, fixture.now.after(Seconds(660)), "its end, and how far clocks may be off");
        assert_eq!(fixture.introspect("app", &access).await, json!({ "active": false }));
        assert_eq!(fixture.introspect("app", &token).await["active"], true);
        revoke(&fixture, "app", &access).await;
    }
}

#[tokio::test]
async fn unknown_foreign_and_ended_tokens_are_left_alone() {
    for mut fixture in [Fixture::new(), Fixture::opaque()] {
        let (access, token) = fixture.ana().await;
        let never = format!("tgr_{}", "A".repeat(43));
        for (id, nothing) in
            [("app", "garbage"), ("app", "a.b.c"), ("app", &never), ("other", &access), ("other", &token)]
        {
            assert!(revoke(&fixture, id, nothing).await.answer.audit.is_empty(), "{id}");
        }
        assert!(fixture.store.state().notices.is_empty() && fixture.service.list.is_empty());
        assert_eq!(fixture.introspect("app", &access).await["active"], true);
        fixture.now = fixture.now.after(Seconds(600));
        revoke(&fixture, "app", &access).await;
        assert!(fixture.store.state().notices.is_empty(), "an ended token needs no notice");
    }
}

#[tokio::test]
async fn a_public_client_revokes_its_own() {
    let fixture = Fixture::new();
    let form = "grant_type=password&username=ana&password=ana-password&client_id=public";
    let told = fixture.token("", form).await;
    let form = format!("client_id=public&token={}", told.text("refresh_token"));
    assert_eq!(fixture.ask(Endpoint::Revoke, "", &form).await.audited(), ("revoked", "family"));
}

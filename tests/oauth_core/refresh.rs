//! Rotation: one chain whatever happens, equal answers inside the grace, a dead family
//! after reuse, and everything the grant rested on asked again.

use std::sync::Arc;

use tollgate::clock::Seconds;
use tollgate::dialect::endpoint::Endpoint;

use crate::desk::{Fixture, Told, claims, client, disabled_client, disabled_user, scopes, user};

fn form(token: &str) -> String {
    format!("grant_type=refresh_token&refresh_token={token}")
}

async fn refresh(fixture: &Fixture, token: &str) -> Told {
    fixture.token("app", &form(token)).await
}

#[tokio::test]
async fn each_use_gives_a_new_pair_of_the_same_family() {
    let fixture = Fixture::new();
    let (access, first) = fixture.ana().await;
    let told = refresh(&fixture, &first).await;
    assert_eq!((told.status, told.json["scope"].as_str()), (200, Some("read write admin")));
    let second = told.text("refresh_token");
    assert_ne!(first, second);
    let (old, new) = (claims(&fixture.ring, &access), claims(&fixture.ring, &told.text("access_token")));
    assert_eq!((&old["fam"], &old["sub"]), (&new["fam"], &new["sub"]));
    assert_ne!(old["jti"], new["jti"]);
    assert_eq!(refresh(&fixture, &second).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_at_once_get_one_answer_and_leave_one_chain() {
    for fixture in [Fixture::new(), Fixture::opaque()] {
        let fixture = Arc::new(fixture);
        let (_, first) = fixture.ana().await;
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (fixture, first) = (fixture.clone(), first.clone());
                tokio::spawn(async move { refresh(&fixture, &first).await })
            })
            .collect();
        let mut bodies = Vec::new();
        let mut issued = 0;
        for task in tasks {
            let told = task.await.unwrap();
            assert_eq!(told.status, 200);
            issued += told.answer.issued.access;
            bodies.push(told.body);
        }
        bodies.dedup();
        assert_eq!((bodies.len(), issued), (1, 1), "equal bytes, counted once");
        let unused = fixture.store.state().refresh.values().filter(|row| row.used.is_none()).count();
        assert_eq!(unused, 1, "one chain");
        assert!(fixture.store.state().notices.is_empty());
    }
}

#[tokio::test]
async fn the_grace_ends_with_time_and_reuse_kills_the_family() {
    let mut fixture = Fixture::new();
    let (access, first) = fixture.ana().await;
    let told = refresh(&fixture, &first).await;
    fixture.now = fixture.now.after(Seconds(10));
    assert_eq!(refresh(&fixture, &first).await.body, told.body);
    fixture.now = fixture.now.after(Seconds(1));
    let replay = refresh(&fixture, &first).await;
    assert_eq!(replay.error(), (400, "invalid_grant"));
    assert_eq!(replay.audited().0, "refresh_reuse");
    assert_eq!(fixture.store.state().notices.len(), 1);
    for token in [&access, &told.text("access_token"), &told.text("refresh_token")] {
        assert_eq!(fixture.introspect("app", token).await, serde_json::json!({ "active": false }));
    }
    assert_eq!(refresh(&fixture, &told.text("refresh_token")).await.error(), (400, "invalid_grant"));
}

#[tokio::test]
async fn the_grace_ends_with_the_first_use_of_the_child() {
    let fixture = Fixture::new();
    let (_, first) = fixture.ana().await;
    let second = refresh(&fixture, &first).await.text("refresh_token");
    let third = refresh(&fixture, &second).await.text("refresh_token");
    assert_eq!(refresh(&fixture, &first).await.audited().0, "refresh_reuse");
    assert_eq!(refresh(&fixture, &third).await.error(), (400, "invalid_grant"));
}

#[tokio::test]
async fn tokens_end_by_idling_and_with_their_family() {
    let mut fixture = Fixture::new();
    let (_, first) = fixture.ana().await;
    fixture.now = fixture.now.after(Seconds(3_600));
    assert_eq!(refresh(&fixture, &first).await.error(), (400, "invalid_grant"), "idle");
    let (_, mut token) = fixture.ana().await;
    for _ in 0..24 {
        fixture.now = fixture.now.after(Seconds(3_590));
        token = refresh(&fixture, &token).await.text("refresh_token");
    }
    fixture.now = fixture.now.after(Seconds(300));
    assert_eq!(refresh(&fixture, &token).await.error(), (400, "invalid_grant"), "a day is over");
}

#[tokio::test]
async fn scopes_narrow_for_one_answer_and_never_widen() {
    let fixture = Fixture::new();
    let sign_in = "grant_type=password&username=ana&password=ana-password&scope=read+write";
    let first = fixture.token("app", sign_in).await.text("refresh_token");
    let told = fixture.token("app", &format!("{}&scope=read", form(&first))).await;
    assert_eq!(told.json["scope"], "read");
    let told = refresh(&fixture, &told.text("refresh_token")).await;
    assert_eq!(told.json["scope"], "read write", "the family keeps what was granted");
    let wide = fixture.token("app", &format!("{}&scope=read+admin", form(&told.text("refresh_token")))).await;
    assert_eq!(wide.error(), (400, "invalid_scope"));
    assert_eq!(refresh(&fixture, &told.text("refresh_token")).await.status, 200, "a refused wish uses nothing");
}

#[tokio::test]
async fn everything_is_asked_again() {
    let mut fixture = Fixture::new();
    let (_, token) = fixture.ana().await;
    let ana = fixture.issuer.users.keys().find(|name| name.as_str() == "ana").cloned().unwrap();
    fixture.issuer.users.insert(ana.clone(), user("ana", Some("read")));
    let told = refresh(&fixture, &token).await;
    assert_eq!(told.json["scope"], "read", "what the user may give now");
    let token = told.text("refresh_token");
    fixture.issuer.users.insert(ana.clone(), user("ana", Some("")));
    assert_eq!(refresh(&fixture, &token).await.error(), (400, "invalid_scope"), "nothing is left");
    fixture.issuer.users.insert(ana.clone(), disabled_user("ana"));
    assert_eq!(refresh(&fixture, &token).await.error(), (400, "invalid_grant"), "disabled");
    fixture.issuer.users.remove(&ana);
    assert_eq!(refresh(&fixture, &token).await.error(), (400, "invalid_grant"), "gone");
    fixture.issuer.users.insert(ana, user("ana", None));
    let app = fixture.issuer.clients.keys().find(|id| id.as_str() == "app").cloned().unwrap();
    let whole = fixture.issuer.clients.insert(app.clone(), client("app", &["s3cret"], &[])).unwrap();
    assert_eq!(refresh(&fixture, &token).await.error(), (400, "unauthorized_client"));
    fixture.issuer.clients.insert(app.clone(), disabled_client("app"));
    assert_eq!(refresh(&fixture, &token).await.error(), (401, "invalid_client"));
    let mut narrow = (*whole).clone();
    narrow.scopes = scopes("write");
    fixture.issuer.clients.insert(app, Arc::new(narrow));
    assert_eq!(refresh(&fixture, &token).await.json["scope"], "write", "what the client may have now");
}

#[tokio::test]
async fn another_client_gets_nothing_and_harms_nothing() {
    let fixture = Fixture::new();
    let (_, token) = fixture.ana().await;
    let told = fixture.token("other", &form(&token)).await;
    assert_eq!(told.error(), (400, "invalid_grant"));
    assert_eq!(told.audited(), ("token_refused", "foreign_client"));
    assert_eq!(refresh(&fixture, &token).await.status, 200);
    let told = fixture.token("other", &form(&token)).await;
    assert_eq!((told.error(), fixture.store.state().notices.len()), ((400, "invalid_grant"), 0));
}

#[tokio::test]
async fn without_rotation_the_token_goes_on_but_a_rotated_one_stays_used() {
    let mut fixture = Fixture::opaque();
    let (_, first) = fixture.ana().await;
    let second = refresh(&fixture, &first).await.text("refresh_token");
    fixture.issuer.refresh.rotate = false;
    for _ in 0..3 {
        let told = refresh(&fixture, &second).await;
        assert_eq!((told.status, told.text("refresh_token")), (200, second.clone()));
        assert_eq!((told.answer.issued.access, told.answer.issued.refresh), (1, 0));
    }
    fixture.now = fixture.now.after(Seconds(11));
    assert_eq!(refresh(&fixture, &first).await.audited().0, "refresh_reuse");
    assert_eq!(refresh(&fixture, &second).await.error(), (400, "invalid_grant"));
}

#[tokio::test]
async fn nothing_is_given_that_the_store_does_not_have() {
    let fixture = Fixture::new();
    let (_, token) = fixture.ana().await;
    fixture.store.state().fails = true;
    assert_eq!(refresh(&fixture, &token).await.error(), (503, "temporarily_unavailable"));
    let told = fixture.ask(Endpoint::Revoke, "app", &format!("token={token}")).await;
    assert_eq!(told.error(), (503, "temporarily_unavailable"));
    fixture.store.state().fails = false;
    assert_eq!(refresh(&fixture, &token).await.status, 200);
}

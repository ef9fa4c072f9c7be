//! What each grant gives: claims by RFC 9068, answers by RFC 6749 §5.1, scopes.

use serde_json::json;

use tollgate::clock::UnixTime;
use tollgate::oauth::client::GrantKind;
use tollgate::revocation::notice::Notice;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::Subject;
use tollgate::token::key::Algorithm;

use crate::desk::{Fixture, claims, client, scopes};

const PASSWORD: &str = "grant_type=password&username=ana&password=ana-password";

#[tokio::test]
async fn client_credentials_give_an_access_token_only() {
    let fixture = Fixture::new();
    let told = fixture.token("machine", "grant_type=client_credentials&scope=read").await;
    assert_eq!(told.status, 200);
    assert_eq!(told.headers["content-type"], "application/json");
    assert_eq!(told.headers["cache-control"], "no-store");
    assert_eq!(told.headers["pragma"], "no-cache");
    let names: Vec<&String> = told.json.as_object().unwrap().keys().collect();
    assert_eq!(names, ["access_token", "token_type", "expires_in", "scope"]);
    assert_eq!((&told.json["token_type"], &told.json["expires_in"]), (&json!("Bearer"), &json!(600)));
    let said = claims(&fixture.ring, &told.text("access_token"));
    assert_eq!(said["iss"], "https://login.example");
    assert_eq!(said["aud"], "https://api.example");
    assert_eq!((&said["sub"], &said["client_id"]), (&json!("machine"), &json!("machine")));
    assert_eq!(said["iat"], fixture.now.0);
    assert_eq!(said["exp"], fixture.now.0 + 600);
    assert_eq!(said["scope"], "read");
    assert_eq!(said["jti"].as_str().unwrap().len(), 22);
    assert!(!said.contains_key("fam"));
    assert_eq!(told.audited(), ("token_issued", "read"));
    assert_eq!((told.answer.result, told.answer.grant), ("ok", Some("client_credentials")));
    assert_eq!((told.answer.issued.access, told.answer.issued.refresh), (1, 0));
}

#[tokio::test]
async fn every_algorithm_signs() {
    for algorithm in Algorithm::ALL {
        let fixture = Fixture::signing(algorithm);
        let told = fixture.token("machine", "grant_type=client_credentials").await;
        assert_eq!(claims(&fixture.ring, &told.text("access_token"))["sub"], "machine", "{algorithm:?}");
    }
}

#[tokio::test]
async fn several_audiences_are_a_list() {
    let mut fixture = Fixture::new();
    fixture.issuer.token.audience = vec!["a".into(), "b".into()];
    let told = fixture.token("machine", "grant_type=client_credentials").await;
    assert_eq!(claims(&fixture.ring, &told.text("access_token"))["aud"], json!(["a", "b"]));
}

#[tokio::test]
async fn password_gives_a_family_to_those_who_may_refresh() {
    let fixture = Fixture::new();
    let told = fixture.token("app", PASSWORD).await;
    assert_eq!(told.json["scope"], "read write admin");
    assert!(told.text("refresh_token").starts_with("tgr_"));
    let said = claims(&fixture.ring, &told.text("access_token"));
    assert_eq!((&said["sub"], &said["client_id"]), (&json!("id-of-ana"), &json!("app")));
    assert_eq!(said["fam"].as_str().unwrap().len(), 32);
    assert_eq!((told.answer.issued.access, told.answer.issued.refresh), (1, 1));
    let told = fixture.token("sign-in", PASSWORD).await;
    assert!(told.json.get("refresh_token").is_none());
    assert!(!claims(&fixture.ring, &told.text("access_token")).contains_key("fam"));
}

#[tokio::test]
async fn scopes_are_bounded_by_client_user_and_catalogue() {
    let mut fixture = Fixture::new();
    let bob = "grant_type=password&username=bob&password=bob-password";
    assert_eq!(fixture.token("app", bob).await.json["scope"], "read");
    let told = fixture.token("app", &format!("{bob}&scope=read+write")).await;
    assert_eq!(told.error(), (400, "invalid_scope"));
    let told = fixture.token("app", &format!("{PASSWORD}&scope=write+read")).await;
    assert_eq!(told.json["scope"], "write read");
    fixture.issuer.default_scopes = Some(scopes("write other"));
    assert_eq!(fixture.token("app", PASSWORD).await.json["scope"], "write");
    fixture.issuer.catalogue.retain(|(scope, _)| scope.as_str() != "admin");
    let told = fixture.token("app", &format!("{PASSWORD}&scope=admin")).await;
    assert_eq!(told.error(), (400, "invalid_scope"));
}

#[tokio::test]
async fn opaque_tokens_are_rows_before_they_are_answers() {
    let fixture = Fixture::opaque();
    let told = fixture.token("machine", "grant_type=client_credentials").await;
    assert!(told.text("access_token").starts_with("tga_"));
    assert_eq!(fixture.store.state().access.len(), 1);
    let (access, _) = fixture.ana().await;
    let row = fixture.store.state().access.values().find(|row| row.family.is_some()).cloned().unwrap();
    assert_eq!((row.subject.as_str(), row.expires), ("id-of-ana", Some(UnixTime(fixture.now.0 + 600))));
    assert_eq!(fixture.introspect("app", &access).await["active"], true);
}

#[tokio::test]
async fn clients_and_users_of_the_store_are_found_after_those_of_the_file() {
    let fixture = Fixture::new();
    let mut ana = (*fixture.issuer.users.values().find(|u| u.name.as_str() == "ana").unwrap()).as_ref().clone();
    ana.password_hash = "hash:from-store".into();
    let mut zoe = ana.clone();
    zoe.subject = Subject::new("zoe-1");
    {
        let mut state = fixture.store.state();
        state.clients.insert("stored".into(), client("stored", &["s3cret"], &GrantKind::ALL));
        state.users.insert("ana".into(), ana.into());
        state.users.insert("zoe".into(), zoe.into());
    }
    let told = fixture.token("stored", "grant_type=password&username=zoe&password=from-store").await;
    assert_eq!(claims(&fixture.ring, &told.text("access_token"))["sub"], "zoe-1");
    let told = fixture.token("stored", "grant_type=password&username=ana&password=from-store").await;
    assert_eq!(told.error(), (400, "invalid_grant"), "the file's ana goes before the store's");
}

#[tokio::test]
async fn who_signs_in_right_after_a_revocation_gets_a_live_token() {
    let fixture = Fixture::new();
    let name = &fixture.issuer.name;
    let handle = Handle::of_user(name, &Subject::new("id-of-ana"));
    fixture.service.list.add(&Notice {
        kind: HandleKind::User,
        issuer: name.clone(),
        handle,
        issued_before: Some(fixture.now),
        until: UnixTime(fixture.now.0 + 1000),
    });
    let (access, refresh) = fixture.ana().await;
    assert_eq!(claims(&fixture.ring, &access)["iat"], fixture.now.0 + 1);
    assert_eq!(fixture.introspect("app", &access).await["active"], true);
    assert_eq!(fixture.introspect("app", &refresh).await["active"], true);
}

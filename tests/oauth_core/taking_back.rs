//! What a person takes back from an application: all of it, or single scopes; and what
//! is remembered of what he granted.

use tollgate::clock::Seconds;
use tollgate::dialect::endpoint::Endpoint;
use tollgate::oauth::authorize::store::AuthorizationStore;
use tollgate::oauth::authorized::{Edited, edit_scopes, list, revoke};
use tollgate::token::id::{ClientId, Subject};

use crate::authorize::fixture;
use crate::codes::{redeem, sent};
use crate::desk::{Fixture, post, scopes};

fn pair() -> (Subject, ClientId) {
    (Subject::new("id-of-ana"), ClientId::new("shop"))
}

async fn active(fixture: &Fixture, token: &str) -> (bool, String) {
    let told = fixture.introspect("shop", token).await;
    (told["active"] == true, told["scope"].as_str().unwrap_or("").to_owned())
}

#[tokio::test]
async fn scopes_that_are_taken_back_leave_living_tokens() {
    for fixture in [fixture(), opaque()] {
        let (ana, shop) = pair();
        sent(&fixture, "c1").await;
        let told = redeem(&fixture, "c1").await;
        let (access, refresh) = (told.text("access_token"), told.text("refresh_token"));
        assert_eq!(active(&fixture, &access).await, (true, "read write".to_owned()));
        let names = ["read".to_owned(), "admin".to_owned()];
        let edited = edit_scopes(&fixture.service, &fixture.issuer, (&ana, &shop), &names, fixture.now).await.unwrap();
        assert_eq!(edited, Edited::Narrowed);
        assert_eq!(active(&fixture, &access).await, (true, "read".to_owned()), "less, and never more");
        let told = fixture.token("shop", &format!("grant_type=refresh_token&refresh_token={refresh}")).await;
        assert_eq!(told.text("scope"), "read");
        let granted = list(&fixture.service, &fixture.issuer, &ana, fixture.now).await.unwrap();
        assert_eq!((granted.len(), &granted[0].consent.scopes), (1, &scopes("read")));
        let none = edit_scopes(&fixture.service, &fixture.issuer, (&ana, &shop), &[], fixture.now).await.unwrap();
        assert_eq!(none, Edited::Revoked, "nothing left is everything taken back");
        assert!(!active(&fixture, &access).await.0);
    }
}

#[tokio::test]
async fn everything_taken_back_is_dead_and_forgotten() {
    let fixture = fixture();
    let (ana, shop) = pair();
    sent(&fixture, "c2").await;
    let told = redeem(&fixture, "c2").await;
    let edited = revoke(&fixture.service, &fixture.issuer, (&ana, &shop), fixture.now).await.unwrap();
    assert_eq!(edited, Edited::Revoked);
    assert!(!active(&fixture, &told.text("access_token")).await.0);
    let raw = post("shop", &format!("grant_type=refresh_token&refresh_token={}", told.text("refresh_token")));
    assert_eq!(fixture.send(Endpoint::Token, &raw).await.error(), (400, "invalid_grant"));
    assert!(list(&fixture.service, &fixture.issuer, &ana, fixture.now).await.unwrap().is_empty());
    let again = revoke(&fixture.service, &fixture.issuer, (&ana, &shop), fixture.now).await.unwrap();
    assert_eq!(again, Edited::Missing);
    let other = (&ana, &ClientId::new("phone"));
    assert_eq!(edit_scopes(&fixture.service, &fixture.issuer, other, &[], fixture.now).await.unwrap(), Edited::Missing);
}

#[tokio::test]
async fn what_was_granted_counts_while_a_token_lives() {
    let fixture = fixture();
    let (ana, shop) = pair();
    let name = &fixture.issuer.name;
    sent(&fixture, "c3").await;
    let before = fixture.store.consent(name, &ana, &shop, fixture.now).await.unwrap().unwrap();
    assert!(!before.live, "no token was made of it yet");
    redeem(&fixture, "c3").await;
    let after = fixture.store.consent(name, &ana, &shop, fixture.now.after(Seconds(1))).await.unwrap().unwrap();
    assert!(after.live);
}

fn opaque() -> Fixture {
    let mut fixture = fixture();
    fixture.issuer.token.format = tollgate::oauth::issuer::TokenFormat::Opaque;
    fixture
}

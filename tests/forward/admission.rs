//! Who passes: the edge asks admission about every request, and says no in the
//! words of RFC 6750.

use std::sync::atomic::Ordering;

use http::Method;
use tollgate::clock::Seconds;
use tollgate::oauth::store::{Access, GrantStore as _};
use tollgate::revocation::notice::Notice;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::{ClientId, IssuerName, Subject};
use tollgate::token::scope::Scopes;
use tollgate::token::secret::SecretDigest;

use crate::backend::{OK, Then, says};
use crate::gateway::{Gateway, NOW, echo, route, token};
use crate::wire::{ask, get};

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bad_and_narrow_tokens_are_told_apart() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address).scoped(&[Method::GET], "a:read")]);
    let none = get(gateway.address, "/a", "").await;
    assert_eq!((none.status, none.all("www-authenticate")), (401, vec!["Bearer realm=\"main\""]));
    let bad = get(gateway.address, "/a", "authorization: Bearer nonsense").await;
    assert_eq!(bad.status, 401);
    assert!(bad.all("www-authenticate")[0].contains("error=\"invalid_token\""));
    let narrow = get(gateway.address, "/a", &bearer(&token(&gateway, "u", "a:write"))).await;
    assert_eq!(narrow.status, 403);
    assert!(narrow.all("www-authenticate")[0].contains("error=\"insufficient_scope\""));
    assert!(narrow.all("www-authenticate")[0].contains("scope=\"a:read\""));
    let good = token(&gateway, "u", "a:read");
    let two = get(gateway.address, "/a", &format!("{}\n{}", bearer(&good), bearer(&good))).await;
    assert_eq!(two.status, 400);
    assert_eq!(get(gateway.address, &format!("/a?access_token={good}"), "").await.status, 401);
    let wrong_method = ask(gateway.address, "DELETE /a HTTP/1.1\nhost: a", b"").await;
    assert_eq!((wrong_method.status, wrong_method.all("allow")), (405, vec!["GET, HEAD"]));
    assert_eq!(get(gateway.address, "/other", "").await.status, 404);
    assert_eq!(backend.requests(), Vec::<String>::new());
    for _ in 0..3 {
        assert_eq!(get(gateway.address, "/a", &bearer(&good)).await.status, 200);
    }
    assert_eq!(backend.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remembered_token_expires_and_is_revoked_like_any_other() {
    let gateway = Gateway::serve(vec![echo("/a").scoped(&[], "a:read")]);
    let (early, late) = (token(&gateway, "early", "a:read"), token(&gateway, "late", "a:read"));
    for known in [&early, &late] {
        assert_eq!(get(gateway.address, "/a", &bearer(known)).await.status, 200);
    }
    let issuer = IssuerName::new("main");
    let handle = Handle::of(HandleKind::User, &issuer, b"late");
    gateway.shared.revoked.add(&Notice {
        kind: HandleKind::User,
        issuer,
        handle,
        issued_before: None,
        until: NOW.after(Seconds(600)),
    });
    assert_eq!(get(gateway.address, "/a", &bearer(&late)).await.status, 401);
    assert_eq!(get(gateway.address, "/a", &bearer(&early)).await.status, 200);
    gateway.clock.advance(Seconds(600));
    gateway.shared.last_sync.store(NOW.0 + 600, Ordering::SeqCst);
    let expired = get(gateway.address, "/a", &bearer(&early)).await;
    assert_eq!(expired.status, 401);
    assert!(expired.all("www-authenticate")[0].contains("the access token expired"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_news_of_revocations_nothing_that_needs_a_token_passes() {
    let gateway = Gateway::serve(vec![echo("/a").scoped(&[], "a:read"), echo("/public")]);
    let token = token(&gateway, "u", "a:read");
    gateway.clock.advance(Seconds(30));
    assert_eq!(get(gateway.address, "/a", &bearer(&token)).await.status, 200);
    gateway.clock.advance(Seconds(1));
    let stale = get(gateway.address, "/a", &bearer(&token)).await;
    assert_eq!((stale.status, stale.all("retry-after")), (503, vec!["1"]));
    assert_eq!(get(gateway.address, "/public", "").await.status, 200);
    assert_eq!(get(gateway.address, "/a", "").await.status, 401);
}

fn row(token: &str, scopes: &str) -> Access {
    let issuer = IssuerName::new("main");
    Access {
        digest: SecretDigest::of(token.as_bytes()),
        token: Handle::of(HandleKind::Token, &issuer, token.as_bytes()),
        issuer,
        family: None,
        client: ClientId::new("app"),
        subject: Subject::new("app"),
        scopes: Scopes::parse(scopes).expect("scopes"),
        issued: NOW,
        expires: Some(NOW.after(Seconds(600))),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opaque_token_is_asked_for_and_then_remembered() {
    let gateway =
        Gateway::serve(vec![echo("/a").scoped(&[], "a:read").identity("x-client", tollgate::snapshot::Part::Client)]);
    let known = format!("tga_{}", "k".repeat(43));
    let narrow = format!("tga_{}", "n".repeat(43));
    let unknown = format!("tga_{}", "u".repeat(43));
    gateway.store.put_access(row(&known, "a:read")).await.expect("stored");
    gateway.store.put_access(row(&narrow, "a:write")).await.expect("stored");
    for _ in 0..3 {
        let answer = get(gateway.address, "/a", &bearer(&known)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["headers"]["x-client"], "app");
    }
    assert_eq!(get(gateway.address, "/a", &bearer(&narrow)).await.status, 403);
    assert_eq!(get(gateway.address, "/a", &bearer(&unknown)).await.status, 401);
    let metrics = gateway.shared.telemetry.render().expect("metrics");
    assert!(metrics.contains("result=\"unknown\""), "{metrics}");
}

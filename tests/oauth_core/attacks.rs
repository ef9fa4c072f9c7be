//! The attack list that fits the token endpoint: duplicates, secrets in the query,
//! guessed passwords, equal cost of every failure, and nothing that leaks.

use std::task::Poll;

use tollgate::clock::Seconds;
use tollgate::dialect::endpoint::Endpoint;
use tollgate::dialect::read::Codes;

use crate::desk::{Fixture, post};

const ANA: &str = "grant_type=password&username=ana&password=ana-password";

#[tokio::test]
async fn duplicates_are_refused_in_any_spelling() {
    let fixture = Fixture::new();
    for twice in [
        "grant_type=password&grant_type=client_credentials",
        "grant_type=client_credentials&scope=read&scope=read",
        "grant_type=client_credentials&scope=read&sc%6Fpe=",
        "grant_type=client_credentials&client_id=app&client_id=app",
        "grant_type=client_credentials&unheard=1&unheard=2",
    ] {
        let told = fixture.token("app", twice).await;
        assert_eq!(told.error(), (400, "invalid_request"), "{twice}");
        assert!(!told.json.to_string().contains("unheard"), "a made-up name is not echoed");
    }
    for endpoint in [Endpoint::Revoke, Endpoint::Introspect] {
        assert_eq!(fixture.ask(endpoint, "app", "token=a&token=b").await.error(), (400, "invalid_request"));
    }
}

#[tokio::test]
async fn nothing_is_read_from_the_query() {
    let fixture = Fixture::new();
    for query in ["client_id=app&client_secret=s3cret", "scope=read", "x"] {
        let mut raw = post("app", "grant_type=client_credentials");
        raw.query = Some(query.into());
        let told = fixture.send(Endpoint::Token, &raw).await;
        assert_eq!(told.error(), (400, "invalid_request"), "{query}");
        assert!(!told.json.to_string().contains("s3cret"));
    }
}

#[tokio::test]
async fn an_empty_secret_is_no_secret() {
    let fixture = Fixture::new();
    for (id, form) in [("app:", ""), ("public:", ""), ("", "&client_id=app&client_secret=")] {
        let told = fixture.token(id, &format!("{ANA}{form}")).await;
        assert_eq!(told.error(), (401, "invalid_client"), "{id}{form}");
    }
}

#[tokio::test]
async fn every_failed_sign_in_costs_one_hash_and_says_the_same() {
    let fixture = Fixture::new();
    let sign_in = |name: &str, password: &str| format!("grant_type=password&username={name}&password={password}");
    let unknown = fixture.token("app", &sign_in("nobody", "x")).await;
    assert_eq!(unknown.audited(), ("sign_in_refused", "unknown_user"));
    for (name, password, why) in [("ana", "x", "bad_password"), ("off", "off-password", "disabled")] {
        let told = fixture.token("app", &sign_in(name, password)).await;
        assert_eq!((told.status, &told.body, &told.headers), (400, &unknown.body, &unknown.headers), "{name}");
        assert_eq!(told.audited(), ("sign_in_refused", why));
    }
    // One each; only the right password of somebody disabled may be told apart, by a dialect that does.
    assert_eq!(fixture.passwords.checked(), [None, Some("hash:ana-password".into()), Some("hash:off-password".into())]);
}

#[tokio::test]
async fn guessing_passwords_is_slowed_and_locks_nobody_else_out() {
    let mut fixture = Fixture::new();
    for _ in 0..10 {
        let told = fixture.token("app", "grant_type=password&username=ana&password=guess").await;
        assert_eq!(told.error(), (400, "invalid_grant"));
    }
    let hashed = fixture.passwords.checked().len();
    let told = fixture.token("app", ANA).await;
    assert_eq!((told.status, &told.headers["retry-after"]), (429, &"1".parse().unwrap()));
    assert_eq!(told.audited(), ("sign_in_refused", "throttled"));
    assert_eq!(fixture.passwords.checked().len(), hashed, "a refused try costs no hash");
    let mut elsewhere = post("app", ANA);
    elsewhere.peer = "198.51.100.7".parse().unwrap();
    assert_eq!(fixture.send(Endpoint::Token, &elsewhere).await.status, 200);
    fixture.now = fixture.now.after(Seconds(2));
    assert_eq!(fixture.token("app", ANA).await.status, 200);
}

/// Polls all in turn until all are through, so that each has begun before any ends.
async fn at_once<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|cx| {
        for (one, told) in running.iter_mut().filter(|(_, told)| told.is_none()) {
            if let Poll::Ready(output) = one.as_mut().poll(cx) {
                *told = Some(output);
            }
        }
        if running.iter().all(|(_, told)| told.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, told)| told).collect()
}

#[tokio::test]
async fn guesses_sent_all_at_once_are_told_no_more_than_those_sent_in_turn() {
    let fixture = Fixture::new();
    let form = |i: usize| {
        let password = if i == 60 { "ana-password".to_owned() } else { format!("guess{i}") };
        format!("grant_type=password&username=ana&password={password}")
    };
    let forms: Vec<_> = (0..64).map(form).collect();
    let told = at_once(forms.iter().map(|form| fixture.token("app", form))).await;
    assert_eq!(fixture.passwords.checked().len(), 64, "all were let in before the first had failed");
    let count = |status| told.iter().filter(|told| told.status == status).count();
    assert_eq!((count(400), count(200), count(429)), (10, 0, 54));
    assert!(
        told.iter().filter(|told| told.status == 429).all(|told| told.audited() == ("sign_in_refused", "throttled"))
    );
    // Whether one of them was right shows in nothing: all the same wait, as without it.
    let after = fixture.token("app", ANA).await;
    assert_eq!((after.status, &after.headers["retry-after"]), (429, &"300".parse().unwrap()));
}

#[tokio::test]
async fn many_who_sign_in_at_once_rightly_are_all_let_in() {
    let fixture = Fixture::new();
    let told = at_once((0..64).map(|_| fixture.token("app", ANA))).await;
    assert!(told.iter().all(|told| told.status == 200));
}

#[tokio::test]
async fn spraying_one_password_over_many_names_is_slowed() {
    let fixture = Fixture::new();
    let mut refused = 0;
    for i in 0..200 {
        let told = fixture.token("app", &format!("grant_type=password&username=u{i}&password=Summer1")).await;
        refused += u32::from(told.status == 429);
    }
    assert_eq!(refused, 100, "a hundred names are tried, then the address waits");
}

#[tokio::test]
async fn neither_audit_nor_answer_holds_what_was_presented() {
    let fixture = Fixture::new();
    let (access, refresh) = fixture.ana().await;
    let mut written = String::new();
    for (endpoint, form) in [
        (Endpoint::Token, "grant_type=password&username=ana&password=hunter2".to_owned()),
        (Endpoint::Token, ANA.to_owned()),
        (Endpoint::Token, format!("grant_type=refresh_token&refresh_token={refresh}&scope=more")),
        (Endpoint::Token, format!("grant_type=refresh_token&refresh_token={access}")),
        (Endpoint::Introspect, format!("token={access}")),
        (Endpoint::Revoke, format!("token={access}")),
    ] {
        let told = fixture.ask(endpoint, "app", &form).await;
        written += &serde_json::to_string(&told.answer.audit).unwrap();
        if told.json.get("access_token").is_none() {
            written += &String::from_utf8_lossy(&told.body);
        }
    }
    for secret in ["hunter2", "ana-password", "s3cret", &access, &refresh, &access[..40], &refresh[..12]] {
        assert!(!written.contains(secret), "{secret}");
    }
    assert!(written.contains("bad_password") && written.contains("token_issued"));
    let debugged =
        format!("{:?}", fixture.dialect.read_token(&fixture.dialect.seats[0], &post("app", ANA), Codes::Absent));
    assert!(!debugged.contains("ana-password") && !debugged.contains("s3cret"), "{debugged}");
}

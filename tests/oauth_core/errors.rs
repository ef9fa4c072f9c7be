//! Every error of RFC 6749 §5.2 and of HTTP that the endpoints tell, exactly.

use bytes::Bytes;
use http::Method;

use tollgate::dialect::endpoint::Endpoint;

use crate::desk::{Fixture, post, set};

const POSTED: [Endpoint; 3] = [Endpoint::Token, Endpoint::Revoke, Endpoint::Introspect];

#[tokio::test]
async fn rfc_6749_section_5_2() {
    let fixture = Fixture::new();
    let password = "grant_type=password&username=ana";
    for (id, form, status, code) in [
        ("app", "", 400, "invalid_request"),
        ("app", "grant_type=", 400, "invalid_request"),
        ("app", "grant_type=magic", 400, "unsupported_grant_type"),
        ("app", "grant_type=authorization_code&code=x", 400, "unsupported_grant_type"),
        ("app", "grant_type=CLIENT_CREDENTIALS", 400, "unsupported_grant_type"),
        ("app", password, 400, "invalid_request"),
        ("app", "grant_type=password&password=x", 400, "invalid_request"),
        ("app", "grant_type=refresh_token", 400, "invalid_request"),
        ("", "grant_type=client_credentials", 401, "invalid_client"),
        ("nobody", "grant_type=client_credentials", 401, "invalid_client"),
        ("app:wrong", "grant_type=client_credentials", 401, "invalid_client"),
        ("gone", "grant_type=client_credentials", 401, "invalid_client"),
        ("machine", "grant_type=password&username=ana&password=ana-password", 400, "unauthorized_client"),
        ("machine", "grant_type=refresh_token&refresh_token=x", 400, "unauthorized_client"),
        ("", "grant_type=client_credentials&client_id=public", 400, "unauthorized_client"),
        ("app", "grant_type=password&username=ana&password=gu3ss", 400, "invalid_grant"),
        ("app", "grant_type=password&username=nobody&password=x", 400, "invalid_grant"),
        ("app", "grant_type=password&username=off&password=off-password", 400, "invalid_grant"),
        ("app", "grant_type=refresh_token&refresh_token=tgr_x", 400, "invalid_grant"),
        ("app", "grant_type=client_credentials&scope=unheard", 400, "invalid_scope"),
        ("app", "grant_type=client_credentials&scope=re%22ad", 400, "invalid_scope"),
    ] {
        let told = fixture.token(id, form).await;
        assert_eq!(told.error(), (status, code), "{id} {form}");
        assert_eq!(told.answer.result, code, "{form}");
        assert_eq!(told.headers["cache-control"], "no-store");
        assert_eq!(told.headers["pragma"], "no-cache");
        assert_eq!(told.headers["content-type"], "application/json");
        for sent in ["gu3ss", "magic", "unheard", "nobody", "tgr_x"] {
            assert!(!told.text("error_description").contains(sent), "{}", told.json);
        }
        let challenge = told.headers.get("www-authenticate").map(|value| value.to_str().unwrap());
        assert_eq!(challenge, (status == 401).then_some("Basic realm=\"main\""), "{form}");
    }
}

#[tokio::test]
async fn only_post_and_only_forms() {
    let fixture = Fixture::new();
    for endpoint in POSTED {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let mut raw = post("app", "grant_type=client_credentials&token=x");
            raw.method = method.clone();
            let told = fixture.send(endpoint, &raw).await;
            assert_eq!((told.status, &told.headers["allow"]), (405, &"POST".parse().unwrap()), "{endpoint:?} {method}");
        }
        for media_type in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
            let mut raw = post("app", "grant_type=client_credentials&token=x");
            set(&mut raw, "content-type", media_type);
            assert_eq!(fixture.send(endpoint, &raw).await.error(), (400, "invalid_request"), "{media_type}");
        }
        for body in ["grant_type=%zz&token=%zz", "grant_type=%ff&token=%ff", "token=%00"] {
            assert_eq!(fixture.ask(endpoint, "app", body).await.error(), (400, "invalid_request"), "{body}");
        }
        let mut raw = post("app", "");
        raw.body = Bytes::from(vec![b'a'; 70_000]);
        assert_eq!(fixture.send(endpoint, &raw).await.error(), (413, "invalid_request"));
    }
    for endpoint in [Endpoint::Revoke, Endpoint::Introspect] {
        assert_eq!(fixture.ask(endpoint, "app", "").await.error(), (400, "invalid_request"), "no token");
        assert_eq!(fixture.ask(endpoint, "", "token=x").await.error(), (401, "invalid_client"));
        assert_eq!(fixture.ask(endpoint, "app:wrong", "token=x").await.error(), (401, "invalid_client"));
    }
}

#[tokio::test]
async fn what_cannot_be_told_is_503_and_says_when_to_come_back() {
    let fixture = Fixture::new();
    let told = fixture.token("app", "grant_type=password&username=ana&password=busy").await;
    assert_eq!(told.error(), (503, "temporarily_unavailable"));
    assert_eq!(told.headers["retry-after"], "1");
    fixture.store.state().fails = true;
    for (id, form) in [
        ("app", "grant_type=password&username=ana&password=ana-password"),
        ("stranger", "grant_type=client_credentials"),
    ] {
        let told = fixture.token(id, form).await;
        assert_eq!(told.error(), (503, "temporarily_unavailable"), "{form}");
        assert_eq!(told.headers["retry-after"], "1");
        assert!(!told.json.to_string().contains("disk"), "the caller learns no detail");
        assert_eq!(told.answer.fault.as_deref(), Some("the disk is gone"));
    }
}

#[tokio::test]
async fn too_many_requests_of_one_address_are_429() {
    let mut fixture = Fixture::new();
    fixture.issuer.throttle.per_address = 5;
    let mut last = Vec::new();
    for _ in 0..6 {
        let told = fixture.token("machine", "grant_type=client_credentials").await;
        last.push(told.status);
        if told.status == 429 {
            assert_eq!(told.headers["retry-after"], "1");
        }
    }
    assert_eq!(last, [200, 200, 200, 200, 200, 429]);
}

#[tokio::test]
async fn a_ring_without_a_key_is_503() {
    let mut fixture = Fixture::new();
    fixture.ring = tollgate::token::ring::KeyRing::default();
    let told = fixture.token("machine", "grant_type=client_credentials").await;
    assert_eq!(told.error(), (503, "temporarily_unavailable"));
    assert!(told.answer.fault.unwrap().contains("no key"));
}

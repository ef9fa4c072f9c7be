//! The issuer's endpoints through the same door: collected, answered elsewhere, sent.

use http::Method;

use crate::gateway::{CLIENT_SECRET, Gateway, echo};
use crate::wire::{ask, get};

async fn post(gateway: &Gateway, path: &str, body: &str) -> crate::wire::Answer {
    let kind = "content-type: application/x-www-form-urlencoded";
    let head = format!("POST {path} HTTP/1.1\nhost: api.test\n{kind}\ncontent-length: {}", body.len());
    ask(gateway.address, &head, body.as_bytes()).await
}

fn credentials() -> String {
    format!("client_id=app&client_secret={CLIENT_SECRET}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_issued_used_introspected_and_revoked() {
    let gateway = Gateway::serve(vec![echo("/a").scoped(&[Method::GET], "a:read")]);
    let form = format!("grant_type=client_credentials&scope=a%3Aread&{}", credentials());
    let issued = post(&gateway, "/oauth2/token", &form).await;
    assert_eq!((issued.status, issued.all("cache-control")), (200, vec!["no-store"]), "{issued:?}");
    let token = issued.json()["access_token"].as_str().expect("a token").to_owned();
    let bearer = format!("authorization: Bearer {token}");
    assert_eq!(get(gateway.address, "/a", &bearer).await.status, 200);
    let question = format!("token={token}&{}", credentials());
    assert_eq!(post(&gateway, "/oauth2/introspect", &question).await.json()["active"], true);
    assert_eq!(post(&gateway, "/oauth2/revoke", &question).await.status, 200);
    assert_eq!(get(gateway.address, "/a", &bearer).await.status, 401);
    assert_eq!(post(&gateway, "/oauth2/introspect", &question).await.json()["active"], false);
    let metrics = gateway.shared.telemetry.render().expect("metrics");
    for line in ["endpoint=\"token\"", "endpoint=\"revoke\"", "result=\"revoked\""] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    assert!(!metrics.contains(&token));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_metadata_are_served_also_to_head() {
    let gateway = Gateway::serve(vec![echo("/a")]);
    for path in ["/oauth2/jwks", "/.well-known/oauth-authorization-server"] {
        let got = get(gateway.address, path, "").await;
        assert_eq!(got.status, 200, "{path}");
        assert!(got.json().is_object());
        let head = ask(gateway.address, &format!("HEAD {path} HTTP/1.1\nhost: a"), b"").await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.all("content-length"), [got.body.len().to_string()]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_request_has_bounds() {
    let gateway = Gateway::serve(vec![echo("/a")]);
    let large = post(&gateway, "/oauth2/token", &format!("grant_type=x&pad={}", "y".repeat(70_000))).await;
    assert_eq!((large.status, large.json()["error"].as_str()), (413, Some("invalid_request")));
    let query = post(&gateway, &format!("/oauth2/token?{}", credentials()), "grant_type=client_credentials").await;
    assert_eq!(query.status, 400);
    let bad = post(&gateway, "/oauth2/token", "grant_type=client_credentials&client_id=app&client_secret=wrong").await;
    assert_eq!((bad.status, bad.json()["error"].as_str()), (401, Some("invalid_client")));
}

//! Keys, metadata and CORS: what is published, and to whose pages.

use http::Method;
use serde_json::json;

use tollgate::dialect::endpoint::Endpoint;
use tollgate::oauth::endpoints;
use tollgate::oauth::issuer::TokenFormat;
use tollgate::token::key::Algorithm;

use crate::desk::{Fixture, Told, post, set};

async fn get(fixture: &Fixture, endpoint: Endpoint) -> Told {
    let mut raw = post("", "");
    raw.method = Method::GET;
    fixture.send(endpoint, &raw).await
}

#[tokio::test]
async fn metadata_says_what_is_served() {
    let fixture = Fixture::new();
    let told = get(&fixture, Endpoint::Metadata).await;
    assert_eq!((told.status, &told.headers["content-type"]), (200, &"application/json".parse().unwrap()));
    let ways = json!(["client_secret_basic", "client_secret_post", "none"]);
    assert_eq!(
        told.json,
        json!({
            "issuer": "https://login.example",
            "token_endpoint": "https://login.example/oauth2/token",
            "token_endpoint_auth_methods_supported": ways,
            "grant_types_supported": ["client_credentials", "password", "refresh_token"],
            "response_types_supported": [],
            "scopes_supported": ["read", "write", "admin"],
            "revocation_endpoint": "https://login.example/oauth2/revoke",
            "revocation_endpoint_auth_methods_supported": ways,
            "introspection_endpoint": "https://login.example/oauth2/introspect",
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "jwks_uri": "https://login.example/oauth2/jwks",
        })
    );
    let mut raw = post("", "");
    raw.method = Method::HEAD;
    assert_eq!(fixture.send(Endpoint::Metadata, &raw).await.status, 200);
    let told = fixture.ask(Endpoint::Metadata, "", "").await;
    assert_eq!((told.status, &told.headers["allow"]), (405, &"GET, HEAD".parse().unwrap()));
}

#[tokio::test]
async fn endpoints_stand_where_metadata_says() {
    let mut fixture = Fixture::new();
    let paths =
        |fixture: &Fixture| -> Vec<String> { endpoints(&fixture.issuer).into_iter().map(|stand| stand.path).collect() };
    let four = ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/jwks"];
    let well_known = "/.well-known/oauth-authorization-server";
    assert_eq!(paths(&fixture), [&four[..], &[well_known]].concat());
    fixture.issuer.url = "https://login.example/tenant/a".into();
    let (front, back) = (format!("{well_known}/tenant/a"), format!("/tenant/a{well_known}"));
    assert_eq!(paths(&fixture), [&four[..], &[&front, &back]].concat());
    let told = get(&fixture, Endpoint::Metadata).await;
    assert_eq!(told.json["token_endpoint"], "https://login.example/oauth2/token");
    assert_eq!(told.json["issuer"], "https://login.example/tenant/a");
}

#[tokio::test]
async fn keys_are_public_halves_only() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa] {
        let told = get(&Fixture::signing(algorithm), Endpoint::Jwks).await;
        assert_eq!(told.headers["cache-control"], "public, max-age=300");
        let keys = told.json["keys"].as_array().unwrap();
        assert_eq!((keys.len(), &keys[0]["alg"]), (1, &json!(algorithm.as_str())));
        for private in ["d", "p", "q", "k", "dp"] {
            assert!(keys[0].get(private).is_none(), "{private}");
        }
    }
    let mut fixture = Fixture::signing(Algorithm::Hs256);
    assert_eq!(get(&fixture, Endpoint::Jwks).await.json, json!({ "keys": [] }));
    assert!(get(&fixture, Endpoint::Metadata).await.json.get("jwks_uri").is_none());
    fixture = Fixture::new();
    fixture.issuer.token.format = TokenFormat::Opaque;
    assert!(get(&fixture, Endpoint::Metadata).await.json.get("jwks_uri").is_none());
}

#[tokio::test]
async fn listed_origins_may_read_and_nobody_sends_credentials() {
    let fixture = Fixture::new();
    let ask = |origin: &'static str, method: Method| {
        let mut raw = post("machine", "grant_type=client_credentials");
        raw.method = method;
        set(&mut raw, "origin", origin);
        set(&mut raw, "access-control-request-method", "POST");
        raw
    };
    let told = fixture.send(Endpoint::Token, &ask("https://app.example", Method::OPTIONS)).await;
    assert_eq!((told.status, told.body.len()), (204, 0));
    assert_eq!(told.headers["access-control-allow-origin"], "https://app.example");
    assert_eq!(told.headers["access-control-allow-methods"], "POST");
    assert_eq!(told.headers["access-control-allow-headers"], "authorization, content-type");
    let told = fixture.send(Endpoint::Token, &ask("https://app.example", Method::POST)).await;
    assert_eq!((told.status, &told.headers["vary"]), (200, &"Origin".parse().unwrap()));
    assert_eq!(told.headers["access-control-allow-origin"], "https://app.example");
    assert!(!told.headers.contains_key("access-control-allow-credentials"));
    for other in ["https://evil.example", "null", "https://app.example.evil", "https://APP.example"] {
        let told = fixture.send(Endpoint::Token, &ask(other, Method::OPTIONS)).await;
        assert_eq!(told.status, 405, "{other}");
        assert!(!told.headers.contains_key("access-control-allow-origin"));
        let told = fixture.send(Endpoint::Token, &ask(other, Method::POST)).await;
        assert!(!told.headers.contains_key("access-control-allow-origin"), "{other}");
        assert_eq!(told.headers["vary"], "Origin");
    }
}

//! Foreign clients get tokens and use them: curl, and the `oauth2` crate as it comes.

mod support;

use std::fs;
use std::process::Command;

use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, RefreshToken, ResourceOwnerPassword,
    ResourceOwnerUsername, Scope, TokenResponse as _, TokenUrl,
};

use serde_json::json;
use tollgate::clock::{Clock as _, SystemClock, UnixTime};
use tollgate::random::OsRandom;
use tollgate::token::key::{Algorithm, KeyMaterial};
use tollgate::token::ring::{KeyRing, RingKey, SigningKey};

use support::backend::Backend;
use support::gateway::{Folder, Gateway};
use support::http::{Answer, curl};
use support::token::{call, client_credentials, post, sign_in};
use support::yaml::standard;

/// An HTTP client for the `oauth2` crate: curl, since the gateway's certificate is
/// self-signed and this test is about the protocol.
fn carry(request: HttpRequest) -> Result<HttpResponse, std::io::Error> {
    let mut command = Command::new("curl");
    command.args(["-sk", "-i", "--max-time", "20", "-X", request.method().as_str()]);
    for (name, value) in request.headers() {
        command.args(["-H", &format!("{name}: {}", value.to_str().unwrap_or_default())]);
    }
    command.args(["--data-binary", &String::from_utf8_lossy(request.body()), &request.uri().to_string()]);
    let text = String::from_utf8_lossy(&command.output()?.stdout).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status: u16 = head.split_whitespace().nth(1).and_then(|s| s.parse().ok()).unwrap_or(500);
    let mut response = oauth2::http::Response::builder().status(status);
    for (name, value) in head.lines().skip(1).filter_map(|l| l.split_once(": ")) {
        response = response.header(name, value);
    }
    response.body(body.as_bytes().to_vec()).map_err(std::io::Error::other)
}

#[test]
fn the_oauth2_crate_gets_uses_and_refreshes_tokens() {
    let backend = Backend::ok();
    let gateway = Gateway::start("oauth2-crate", &standard(&backend.url()));
    for how in [AuthType::BasicAuth, AuthType::RequestBody] {
        let url = TokenUrl::new(format!("{}/oauth2/token", gateway.https("public"))).expect("a URL");
        let client = BasicClient::new(ClientId::new("shop".into()))
            .set_client_secret(ClientSecret::new("shop-secret".into()))
            .set_auth_type(how)
            .set_token_uri(url);

        let machine = client.exchange_client_credentials().add_scope(Scope::new("read".into())).request(&carry);
        let machine = machine.expect("a token for the client itself");
        assert!(machine.refresh_token().is_none(), "RFC 6749 §4.4.3");
        assert_eq!(call(&gateway, "GET", machine.access_token().secret()).status, 200);
        assert_eq!(call(&gateway, "POST", machine.access_token().secret()).status, 403);

        let (name, word) = (ResourceOwnerUsername::new("ana".into()), ResourceOwnerPassword::new("p4ssw0rd".into()));
        let person = client.exchange_password(&name, &word).request(&carry).expect("a token for ana");
        let refresh = RefreshToken::new(person.refresh_token().expect("a refresh token").secret().clone());
        let again = client.exchange_refresh_token(&refresh).request(&carry).expect("a second pair");
        assert_ne!(again.refresh_token().map(|t| t.secret().clone()), Some(refresh.secret().clone()), "it rotates");
        assert_eq!(call(&gateway, "POST", again.access_token().secret()).status, 200);
    }
}

#[test]
fn the_backend_sees_who_came_and_never_the_token() {
    let backend = Backend::ok();
    let gateway = Gateway::start("identity", &standard(&backend.url()));
    let (token, _) = sign_in(&gateway);
    let url = format!("{}/things/a?x=1", gateway.https("public"));
    let bearer = format!("Authorization: Bearer {token}");
    let forged = ["-H", "X-User: root", "-H", "X_User: root", "-H", "x-USER: root", "-H", "X-Client: evil"];
    let answer = curl(&[&["-H", &bearer, &url], &forged[..]].concat());
    assert_eq!(answer.status, 200);
    let seen = backend.seen().pop().expect("one request");
    assert!(seen.head[0].starts_with("GET /things/a?x=1 HTTP/1.1"), "{seen:?}");
    assert_eq!(seen.header("x-client"), ["shop"]);
    assert_eq!(seen.header("x-scopes"), ["read write"]);
    assert_eq!(seen.header("x-user").len(), 1);
    assert_ne!(seen.header("x-user"), ["root"]);
    assert!(seen.header("x_user").is_empty() && seen.header("authorization").is_empty(), "{seen:?}");
    assert!(!seen.head.join("\n").contains(&token));
}

#[test]
fn what_is_not_admitted_never_reaches_the_backend() {
    let backend = Backend::ok();
    let gateway = Gateway::start("refused", &standard(&backend.url()));
    let base = gateway.https("public");
    let token = client_credentials(&gateway, "other:other-secret", "read");
    let bearer = format!("Authorization: Bearer {token}");

    let none = curl(&[&format!("{base}/things/1")]);
    assert_eq!((none.status, none.header("www-authenticate").is_some_and(|v| v.starts_with("Bearer"))), (401, true));
    assert!(!none.head.contains("error="), "RFC 6750 §3.1: no error code without a credential: {none:?}");

    let narrow = curl(&["-X", "POST", "-H", &bearer, &format!("{base}/things/1")]);
    assert_eq!(narrow.status, 403);
    let challenge = narrow.header("www-authenticate").unwrap_or_default().to_owned();
    assert!(challenge.contains("insufficient_scope") && challenge.contains("scope=\"write\""), "{challenge}");

    let method = curl(&["-X", "PATCH", "-H", &bearer, &format!("{base}/things/1")]);
    assert_eq!(method.status, 405);
    let allow = method.header("allow").unwrap_or_default();
    assert!(allow.contains("GET") && allow.contains("DELETE"), "{method:?}");

    assert_eq!(curl(&["-H", &bearer, &format!("{base}/elsewhere")]).status, 404);
    assert_eq!(curl(&["-H", "Authorization: Bearer abc", &format!("{base}/things/1")]).status, 401);
    assert_eq!(curl(&["-H", &bearer, "-H", &bearer, &format!("{base}/things/1")]).status, 400);
    for path in ["/things/%2e%2e/open", "/open/..%2fthings/1", "/open/%2e%2e/things/1", "/things/a%00b", "/things;x/1"]
    {
        assert_eq!(curl(&["--path-as-is", "-H", &bearer, &format!("{base}{path}")]).status, 400, "{path}");
    }
    assert!(backend.seen().is_empty(), "{:?}", backend.seen());
}

#[test]
fn discovery_says_what_is_served_and_nothing_else() {
    let gateway = Gateway::start("discovery", &standard("builtin:echo"));
    let base = gateway.https("public");
    let meta = curl(&[&format!("{base}/.well-known/oauth-authorization-server")]).json();
    assert_eq!(meta["issuer"], "https://issuer.example");
    assert!(meta.get("authorization_endpoint").is_none(), "{meta}");
    let keys = curl(&[&format!("{base}/oauth2/jwks")]).json();
    assert_eq!(keys["keys"][0]["kty"], "EC");
    assert!(keys["keys"][0].get("d").is_none(), "never the private half");
    assert_eq!(curl(&[&format!("{base}/.well-known/openid-configuration")]).status, 404);
}

#[test]
fn introspection_answers_its_own_clients_only() {
    let gateway = Gateway::start("introspect", &standard("builtin:echo"));
    let (token, refresh) = sign_in(&gateway);
    let own = post(&gateway, "introspect", "shop:shop-secret", &[("token", &token)]).json();
    assert_eq!((own["active"].as_bool(), own["client_id"].as_str()), (Some(true), Some("shop")));
    let own = post(&gateway, "introspect", "shop:shop-secret", &[("token", &refresh)]).json();
    assert_eq!(own["active"], true);
    let foreign = post(&gateway, "introspect", "other:other-secret", &[("token", &token)]);
    assert_eq!(foreign.body, r#"{"active":false}"#);
    let garbage = post(&gateway, "introspect", "shop:shop-secret", &[("token", "garbage")]);
    assert_eq!(garbage.body, r#"{"active":false}"#);
}

/// A key pair as two parties have it: what signs, and the public key set.
fn pair(algorithm: Algorithm) -> (SigningKey, String) {
    let material = KeyMaterial::generate(algorithm, &OsRandom::default()).expect("a key");
    let signer = SigningKey::parse(&material).expect("a key");
    let key = RingKey { material, signs_from: UnixTime(0), verify_until: None };
    (signer, KeyRing::of_ours(vec![key], UnixTime(1)).expect("a ring").jwks().to_string())
}

#[test]
fn clients_and_other_issuers_vouch_by_jwts_once_each_even_after_a_restart() {
    let backend = Backend::ok();
    let believing =
        "    host: any\n    assertions: { trusted: [{ issuer: https://idp.example, jwks: { file: idp.json } }] }";
    let signer = "clients:\n      - { id: signer, jwks: { file: signer.json }, grants: [client_credentials, \"urn:ietf:params:oauth:grant-type:jwt-bearer\"], scopes: [read] }";
    let yaml = standard(&backend.url());
    assert!(yaml.contains("    host: any\n") && yaml.contains("clients:"), "{yaml}");
    let yaml = yaml.replacen("    host: any", believing, 1).replacen("clients:", signer, 1);
    let folder = Folder::new("assertions");
    let ((own, own_set), (idp, idp_set)) = (pair(Algorithm::Es256), pair(Algorithm::Rs256));
    for (name, text) in [("signer.json", &own_set), ("idp.json", &idp_set), ("gateway.yaml", &yaml)] {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let gateway = Gateway::start_in(folder);
    let url = format!("{}/oauth2/token", gateway.https("public"));
    let discovered = curl(&[&format!("{}/.well-known/oauth-authorization-server", gateway.https("public"))]).json();
    let audience = discovered["issuer"].as_str().expect("an issuer").to_owned();
    let end = SystemClock.now().0 + 120;
    let sign = |key: &SigningKey, claims: serde_json::Value| {
        let header = json!({ "typ": "JWT", "alg": key.algorithm().as_str() });
        key.sign_with(&header, claims.to_string().as_bytes()).expect("a JWT")
    };
    let proof = |jti: &str| {
        let claims = json!({ "iss": "signer", "sub": "signer", "aud": audience, "exp": end, "jti": jti });
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        format!("client_assertion_type={kind}&client_assertion={}", sign(&own, claims))
    };
    let first = format!("grant_type=client_credentials&{}", proof("1"));
    let machine = curl(&["-d", &first, &url]);
    assert_eq!(machine.status, 200, "{machine:?}");
    let token = |answer: &Answer| answer.json()["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(call(&gateway, "GET", &token(&machine)).status, 200);
    let vouched = json!({ "iss": "https://idp.example", "sub": "ana", "aud": audience, "exp": end, "jti": "a" });
    let bearer = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer";
    let vouched = format!("{bearer}&assertion={}&{}", sign(&idp, vouched), proof("2"));
    let person = curl(&["-d", &vouched, &url]);
    assert_eq!(person.status, 200, "{person:?}");
    assert_eq!(call(&gateway, "GET", &token(&person)).status, 200);
    let (_, folder) = gateway.stop();
    let again = Gateway::start_in(folder);
    let url = format!("{}/oauth2/token", again.https("public"));
    let replayed = curl(&["-d", &first, &url]);
    assert_eq!((replayed.status, replayed.json()["error"].as_str()), (401, Some("invalid_client")), "{replayed:?}");
}

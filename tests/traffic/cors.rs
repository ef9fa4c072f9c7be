//! The CORS protocol at a protected route: what a browser needs passes without a token,
//! what a foreign page wants does not.

use crate::house::{clear, get, house, of_client};
use crate::support::backend::Backend;
use crate::wire::{Answer, ask};

const ROUTES: &str = r#"
limits: { tight: { key: address, rate: 1/h } }
routes:
  - name: things
    path: /things/**
    upstream: backend
    access: [{ methods: [GET, PUT], scopes: [read] }]
    cors: { origins: ["https://app.example.com", "https://*.apps.example.com"], headers: [Authorization, X-Own], expose: [ETag], credentials: true, max_age: 1h }
  - { name: open, path: /open/**, upstream: backend, access: public, cors: { origins: "*" }, limits: tight }
  - { name: plain, path: /plain/**, upstream: backend, access: token }
"#;

fn preflight(
    gateway: &crate::support::gateway::Gateway,
    path: &str,
    origin: &str,
    method: &str,
    headers: &str,
) -> Answer {
    let origin = format!("origin: {origin}");
    let method = format!("access-control-request-method: {method}");
    let headers = format!("access-control-request-headers: {headers}");
    ask(clear(gateway), &format!("OPTIONS {path} HTTP/1.1"), &[&origin, &method, &headers], b"")
}

fn told(answer: &Answer) -> Vec<String> {
    let lines = answer.head.lines().filter(|line| line.to_ascii_lowercase().starts_with("access-control-"));
    lines.map(str::to_ascii_lowercase).collect()
}

#[test]
fn a_preflight_is_answered_before_authentication_and_never_reaches_the_backend() {
    let backend = Backend::ok();
    let gateway = house("preflight", &[("backend", &backend.url())], ROUTES);
    for origin in ["https://app.example.com", "https://a1.apps.example.com"] {
        let answer = preflight(&gateway, "/things/1", origin, "PUT", "authorization, x-own, content-type");
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET, PUT"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("authorization, x-own"));
        assert_eq!(answer.header("access-control-max-age"), Some("3600"));
        assert!(answer.header("vary").is_some_and(|vary| vary.starts_with("Origin")));
    }
    assert_eq!(backend.seen().len(), 0);
    assert_eq!(preflight(&gateway, "/plain/1", "https://app.example.com", "GET", "").status, 401, "only where asked");
}

#[test]
fn foreign_origins_methods_and_headers_get_nothing() {
    let gateway = house("preflight-refused", &[("backend", "builtin:echo")], ROUTES);
    for (origin, method, headers) in [
        ("null", "GET", ""),
        ("https://evil.test", "GET", ""),
        ("https://app.example.com.evil.test", "GET", ""),
        ("https://evil.test/.apps.example.com", "GET", ""),
        ("https://a.b.apps.example.com", "GET", ""),
        ("http://app.example.com", "GET", ""),
        ("https://app.example.com", "DELETE", ""),
        ("https://app.example.com", "GET", "x-admin"),
    ] {
        let answer = preflight(&gateway, "/things/1", origin, method, headers);
        assert_eq!(answer.status, 403, "{origin} {method} {headers}");
        assert_eq!(told(&answer), Vec::<String>::new(), "{origin} {method} {headers}");
    }
}

#[test]
fn answers_say_who_may_read_them_refusals_too() {
    let theirs = "HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\naccess-control-allow-credentials: true\r\n\
                  access-control-max-age: 9\r\nvary: Accept\r\ncontent-length: 2\r\n\r\nok";
    let backend = Backend::start(move |_| theirs.as_bytes().to_vec());
    let gateway = house("cors", &[("backend", &backend.url())], ROUTES);
    let token = of_client(&gateway, "shop", "read");
    let ours = [
        "access-control-allow-origin: https://app.example.com",
        "access-control-allow-credentials: true",
        "access-control-expose-headers: etag",
    ];
    let known = get(&gateway, "/things/1", &[&token, "origin: https://app.example.com"]);
    assert_eq!((known.status, told(&known)), (200, ours.map(str::to_owned).to_vec()));
    assert_eq!(known.all("vary"), ["Accept", "Origin"]);
    let refused = get(&gateway, "/things/1", &["origin: https://app.example.com"]);
    assert_eq!((refused.status, told(&refused)), (401, ours.map(str::to_owned).to_vec()), "a page may read why");
    for origin in ["null", "https://evil.test"] {
        let unknown = get(&gateway, "/things/1", &[&token, &format!("origin: {origin}")]);
        assert_eq!((unknown.status, told(&unknown)), (200, vec![]), "{origin}");
        assert_eq!(unknown.all("vary"), ["Accept", "Origin"], "a cache must not mix them up");
    }
    let open = get(&gateway, "/open/1", &["origin: null"]);
    assert_eq!(told(&open), ["access-control-allow-origin: *"], "never with credentials");
    let limited = get(&gateway, "/open/1", &["origin: https://any.test"]);
    assert_eq!((limited.status, told(&limited)), (429, vec!["access-control-allow-origin: *".to_owned()]));
}

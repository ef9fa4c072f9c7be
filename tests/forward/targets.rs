//! The path and query a backend sees are those that were judged.

use tollgate::access::route::Presentation;

use crate::backend::{OK, Then, says};
use crate::gateway::{Gateway, route};
use crate::wire::{ask, get};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_judged_form_is_the_sent_form() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/**", backend.address)]);
    let asked = [
        ("/plain?x=%20&y", "/plain?x=%20&y"),
        ("/a//b", "/a/b"),
        ("/%7Euser/%e4%bd%a0", "/~user/%E4%BD%A0"),
        ("/q?a=//..;%2f", "/q?a=//..;%2f"),
        ("/?", "/?"),
    ];
    for (path, _) in asked {
        assert_eq!(get(gateway.address, path, "").await.status, 200, "{path}");
    }
    assert_eq!(ask(gateway.address, "GET http://api.test/abs HTTP/1.1\nhost: api.test", b"").await.status, 200);
    let lines: Vec<_> = backend.requests().iter().map(|r| r.lines().next().unwrap_or_default().to_owned()).collect();
    let mut wanted: Vec<_> = asked.iter().map(|(_, sent)| format!("GET {sent} HTTP/1.1")).collect();
    wanted.push("GET /abs HTTP/1.1".to_owned());
    assert_eq!(lines, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_two_readings_reaches_nobody() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/**", backend.address)]);
    for path in [
        "/a/../b",
        "/a/./b",
        "/a/%2e%2e/b",
        "/a%2fb",
        "/a%5cb",
        "/a\\b",
        "/a%00",
        "/a;x/b",
        "/a%3bx",
        "/a%252e%252e/",
        "/a%",
        "/a%zz",
        "/%ff",
    ] {
        let answer = get(gateway.address, path, "").await;
        assert_eq!(answer.status, 400, "{path}");
    }
    for (head, status) in [
        ("TRACE / HTTP/1.1\nhost: api.test", 405),
        ("OPTIONS * HTTP/1.1\nhost: api.test", 400),
        ("GET / HTTP/1.1\nhost: a b", 400),
        ("GET / HTTP/1.1", 400),
        ("GET / HTTP/1.1\nhost: a\nhost: a", 400),
        ("GET http://other.test/ HTTP/1.1\nhost: api.test", 400),
    ] {
        assert_eq!(ask(gateway.address, head, b"").await.status, status, "{head}");
    }
    assert_eq!(backend.requests(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_and_a_token_are_taken_off() {
    let backend = says(OK, Then::Keep).await;
    let mut stripped = route("/api/**", backend.address);
    stripped.plan.strip_prefix = Some("/api".into());
    stripped.presentation = Presentation { query: vec!["access_token".into()], ..Presentation::default() };
    let gateway = Gateway::serve(vec![stripped]);
    for path in ["/api/v1?a=1&access_token=t&b=2", "/api", "/api/?access_token=t", "/api/x?access%5Ftoken=t"] {
        assert_eq!(get(gateway.address, path, "").await.status, 200, "{path}");
    }
    let lines: Vec<_> = backend.requests().iter().map(|r| r.lines().next().unwrap_or_default().to_owned()).collect();
    assert_eq!(lines, ["GET /v1?a=1&b=2 HTTP/1.1", "GET / HTTP/1.1", "GET / HTTP/1.1", "GET /x HTTP/1.1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_goes_on_in_its_one_form() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/", backend.address)]);
    assert_eq!(ask(gateway.address, "GET / HTTP/1.1\nhost: API.test.:80", b"").await.status, 200);
    assert_eq!(backend.header("host"), ["api.test:80"]);
}

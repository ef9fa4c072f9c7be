//! Copies of requests: complete, without secrets, and of no consequence to the caller.

use crate::house::{clear, counts, get, house, metric, of_client};
use crate::support::backend::{Backend, Seen};
use crate::support::http::until;
use crate::wire::ask;

const ROUTES: &str = r#"
routes:
  - name: things
    path: /things/**
    upstream: backend
    access: token
    forward: { headers: { X-User: "{sub}" }, set: { X-Api-Key: the-backends-own }, authorization: keep, strip_prefix: /things }
    mirror: { upstream: shadow, max_body: 16B }
  - { name: some, path: /some/**, upstream: backend, access: public, mirror: { upstream: shadow, share: 0.0 } }
  - { name: dead, path: /dead/**, upstream: backend, access: public, mirror: { upstream: nobody } }
"#;

/// Waits until the second upstream has seen so many.
fn seen(backend: &Backend, count: usize) -> Vec<Seen> {
    until("so many copies", || backend.seen().len() >= count);
    backend.seen()
}

#[test]
fn the_copy_is_whole_but_for_secrets_and_its_answer_is_dropped() {
    let backend = Backend::ok();
    let shadow = Backend::start(|_| b"HTTP/1.1 500 Oh\r\nset-cookie: evil=1\r\ncontent-length: 4\r\n\r\nevil".to_vec());
    let gateway = house(
        "mirror",
        &[("backend", &backend.url()), ("shadow", &shadow.url()), ("nobody", "http://127.0.0.1:1")],
        ROUTES,
    );
    let token = of_client(&gateway, "shop", "read");
    let lines =
        [token.as_str(), "cookie: session=secret", "x-other: 1", "X_Tollgate_Mirror: 1", "x-tollgate-mirror: 1"];
    let answer = ask(clear(&gateway), "POST /things/1?q=2 HTTP/1.1", &lines, b"hello, mirror");
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    assert!(!answer.head.contains("evil"), "{answer:?}");
    let first = &backend.seen()[0];
    assert_eq!((first.header("x-api-key"), first.header("cookie")), (vec!["the-backends-own"], vec!["session=secret"]));
    let copy = &seen(&shadow, 1)[0];
    assert_eq!((copy.head[0].as_str(), &copy.body[..]), ("POST /1?q=2 HTTP/1.1", &b"hello, mirror"[..]));
    assert_eq!((copy.header("x-user"), copy.header("x-other")), (vec!["shop"], vec!["1"]));
    assert_eq!(copy.header("x-tollgate-mirror"), ["1"]);
    for secret in ["authorization", "cookie", "x-api-key"] {
        assert_eq!(copy.header(secret), Vec::<&str>::new(), "{secret}");
    }
    let marks = ["x-tollgate-mirror", "x_tollgate_mirror"].map(|name| first.header(name).len());
    assert_eq!(marks, [0, 0], "nobody passes himself off as a copy");
    assert_eq!(get(&gateway, "/things/2", &[&token]).status, 200);
    assert_eq!(seen(&shadow, 2)[1].head[0], "GET /2 HTTP/1.1");
    counts(&gateway, r#"tollgate_mirrored_total{result="sent",route="things"}"#, 2);
}

#[test]
fn what_is_too_large_or_not_drawn_is_not_copied() {
    let (backend, shadow) = (Backend::ok(), Backend::ok());
    let gateway = house(
        "mirror-bounds",
        &[("backend", &backend.url()), ("shadow", &shadow.url()), ("nobody", "http://127.0.0.1:1")],
        ROUTES,
    );
    let token = of_client(&gateway, "shop", "read");
    let large = ask(clear(&gateway), "POST /things/1 HTTP/1.1", &[&token], b"seventeen bytes!!");
    assert_eq!(large.status, 200);
    let chunks = b"10\r\n0123456789abcdef\r\n1\r\n!\r\n0\r\n\r\n";
    let mut socket =
        crate::wire::send(clear(&gateway), "PUT /things/1 HTTP/1.1", &[&token, "transfer-encoding: chunked"], b"");
    std::io::Write::write_all(&mut socket, chunks).expect("written");
    let mut said = Vec::new();
    std::io::Read::read_to_end(&mut socket, &mut said).expect("an answer");
    assert_eq!(crate::wire::parse(&said).status, 200);
    counts(&gateway, r#"tollgate_mirrored_total{result="too_large",route="things"}"#, 2);
    (0..20).for_each(|_| assert_eq!(get(&gateway, "/some/1", &[]).status, 200));
    assert_eq!(get(&gateway, "/things/last", &[&token]).status, 200);
    assert_eq!(seen(&shadow, 1).len(), 1, "the last one alone");
}

#[test]
fn a_dead_or_silent_mirror_costs_the_caller_nothing() {
    let backend = Backend::ok();
    // It takes requests and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let gateway = house(
        "mirror-dead",
        &[("backend", &backend.url()), ("shadow", &url), ("nobody", "http://127.0.0.1:1")],
        ROUTES,
    );
    (0..5).for_each(|_| assert_eq!(get(&gateway, "/dead/1", &[]).status, 200));
    counts(&gateway, r#"tollgate_mirrored_total{result="failed",route="dead"}"#, 5);
    let token = of_client(&gateway, "shop", "read");
    // More than may be under way on the two workers together.
    (0..140).for_each(|_| assert_eq!(get(&gateway, "/things/1", &[&token]).status, 200));
    until("some are dropped", || metric(&gateway, r#"tollgate_mirrored_total{result="dropped",route="things"}"#) >= 12);
    assert_eq!(backend.seen().len(), 145);
}

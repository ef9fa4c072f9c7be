//! A backend's answer as the caller gets it.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::backend::{OK, Then, says};
use crate::gateway::{Gateway, route};
use crate::wire::{ask, get, parse, raw};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_headers_and_body_come_back_without_the_connections_lines() {
    let said = "HTTP/1.1 418 Odd\r\nconnection: x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\nupgrade: h2c\r\n\
                set-cookie: a=1\r\nset-cookie: b=2\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello";
    let backend = says(said, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address)]);
    let answer = get(gateway.address, "/a", "").await;
    assert_eq!((answer.status, answer.body.as_slice()), (418, &b"hello"[..]));
    assert_eq!(answer.all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(answer.all("content-length"), ["5"]);
    for gone in ["x-hop", "keep-alive", "upgrade"] {
        assert_eq!(answer.all(gone), Vec::<&str>::new(), "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_without_a_body_have_none() {
    for (method, said, status, length) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", 200, vec!["1000"]),
        ("HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", 200, vec![]),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, vec![]),
        ("GET", "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\ncontent-length: 7\r\n\r\n", 304, vec![]),
    ] {
        let backend = says(said, Then::Keep).await;
        let gateway = Gateway::serve(vec![route("/a", backend.address)]);
        for _ in 0..2 {
            let answer = ask(gateway.address, &format!("{method} /a HTTP/1.1\nhost: a"), b"").await;
            assert_eq!((answer.status, answer.all("content-length")), (status, length.clone()), "{said}");
            assert!(answer.body.is_empty(), "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_framing_of_a_body_is_read() {
    let long = "x".repeat(300_000);
    let hex = format!("{:x}", long.len());
    for (said, then, body) in [
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".to_owned(),
            Then::Keep,
            "abcde",
        ),
        (
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{hex}\r\n{long}\r\n0\r\n\r\n"),
            Then::Keep,
            &*long,
        ),
        (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{long}", long.len()), Then::Keep, &*long),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end".to_owned(), Then::Close, "until the end"),
        ("HTTP/1.0 200 OK\r\n\r\nold".to_owned(), Then::Close, "old"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(), Then::Keep, ""),
        (
            "HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned(),
            Then::Keep,
            "ok",
        ),
    ] {
        let backend = says(said.clone(), then).await;
        let gateway = Gateway::serve(vec![route("/a", backend.address)]);
        for _ in 0..2 {
            let answer = get(gateway.address, "/a", "").await;
            assert_eq!(answer.status, 200, "{}", &said[..60.min(said.len())]);
            assert!(answer.body == body.as_bytes(), "{}", &said[..60.min(said.len())]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_serves_one_request_after_the_other() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address)]);
    let mut socket = TcpStream::connect(gateway.address).await.expect("connected");
    let mut buffer = vec![0; 4096];
    for _ in 0..20 {
        socket.write_all(b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("written");
        let n = socket.read(&mut buffer).await.expect("read");
        assert_eq!(parse(&buffer[..n]).body, b"ok");
    }
    let two = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\nGET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let said = String::from_utf8(raw(gateway.address, two).await).expect("text");
    assert_eq!(said.matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(backend.requests().len(), 22);
}

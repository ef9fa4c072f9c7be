//! Both directions at once: an answer that begins before its request has ended, and what
//! else an HTTP/1.1 backend may do that a careless gateway spoils.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::backend::{OK, Then, says};
use crate::gateway::{Gateway, route};
use crate::wire::{ask, get, raw};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A backend that echoes each byte of a body of `length` as soon as it has come.
async fn mirror(length: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("accepted");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            socket.read_exact(&mut byte).await.expect("a head");
            head.push(byte[0]);
        }
        let said = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        socket.write_all(said.as_bytes()).await.expect("written");
        let (mut left, mut buffer) = (length, vec![0; 64 * 1024]);
        while left > 0 {
            let n = socket.read(&mut buffer).await.expect("a body");
            socket.write_all(&buffer[..n]).await.expect("taken");
            left -= n;
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_may_begin_before_the_request_has_ended() {
    let gateway = Gateway::serve(vec![route("/a", mirror(3).await)]);
    let mut socket = TcpStream::connect(gateway.address).await.expect("connected");
    socket.write_all(b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n").await.expect("written");
    let mut said = Vec::new();
    while !said.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).await.expect("a head before any body");
        said.push(byte[0]);
    }
    for byte in b"abc" {
        socket.write_all(&[*byte]).await.expect("written");
        let mut back = [0];
        socket.read_exact(&mut back).await.expect("mirrored");
        assert_eq!(back[0], *byte);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_reads_only_at_the_end_holds_up_nobody() {
    // More than all buffers on the way take: only if the body goes on while the answer
    // does not will there be an end.
    let large = 24 << 20;
    let gateway = Gateway::serve(vec![route("/a", mirror(large).await)]);
    let (mut from, mut to) = TcpStream::connect(gateway.address).await.expect("connected").into_split();
    let head = format!("POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {large}\r\n\r\n");
    to.write_all(head.as_bytes()).await.expect("written");
    let reader = tokio::spawn(async move {
        let mut said = Vec::new();
        from.read_to_end(&mut said).await.map(|_| said.len())
    });
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..large / chunk.len() {
        tokio::time::timeout(PATIENCE, to.write_all(&chunk)).await.expect("it moves").expect("written");
    }
    let said = tokio::time::timeout(PATIENCE, reader).await.expect("in time").expect("no panic").expect("read");
    assert!(said > large, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trailers_reach_a_caller_who_asked_for_them() {
    let said =
        "HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n";
    let backend = says(said, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address)]);
    for (te, end) in [("te: trailers\r\n", "3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n"), ("", "3\r\nabc\r\n0\r\n\r\n")] {
        let request = format!("GET /a HTTP/1.1\r\nhost: a\r\n{te}connection: close\r\n\r\n");
        let got = String::from_utf8(raw(gateway.address, request.as_bytes()).await).expect("text");
        assert!(got.ends_with(end), "{got:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_backends_and_careless_ones_are_understood() {
    for (said, then, body) in [
        ("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 3\r\n\r\nold", Then::Keep, "old"),
        ("HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok", Then::Keep, "ok"),
        ("HTTP/1.1 200 OK\ncontent-length: 2\n\nok", Then::Keep, "ok"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2  \r\nok\r\n0\r\n\r\n", Then::Keep, "ok"),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", Then::Close, "until the end"),
    ] {
        let backend = says(said, then).await;
        let gateway = Gateway::serve(vec![route("/a", backend.address)]);
        for _ in 0..2 {
            let answer = get(gateway.address, "/a", "").await;
            assert_eq!((answer.status, answer.body.as_slice()), (200, body.as_bytes()), "{said:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_request_is_never_told_to_send_its_body() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address).scoped(&[], "a:read")]);
    let head = "POST /a HTTP/1.1\nhost: a\nexpect: 100-continue\ncontent-length: 5";
    assert_eq!(ask(gateway.address, head, b"").await.status, 401);
}

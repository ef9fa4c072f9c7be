//! Bodies on their way in both directions: framing, bounds, back-pressure.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use tollgate::access::route::Presentation;

use crate::backend::{OK, Then, says};
use crate::buffers;
use crate::gateway::{Gateway, echo, route, token};
use crate::wire::{ask, parse, raw};

/// What a stalled reader may leave in the gateway.
const MOST_KEPT: usize = 8 << 20;
/// More than fits anywhere on the way.
const LARGE: usize = 96 << 20;
/// That, and what two connections leave in the buffers of the kernel, as its settings are.
fn most_buffered() -> usize {
    let most = MOST_KEPT + buffers::of_two_connections();
    assert!(most < LARGE, "a kernel that holds {most} bytes shows nothing");
    most
}

/// How long a writer must make no progress to count as held back.
const STALL: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn framing_follows_from_the_body() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address)]);
    for (head, body, sent) in [
        ("POST /a HTTP/1.1\nhost: a\ncontent-length: 5", "hello", "content-length: 5\r\n\r\nhello"),
        (
            "POST /a HTTP/1.1\nhost: a\ntransfer-encoding: chunked",
            "5\r\nhello\r\n0\r\n\r\n",
            "\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ),
        ("GET /a HTTP/1.1\nhost: a\ncontent-length: 5", "hello", "content-length: 5\r\n\r\nhello"),
        (
            "GET /a HTTP/1.1\nhost: a\ntransfer-encoding: chunked",
            "5\r\nhello\r\n0\r\n\r\n",
            "\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ),
        ("POST /a HTTP/1.1\nhost: a\ncontent-length: 0", "", "content-length: 0\r\n\r\n"),
        ("POST /a HTTP/1.1\nhost: a", "", "content-length: 0\r\n\r\n"),
        ("DELETE /a HTTP/1.1\nhost: a", "", "\r\n\r\n"),
    ] {
        assert_eq!(ask(gateway.address, head, body.as_bytes()).await.status, 200, "{head}");
        let last = backend.requests().pop().expect("a request");
        assert!(last.ends_with(sent), "{head}: {last:?}");
        let framings = last.matches("content-length").count() + last.matches("transfer-encoding").count();
        assert!(framings <= 1 && (framings == 1 || body.is_empty()), "{last:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_the_bound_is_refused_early_or_on_the_way() {
    let backend = says(OK, Then::Keep).await;
    let mut small = route("/a", backend.address);
    small.plan.max_body = 10;
    let gateway = Gateway::serve(vec![small]);
    let announced = ask(gateway.address, "POST /a HTTP/1.1\nhost: a\ncontent-length: 11", b"hello world").await;
    assert_eq!((announced.status, announced.json()["reason"].as_str()), (413, Some("body_too_large")));
    assert_eq!(backend.requests(), Vec::<String>::new());
    let head = "POST /a HTTP/1.1\nhost: a\ntransfer-encoding: chunked";
    let streamed = ask(gateway.address, head, b"6\r\nhello \r\n6\r\nworld!\r\n0\r\n\r\n").await;
    assert_eq!((streamed.status, streamed.all("connection")), (413, vec!["close"]));
    assert_eq!(ask(gateway.address, head, b"5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n").await.status, 200);
    assert_eq!(backend.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expect_continue_is_answered_before_the_body() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::serve(vec![route("/a", backend.address)]);
    let mut socket = TcpStream::connect(gateway.address).await.expect("connected");
    let head = "POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    socket.write_all(head.as_bytes()).await.expect("written");
    let mut go = [0; 25];
    socket.read_exact(&mut go).await.expect("told to go on");
    assert_eq!(&go, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(b"hello").await.expect("written");
    let mut said = Vec::new();
    socket.read_to_end(&mut said).await.expect("read");
    assert_eq!(parse(&said).status, 200);
    assert!(backend.only().ends_with("hello"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_backend_holds_the_caller_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (go, may_go) = oneshot::channel::<()>();
    let reader = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("accepted");
        may_go.await.expect("told to go");
        let (mut got, mut buffer) = (0, vec![0; 256 * 1024]);
        while got < LARGE {
            got += socket.read(&mut buffer).await.expect("read");
        }
        socket.write_all(OK.as_bytes()).await.expect("written");
    });
    let gateway = Gateway::serve(vec![route("/a", address)]);
    let mut socket = TcpStream::connect(gateway.address).await.expect("connected");
    let head = format!("POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {LARGE}\r\n\r\n");
    socket.write_all(head.as_bytes()).await.expect("written");
    let (mut sent, chunk) = (0, vec![7; 256 * 1024]);
    while let Ok(wrote) = tokio::time::timeout(STALL, socket.write(&chunk)).await {
        sent += wrote.expect("written");
    }
    assert!(sent < most_buffered(), "{sent} bytes went somewhere");
    go.send(()).expect("the reader waits");
    while sent < LARGE {
        sent += socket.write(&chunk[..chunk.len().min(LARGE - sent)]).await.expect("written");
    }
    let mut said = Vec::new();
    socket.read_to_end(&mut said).await.expect("read");
    assert_eq!(parse(&said).status, 200);
    reader.await.expect("the reader is done");
}

/// A backend that writes `LARGE` bytes as fast as it may, and tells how many went.
async fn flood(framing: &'static str) -> (SocketAddr, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let written = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&written);
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("accepted");
        let mut buffer = vec![0; 16 * 1024];
        let _ = socket.read(&mut buffer).await.expect("read");
        socket.write_all(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n").as_bytes()).await.expect("written");
        let chunk = vec![b'x'; 64 * 1024];
        while count.load(std::sync::atomic::Ordering::SeqCst) < LARGE {
            socket.write_all(&chunk).await.expect("written");
            count.fetch_add(chunk.len(), std::sync::atomic::Ordering::SeqCst);
        }
    });
    (address, written)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_caller_holds_the_backend_back() {
    let (address, written) = flood("connection: close").await;
    let gateway = Gateway::serve(vec![route("/a", address)]);
    let mut socket = TcpStream::connect(gateway.address).await.expect("connected");
    socket.write_all(b"GET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.expect("written");
    let begun = async {
        while written.load(std::sync::atomic::Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), begun).await.expect("the answer begins");
    let mut before = usize::MAX;
    while before != written.load(std::sync::atomic::Ordering::SeqCst) {
        before = written.load(std::sync::atomic::Ordering::SeqCst);
        tokio::time::sleep(STALL).await;
    }
    assert!((1..most_buffered()).contains(&before), "{before} bytes went somewhere");
    let mut said = Vec::new();
    socket.read_to_end(&mut said).await.expect("read");
    let answer = parse(&said);
    assert_eq!(answer.all("transfer-encoding"), ["chunked"]);
    assert_eq!(answer.body.len(), LARGE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_may_come_before_the_body_was_sent() {
    let early = "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno";
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let connections = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut socket, _) = listener.accept().await.expect("accepted");
            let mut buffer = vec![0; 1024];
            let _ = socket.read(&mut buffer).await.expect("read");
            socket.write_all(early.as_bytes()).await.expect("written");
            // The gateway closes it: half a request may still be in it.
            while socket.read(&mut buffer).await.is_ok_and(|n| n > 0) {}
        }
    });
    let gateway = Gateway::serve(vec![route("/a", address)]);
    for _ in 0..2 {
        let mut socket = TcpStream::connect(gateway.address).await.expect("connected");
        socket.write_all(b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf").await.expect("written");
        let mut said = vec![0; 4096];
        let n = socket.read(&mut said).await.expect("read");
        assert_eq!(parse(&said[..n]).status, 403);
    }
    tokio::time::timeout(Duration::from_secs(60), connections).await.expect("both were used").expect("no panic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_in_a_form_is_taken_out_of_it() {
    let backend = says(OK, Then::Keep).await;
    let mut form = route("/a", backend.address).scoped(&[], "a:read");
    form.presentation = Presentation { form: vec!["access_token".into()], ..Presentation::default() };
    let gateway = Gateway::serve(vec![form]);
    let token = token(&gateway, "alice", "a:read");
    let body = format!("x=1&access_token={token}&y=2");
    let head = |extra: &str| {
        let kind = "content-type: application/x-www-form-urlencoded; charset=utf-8";
        format!("POST /a HTTP/1.1\nhost: a\n{kind}\ncontent-length: {}\n{extra}", body.len())
    };
    assert_eq!(ask(gateway.address, &head(""), body.as_bytes()).await.status, 200);
    assert!(backend.only().ends_with("content-length: 7\r\n\r\nx=1&y=2"), "{}", backend.only());
    let twice = ask(gateway.address, &head(&format!("authorization: Bearer {token}")), body.as_bytes()).await;
    assert_eq!(twice.status, 400);
    let large = format!("{}&x={}", body, "y".repeat(70_000));
    let kind = "content-type: application/x-www-form-urlencoded";
    let head = format!("POST /a HTTP/1.1\nhost: a\n{kind}\ncontent-length: {}", large.len());
    assert_eq!(ask(gateway.address, &head, large.as_bytes()).await.status, 413);
    assert_eq!(backend.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_body_is_the_callers_fault() {
    let backend = says(OK, Then::Keep).await;
    let gateway = Gateway::with(vec![route("/a", backend.address), echo("/e")], |listener| {
        listener.limits.body_timeout = Duration::from_millis(200);
    });
    for path in ["/a", "/e"] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n");
        let chunk = raw(gateway.address, format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n").as_bytes()).await;
        assert_eq!(parse(&chunk).status, 400, "{path}");
        let slow = raw(gateway.address, format!("{head}content-length: 10\r\n\r\nhalf").as_bytes()).await;
        assert_eq!(parse(&slow).status, 408, "{path}");
    }
    assert_eq!(backend.requests(), Vec::<String>::new());
}

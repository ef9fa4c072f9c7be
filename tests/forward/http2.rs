//! HTTP/2 in, HTTP/1.1 out: the authority becomes the host, cookies become one line,
//! and framing is made for the backend.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tollgate::snapshot::{Door, Part};

use crate::backend::{Then, says};
use crate::gateway::{Gateway, RouteSpec, echo, route, token};

/// How long a caller may pause within a body.
const BODY_TIMEOUT: Duration = Duration::from_millis(700);

/// What a stream may hold that nobody has taken.
const WINDOW: u32 = 64 * 1024;

type Sender = http2::SendRequest<Pieces>;

/// A gateway behind TLS for `api.test`, and what a caller needs to believe it.
fn behind_tls(routes: Vec<RouteSpec>) -> (Gateway, TlsConnector) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["api.test".to_owned()]).expect("made");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(default_provider());
    let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a certificate");
    server.alpn_protocols = vec![b"h2".to_vec()];
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).expect("a root");
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec()];
    let gateway = Gateway::with(routes, |listener| {
        listener.door = Door::Tls(Arc::new(server));
        listener.limits.body_timeout = BODY_TIMEOUT;
    });
    (gateway, TlsConnector::from(Arc::new(client)))
}

async fn dial(gateway: &Gateway, connector: &TlsConnector) -> TlsStream<TcpStream> {
    let socket = TcpStream::connect(gateway.address).await.expect("connected");
    let name = ServerName::try_from("api.test").expect("a name");
    connector.connect(name, socket).await.expect("a handshake")
}

/// A gateway behind TLS, and an HTTP/2 connection to it.
async fn over_tls(routes: Vec<RouteSpec>) -> (Gateway, Sender) {
    let (gateway, connector) = behind_tls(routes);
    let sender = speak(dial(&gateway, &connector).await).await;
    (gateway, sender)
}

async fn speak(tls: TlsStream<TcpStream>) -> Sender {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(WINDOW);
    let (sender, connection) = builder.handshake(TokioIo::new(tls)).await.expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

/// A body whose length nobody says beforehand.
struct Pieces(VecDeque<&'static str>, End);

/// What comes after the last piece.
#[derive(PartialEq, Eq)]
enum End {
    Proper,
    Never,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.pop_front() {
            None if self.1 == End::Never => Poll::Pending,
            piece => Poll::Ready(piece.map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes()))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty() && self.1 == End::Proper
    }
}

fn pieces<const N: usize>(pieces: [&'static str; N]) -> Pieces {
    Pieces(pieces.into(), End::Proper)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_of_http2_is_one_of_http1_behind_us() {
    let answer = "HTTP/1.1 200 OK\r\nconnection: keep-alive\r\nkeep-alive: timeout=5\r\ntransfer-encoding: chunked\r\n\r\n\
                  2\r\nok\r\n0\r\n\r\n";
    let backend = says(answer, Then::Keep).await;
    let (gateway, mut sender) =
        over_tls(vec![route("/a", backend.address).scoped(&[], "a:read").identity("x-user", Part::Subject)]).await;
    let token = token(&gateway, "alice", "a:read");
    let request = Request::post(format!("https://api.test:{}/a?q=1", gateway.address.port()))
        .header("authorization", format!("Bearer {token}"))
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("x-user", "evil")
        .body(pieces(["hel", "lo"]))
        .expect("a request");
    let answer = sender.send_request(request).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.headers().contains_key("keep-alive") && !answer.headers().contains_key("transfer-encoding"));
    assert_eq!(answer.into_body().collect().await.expect("a body").to_bytes(), "ok");
    let sent = backend.only();
    assert!(sent.starts_with("POST /a?q=1 HTTP/1.1\r\n") && sent.ends_with("lo\r\n0\r\n\r\n"), "{sent}");
    assert_eq!(backend.header("host"), [format!("api.test:{}", gateway.address.port())]);
    assert_eq!(backend.header("cookie"), ["a=1; b=2"]);
    assert_eq!(backend.header("x-user"), ["alice"]);
    assert_eq!(backend.header("x-forwarded-proto"), ["https"]);
    assert_eq!(backend.header("transfer-encoding"), ["chunked"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_streams_are_answered_at_once() {
    let backend = says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Then::Keep).await;
    let (_gateway, sender) = over_tls(vec![route("/**", backend.address)]).await;
    let ask = |target: String| {
        let mut sender = sender.clone();
        async move {
            let request = Request::get(target).body(pieces([])).expect("a request");
            sender.send_request(request).await.expect("an answer").status().as_u16()
        }
    };
    let asked: Vec<_> = (0..50).map(|i| tokio::spawn(ask(format!("https://api.test/{i}")))).collect();
    for answer in asked {
        assert_eq!(answer.await.expect("no panic"), 200);
    }
    assert_eq!(backend.requests().len(), 50);
    assert_eq!(ask("https://api.test/a%2fb".to_owned()).await, 400);
    assert_eq!(backend.requests().len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stops_is_the_callers_fault_and_ends_its_stream_only() {
    let backend = says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Then::Keep).await;
    // Of the backend nothing is expected before long.
    let (_gateway, mut sender) = over_tls(vec![route("/**", backend.address), echo("/echo")]).await;
    for target in ["https://api.test/a", "https://api.test/echo"] {
        let began = Instant::now();
        let stopped = Request::post(target).body(Pieces(["hel"].into(), End::Never)).expect("a request");
        let answer = sender.send_request(stopped).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT, "{target}");
        assert!(began.elapsed() >= BODY_TIMEOUT, "{target}: {:?}", began.elapsed());
        let text = answer.into_body().collect().await.expect("a body").to_bytes();
        assert!(text.windows(12).any(|w| w == b"body_timeout"), "{text:?}");
    }
    let whole = Request::post("https://api.test/a").body(pieces(["hel", "lo"])).expect("a request");
    assert_eq!(sender.send_request(whole).await.expect("an answer").status(), StatusCode::OK);
}

/// A large answer, and a route that has one connection to get it by.
async fn large() -> (Gateway, Sender, usize) {
    let size = 1 << 20;
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n{}", "x".repeat(size));
    let backend = says(&*Box::leak(answer.into_boxed_str()), Then::Keep).await;
    let (gateway, sender) = over_tls(vec![RouteSpec { max_connections: 1, ..route("/**", backend.address) }]).await;
    (gateway, sender, size)
}

fn get() -> Request<Pieces> {
    Request::get("https://api.test/a").body(pieces([])).expect("a request")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_taken_is_given_up_and_its_connection_freed() {
    let (_gateway, mut sender, _) = large().await;
    let began = Instant::now();
    let untaken = sender.send_request(get()).await.expect("an answer");
    assert_eq!(untaken.status(), StatusCode::OK);
    while sender.send_request(get()).await.expect("an answer").status() != StatusCode::OK {
        assert!(began.elapsed() < Duration::from_secs(60), "the untaken answer holds the backend's connection");
    }
    assert!(began.elapsed() >= BODY_TIMEOUT, "{:?}", began.elapsed());
    assert!(untaken.into_body().collect().await.is_err(), "what was given up does not look whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_taken_slowly_comes_whole() {
    // A caller whom the machine lets pause for too long is no slow one: he tries again.
    for _ in 0..20 {
        let (longest, outcome) = taken_slowly().await;
        if outcome.is_ok() || longest < BODY_TIMEOUT / 2 {
            return assert_eq!(outcome, Ok(()), "after a pause of {longest:?}");
        }
    }
    panic!("the machine never let a caller read for as long as it takes");
}

/// Takes a large answer bit by bit: the longest pause between two, and what came of it.
async fn taken_slowly() -> (Duration, Result<(), String>) {
    let (_gateway, mut sender, size) = large().await;
    let began = Instant::now();
    let mut body = sender.send_request(get()).await.expect("an answer").into_body();
    let (mut taken, mut longest) = (0, Duration::ZERO);
    let mut last = Instant::now();
    while let Some(frame) = body.frame().await {
        longest = longest.max(last.elapsed());
        match frame {
            Ok(frame) => taken += frame.data_ref().map_or(0, Bytes::len),
            Err(error) => return (longest, Err(format!("{error} after {taken} bytes"))),
        }
        last = Instant::now();
        // The slowness itself is what is tested here.
        tokio::time::sleep(BODY_TIMEOUT / 20).await;
    }
    let whole = taken == size && began.elapsed() > BODY_TIMEOUT;
    (longest, if whole { Ok(()) } else { Err(format!("{taken} bytes in {:?}", began.elapsed())) })
}

/// One frame (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a small frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What a caller who floods sends with his `n`th blow.
type Flood = fn(u32) -> Vec<u8>;

/// `GET https://api.test/`, packed.
const HEADERS: &[u8] = b"\x82\x87\x84\x01\x08api.test";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_end_their_own_connection_and_reach_no_backend() {
    let floods: [(&str, Flood); 5] = [
        ("rapid reset", |n| [frame(1, 5, 2 * n + 1, HEADERS), frame(3, 0, 2 * n + 1, &[0, 0, 0, 8])].concat()),
        ("continuation", |n| if n == 0 { frame(1, 1, 1, HEADERS) } else { frame(9, 0, 1, &[0; 0]) }),
        ("malformed", |n| frame(1, 5, 2 * n + 1, &[HEADERS, b"\x00\x02te\x01x"].concat())),
        ("streams", |n| frame(1, 4, 2 * n + 1, &[b"\x83", &HEADERS[1..]].concat())),
        ("empty data", |n| if n == 0 { frame(1, 4, 1, HEADERS) } else { frame(0, 0, 1, &[]) }),
    ];
    let backend = says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Then::Keep).await;
    let (gateway, connector) = behind_tls(vec![route("/**", backend.address)]);
    let mut well = speak(dial(&gateway, &connector).await).await;
    for (name, blow) in floods {
        let before = backend.requests().len();
        let (mut from, mut to) = tokio::io::split(dial(&gateway, &connector).await);
        let flooding = tokio::spawn(async move {
            let preface = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, 0, &[])].concat();
            let blows = std::iter::once(preface).chain((0..20_000).map(blow));
            // Ends early when the gateway has closed the connection.
            for bytes in blows {
                if to.write_all(&bytes).await.is_err() {
                    break;
                }
            }
            to
        });
        // Read to the end, which comes while the flood still goes on, or not at all.
        let mut told = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(60), from.read_to_end(&mut told)).await;
        assert!(ended.is_ok(), "{name}: the connection goes on");
        drop(flooding.await.expect("no panic"));
        let reached = backend.requests().len() - before;
        assert!(reached <= 250, "{name}: {reached} requests reached the backend");
        let calm = Request::get("https://api.test/b").body(pieces([])).expect("a request");
        assert_eq!(well.send_request(calm).await.expect("an answer").status(), StatusCode::OK, "{name}");
    }
}

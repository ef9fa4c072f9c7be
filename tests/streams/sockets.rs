//! WebSockets through the gateway, by tokio-tungstenite on both sides.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Method, Request, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::server::{Request as Asked, Response as Answered};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async, client_async};

use crate::peers::{self, Wire, dial, listen};
use crate::support::files;
use crate::support::gateway::Gateway;
use crate::{BOUND, PATIENCE, Setup, counts, revoke, token_of};

const ROUTES: &str = r#"  - { path: /ws/**, upstream: backend, access: scope read, upgrade: [websocket], token: { query: access_token, subprotocol: bearer } }
  - { path: /kept-ws/**, upstream: backend, access: scope read, upgrade: [websocket], token: { on_expiry: keep } }
  - { path: /short-ws/**, upstream: backend, access: scope read, upgrade: [websocket], timeouts: { tunnel: 1s } }"#;

/// A backend that sends every message back, and chooses `chat` if it is offered. Its
/// first message is what it was asked for.
async fn echo() -> SocketAddr {
    listen(|stream| async move {
        let mut asked = String::new();
        #[expect(clippy::result_large_err, reason = "the callback's type is the library's")]
        let note = |request: &Asked, mut answer: Answered| {
            let line = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("-");
            asked = format!("{} {} {}", request.uri(), line("sec-websocket-protocol"), line("authorization"));
            if line("sec-websocket-protocol").split(", ").any(|name| name == "chat") {
                answer.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("chat"));
            }
            Ok(answer)
        };
        let Ok(mut socket) = accept_hdr_async(stream, note).await else { return };
        if socket.send(Message::text(asked)).await.is_err() {
            return;
        }
        while let Some(Ok(message)) = socket.next().await {
            if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
                return;
            }
        }
    })
    .await
}

async fn start(name: &str, lifetime: &'static str) -> Gateway {
    let backend = echo().await;
    tokio::task::block_in_place(|| {
        Setup { backend, protocol: ", pool: { max_connections: 2000 }", lifetime, routes: ROUTES }.start(name)
    })
}

fn asking(path: &str, token: Option<&str>) -> Request<()> {
    let mut request = Request::get(format!("ws://localhost{path}"))
        .header("host", "localhost")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(()).expect("a request")
}

/// A WebSocket in clear text, behind its first message.
async fn open(gateway: &Gateway, path: &str, token: &str) -> WebSocketStream<TcpStream> {
    try_open(gateway, path, token).await.expect("a WebSocket")
}

async fn try_open(gateway: &Gateway, path: &str, token: &str) -> Result<WebSocketStream<TcpStream>, Error> {
    let stream = TcpStream::connect(gateway.address("clear")).await.expect("connected");
    let (mut socket, _) = client_async(asking(path, Some(token)), stream).await?;
    said(&mut socket).await;
    Ok(socket)
}

/// The next text.
async fn said<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) -> String {
    let message = timeout(PATIENCE, socket.next()).await.expect("in time").expect("no end").expect("a message");
    message.into_text().expect("text").to_string()
}

/// The close frame, which must be the next thing.
async fn closed<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>) -> CloseFrame {
    match timeout(PATIENCE, socket.next()).await.expect("in time") {
        Some(Ok(Message::Close(Some(frame)))) => frame,
        other => panic!("no close frame but {other:?}"),
    }
}

async fn echoes<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<S>, text: &str) {
    socket.send(Message::text(text)).await.expect("sent");
    assert_eq!(said(socket).await, text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_pass_over_tls_and_the_token_stays_behind() {
    let gateway = start("ws-tls", "10m").await;
    let token = token_of(&gateway, "ana", "read");
    let stream = dial(gateway.address("public"), b"http/1.1").await;
    let mut request = asking("/ws/a?b=c", Some(&token));
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("chat, other"));
    let (mut socket, answer) = client_async(request, stream).await.expect("a WebSocket");
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(answer.headers()["sec-websocket-protocol"], "chat");
    assert_eq!(said(&mut socket).await, "/ws/a?b=c chat, other -");
    echoes(&mut socket, "hello").await;
    let large = "x".repeat(1 << 20);
    echoes(&mut socket, &large).await;
    counts(&gateway, "tollgate_live_exchanges{kind=\"websocket\"}", 1);
    socket.close(None).await.expect("closed");
    while let Some(Ok(_)) = timeout(PATIENCE, socket.next()).await.expect("in time") {}
    let line: serde_json::Value = loop {
        let line = gateway.line().expect("an access-log line");
        if line.contains("/ws/") {
            break serde_json::from_str(&line).expect("JSON");
        }
    };
    assert_eq!((&line["status"], &line["route"]), (&101.into(), &"/ws/**".into()), "{line}");
    assert!(line["bytes_out"].as_u64().is_some_and(|bytes| bytes > 1 << 20), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browsers_token_may_stand_in_the_query_or_among_the_subprotocols() {
    let gateway = start("ws-browser", "10m").await;
    let token = token_of(&gateway, "ana", "read");
    let with = |protocols: String| {
        let mut request = asking("/ws/a", None);
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_str(&protocols).expect("a value"));
        request
    };
    for (request, asked, chosen) in [
        (asking(&format!("/ws/a?x=1&access_token={token}"), None), "/ws/a?x=1 - -", None),
        (with(format!("chat, bearer, {token}")), "/ws/a chat -", Some("chat")),
        (with(format!("bearer, {token}")), "/ws/a - -", Some("bearer")),
    ] {
        let stream = TcpStream::connect(gateway.address("clear")).await.expect("connected");
        let (mut socket, answer) = client_async(request, stream).await.expect("a WebSocket");
        let protocol = answer.headers().get("sec-websocket-protocol").map(|name| name.to_str().expect("text"));
        assert_eq!(protocol, chosen);
        assert_eq!(said(&mut socket).await, asked);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_or_asks_wrongly_gets_no_tunnel() {
    let gateway = start("ws-refused", "10m").await;
    let token = token_of(&gateway, "ana", "read");
    let writer = token_of(&gateway, "ana", "write");
    let without = |name: &str| {
        let mut request = asking("/ws/a", Some(&token));
        request.headers_mut().remove(name);
        request
    };
    let mut old = asking("/ws/a", Some(&token));
    old.headers_mut().insert("sec-websocket-version", HeaderValue::from_static("8"));
    let mut short = asking("/ws/a", Some(&token));
    short.headers_mut().insert("sec-websocket-key", HeaderValue::from_static("c2hvcnQ="));
    for (request, status) in [
        (asking("/ws/a", None), 401),
        (asking("/ws/a", Some("eyJhbGciOiJub25lIn0.e30.")), 401),
        (asking("/ws/a", Some(&writer)), 403),
        (old, 426),
        (short, 400),
        (without("sec-websocket-key"), 400),
    ] {
        let mut stream = TcpStream::connect(gateway.address("clear")).await.expect("connected");
        let mut head = format!("GET {} HTTP/1.1\r\n", request.uri().path());
        for (name, value) in request.headers() {
            head += &format!("{name}: {}\r\n", value.to_str().expect("text"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("sent");
        let mut told = vec![0; 4096];
        let count = timeout(PATIENCE, stream.read(&mut told)).await.expect("in time").expect("an answer");
        let told = String::from_utf8_lossy(&told[..count]).into_owned();
        assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{head}{told}");
        assert!(!told.contains("switching"), "{told}");
        let offers = told.contains("\r\nupgrade: websocket\r\n") && told.contains("\r\nconnection: upgrade\r\n");
        assert_eq!(offers, status == 426, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_must_prove_that_it_means_a_websocket() {
    let accept = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    for (answer, status) in [
        (format!("HTTP/1.1 101 Ok\r\nupgrade: websocket\r\nconnection: upgrade\r\n{accept}\r\n\r\n"), Some(101)),
        ("HTTP/1.1 101 Ok\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n".to_owned(), Some(502)),
        (format!("HTTP/1.1 101 Ok\r\nupgrade: h2c\r\nconnection: upgrade\r\n{accept}\r\n\r\n"), Some(502)),
        (format!("HTTP/1.1 101 Ok\r\nupgrade: websocket\r\n{accept}\r\n\r\n"), Some(502)),
        ("HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno".to_owned(), Some(403)),
        ("HTTP/1.1 200 Ok\r\ncontent-length: 2\r\n\r\nok".to_owned(), Some(200)),
    ] {
        let backend = peers::says(Box::leak(answer.clone().into_bytes().into_boxed_slice())).await;
        let setup = Setup { backend, protocol: "", lifetime: "10m", routes: ROUTES };
        let gateway = tokio::task::block_in_place(|| setup.start("ws-backend"));
        let token = token_of(&gateway, "ana", "read");
        let stream = TcpStream::connect(gateway.address("clear")).await.expect("connected");
        let got = match client_async(asking("/ws/a", Some(&token)), stream).await {
            Ok((_, answer)) => Some(answer.status().as_u16()),
            Err(Error::Http(answer)) => Some(answer.status().as_u16()),
            Err(other) => panic!("{answer}: {other}"),
        };
        assert_eq!(got, status, "{answer}");
    }
    // Unasked: on a route that carries none, a 101 is no answer.
    let backend = peers::says(b"HTTP/1.1 101 Ok\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n").await;
    let setup = Setup { backend, protocol: "", lifetime: "10m", routes: ROUTES };
    let gateway = tokio::task::block_in_place(|| setup.start("ws-unasked"));
    let token = token_of(&gateway, "ana", "read");
    let stream = TcpStream::connect(gateway.address("clear")).await.expect("connected");
    match client_async(asking("/things/a", Some(&token)), stream).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), StatusCode::BAD_GATEWAY),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_exactly_one_users_are_closed() {
    const ALL: usize = 1000;
    const OF_BEN: usize = 100;
    assert!(files::most() > 3 * ALL as u64, "callers and backend have a file each");
    let gateway = start("ws-thousand", "10m").await;
    let (ana, ben) = (token_of(&gateway, "ana", "read"), token_of(&gateway, "ben", "read"));
    let mut sockets = Vec::new();
    for n in 0..ALL {
        let (user, token) = if n % (ALL / OF_BEN) == 0 { ("ben", &ben) } else { ("ana", &ana) };
        sockets.push((user, open(&gateway, "/ws/a", token).await));
    }
    counts(&gateway, "tollgate_live_exchanges{kind=\"websocket\"}", ALL as u64);
    let since = Arc::new(tokio::task::block_in_place(|| revoke(&gateway, "ben")));
    let mut ending = JoinSet::new();
    let mut living = Vec::new();
    for (user, mut socket) in sockets {
        if user == "ana" {
            living.push(socket);
            continue;
        }
        let since = Arc::clone(&since);
        ending.spawn(async move { (closed(&mut socket).await, since.elapsed()) });
    }
    let mut slowest = Duration::ZERO;
    while let Some(ended) = ending.join_next().await {
        let (frame, after) = ended.expect("no panic");
        assert_eq!(frame.code, CloseCode::Policy);
        assert_eq!(frame.reason, "the access token was revoked");
        slowest = slowest.max(after);
    }
    println!("{OF_BEN} of {ALL} WebSockets closed, the last {slowest:?} after the command had returned");
    assert!(slowest < BOUND, "{slowest:?}");
    for socket in &mut living {
        echoes(socket, "still here").await;
    }
    assert_eq!(living.len(), ALL - OF_BEN);
    counts(&gateway, "tollgate_live_exchanges_ended_total{kind=\"websocket\",reason=\"revoked\"}", OF_BEN as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_ends_with_its_token_unless_the_route_says_otherwise() {
    // A token of two seconds may end before a busy machine has come to use it.
    for lifetime in ["2s", "8s", "30s"] {
        let gateway = start("ws-expiry", lifetime).await;
        let token = token_of(&gateway, "ana", "read");
        let both = (try_open(&gateway, "/kept-ws/a", &token).await, try_open(&gateway, "/ws/a", &token).await);
        if let (Ok(stays), Ok(ends)) = both {
            return one_ends_and_one_stays(&gateway, ends, stays).await;
        }
    }
    panic!("no token was good for as long as it takes to use it twice");
}

async fn one_ends_and_one_stays(
    gateway: &Gateway,
    mut ends: WebSocketStream<TcpStream>,
    mut stays: WebSocketStream<TcpStream>,
) {
    let frame = closed(&mut ends).await;
    assert_eq!((frame.code, &*frame.reason), (CloseCode::Policy, "the access token has expired"));
    tokio::task::block_in_place(|| revoke(gateway, "ana"));
    echoes(&mut stays, "after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_one_and_a_drain_end_with_going_away() {
    let gateway = start("ws-idle", "10m").await;
    let token = token_of(&gateway, "ana", "read");
    let mut silent = open(&gateway, "/short-ws/a", &token).await;
    let mut busy = open(&gateway, "/ws/a", &token).await;
    let frame = closed(&mut silent).await;
    assert_eq!((frame.code, &*frame.reason), (CloseCode::Away, "nothing was said for too long"));
    echoes(&mut busy, "still here").await;
    gateway.signal("TERM");
    let frame = closed(&mut busy).await;
    assert_eq!((frame.code, &*frame.reason), (CloseCode::Away, "the gateway is stopping"));
    drop(busy);
    assert_eq!(tokio::task::block_in_place(|| gateway.wait()).0, Some(0));
}

/// A WebSocket over a stream of HTTP/2 (RFC 8441).
async fn over_http2(
    sender: &mut h2::client::SendRequest<Bytes>,
    path: &str,
    token: &str,
) -> Result<WebSocketStream<Wire>, StatusCode> {
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("https://localhost{path}"))
        .header("sec-websocket-version", "13")
        .header("authorization", format!("Bearer {token}"))
        .body(())
        .expect("a request");
    request.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
    let (answer, stream) = sender.send_request(request, false).expect("sent");
    let answer = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
    if answer.status() != StatusCode::OK {
        return Err(answer.status());
    }
    assert!(!answer.headers().contains_key("sec-websocket-accept"), "RFC 8441 §5");
    let wire = Wire::new(answer.into_body(), stream);
    Ok(WebSocketStream::from_raw_socket(wire, Role::Client, None).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http2_they_are_the_same() {
    let gateway = start("ws-h2", "10m").await;
    let (ana, ben) = (token_of(&gateway, "ana", "read"), token_of(&gateway, "ben", "read"));
    let mut sender = peers::http2(gateway.address("public")).await;
    let mut first = over_http2(&mut sender, "/ws/a", &ana).await.expect("a WebSocket");
    let mut second = over_http2(&mut sender, "/ws/b", &ben).await.expect("a WebSocket");
    assert_eq!(said(&mut first).await, "/ws/a - -");
    assert_eq!(said(&mut second).await, "/ws/b - -");
    let large = "y".repeat(1 << 20);
    echoes(&mut first, &large).await;
    assert_eq!(over_http2(&mut sender, "/things/a", &ana).await.err(), Some(StatusCode::METHOD_NOT_ALLOWED));
    assert_eq!(over_http2(&mut sender, "/ws/a", "x.y.z").await.err(), Some(StatusCode::UNAUTHORIZED));
    let since = tokio::task::block_in_place(|| revoke(&gateway, "ana"));
    let frame = closed(&mut first).await;
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    assert_eq!((frame.code, &*frame.reason), (CloseCode::Policy, "the access token was revoked"));
    echoes(&mut second, "the other stream lives").await;
    // Whoever leaves without a word is not counted any more either.
    drop((first, second, sender));
    counts(&gateway, "tollgate_live_exchanges{kind=\"websocket\"}", 0);
}
